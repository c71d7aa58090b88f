"""Say what a conflict is: the sides, where they stand, and where upstream put the lines."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from patchkit.rebase.apply import split_lines
from patchkit.rebase.functions import Functions
from patchkit.rebase.outcome import MovedLine, Region

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from patchkit.rebase.objects import Labels
    from patchkit.series.patch import Hunk

_MOST_MOVED = 8
_TELLING = 12
"""A line shorter than this (blanks aside) says nothing about where code went."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """One conflict in a marked file: where it starts in the target, and its three sides."""

    target_line: int
    target: tuple[bytes, ...]
    base: tuple[bytes, ...]
    patch: tuple[bytes, ...]


def has_markers(content: bytes) -> bool:
    """Whether conflict markers are left in a file."""
    return any(
        line.startswith((b"<<<<<<< ", b"||||||| ", b">>>>>>> ")) for line in content.split(b"\n")
    )


def sides_of(marked: bytes, labels: Labels) -> Iterator[Sides]:
    """Read the conflicts out of a file with diff3 markers."""
    opening = f"<<<<<<< {labels.target}".encode()
    middle = f"||||||| {labels.base}".encode()
    closing = f">>>>>>> {labels.patch}".encode()
    parts: list[list[bytes]] = []
    line_number = start = 1
    for line in split_lines(marked):
        bare = line.rstrip(b"\r\n")
        if bare == opening and not parts:
            parts, start = [[]], line_number
        elif bare == middle and len(parts) == 1:
            parts.append([])
        elif bare == b"=======" and parts:
            parts += [[]] * (3 - len(parts) - 1) + [[]] if len(parts) < 3 else []
        elif bare == closing and parts:
            target, base, patch = (tuple(part) for part in (*parts, [], [])[:3])
            yield Sides(target_line=start, target=target, base=base, patch=patch)
            parts = []
        elif parts:
            parts[-1].append(line)
            line_number += len(parts) == 1
        else:
            line_number += 1


def regions(marked: bytes, labels: Labels, *, target: bytes, path: str) -> tuple[Region, ...]:
    """The conflicts of a marked file, each with what moved."""
    functions = Functions(split_lines(target))
    return tuple(
        Region(
            line=sides.target_line,
            function=functions.enclosing(sides.target_line - 1),
            target=_shown(sides.target),
            base=_shown(sides.base),
            patch=_shown(sides.patch),
            moved=moved_lines(sides, target, path),
        )
        for sides in sides_of(marked, labels)
    )


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
