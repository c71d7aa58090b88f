"""Follow a change to where upstream moved its lines within the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from patchkit.rebase.strategies.settling import (
    Grade,
    Settled,
    Strategy,
    favours,
    opposes,
    shown,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from patchkit.rebase.strategies.clash import Clash

Place = tuple[int, int, tuple[bytes, ...]]
"""A range of the target's lines and the lines to put there."""

_TELLING = 12
"""Fewer characters than this (blanks aside) say nothing about where code went."""


def moved_to(
    clash: Clash, base: Sequence[bytes], target: Sequence[bytes]
) -> tuple[Settled, Place] | None:
    """Where the lines that the patch replaces stand now, and what to put there.

    Answers with what stays at the old place, and the place (a range of `target`'s lines) with its
    new lines. Declines unless the patch makes one change here, replaces whole lines that say
    something, and these lines stand once in the base, and once in the target where the base did
    not have them.
    """
    if len(clash.ours) != 1:
        return None
    ours = clash.ours[0]
    old = clash.base[ours.low : ours.high]
    if max((len(line.strip()) for line in old), default=0) < _TELLING:
        return None
    places = _places(target, old)
    if len(places) != 1 or len(_places(base, old)) != 1:
        return None
    at = places[0]
    if clash.target_start <= at < clash.target_start + len(clash.target):
        return None
    shift = _depth(target[at]) - _depth(old[0])
    new = tuple(_deeper(line, shift) for line in clash.patch[ours.new_low : ours.new_high])
    answer = Settled(
        lines=clash.target,
        strategy=Strategy.MOVED_LINES,
        grade=Grade.PROPOSED,
        evidence=(
            favours(f"what the patch changes stands in line {at + 1} now: {shown(target[at])}"),
            opposes("the code around it is not the code that the patch was written for"),
        ),
    )
    return answer, (at, at + len(old), new)


def _places(lines: Sequence[bytes], wanted: Sequence[bytes]) -> list[int]:
    bare = [line.strip() for line in wanted]
    return [
        at
        for at in range(len(lines) - len(bare) + 1)
        if lines[at].strip() == bare[0]
        and all(lines[at + n].strip() == line for n, line in enumerate(bare))
    ]


def _depth(line: bytes) -> int:
    return len(line) - len(line.lstrip(b" "))


def _deeper(line: bytes, by: int) -> bytes:
    if not line.strip():
        return line
    return b" " * by + line if by >= 0 else line[min(-by, _depth(line)) :]
