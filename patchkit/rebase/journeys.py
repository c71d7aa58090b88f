"""Each hunk's way from one release to another: where it stood, where it stands, what broke it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from patchkit.rebase.apply import Applied, apply_nearby, split_lines
from patchkit.rebase.checks.judging import broken
from patchkit.rebase.culprit import Culprit
from patchkit.rebase.functions import Functions
from patchkit.rebase.objects import Labels, ObjectSpace
from patchkit.rebase.outcome import FileState
from patchkit.series.patch import LineKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from patchkit.rebase.checks.intent import Intent
    from patchkit.rebase.tree import TreeView
    from patchkit.series.patch import FileChange, Hunk, Patch

_LABELS = Labels(target="target", base="base", patch="patch")


class Way(StrEnum):
    """How a hunk got to where it is; the values are for people."""

    SAME = "as it was"
    MERGED = "merged: upstream changed the lines around it"
    SETTLED = "settled beyond git's merge"
    LOST = "no place that git's merge finds"


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """One hunk. Lines count from 1; `new_line` is None where it has no place in the target.

    `new_path` is where it went when that is another file.

    `culprit` is the upstream commit after which it applies no longer as it was, or not at all.
    """

    path: str
    function: str
    old_line: int
    new_line: int | None
    way: Way
    new_path: str | None = None
    culprit: Culprit | None = None


def journeys(
    patch: Patch,
    *,
    base: TreeView,
    target: TreeView,
    find: Callable[[str, Callable[[bytes | None], bool]], Culprit | None] | None = None,
    outcome: Patch | None = None,
) -> Iterator[Journey]:
    """Every hunk's way, by itself; `find` is asked for the culprit of one that upstream touched.

    `outcome` is what the patch became in the target, where it became anything.
    """
    for change in patch.files:
        before = base.read(change.old_path) if change.old_path else None
        if change.old_path is None or before is None:
            continue
        now = target.read(change.old_path)
        for hunk in change.hunks:
            content = now.content if now else None
            yield _journey(change, hunk, before.content, content, find, outcome=outcome)


def _journey(
    change: FileChange,
    hunk: Hunk,
    before: bytes,
    now: bytes | None,
    find: Callable[[str, Callable[[bytes | None], bool]], Culprit | None] | None,
    *,
    outcome: Patch | None,
) -> Journey:
    path = change.old_path or change.path
    space = ObjectSpace()
    applied = apply_nearby(before, [hunk])
    after = applied.content if isinstance(applied, Applied) else before

    def merges(content: bytes | None) -> bool:
        if content is None:
            return False
        return space.merge(base=before, target=content, patch=after, labels=_LABELS).clean

    def fits(content: bytes | None) -> bool:
        if content is None:
            return False
        there = apply_nearby(content, [hunk])
        return isinstance(there, Applied) or bool(there.places)

    first = _first_change(before, after)
    start = Journey(
        path=path,
        function=Functions(split_lines(before)).enclosing(first - 1),
        old_line=first,
        new_line=None,
        way=Way.LOST,
    )
    if now is not None and merges(now):
        merged = space.merge(base=before, target=now, patch=after, labels=_LABELS).content
        new = _first_change(now, merged)
        if fits(now):
            return replace(start, new_line=new, way=Way.SAME)
        culprit = find(path, fits) if find else None
        return replace(start, new_line=new, way=Way.MERGED, culprit=culprit)
    culprit = find(path, merges) if find else None
    place = _settled_at(hunk, outcome)
    if place is None:
        return replace(start, culprit=culprit)
    where, line = place
    elsewhere = where if where != path else None
    return replace(start, new_line=line, way=Way.SETTLED, new_path=elsewhere, culprit=culprit)


def _settled_at(hunk: Hunk, outcome: Patch | None) -> tuple[str, int] | None:
    """The file and the line of the target where the new patch has most of what the hunk adds."""
    added = {line.text.strip() for line in hunk.lines if line.kind is LineKind.ADDED} - {b""}
    best: tuple[int, str, int] | None = None
    for change in outcome.files if outcome else ():
        for each in change.hunks:
            line, shared, place, start = each.old_index + 1, 0, 0, 0
            for one in each.lines:
                start = 0 if one.kind is LineKind.CONTEXT else start or line
                if one.kind is LineKind.ADDED and one.text.strip() in added:
                    shared += 1
                    place = place or start
                line += one.kind is not LineKind.ADDED
            if shared and (best is None or shared > best[0]):
                best = (shared, change.path, place)
    return best[1:] if best else None


def breaker(
    intent: Intent,
    patch: Patch,
    base: TreeView,
    find: Callable[[str, Callable[[bytes | None], bool]], Culprit | None] | None,
) -> Culprit | None:
    """The upstream commit after which a rule holds no longer in the patch merged into its file."""
    change = next((c for c in patch.files if c.old_path == intent.file), None)
    before = base.read(intent.file)
    if find is None or change is None or before is None:
        return None
    applied = apply_nearby(before.content, change.hunks)
    if not isinstance(applied, Applied):
        return None
    space, after = ObjectSpace(), applied.content

    def holds(content: bytes | None) -> bool:
        if content is None:
            return False
        merge = space.merge(base=before.content, target=content, patch=after, labels=_LABELS)
        state = FileState(mode=before.mode, content=merge.content)
        return broken(intent, base.with_changes({intent.file: state})) is None

    return find(intent.file, holds)


def _first_change(old: bytes, new: bytes) -> int:
    """The first line that differs, counted from 1."""
    before, after = split_lines(old), split_lines(new)
    for index, (one, other) in enumerate(zip(before, after, strict=False)):
        if one != other:
            return index + 1
    return min(len(before), len(after)) + 1
