"""`patchkit overlay`: regenerate the overlay that image builds import."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from patchkit import documents
from patchkit.console import Cell, Table, Tone
from patchkit.errors import ExitCode, InconsistentError, StorageError, UnavailableError
from patchkit.nix.hashes import HashCache
from patchkit.nix.nar import Identity
from patchkit.nix.overlay import plan_overlay
from patchkit.upstream.store import MissingObjectError
from patchkit.workspace.layout import LOCK
from patchkit.writeplan import WritePlan, commit, held

if TYPE_CHECKING:
    import argparse

    from patchkit.commands.invocation import Invocation
    from patchkit.upstream.upstreams import Upstream
    from patchkit.workspace.layout import Workspace
    from patchkit.workspace.lock import Lock, LockedRelease

_EXAMPLES = """\
examples:
  patchkit overlay             write overlays/ from patches/lock.json
  patchkit overlay --check     is overlays/ what would be written? (exit code 7 if not)
  patchkit overlay --rehash    compute every source hash again
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlayEntry:
    """A release in the overlay. `problem` says why its source hash is not known."""

    release: str
    patches: int
    nar_hash: str | None
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlayReport:
    """What `patchkit overlay --json` prints; `changed` are paths in the repository.

    With `check`, nothing was written: the changed paths are not what would be rendered.
    """

    schema: str = "patchkit.overlay/1"
    check: bool
    changed: tuple[str, ...]
    releases: tuple[OverlayEntry, ...]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = _EXAMPLES
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument("--check", action="store_true", help="write nothing; 7 when out of date")
    ways.add_argument("--rehash", action="store_true", help="compute every source hash again")
    parser.add_argument("--offline", action="store_true", help="use only trees in the cache")
    parser.add_argument("--upstream", metavar="URL|PATH", help="take upstream's git from here")


def run(arguments: argparse.Namespace, invocation: Invocation) -> ExitCode:
    """Render, and write or compare."""
    workspace = invocation.workspace()
    if arguments.check:
        lock = workspace.lock()
        _require_series(workspace, lock)
        changed = plan_overlay(workspace.root, lock).changed(workspace.root)
        entries = tuple(_entry(lock.releases[release.tag]) for release in lock.supported)
        _tell(invocation, check=True, changed=tuple(map(str, changed)), entries=entries)
        return ExitCode.INCONSISTENT if changed else ExitCode.DONE
    with held(workspace.root, doing="overlay"):
        lock = workspace.lock()
        _require_series(workspace, lock)
        upstream = invocation.upstream(workspace.config(), arguments.upstream)
        hashing = _Hashing(
            invocation=invocation,
            upstream=upstream,
            cache=HashCache(invocation.cache / "nar"),
            offline=arguments.offline,
            again=arguments.rehash,
        )
        entries = tuple(hashing.entry(lock.releases[release.tag]) for release in lock.supported)
        for entry in entries:
            lock = lock.with_release(replace(lock.releases[entry.release], nar_hash=entry.nar_hash))
        rendered = plan_overlay(workspace.root, lock)
        writes = {**rendered.writes, LOCK: documents.encode(lock).encode()}
        plan = WritePlan(writes=writes, removals=rendered.removals)
        changed = commit(workspace.root, plan)
    _tell(invocation, check=False, changed=tuple(map(str, changed)), entries=entries)
    return ExitCode.DONE


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hashing:
    """Fills in the source hashes that the lock lacks."""

    invocation: Invocation
    upstream: Upstream
    cache: HashCache
    offline: bool
    again: bool

    def entry(self, locked: LockedRelease) -> OverlayEntry:
        """A release with its hash, or with the reason why there is none."""
        if locked.nar_hash is not None and not self.again:
            return _entry(locked)
        try:
            found = self._hash(locked)
        except UnavailableError as error:
            return _entry(locked, problem=error.message)
        if locked.nar_hash not in (None, found):
            raise InconsistentError(
                f"the source of {locked.tag} has the hash {found}, "
                f"but patches/lock.json has {locked.nar_hash}",
                hint="restore the lock: git checkout -- patches/lock.json",
            )
        return _entry(replace(locked, nar_hash=found))

    def _hash(self, locked: LockedRelease) -> str:
        identity = Identity(tree=locked.tree, commit=locked.commit)
        known = None if self.again else self.cache.get(identity)
        if known is not None:
            return known
        self._bring(locked)
        with self.invocation.console.progress(f"hashing the source of {locked.tag}"):
            try:
                return self._compute(identity)
            except MissingObjectError:
                if self.offline:
                    raise
        # Some mirrors lack large files, and another source may have them.
        self.upstream.cross_check(locked.release)
        return self._compute(identity)

    def _bring(self, locked: LockedRelease) -> None:
        """Have the release's tree at hand, and be sure that it is the recorded one."""
        if not self.offline:
            self.upstream.tree(locked.release, expected=locked.tree)

    def _compute(self, identity: Identity) -> str:
        store = self.upstream.store
        return self.cache.compute(store, identity, again=self.again)


def _require_series(workspace: Workspace, lock: Lock) -> None:
    """The overlay names files: they must be there, and be those of the lock."""
    for release in lock.supported:
        folder = workspace.root / workspace.folder(release)
        for patch in lock.releases[release.tag].patches:
            if patch.file is None:
                continue
            try:
                digest = hashlib.sha256((folder / patch.file).read_bytes()).hexdigest()
            except FileNotFoundError:
                digest = None
            except OSError as error:
                raise StorageError.from_os_error(f"read {patch.file}", error) from error
            if digest != patch.sha256:
                what = "is missing" if digest is None else "is not what the lock records"
                raise InconsistentError(
                    f"{workspace.folder(release)}/{patch.file} {what}",
                    hint=f"`patchkit check` tells all; to make it anew: patchkit rebase {release}",
                )


def _entry(locked: LockedRelease, *, problem: str | None = None) -> OverlayEntry:
    return OverlayEntry(
        release=locked.tag,
        patches=sum(patch.file is not None for patch in locked.patches),
        nar_hash=locked.nar_hash,
        problem=problem,
    )


def _tell(
    invocation: Invocation,
    *,
    check: bool,
    changed: tuple[str, ...],
    entries: tuple[OverlayEntry, ...],
) -> None:
    console = invocation.console
    console.table(
        Table(
            headings=("Release", "Patches", "Source hash"),
            rows=tuple(
                (
                    Cell(entry.release, Tone.STRONG),
                    Cell(str(entry.patches)),
                    Cell(entry.nar_hash) if entry.nar_hash else Cell("not known", Tone.CARE),
                )
                for entry in entries
            ),
        )
    )
    for entry in entries:
        if entry.problem:
            console.warn(
                f"{entry.release} has no source hash: {entry.problem}; "
                "overlays/pinned.nix goes without it"
            )
    if not changed:
        console.say("overlays/ is what the lock says", Tone.GOOD)
    elif check:
        console.say(f"not what would be rendered: {', '.join(changed)}", Tone.BAD)
        console.say("regenerate it: patchkit overlay", Tone.NOTE)
    else:
        console.say(f"wrote {', '.join(changed)}", Tone.GOOD)
    console.document(OverlayReport(check=check, changed=changed, releases=entries))
