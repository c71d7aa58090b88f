"""What stands beside the lines that a patch changes, what they stand under, and what they call."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from patchkit.series.patch import LineKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from patchkit.rebase.functions import Functions
    from patchkit.series.patch import Hunk

_CALLED = re.compile(rb"\b([A-Za-z_]\w{2,})[ \t]*\(")
_CALLED_BACK = re.compile(rb"\b_cleanup_\([ \t]*(\w+)")
_TAB = 8
"""Columns of a tab, as in the kernel's and systemd's style."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Around a patch's changes in one function, without indentation.

    `beside` are the lines of the file that its hunks show there, `above` the lines that the
    changes stand under: conditions, loops, cases.
    """

    beside: set[bytes] = field(default_factory=set)
    above: set[bytes] = field(default_factory=set)


def surroundings(hunks: Sequence[Hunk], functions: Functions) -> dict[int, Surroundings]:
    """By where each function starts that the hunks change; they stand against its file."""
    found: dict[int, Surroundings] = {}
    for hunk in hunks:
        for index, text in _changes(hunk, functions):
            heading = functions.heading(index)
            if heading is not None:
                around = found.setdefault(heading, Surroundings())
                around.above.update(_above(functions.lines, index, heading, text))
    for hunk in hunks if found else ():
        heading, end = functions.heading(hunk.old_index), hunk.old_index + len(hunk.old_lines)
        for place in range(hunk.old_index, min(end, len(functions.lines))):
            heading = place if functions.starts_at(place) else heading
            text = functions.lines[place].strip()
            if heading in found and _says_something(text):
                found[heading].beside.add(text)
    return found


def _changes(hunk: Hunk, functions: Functions) -> Iterator[tuple[int, bytes]]:
    """Each stretch of changed lines in a function: its first line's index, its least indented line.

    An added line has the index of what follows it.
    """
    index, start, least = hunk.old_index, -1, b""
    for line in hunk.lines:
        is_old, text = line.kind is not LineKind.ADDED, line.text
        leaves = is_old and index < len(functions.lines) and functions.starts_at(index)
        if start >= 0 and (leaves or line.kind is LineKind.CONTEXT):
            yield start, least
            start, least = -1, b""
        if line.kind is not LineKind.CONTEXT:
            start = index if start < 0 else start
            if text.strip() and (not least or _indent(text) < _indent(least)):
                least = text
        index += is_old
    if start >= 0:
        yield start, least


def called(hunks: Sequence[Hunk]) -> set[bytes]:
    """The names of what the hunks' lines call, context included."""
    text = b"\n".join(line.text for hunk in hunks for line in hunk.lines)
    return {match[1] for match in (*_CALLED.finditer(text), *_CALLED_BACK.finditer(text))}


def _above(lines: Sequence[bytes], index: int, heading: int, changed: bytes) -> Iterator[bytes]:
    """The lines that a changed line stands under, up to the function's heading.

    Read off the indentation: what is indented less, and for an `else` its `if`.
    """
    if not changed.strip():
        return
    level, branch = _indent(changed), -1
    for place in range(min(index, len(lines)) - 1, heading, -1):
        text = lines[place].strip()
        indent = _indent(lines[place])
        if not text or not indent or text.startswith((b"#", b"/*", b"*", b"//")):
            continue  # in column one there are labels and the function's own brackets
        is_branch = indent == branch and text.startswith((b"if", b"} else if", b"else if"))
        if indent >= level and not is_branch:
            continue
        if _says_something(text):
            yield text
        branch = indent if text.startswith((b"else", b"} else")) else -1
        level = min(level, indent)


def _indent(line: bytes) -> int:
    blank = line[: len(line) - len(line.lstrip(b" \t"))]
    return len(blank.expandtabs(_TAB))


def _says_something(text: bytes) -> bool:
    """Whether a line has more than brackets and signs."""
    return any(chr(sign).isalnum() for sign in text)
