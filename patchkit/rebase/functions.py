"""Which function a line stands in, by git's own rule: a line that starts in column one."""

from __future__ import annotations

import re
import string
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_FIRST = frozenset(sign.encode() for sign in string.ascii_letters + "_$")
_START = re.compile(rb"\n[A-Za-z_$](?!\w*:\s*$)", re.MULTILINE)
_LABEL = re.compile(rb"\w+:\s*$")
_NAME = re.compile(r"([A-Za-z_]\w*)\s*\(")


@dataclass(frozen=True, slots=True)
class Functions:
    """A file's lines, asked for the functions in them. Line indices count from 0.

    Nothing is looked at that is not asked for: a walk from a line to its heading is short, and
    systemd's files are long.
    """

    lines: Sequence[bytes]

    def heading(self, index: int) -> int | None:
        """The line at which the function around the line at `index` starts, or None."""
        for place in range(min(index, len(self.lines) - 1), -1, -1):
            if _is_heading(self.lines[place]):
                return place
        return None

    def starts_at(self, index: int) -> bool:
        """Whether a function starts with the line at `index`."""
        return _is_heading(self.lines[index])

    def enclosing(self, index: int) -> str:
        """The name of what encloses the line at `index`, or the empty string."""
        place = self.heading(index)
        return name_of(self.lines[place]) if place is not None else ""

    def body(self, heading: int) -> tuple[bytes, ...]:
        """The lines of the function that starts at `heading`."""
        lines = self.lines
        following = range(heading + 1, len(lines))
        end = next((n for n in following if _is_heading(lines[n])), len(lines))
        return tuple(lines[heading:end])

    def find(self, name: str) -> int | None:
        """The line at which the first function of that name starts, or None.

        A definition is preferred to a declaration.
        """
        content = b"".join(self.lines)
        found = headings_of(content, name)
        definitions = (start for start, line in found if not line.rstrip().endswith(b";"))
        start = next(definitions, found[0][0] if found else None)
        return None if start is None else content.count(b"\n", 0, start)


def headings_of(content: bytes, name: str) -> list[tuple[int, bytes]]:
    """The headings with that name: where each starts (bytes), and its line."""
    wanted = name.encode("utf-8", "replace")
    found: list[tuple[int, bytes]] = []
    at = content.find(wanted) if wanted else -1
    while at >= 0:
        start = content.rfind(b"\n", 0, at) + 1
        end = content.find(b"\n", at) + 1 or len(content)
        line = content[start:end]
        if _is_heading(line) and name_of(line) == name:
            found.append((start, line))
        at = content.find(wanted, end)
    return found


def stretch_at(content: bytes, start: int) -> bytes:
    """The text from the heading at `start` (bytes) to the next one."""
    following = _START.search(content, start)
    return content[start : following.start() + 1 if following else len(content)]


@dataclass(frozen=True, slots=True)
class Function:
    """A stretch of a file from one heading to the next, and the name in its heading."""

    name: str
    text: bytes


def changed_functions(
    before: bytes, after: bytes
) -> tuple[tuple[Function, ...], tuple[Function, ...]]:
    """The functions that only one of two contents has in this very form, in order.

    What stands before the first heading counts as a function without a name.
    """
    if before == after:
        return (), ()
    old, new = _stretches(before), _stretches(after)
    return _without(old, new), _without(new, old)


def _stretches(content: bytes) -> list[bytes]:
    edges = [0, *(match.start() + 1 for match in _START.finditer(content)), len(content)]
    return [content[start:end] for start, end in pairwise(edges)]


def _without(stretches: list[bytes], others: list[bytes]) -> tuple[Function, ...]:
    known = set(others)
    return tuple(
        Function(name_of(text.partition(b"\n")[0]), text) for text in stretches if text not in known
    )


def name_of(heading: bytes) -> str:
    """A function's name from its heading line; the line itself where there is none."""
    text = heading.decode("utf-8", "replace").strip()
    match = _NAME.search(text)
    return match[1] if match else text.rstrip(" {=")[:60]


def _is_heading(line: bytes) -> bool:
    return line[:1] in _FIRST and not _LABEL.match(line)
