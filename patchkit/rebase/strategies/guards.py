"""What speaks against a merged file as a whole, judged by the four texts alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from patchkit.rebase.apply import split_lines
from patchkit.rebase.strategies import definitions
from patchkit.rebase.strategies.ranges import line_changes
from patchkit.rebase.strategies.settling import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from patchkit.rebase.strategies.texts import Texts

_WORD = re.compile(rb"[A-Za-z_]\w{2,}|[^\w\s]{2,}")
_COMMENT = re.compile(rb"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"", re.DOTALL)
_CALL = re.compile(rb"\b([A-Za-z_]\w{2,})\s*\(")
_SIGN = re.compile(rb"[()\[\]{},]|\w")
_LONGEST_CALL = 2000
_TELLING = 12


def added_lines(base: bytes, patch: bytes) -> list[bytes]:
    """The lines that a change adds."""
    lines = split_lines(patch)
    return [line for c in line_changes(base, patch) for line in lines[c.new_low : c.new_high]]


def removed_lines(base: bytes, patch: bytes) -> list[bytes]:
    """The lines that a change removes."""
    return added_lines(patch, base)


def doubts(texts: Texts, result: bytes) -> list[str]:
    """Everything that speaks against `result`, in words."""
    found = [*_foreign(texts, result), *_moves(texts, result), *_doubled(texts, result)]
    if texts.is_c:
        found += [*_shapes(texts, result), *_unparsed(texts, result)]
    return found


def _unparsed(texts: Texts, result: bytes) -> Iterator[str]:
    """More places that the C grammar cannot read than the target has and the patch brings."""
    brought = definitions.errors(texts.patch) - definitions.errors(texts.base)
    if definitions.errors(result) > definitions.errors(texts.target) + max(0, brought):
        yield "the result has syntax errors that neither side has"


def code_of(lines: Iterable[bytes]) -> bytes:
    """Lines of C without comments and strings."""
    return _COMMENT.sub(b" ", b"".join(lines))


def _foreign(texts: Texts, result: bytes) -> Iterator[str]:
    """Words that the patch's lines use and the base knew, and that the target does not have."""
    used = _used(added_lines(texts.target, result), is_c=texts.is_c)
    if not used:
        return
    known, there = set(_WORD.findall(texts.base)), set(_WORD.findall(texts.target))
    brought = _used(added_lines(texts.base, texts.patch), is_c=texts.is_c)
    foreign = sorted((used & known & brought) - there)
    if foreign:
        names = ", ".join(word.decode("utf-8", "replace") for word in foreign[:4])
        yield f"the patch's lines use {names}: the base's file has that, the target's does not"


def _used(lines: list[bytes], *, is_c: bool) -> set[bytes]:
    return set(_WORD.findall(code_of(lines) if is_c else b"".join(lines)))


def _shapes(texts: Texts, result: bytes) -> Iterator[str]:
    """Calls with as many arguments as the base's calls have, where the target's have others."""
    made = _arities(code_of(added_lines(texts.target, result)))
    if not made:
        return
    before, now = _arities(code_of([texts.base])), _arities(code_of([texts.target]))
    for name, counts in sorted(made.items()):
        there = now.get(name)
        if there and before.get(name) != there and not counts <= there:
            text = name.decode("utf-8", "replace")
            yield f"{text}() is called here with other arguments than in the rest of the target"
            return


def _arities(code: bytes) -> dict[bytes, set[int]]:
    """How many arguments each name is called with; a call that does not end in sight is left."""
    found: dict[bytes, set[int]] = {}
    for match in _CALL.finditer(code):
        depth, commas, empty = 0, 0, True
        for sign in _SIGN.finditer(code, match.end() - 1, match.end() + _LONGEST_CALL):
            character = sign[0]
            if character in b"([{":
                depth += 1
            elif character in b")]}":
                depth -= 1
                if depth == 0:
                    found.setdefault(match[1], set()).add(0 if empty else commas + 1)
                    break
            elif depth == 1 and character == b",":
                commas += 1
            empty = empty and (sign.start() == match.end() - 1)
    return found


def _moves(texts: Texts, result: bytes) -> Iterator[str]:
    """Lines that the patch moves within the file and the result has twice, or has not moved."""
    added = added_lines(texts.base, texts.patch)
    moved = {line for line in added if len(line.strip()) >= _TELLING}
    moved &= set(removed_lines(texts.base, texts.patch))
    if not moved:
        return
    gone = set(removed_lines(texts.target, result))
    come = set(added_lines(texts.target, result))
    for line in sorted(moved):
        if (line in gone) != (line in come):
            yield f"the patch moves a line, the result does not: {shown(line)}"
            return


def _doubled(texts: Texts, result: bytes) -> Iterator[str]:
    """Telling lines that the result has more often than either side accounts for."""
    for line in dict.fromkeys(added_lines(texts.target, result)):
        if len(line.strip()) < _TELLING:
            continue
        here = texts.target.count(line)
        if (
            result.count(line) > max(here, texts.patch.count(line))
            and texts.base.count(line) < here
        ):
            yield f"the target has a line already that the patch adds: {shown(line)}"
            return
