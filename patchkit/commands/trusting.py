"""What commands share of trust: the options, who vouches for a release, and refusing the rest."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from patchkit.console import Tone
from patchkit.errors import InconsistentError, MissingToolError, UnavailableError
from patchkit.proc import SystemRunner
from patchkit.trust.judging import Trust
from patchkit.trust.signature import SignatureRecord, SignatureStatus
from patchkit.upstream.attest import attest
from patchkit.upstream.sources import SourceKind
from patchkit.upstream.store import DifferentTreeError
from patchkit.workspace import identity
from patchkit.workspace.keyring import (
    FOLDER,
    TrustWishes,
    read_archive_keyring,
    read_keyring,
)

if TYPE_CHECKING:
    from patchkit.console import Console
    from patchkit.releases import Release
    from patchkit.upstream.sources import UpstreamTree
    from patchkit.upstream.upstreams import Upstream
    from patchkit.workspace.config import SeriesConfig
    from patchkit.workspace.layout import Workspace
    from patchkit.workspace.lock import LockedRelease

_NEVER = frozenset({SignatureStatus.BAD, SignatureStatus.REVOKED})
"""What is refused even where no signature is asked for."""

_UNPROVEN = frozenset({SignatureStatus.UNCHECKED, SignatureStatus.KEY_MISSING})
"""Where an earlier check, which the lock records, still holds."""


def add_trust_arguments(parser: argparse.ArgumentParser, *, default: str) -> None:
    """Add the options about signatures; `default` says what holds without them."""
    group = parser.add_argument_group("signatures")
    group.add_argument(
        "--require-signed",
        action=argparse.BooleanOptionalAction,
        default=None,
        help=f"refuse a release that nobody trusted has signed ({default})",
    )
    group.add_argument(
        "--keyring",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help=f"OpenPGP keys beside those in {FOLDER} (repeatable)",
    )
    group.add_argument(
        "--archive-keyring", type=Path, metavar="FILE", help="the keys of Debian's archive"
    )


def trust_words(wished: TrustWishes) -> tuple[str, ...]:
    """The same options for another command."""
    words = ["--require-signed" if wished.required else "--no-require-signed"]
    for path in wished.keyrings:
        words += ["--keyring", path]
    if wished.archive_keyring is not None:
        words += ["--archive-keyring", wished.archive_keyring]
    return tuple(words)


def wishes(arguments: argparse.Namespace, *, default: bool) -> TrustWishes:
    """What the options of `add_trust_arguments` ask for."""
    archive: Path | None = arguments.archive_keyring
    required: bool | None = arguments.require_signed
    return TrustWishes(
        required=default if required is None else required,
        keyrings=tuple(str(path.resolve()) for path in arguments.keyring),
        archive_keyring=str(archive.resolve()) if archive else None,
    )


def read_trust(
    workspace: Workspace, config: SeriesConfig, wished: TrustWishes | None = None
) -> Trust:
    """Whom this repository and this user trust, with the keys at hand.

    Raises `UsageError`, `StorageError`.
    """
    wished = wished or TrustWishes()
    named = Path(wished.archive_keyring) if wished.archive_keyring else None
    archive_keys, place = read_archive_keyring(named)
    return Trust(
        signers=config.signers,
        keys=read_keyring(workspace.root, map(Path, wished.keyrings)),
        archive_keys=archive_keys,
        archive_place=place,
        run=SystemRunner(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Upstream's trees as a patch repository may build on them: recorded, and vouched for."""

    upstream: Upstream
    workspace: Workspace
    console: Console

    def recorded(
        self, release: Release, locked: LockedRelease | None, *, relocking: bool
    ) -> UpstreamTree:
        """A release's tree; nothing but what the lock recorded, unless it is to be relocked.

        Raises `InconsistentError` that names both ids and when the recorded one was recorded;
        else as `Upstream.tree`.
        """
        if locked is None or relocking:
            return self.upstream.tree(release)
        try:
            found = self.upstream.tree(release, expected=locked.tree)
        except DifferentTreeError as error:
            when = identity.recorded_when(self.workspace.root, SystemRunner(), locked.tree)
            raise error.recorded(when, identity.hint(release)) from error
        changed = identity.differences(locked, found)
        if changed:
            first = changed[0].recorded
            when = identity.recorded_when(self.workspace.root, SystemRunner(), first)
            identity.require_same(locked, found, when=when)
        return found

    def vouched(
        self, tree: UpstreamTree, locked: LockedRelease | None, trust: Trust, *, required: bool
    ) -> UpstreamTree:
        """The tree with what was found out about its signature, which is told.

        Debian's chain is not asked about again for a tarball that the lock has verified. Raises
        `InconsistentError` for a signature that is wrong or made with a revoked key, and as
        `require_signed` where a signature is required.
        """
        known = _known(tree, locked)
        is_settled = known is not None and tree.origin.kind is SourceKind.DEBIAN
        found = known if is_settled and known else attest(tree, self.upstream, trust)
        if found.status in _NEVER:
            raise InconsistentError(
                f"{tree.release} from {tree.origin.source} cannot be trusted: {found.sentence}",
                hint="take it from another source: --upstream URL|PATH; and tell upstream",
            )
        if known is not None and found.status in _UNPROVEN:
            found = known
        tone = Tone.FAINT if found.is_verified else Tone.CARE
        self.console.note(f"{tree.release}: {found.sentence}", tone)
        tree = replace(tree, origin=replace(tree.origin, signature=found))
        if required:
            require_signed(tree, trust)
        return tree


