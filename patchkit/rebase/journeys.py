"""Each hunk's way from one release to another: where it stood, where it stands, what broke it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from patchkit.rebase.apply import Applied, apply_nearby, split_lines
from patchkit.rebase.culprit import Culprit
from patchkit.rebase.functions import Functions
from patchkit.rebase.objects import Labels, ObjectSpace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from patchkit.rebase.tree import TreeView
    from patchkit.series.patch import FileChange, Hunk, Patch

_LABELS = Labels(target="target", base="base", patch="patch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """One hunk. Lines count from 1; `new_line` is None where git's merge finds no place for it."""

    path: str
    function: str
    old_line: int
    new_line: int | None
    culprit: Culprit | None = None


def journeys(
    patch: Patch,
    *,
    base: TreeView,
    target: TreeView,
    find: Callable[[str, Callable[[bytes | None], bool]], Culprit | None] | None = None,
) -> Iterator[Journey]:
    """Every hunk's way, by itself; `find` is asked for the culprit of one that has no place."""
    for change in patch.files:
        before = base.read(change.old_path) if change.old_path else None
        if change.old_path is None or before is None:
            continue
        now = target.read(change.old_path)
        for hunk in change.hunks:
            yield _journey(change, hunk, before.content, now.content if now else None, find)


def _journey(
    change: FileChange,
    hunk: Hunk,
    before: bytes,
    now: bytes | None,
    find: Callable[[str, Callable[[bytes | None], bool]], Culprit | None] | None,
) -> Journey:
    path = change.old_path or change.path
    space = ObjectSpace()
    applied = apply_nearby(before, [hunk])
    after = applied.content if isinstance(applied, Applied) else before

    def holds(content: bytes | None) -> bool:
        if content is None:
            return False
        return space.merge(base=before, target=content, patch=after, labels=_LABELS).clean

    first = _first_change(before, after)
    function = Functions(split_lines(before)).enclosing(first - 1)
    if now is not None and holds(now):
        merged = space.merge(base=before, target=now, patch=after, labels=_LABELS).content
        new = _first_change(now, merged)
        return Journey(path=path, function=function, old_line=first, new_line=new)
    culprit = find(path, holds) if find else None
    return Journey(path=path, function=function, old_line=first, new_line=None, culprit=culprit)


def _first_change(old: bytes, new: bytes) -> int:
    """The first line that differs, counted from 1."""
    before, after = split_lines(old), split_lines(new)
    for index, (one, other) in enumerate(zip(before, after, strict=False)):
        if one != other:
            return index + 1
    return min(len(before), len(after)) + 1
