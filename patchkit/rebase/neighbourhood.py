"""What upstream changed near a patch, so that a person looks there even after a clean merge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from patchkit.rebase.apply import split_lines
from patchkit.rebase.functions import Functions, find_functions
from patchkit.rebase.outcome import Notice
from patchkit.series.patch import LineKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from patchkit.series.patch import Hunk


def notices(path: str, base: bytes, target: bytes, hunks: Sequence[Hunk]) -> tuple[Notice, ...]:
    """Name the functions that the patch touches and that upstream changed too.

    `base` and `target` are the file before the patch at either release; `hunks` stand against
    `target`.
    """
    if base == target or not hunks:
        return ()
    here, there = find_functions(target), find_functions(base)
    touched = dict.fromkeys(name for hunk in hunks for name in _functions_of(hunk, here) if name)
    found = []
    for name in touched:
        old, new = there.body(name), here.body(name)
        if old is None:
            found.append(Notice(path=path, function=name, what="is new upstream"))
        elif new is not None and old != new:
            count = _changed_lines(old, new)
            found.append(Notice(path=path, function=name, what=f"changed upstream ({count} lines)"))
    return tuple(found)


def _functions_of(hunk: Hunk, functions: Functions) -> tuple[str, ...]:
    """What encloses the hunk's changed lines, an entry a line."""
    index = hunk.old_index
    names = []
    for line in hunk.lines:
        if line.kind is not LineKind.CONTEXT:
            names.append(functions.enclosing(index))
        if line.kind is not LineKind.ADDED:
            index += 1
    return tuple(names)


def _changed_lines(old: bytes, new: bytes) -> int:
    """How many lines of either text the other lacks."""
    before, after = split_lines(old), split_lines(new)
    rest = list(after)
    gone = 0
    for line in before:
        if line in rest:
            rest.remove(line)
        else:
            gone += 1
    return gone + len(rest)
