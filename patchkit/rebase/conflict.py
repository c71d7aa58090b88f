"""Say what a conflict is: the sides, where they stand, and where upstream put the lines."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from patchkit.rebase.apply import split_lines
from patchkit.rebase.functions import Functions
from patchkit.rebase.objects import difference
from patchkit.rebase.outcome import MovedLine, Region
from patchkit.series.patch import LineKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from patchkit.rebase.objects import Labels
    from patchkit.series.patch import Hunk

_MARKER = re.compile(rb"^(?:<{7}|\|{7}|>{7})(?: |\r?$)", re.MULTILINE)
_MOST_MOVED = 8
_TELLING = 12
"""A line shorter than this (blanks aside) says nothing about where code went."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """One conflict in a marked file, and its three sides.

    `index` is how many lines stand before it when of every conflict only the target's side is
    taken.
    """

    index: int
    target: tuple[bytes, ...]
    base: tuple[bytes, ...]
    patch: tuple[bytes, ...]


def has_markers(content: bytes) -> bool:
    """Whether conflict markers are left in a file."""
    return _MARKER.search(content) is not None


def sides_of(marked: bytes, labels: Labels) -> tuple[tuple[Sides, ...], bytes]:
    """Read the conflicts out of a file with diff3 markers.

    Returns them, and the file with the target's side of each.
    """
    marks = {
        f"<<<<<<< {labels.target}".encode(): 0,
        f"||||||| {labels.base}".encode(): 1,
        b"=======": 2,
        f">>>>>>> {labels.patch}".encode(): 3,
    }
    found: list[Sides] = []
    settled: list[bytes] = []
    parts: tuple[list[bytes], ...] = ()
    place = -1  # which side is being read; -1 outside of conflicts
    for line in split_lines(marked):
        mark = marks.get(line.rstrip(b"\r\n"), -1)
        if mark == 0 and place < 0:
            parts, place = ([], [], []), 0
        elif place >= 0 and place < mark < 3:
            place = mark
        elif place >= 0 and mark == 3:
            target, base, patch = map(tuple, parts)
            found.append(Sides(index=len(settled), target=target, base=base, patch=patch))
            settled += target
            place = -1
        elif place >= 0:
            parts[place].append(line)
        else:
            settled.append(line)
    return tuple(found), b"".join(settled)


def regions(marked: bytes, labels: Labels, *, target: bytes, path: str) -> tuple[Region, ...]:
    """The conflicts of a marked file, each with what moved."""
    functions = Functions(split_lines(target))
    conflicts, settled = sides_of(marked, labels)
    merged_elsewhere = difference(target, settled)
    found = []
    for sides in conflicts:
        index = _target_index(sides.index, merged_elsewhere)
        found.append(
            Region(
                line=index + 1,
                function=functions.enclosing(index),
                target=_shown(sides.target),
                base=_shown(sides.base),
                patch=_shown(sides.patch),
                moved=moved_lines(sides, target, path),
            )
        )
    return tuple(found)


def _target_index(index: int, merged_elsewhere: Sequence[Hunk]) -> int:
    """Where a line of the merged file stands in the target, which lacks what was merged."""
    shift = 0
    for hunk in merged_elsewhere:
        position = hunk.new_start - 1
        for line in hunk.lines:
            if position >= index:
                return index - shift
            if line.kind is LineKind.REMOVED:
                shift -= 1
                continue
            shift += line.kind is LineKind.ADDED
            position += 1
    return index - shift


def moved_lines(sides: Sides, target: bytes, path: str) -> tuple[MovedLine, ...]:
    """Lines of the base's side that the target has no longer here, but elsewhere."""
    functions = Functions(split_lines(target))
    here = {_normal(line) for line in sides.target}
    wanted = [
        line for line in map(_normal, sides.base) if len(line) >= _TELLING and line not in here
    ]
    places: dict[bytes, list[int]] = {}
    for index, line in enumerate(functions.lines):
        places.setdefault(_normal(line), []).append(index)
    found = [
        MovedLine(
            text=line.decode("utf-8", "replace"),
            path=path,
            line=places[line][0] + 1,
            function=functions.enclosing(places[line][0]),
        )
        for line in dict.fromkeys(wanted)
        if len(places.get(line, ())) == 1
    ]
    return tuple(found[:_MOST_MOVED])


def mark_without_base(target: bytes, hunks: Sequence[Hunk], labels: Labels) -> bytes:
    """Lay hunks that have no place into the target with markers, each where it fits best."""
    lines = split_lines(target)
    made: list[bytes] = []
    position = 0
    for hunk in hunks:
        old = list(hunk.old_lines)
        start, end = _best_place(lines, old, position)
        made += lines[position:start]
        ours = lines[start:end]
        if ours == old:
            made += hunk.new_lines
        else:
            made += [f"<<<<<<< {labels.target}\n".encode(), *_ended(ours)]
            made += [f"||||||| {labels.base}\n".encode(), *_ended(old)]
            made += [b"=======\n", *_ended(hunk.new_lines)]
            made.append(f">>>>>>> {labels.patch}\n".encode())
        position = end
    made += lines[position:]
    return b"".join(made)


def _best_place(lines: list[bytes], old: list[bytes], start: int) -> tuple[int, int]:
    """The stretch of `lines` from `start` on that is most like `old`."""
    matcher = difflib.SequenceMatcher(None, lines[start:], old, autojunk=False)
    match = matcher.find_longest_match()
    if match.size == 0:
        return len(lines), len(lines)
    first = max(start, start + match.a - match.b)
    return first, min(len(lines), max(first + len(old), start + match.a + match.size))


def _ended(lines: Sequence[bytes]) -> list[bytes]:
    return [line if line.endswith(b"\n") else line + b"\n" for line in lines]


def _normal(line: bytes) -> bytes:
    return b" ".join(line.split())


def _shown(lines: Sequence[bytes]) -> tuple[str, ...]:
    return tuple(line.decode("utf-8", "replace").rstrip("\r\n") for line in lines)
