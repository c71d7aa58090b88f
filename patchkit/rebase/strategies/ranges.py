"""The ranges in which two texts differ, by lines or by words, as libgit2's diff finds them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pygit2
from pygit2.enums import DiffOption

if TYPE_CHECKING:
    from collections.abc import Sequence

_FLAGS = DiffOption.INDENT_HEURISTIC | DiffOption.FORCE_TEXT
_WORD = re.compile(rb"[ \t]*(?:\w+|\n|[^\w\s]|[\r\f\v])|[ \t]+\Z")
"""A word, a newline or a sign, each with the blanks before it: joined, words give the text."""


@dataclass(frozen=True, slots=True)
class Change:
    """`old[low:high]` became `new[new_low:new_high]`; counted from 0, in lines or words."""

    low: int
    high: int
    new_low: int
    new_high: int


def line_changes(old: bytes, new: bytes, *, patience: bool = False) -> tuple[Change, ...]:
    """Where lines differ."""
    if old == new:
        return ()
    flags = _FLAGS | (DiffOption.PATIENCE if patience else 0)
    patch = pygit2.Patch.create_from(old, new, flag=flags, context_lines=0)
    return tuple(
        _change(hunk.old_start, hunk.old_lines, hunk.new_start, hunk.new_lines)
        for hunk in patch.hunks
    )


def _change(old_start: int, old_lines: int, new_start: int, new_lines: int) -> Change:
    # unified diff counts from 1, and puts an empty side at the line before
    low = old_start - 1 if old_lines else old_start
    new_low = new_start - 1 if new_lines else new_start
    return Change(low, low + old_lines, new_low, new_low + new_lines)


def words(text: bytes) -> list[bytes]:
    """The words of a text; joined they give it back."""
    return _WORD.findall(text)


def word_changes(
    old: Sequence[bytes], new: Sequence[bytes], *, patience: bool = False
) -> tuple[Change, ...]:
    """Where sequences of words differ."""
    return line_changes(_one_a_line(old), _one_a_line(new), patience=patience)


def _one_a_line(items: Sequence[bytes]) -> bytes:
    return b"".join(item.replace(b"\n", b"\0") + b"\n" for item in items)
