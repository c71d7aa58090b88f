"""Which function a line stands in, by git's own rule: a line that starts in column one."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

_HEADING = re.compile(rb"^[A-Za-z_$](?!\w*:\s*$)[^\n]*", re.MULTILINE)
_NAME = re.compile(r"([A-Za-z_]\w*)\s*\(")


@dataclass(frozen=True, slots=True)
class Functions:
    """The headings of a file, in order: the lines at which they stand and their offsets.

    Lines and offsets (in bytes) count from 0.
    """

    content: bytes
    lines: tuple[int, ...]
    offsets: tuple[int, ...]
    headings: tuple[bytes, ...]

    def enclosing(self, index: int) -> str:
        """The name of what encloses the line at `index` (from 0), or the empty string."""
        place = bisect_right(self.lines, index) - 1
        return name_of(self.headings[place]) if place >= 0 else ""

    def body(self, name: str) -> bytes | None:
        """The text of the first function of that name, its heading included."""
        ends = (*self.offsets[1:], len(self.content))
        for start, end, heading in zip(self.offsets, ends, self.headings, strict=True):
            if name.encode("utf-8", "replace")[:20] in heading and name_of(heading) == name:
                return self.content[start:end]
        return None


def find_functions(content: bytes) -> Functions:
    """Find what git would write after a hunk's `@@`."""
    found = list(_HEADING.finditer(content))
    lines = []
    line = offset = 0
    for match in found:
        line += content.count(b"\n", offset, match.start())
        offset = match.start()
        lines.append(line)
    return Functions(
        content=content,
        lines=tuple(lines),
        offsets=tuple(match.start() for match in found),
        headings=tuple(match[0] for match in found),
    )


def name_of(heading: bytes) -> str:
    """A function's name from its heading line; the line itself where there is none."""
    text = heading.decode("utf-8", "replace").strip()
    match = _NAME.search(text)
    return match[1] if match else text.rstrip(" {=")[:60]
