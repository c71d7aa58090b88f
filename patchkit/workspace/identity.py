"""What a release is, by its ids: they are recorded once, and nothing replaces them unasked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from patchkit.errors import InconsistentError, PatchkitError, UsageError
from patchkit.trust.signature import SignatureStatus
from patchkit.upstream.sources import Origin, SourceKind

if TYPE_CHECKING:
    from pathlib import Path

    from patchkit.proc import Runner
    from patchkit.releases import Release
    from patchkit.trust.signature import SignatureRecord
    from patchkit.upstream.sources import UpstreamTree
    from patchkit.workspace.lock import LockedRelease

_HINT = (
    "a published release never changes: find out which one is genuine, and take it from there "
    "with --upstream; if the recorded one is wrong, say why: patchkit rebase {tag} --relock REASON"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Relocked:
    """Ids that a release was recorded with before, and why a person had them replaced."""

    reason: str
    tree: str
    commit: str | None
    tag_object: str | None
    nar_hash: str | None
    origin: Origin
    also: tuple[Origin, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One id that is another than it was recorded."""

    what: str
    recorded: str
    found: str

    @property
    def clause(self) -> str:
        """It as part of a sentence."""
        return f"its {self.what} is {self.found} but was recorded as {self.recorded}"


def differences(before: LockedRelease, found: LockedRelease | UpstreamTree) -> list[Difference]:
    """The ids that both have and that are not the same.

    A tarball is known by its name: its digest must stay, whatever other sources there are.
    """
    pairs = [
        ("tag object", before.tag_object, found.tag_object),
        ("commit", before.commit, found.commit),
        ("tree", before.tree, found.tree),
        *((f"tarball {old.file}", old.sha256, new.sha256) for old, new in _tarballs(before, found)),
    ]
    return [
        Difference(what=what, recorded=old, found=new)
        for what, old, new in pairs
        if old is not None and new is not None and old != new
    ]


def _tarballs(
    before: LockedRelease, found: LockedRelease | UpstreamTree
) -> list[tuple[Origin, Origin]]:
    return [
        (old, found.origin)
        for old in (before.origin, *before.also)
        if old.file is not None and old.file == found.origin.file
    ]


def require_same(
    before: LockedRelease, found: LockedRelease | UpstreamTree, *, when: str = ""
) -> None:
    """Raise `InconsistentError` that names both ids when a release is another than recorded.

    `when` is when it was recorded, in words.
    """
    changed = differences(before, found)
    if changed:
        clauses = ", ".join(difference.clause for difference in changed)
        raise InconsistentError(
            f"{before.tag} has changed: {clauses}{f' ({when})' if when else ''}; it is not used",
            hint=hint(before.release),
        )


def hint(release: Release) -> str:
    """What to do about a release that has changed."""
    return _HINT.format(tag=release.tag)


def continued(before: LockedRelease, after: LockedRelease) -> LockedRelease:
    """A release's new record with all that identified it before.

    Git's ids and origin are kept when Debian's tarball gives the same tree, and the other way
    round the tarball's origin is. Raises `InconsistentError` when they are not the same release,
    unless the new record has one more entry in `relocked` than the old one.
    """
    if len(after.relocked) > len(before.relocked):
        return after
    require_same(before, after)
    if None not in (before.nar_hash, after.nar_hash) and before.nar_hash != after.nar_hash:
        difference = Difference(
            what="NAR hash", recorded=str(before.nar_hash), found=str(after.nar_hash)
        )
        raise InconsistentError(
            f"{before.tag} has changed: {difference.clause}", hint=hint(before.release)
        )
    origin = after.origin
    if before.origin.kind is SourceKind.GIT and origin.kind is SourceKind.DEBIAN:
        origin = before.origin
    known = {
        (each.kind, each.file): each
        for each in (after.origin, before.origin, *after.also, *before.also)
        if each.file is not None and (each.kind, each.file) != (origin.kind, origin.file)
    }
    return replace(
        after,
        tag_object=after.tag_object or before.tag_object,
        commit=after.commit or before.commit,
        nar_hash=after.nar_hash or before.nar_hash,
        origin=replace(origin, signature=_signature(before.origin, origin)),
        also=tuple(known[key] for key in sorted(known, key=str)),
        relocked=before.relocked,
    )


def replaced(before: LockedRelease | None, after: LockedRelease, *, reason: str) -> LockedRelease:
    """A release's new record, with the ids from before and the reason for giving them up.

    Raises `UsageError` when nothing differs.
    """
    if before is None or not differences(before, after):
        raise UsageError(
            f"{after.tag} is what was recorded: there is nothing to relock",
            hint="leave --relock out",
        )
    old = Relocked(
        reason=reason,
        tree=before.tree,
        commit=before.commit,
        tag_object=before.tag_object,
        nar_hash=before.nar_hash,
        origin=before.origin,
        also=before.also,
    )
    return replace(after, relocked=(*before.relocked, old))


def is_same_origin(one: Origin, other: Origin) -> bool:
    """Whether two records are about the same tarball, or both about git."""
    return (one.kind, one.file, one.sha256) == (other.kind, other.file, other.sha256)


_TELLS_NOTHING = frozenset(
    {SignatureStatus.VERIFIED, SignatureStatus.UNCHECKED, SignatureStatus.KEY_MISSING}
)
"""Findings that take nothing from a signature that was verified before."""


def _signature(before: Origin, after: Origin) -> SignatureRecord | None:
    """What is recorded of a signature: the first time that it was verified stays."""
    old, new = before.signature, after.signature
    if not is_same_origin(before, after):
        return new
    if old is not None and old.is_verified and (new is None or new.status in _TELLS_NOTHING):
        return old
    return new or old


def recorded_when(root: Path, run: Runner, text: str) -> str:
    """When an id came into the lock, in words, by the repository's own history; else nothing."""
    wanted = ["git", "log", "--format=%cs %h", f"-S{text}", "--", "patches/lock.json"]
    try:
        found = run(wanted, cwd=root, timeout=20)
    except PatchkitError:  # it only adds to a message that is told anyway
        return ""
    lines = found.text.split("\n") if found.returncode == 0 else []
    first = next((line for line in reversed(lines) if line), "")
    date, _, commit = first.partition(" ")
    return f"recorded on {date} in commit {commit}" if commit else ""
