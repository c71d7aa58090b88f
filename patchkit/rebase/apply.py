"""Apply hunks to a file's bytes: no fuzz, ever; pure."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

from patchkit.series.patch import LineKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from patchkit.series.patch import Hunk


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """The new content, and how far each hunk stood from where it said (in lines)."""

    content: bytes
    offsets: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The hunk (by index) that has no place, or more than one (`places`, counted from 0)."""

    hunk: int
    places: tuple[int, ...] = ()


def split_lines(content: bytes) -> list[bytes]:
    """Lines with their newlines; only `\\n` ends a line, as for git."""
    return BytesIO(content).readlines()


def apply_exactly(content: bytes, hunks: Sequence[Hunk]) -> bytes | None:
    """Apply every hunk at the very line that it names, or None when one does not fit there.

    What git apply and patch refuse there does not fit either: a hunk with less context after
    its changes than before them belongs to the end of the file.
    """
    lines = split_lines(content)
    made: list[bytes] = []
    position = 0
    for hunk in hunks:
        old = hunk.old_lines
        start = hunk.old_index
        if start < position or not _fits(lines, hunk, start):
            return None
        if _ends_its_file(hunk) and start + len(old) != len(lines):
            return None
        made += lines[position:start]
        made += hunk.new_lines
        position = start + len(old)
    made += lines[position:]
    return b"".join(made)


def apply_nearby(content: bytes, hunks: Sequence[Hunk]) -> Applied | Refused:
    """Apply every hunk where all of its context stands.

    The place that it names (moved as far as the hunk before it moved) is taken when it fits;
    else the only place that fits. More than one, or none, is refused: nothing is guessed.
    """
    lines = split_lines(content)
    made: list[bytes] = []
    offsets: list[int] = []
    position = 0
    for index, hunk in enumerate(hunks):
        expected = hunk.old_index + (offsets[-1] if offsets else 0)
        start = expected
        if expected < position or not _fits(lines, hunk, expected):
            places = _places(lines, hunk, position)
            if len(places) != 1:
                return Refused(hunk=index, places=tuple(places))
            start = places[0]
        made += lines[position:start]
        made += hunk.new_lines
        position = start + len(hunk.old_lines)
        offsets.append(start - hunk.old_index)
    made += lines[position:]
    return Applied(content=b"".join(made), offsets=tuple(offsets))


def _ends_its_file(hunk: Hunk) -> bool:
    """Whether a hunk can only stand at the end: git's apply.c, GNU patch's locate_hunk()."""
    changed = [n for n, line in enumerate(hunk.lines) if line.kind is not LineKind.CONTEXT]
    if not changed:
        return False
    trailing = len(hunk.lines) - 1 - changed[-1]
    return trailing == 0 or trailing < changed[0]


def _places(lines: list[bytes], hunk: Hunk, start: int) -> list[int]:
    old = hunk.old_lines
    if not old:
        return [0] if not lines else []
    first = old[0]
    return [
        at
        for at in range(start, len(lines) - len(old) + 1)
        if lines[at] == first and _fits(lines, hunk, at)
    ]


def _fits(lines: list[bytes], hunk: Hunk, start: int) -> bool:
    """Whether the hunk's old lines stand at `start`; a line without newline only at the end."""
    old, new = hunk.old_lines, hunk.new_lines
    end = start + len(old)
    if lines[start:end] != list(old) or (not old and start != len(lines)):
        return False
    return not new or new[-1].endswith(b"\n") or end == len(lines)