def _known(tree: UpstreamTree, locked: LockedRelease | None) -> SignatureRecord | None:
    """The verified signature that the lock has of exactly this tag object or tarball."""
    if locked is None or (locked.tree, locked.tag_object) != (tree.tree, tree.tag_object):
        return None
    if not identity.is_same_origin(locked.origin, tree.origin):
        return None
    known = locked.origin.signature
    return known if known is not None and known.is_verified else None


def require_signed(tree: UpstreamTree, trust: Trust, *, tool: str = "gpgv") -> None:
    """Refuse a tree that nobody trusted vouches for, and say what to fetch.

    Raises `UnavailableError`; `MissingToolError` when it could not be checked for want of a
    program.
    """
    found = tree.origin.signature
    if found is not None and found.is_verified:
        return
    sentence = found.sentence if found else "its signature was not looked at"
    message = f"{tree.release} from {tree.origin.source} is not proven to be genuine: {sentence}"
    if found and found.status is SignatureStatus.UNCHECKED and "program" in (found.note or ""):
        raise MissingToolError(message, hint=f"apt-get install {tool} openssh-client")
    raise UnavailableError(message, hint=_remedy(tree, found, trust))


def _remedy(tree: UpstreamTree, found: SignatureRecord | None, trust: Trust) -> str:
    """What to do for a signed release."""
    otherwise = "to take it all the same: --no-require-signed"
    if found is not None and found.status is SignatureStatus.KEY_MISSING:
        if tree.origin.kind is SourceKind.DEBIAN:
            return f"apt-get install debian-archive-keyring, or --archive-keyring FILE; {otherwise}"
        wanted = ", ".join(f"{s.fingerprint} ({s.name})" for s in trust.missing())
        return (
            f"fetch the public key {wanted or found.fingerprint} and put it into {FOLDER}/ "
            f"or name it with --keyring FILE; {otherwise}"
        )
    if tree.origin.kind is SourceKind.DEBIAN:
        return f"take upstream's signed tag: --upstream URL|PATH; {otherwise}"
    if not trust.signers:
        return f"name who is trusted in [[signers]] of patches/series.toml; {otherwise}"
    names = ", ".join(f"{signer.name} ({signer.span})" for signer in trust.signers)
    return f"trusted are: {names}; {otherwise}"
