"""What upstream changed near a patch, so that a person looks there even after a clean merge."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from patchkit.rebase.apply import split_lines
from patchkit.rebase.functions import Functions, name_of
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
    here, there = Functions(split_lines(target)), Functions(split_lines(base))
    headings = dict.fromkeys(place for hunk in hunks for place in _headings_of(hunk, here))
    found = []
    for heading in headings:
        name, new = name_of(here.lines[heading]), here.body(heading)
        origin = there.find(name)
        if origin is None:
            found.append(Notice(path=path, function=name, what="is new upstream"))
        elif (old := there.body(origin)) != new:
            count = _changed_lines(old, new)
            lines = f"{count} line{'s' * (count != 1)}"
            found.append(Notice(path=path, function=name, what=f"changed upstream ({lines})"))
    return tuple(found)


def function_text(content: bytes | None, name: str) -> tuple[bytes, ...] | None:
    """The lines of the function of that name, as `notices` compares them; None without one."""
    functions = Functions(split_lines(content or b""))
    heading = functions.find(name)
    return functions.body(heading) if heading is not None else None


def _headings_of(hunk: Hunk, functions: Functions) -> tuple[int, ...]:
    """Where the functions start that the hunk changes, each once."""
    index = hunk.old_index
    headings = []
    for line in hunk.lines:
        if line.kind is not LineKind.CONTEXT:
            headings.append(functions.heading(index))
        if line.kind is not LineKind.ADDED:
            index += 1
    return tuple(dict.fromkeys(place for place in headings if place is not None))


def _changed_lines(old: Sequence[bytes], new: Sequence[bytes]) -> int:
    """How many lines of either text the other lacks."""
    before, after = Counter(old), Counter(new)
    return (before - after).total() + (after - before).total()
