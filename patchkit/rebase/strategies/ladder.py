"""What the strategies make of a whole patch: all of its files settled, or none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from patchkit.rebase.facts import Facts
from patchkit.rebase.outcome import FileState
from patchkit.rebase.strategies.knowledge import Headers, strange_folders, unknown_names
from patchkit.rebase.strategies.settling import (
    Evidence,
    Grade,
    Settlement,
    Strategy,
    opposes,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from patchkit.rebase.filemerge import FileMerge
    from patchkit.rebase.tree import TreeView

_FOLLOWED = frozenset({Strategy.MOVED_FUNCTION, Strategy.MOVED_FILE, Strategy.MOVED_LINES})

_STRANGE = "the target has no folder {}, to which the patch adds a file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A settled patch: what to do, by which strategies, and how sure that is."""

    changes: Mapping[str, FileState | None]
    grade: Grade
    strategies: tuple[Strategy, ...]
    evidence: tuple[Evidence, ...]
    left_out: tuple[bytes, ...]

    @property
    def left_out_text(self) -> tuple[str, ...]:
        """The lines left out, without their newlines."""
        return tuple(line.decode("utf-8", "replace").rstrip("\r\n") for line in self.left_out)

    @property
    def is_move(self) -> bool:
        """Whether the patch followed code that upstream moved, and nothing else was needed."""
        return bool(self.strategies) and _FOLLOWED.issuperset(self.strategies)


def climb(
    merges: Sequence[FileMerge],
    *,
    base: TreeView | None,
    target: TreeView,
    facts: Facts | None = None,
) -> Verdict | None:
    """Put the settled files of a patch together with those that merged.

    None when some conflict has no settlement, when two changes would go to one file, or when
    nothing of the patch would be left. Without any conflict, it is the merge itself that is
    judged. Without a base, there is nothing to judge it by.
    """
    changes: dict[str, FileState | None] = {}
    settlements: list[Settlement] = []
    for merge in merges:
        settled = _changes(merge)
        if settled is None or settled.keys() & changes.keys():
            return None
        changes.update(settled)
        if merge.settlement and merge.conflict:
            settlements.append(merge.settlement)
    if settlements and all(target.read(path) == state for path, state in changes.items()):
        return None
    said = [evidence for settlement in settlements for evidence in settlement.evidence]
    against: list[str] = []
    if base is not None:
        against += _unknown(merges, changes, base, target, facts or Facts())
        said += map(opposes, against)
        strange = strange_folders(changes, base=base, target=target)
        said += [opposes(_STRANGE.format(folder)) for folder in strange]
        against += strange if settlements else []
    sure = not against and all(s.grade is Grade.RESOLVED for s in settlements)
    return Verdict(
        changes=changes,
        grade=Grade.RESOLVED if sure else Grade.PROPOSED,
        strategies=tuple(dict.fromkeys(_strategies(settlements))),
        evidence=tuple(dict.fromkeys(said)),
        left_out=tuple(line for s in settlements for line in s.left_out),
    )


def _unknown(
    merges: Sequence[FileMerge],
    changes: Mapping[str, FileState | None],
    base: TreeView,
    target: TreeView,
    facts: Facts,
) -> Iterator[str]:
    """What the target's tree says against a result: what it rests on is not there."""
    known, there = Headers(base, facts), Headers(target.with_changes(changes), facts)
    for merge in merges:
        ours = target.read(merge.path)
        if merge.before is None or merge.after is None or ours is None:
            continue
        if merge.path not in changes or not merge.path.endswith((".c", ".h")):
            continue
        names = unknown_names(
            merge.path,
            base=merge.before.content,
            added=merge.added_lines(),
            target=ours.content,
            known=known,
            there=there,
        )
        if names:
            yield f"{merge.path}: the target does not know {', '.join(names[:4])}"


def _strategies(settlements: Sequence[Settlement]) -> Iterator[Strategy]:
    for settlement in settlements:
        yield from settlement.strategies


def _changes(merge: FileMerge) -> dict[str, FileState | None] | None:
    """What a file's merge does to the target; None where it is not settled."""
    if merge.conflict is None:
        return dict(merge.changes)
    settlement = merge.settlement
    if settlement is None:
        return None
    if settlement.content is None:
        return {}
    changes = dict(merge.changes)
    draft = changes[merge.path]
    if draft is None:
        return None
    changes[merge.path] = FileState(mode=draft.mode, content=settlement.content)
    return changes
