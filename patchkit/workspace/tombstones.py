"""What is recorded of patches that a release goes without, and what it means for the next one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from patchkit.console import Tone
from patchkit.errors import PatchkitError
from patchkit.rebase.culprit import finder
from patchkit.rebase.landing import Fate, fate, landed, removed, written
from patchkit.rebase.outcome import Outcome
from patchkit.rebase.strict import apply_series
from patchkit.rebase.tree import TreeView
from patchkit.releases import Release
from patchkit.series.patch import Series
from patchkit.workspace.lock import Tombstone

if TYPE_CHECKING:
    from collections.abc import Mapping

    from patchkit.rebase.culprit import Culprit
    from patchkit.rebase.landing import Find, Written
    from patchkit.rebase.outcome import RebaseResult
    from patchkit.upstream.sources import UpstreamTree
    from patchkit.upstream.upstreams import Upstream
    from patchkit.workspace.config import SeriesConfig
    from patchkit.workspace.layout import Workspace
    from patchkit.workspace.lock import Lock, LockedPatch

_GONE = (Outcome.UPSTREAM, Outcome.SKIPPED)


def sentence(name: str, stone: Tombstone, release: str) -> tuple[str, Tone]:
    """Why a release goes without a patch, and what is to be done about it."""
    if stone.why is Outcome.SKIPPED:
        return f"{name} is left out since {stone.since}, where a person skipped it", Tone.NOTE
    back = f"to take it back: patchkit rebase {release} --from {stone.last}"
    if stone.fate is Fate.STAYS:
        return f"{name} is left out since {stone.since}: upstream has it", Tone.NOTE
    tone = Tone.BAD if stone.fate is Fate.RETURNED else Tone.CARE
    return f"{name} is left out since {stone.since}, but {stone.fate}; {back}", tone


def culprit_text(culprit: Culprit) -> str:
    """An upstream commit in a line."""
    pull = f", pull request #{culprit.pull}" if culprit.pull else ""
    date = culprit.date[:10]
    return f'{culprit.commit[:12]} "{culprit.subject}" by {culprit.author}, {date}{pull}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Graveyard:
    """Makes the tombstones of a rebase onto `target`, which has to be complete."""

    workspace: Workspace
    config: SeriesConfig
    lock: Lock
    upstream: Upstream
    target: UpstreamTree

    def stones(
        self, result: RebaseResult, *, base: Release, base_tree: UpstreamTree | None
    ) -> dict[str, Tombstone]:
        """One for each patch that the new series lacks, by name."""
        found = {}
        for each in result.results:
            if each.outcome in _GONE:
                name = each.original.name
                found[name] = self._new(name, each.outcome, base, base_tree)
        before = self.lock.get(base)
        for name, stone in (before.dropped if before else {}).items():
            if name in self.left_out(base):
                found[name] = self._old(name, stone, result)
        return found

    def left_out(self, base: Release) -> Mapping[str, LockedPatch]:
        """The patches of `series.toml` that the base goes without already."""
        before = self.lock.get(base)
        if before is None:
            return {}
        known = {entry.name for entry in self.config.patches}
        return {p.name: p for p in before.patches if p.file is None and p.name in known}

    def _new(
        self, name: str, why: Outcome, base: Release, base_tree: UpstreamTree | None
    ) -> Tombstone:
        stone = Tombstone(why=why, since=self.target.release.tag, last=base.tag)
        if why is not Outcome.UPSTREAM or base_tree is None:
            return stone
        patch = self._written(name, base, base_tree)
        commits = landed(patch, self._find(base_tree)) if patch else ()
        return replace(stone, commits=commits)

    def _old(self, name: str, stone: Tombstone, result: RebaseResult) -> Tombstone:
        """A tombstone of a release before: what this one makes of the patch."""
        if self.target.release.tag == stone.since:
            return stone  # the release onto itself
        stone = replace(stone, ended=())
        if stone.why is not Outcome.UPSTREAM:
            return stone
        last = Release.parse(stone.last)
        tree = self._at_hand(last)
        patch = self._written(name, last, tree) if tree else None
        if patch is None:
            return replace(stone, fate=Fate.UNKNOWN)
        order = [entry.name for entry in self.config.patches]
        earlier = [p for p in result.series.patches if order.index(p.name) < order.index(name)]
        target = apply_series(Series(tuple(earlier)), self._view(self.target))
        now = fate(patch, target, base_name=stone.last, target_name=self.target.release.tag)
        since = self._at_hand(Release.parse(stone.since))
        if now is Fate.STAYS or since is None:
            return replace(stone, fate=now)
        return replace(stone, fate=now, ended=removed(patch, self._find(since)))

    def _written(self, name: str, release: Release, tree: UpstreamTree) -> Written | None:
        try:
            series = self.workspace.series(release, self.config)
        except PatchkitError:  # the folder is gone, or no longer what it was
            return None
        return written(series, name, self._view(tree))

    def _at_hand(self, release: Release) -> UpstreamTree | None:
        return self.upstream.at_hand(release)

    def _find(self, since: UpstreamTree) -> Find | None:
        return finder(self.upstream.store.repository, since.commit, self.target.commit)

    def _view(self, tree: UpstreamTree) -> TreeView:
        return TreeView(source=self.upstream.store, tree=tree.tree)
