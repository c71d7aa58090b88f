"""What a finished rebase leaves in the repository: patches, the lock, and what people decided."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from patchkit import documents
from patchkit.rebase.decisions import REMEMBERED
from patchkit.workspace import identity
from patchkit.workspace.lock import lock_release
from patchkit.workspace.resolutions import kept_resolution
from patchkit.workspace.tombstones import Graveyard

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import PurePosixPath

    from patchkit.rebase.outcome import RebaseResult
    from patchkit.releases import Release
    from patchkit.series.patch import Series
    from patchkit.upstream.sources import UpstreamTree
    from patchkit.upstream.upstreams import Upstream
    from patchkit.workspace.config import SeriesConfig
    from patchkit.workspace.layout import Workspace
    from patchkit.workspace.lock import Lock, LockedRelease
    from patchkit.workspace.provenance import Provenance
    from patchkit.writeplan import WritePlan


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedRebase:
    """A rebase of `series` (of `base`) onto `target` that needs nobody any more.

    `accepted` are the patches whose proposal a person took in it, `decided` says who decided
    on a patch in it, and when; both by the patches' names. `relock` is the reason for which the
    release may be another one than it was.
    """

    workspace: Workspace
    config: SeriesConfig
    lock: Lock
    upstream: Upstream
    base: Release
    series: Series
    base_tree: UpstreamTree | None
    target: UpstreamTree
    result: RebaseResult
    accepted: frozenset[str]
    decided: Mapping[str, Provenance]
    relock: str | None = None

    def locked(self) -> LockedRelease:
        """The release's record. Raises as `identity.replaced` and `Lock.with_release`."""
        graveyard = Graveyard(
            workspace=self.workspace,
            config=self.config,
            lock=self.lock,
            upstream=self.upstream,
            target=self.target,
        )
        before = {
            each.original.name
            for each in self.result.results
            if each.memory and each.memory.accepted and each.strategy != REMEMBERED
        }
        locked = lock_release(
            tree=self.target,
            base=self.base,
            series=self.series,
            result=self.result,
            accepted=self.accepted | before,
            dropped=graveyard.stones(self.result, base=self.base, base_tree=self.base_tree),
            left_out=graveyard.left_out(self.base),
        )
        if self.relock is not None:
            known = self.lock.get(self.target.release)
            locked = identity.replaced(known, locked, reason=self.relock)
        return self.lock.with_release(locked).releases[locked.tag]

    def plan(self, locked: LockedRelease) -> WritePlan:
        """What is to be on disk."""
        lock = self.lock.with_release(locked)
        plan = self.workspace.plan_release(self.target.release, self.result.series, lock)
        return replace(plan, writes={**plan.writes, **self._resolutions()})

    def _resolutions(self) -> dict[PurePosixPath, bytes]:
        """The files of what a person decided in this rebase."""
        files = {}
        for each in self.result.results:
            name = each.original.name
            signed = self.decided.get(name)
            kept = signed and kept_resolution(
                each,
                signed,
                release=self.target.release.tag,
                base=self.base.tag,
                accepted=name in self.accepted,
            )
            if kept:
                files[kept.path] = documents.encode(kept).encode()
        return files
