"""One patch on its way: its files merged, the strategies asked, a person's decision taken."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from patchkit.errors import InconsistentError
from patchkit.rebase.apply import Refused, apply_nearby
from patchkit.rebase.checks.outcomes import Judge
from patchkit.rebase.decisions import REMEMBERED, WAITS
from patchkit.rebase.endings import Endings, together
from patchkit.rebase.filemerge import ThreeSides
from patchkit.rebase.outcome import Outcome, PatchResult
from patchkit.rebase.recall import learnt, remember
from patchkit.rebase.strategies.ladder import climb
from patchkit.rebase.strategies.settling import Grade, favours, opposes
from patchkit.rebase.strict import states

if TYPE_CHECKING:
    from patchkit.rebase.checks.judging import PatchChecks
    from patchkit.rebase.decisions import Decisions
    from patchkit.rebase.endings import Changes
    from patchkit.rebase.facts import Facts
    from patchkit.rebase.filemerge import FileMerge
    from patchkit.rebase.files import FileMerger
    from patchkit.rebase.objects import Labels
    from patchkit.rebase.strategies.ladder import Verdict
    from patchkit.rebase.tree import TreeView
    from patchkit.series.patch import FileChange, Patch


@dataclass(slots=True, kw_only=True)
class Step:
    """One patch under way. `base_changes` is what it does to its base, once that is known."""

    patch: Patch
    merger: FileMerger
    labels: Labels
    facts: Facts
    checks: PatchChecks | None = None
    base_changes: Changes = field(default_factory=dict)
    merges: list[FileMerge] = field(default_factory=list)
    verdict: Verdict | None = None

    @property
    def _endings(self) -> Endings:
        return Endings(patch=self.patch, base=self.merger.base, target=self.merger.target)

    def run(self, decided: Decisions) -> tuple[PatchResult, Changes]:
        """What becomes of the patch without a person, and what it changes in the target."""
        merges = self.merges = [self._merge(change) for change in self.patch.files]
        if self.patch.name in decided.skipped:
            return PatchResult(original=self.patch, outcome=Outcome.SKIPPED), {}
        changes = together(merges)
        vanished = all(self.merger.target.read(p) == state for p, state in changes.items())
        if not vanished or any(merge.conflict for merge in merges):
            return self._settled(merges)
        if all(merge.is_upstream() for merge in merges):
            return PatchResult(original=self.patch, outcome=Outcome.UPSTREAM), {}
        return self._endings.vanished(merges), {}

    def _settled(self, merges: list[FileMerge]) -> tuple[PatchResult, Changes]:
        """What git's merge gives, or the strategies beyond it."""
        base, target = self.merger.base, self.merger.target
        verdict = self.verdict = climb(merges, base=base, target=target, facts=self.facts)
        if verdict is None:
            return self._endings.conflict(merges), {}
        if verdict.grade is not Grade.RESOLVED:
            return self._endings.proposed(verdict, merges), {}
        return self._taken(verdict, merges)

    def _taken(self, verdict: Verdict, merges: list[FileMerge]) -> tuple[PatchResult, Changes]:
        if any(merge.conflict for merge in merges):
            return self._endings.climbed(verdict, merges), dict(verdict.changes)
        changes = together(merges)
        return self._endings.merged(merges, changes), changes

    # What a person decides, now or before

    def decided(self, waiting: PatchResult, decided: Decisions) -> tuple[PatchResult, Changes]:
        """A patch that waits, as a person settled it; what they make of it is checked, too."""
        name = self.patch.name
        resolution = decided.resolutions.get(name)
        proposed = self.verdict if waiting.outcome is Outcome.PROPOSED else None
        if name in decided.accepted and proposed:
            result, changes = self._taken(proposed, self.merges)
        elif resolution:
            changes = dict(resolution.files)
            result = self._endings.resolved(self.merges, changes)
        else:
            return self._remembered(waiting, decided)
        target, labels = self.merger.target, self.labels
        lesson = learnt(waiting, changes, target=target, labels=labels)
        return self.checked(replace(result, lesson=lesson), changes), changes

    def _remembered(self, waiting: PatchResult, decided: Decisions) -> tuple[PatchResult, Changes]:
        """Settled as a person settled the same conflict before; a conflict still if that fails."""
        target, labels = self.merger.target, self.labels
        found = remember(waiting, decided.remembered, target=target, labels=labels)
        if found is None:
            return waiting, {}
        if found.problem is not None:
            return replace(waiting, evidence=(*waiting.evidence, opposes(found.problem))), {}
        memory, changes = found.memory, dict(found.changes)
        if memory.release == labels.target and memory.accepted and found.proposed and self.verdict:
            result, _ = self._taken(self.verdict, self.merges)
        else:
            result = self._endings.resolved(self.merges, changes)
            if memory.release != labels.target:
                result = replace(result, strategy=REMEMBERED, evidence=(favours(memory.told),))
        checked = self.checked(result, changes)
        if checked.outcome in WAITS:
            said = opposes(f"{memory.told}: that was tried, and does not hold")
            failed = (each for each in checked.evidence if not each.favours)
            return replace(waiting, evidence=(*waiting.evidence, said, *failed)), {}
        return replace(checked, memory=memory), changes

    def _merge(self, change: FileChange) -> FileMerge:
        if self.merger.base is None:
            return self.merger.without_base(change, self.labels)
        sides = self._on_base(change, self.merger.base)
        self.base_changes.update(states(change, sides.before, sides.after))
        return self.merger.merge(sides, self.labels)

    def _on_base(self, change: FileChange, base: TreeView) -> ThreeSides:
        """Apply the change to the base, where it must have its place."""
        before = base.read(change.old_path) if change.old_path is not None else None
        if change.old_path is not None and before is None:
            raise InconsistentError(
                f"{self.patch.file_name} changes {change.old_path}, "
                f"which is not in {self.labels.base}",
                hint="the patch was written for another release; name it with --from",
            )
        applied = apply_nearby(before.content if before else b"", change.hunks)
        if isinstance(applied, Refused):
            hunk = change.hunks[applied.hunk]
            raise InconsistentError(
                f"{self.patch.file_name} does not apply to its own base {self.labels.base}: "
                f"{change.path}, hunk at line {hunk.old_start}",
                hint="mend the patch, or name the release that it was written for with --from",
            )
        return ThreeSides(change=change, before=before, after=applied.content)

    def checked(self, result: PatchResult, changes: Changes) -> PatchResult:
        """The same result, or a conflict when the merged code does not hold what it is to hold."""
        if self.checks is None:
            return result
        base = self.merger.base
        judge = Judge(
            checks=self.checks,
            base=base,
            written=base.with_changes(self.base_changes) if base else None,
            target=self.merger.target,
            facts=self.facts,
        )
        return judge.judged(result, changes)
