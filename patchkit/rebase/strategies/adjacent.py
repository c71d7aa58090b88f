"""Changes that touch and do not overlap: git stops, though both can be made."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from patchkit.rebase.strategies.clash import Kept, split
from patchkit.rebase.strategies.settling import (
    Evidence,
    Grade,
    Settled,
    Strategy,
    favours,
    opposes,
    shown,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from patchkit.rebase.strategies.clash import Clash

_NAMES = re.compile(rb"\w+")


def adjacent(clash: Clash) -> Settled | None:
    """Make both sides' changes; declines when they overlap or add at one place."""
    lines: list[bytes] = []
    for section in split(clash):
        if not isinstance(section, Kept):
            return None
        lines += section.lines
    doubts = list(dict.fromkeys(_doubts(clash)))
    said = favours("the target and the patch change neighbouring lines, none of them both")
    return Settled(
        lines=tuple(lines),
        strategy=Strategy.ADJACENT,
        grade=Grade.PROPOSED if doubts else Grade.RESOLVED,
        evidence=(said, *doubts),
    )


def _doubts(clash: Clash) -> Iterator[Evidence]:
    for theirs in clash.theirs:
        gone = clash.base[theirs.low : theirs.high]
        for ours in clash.ours:
            if not (theirs.low == ours.high or theirs.high == ours.low):
                continue
            if not gone:
                if all(map(_blank, clash.target[theirs.new_low : theirs.new_high])):
                    yield opposes("upstream put a blank line where the patch changes the next")
                continue
            new = clash.patch[ours.new_low : ours.new_high]
            if theirs.new_low != theirs.new_high:  # reworded rather than removed
                now = clash.target[theirs.new_low : theirs.new_high]
                if _blank(gone[0] if theirs.low == ours.high else gone[-1]):
                    yield opposes("upstream put code in place of a blank line at the seam")
                elif _NAMES.findall(b"".join(gone)) == _NAMES.findall(b"".join(now)):
                    yield opposes(f"which signs and blanks are right here is open: {shown(now[0])}")
            elif ours.low == ours.high:
                yield from _inserted(clash, gone, new, before_gone=theirs.low == ours.low)


def _inserted(
    clash: Clash, gone: Sequence[bytes], new: Sequence[bytes], *, before_gone: bool
) -> Iterator[Evidence]:
    """Doubts about lines put beside a stretch that the target has no longer."""
    same_edges = _blank(gone[0]) == _blank(new[0]) and _blank(gone[-1]) == _blank(new[-1])
    paragraph = _blank(gone[0]) or _blank(gone[-1])
    if not same_edges:
        yield opposes("a blank line stands where the two changes meet")
    elif before_gone and not paragraph and not _rhymes(new[0], clash.before, gone[0]):
        yield opposes(f"what followed the added lines is gone: {shown(gone[0])}")


def _rhymes(line: bytes, before: bytes, gone: bytes) -> bool:
    """Whether the line begins as its neighbours: it goes on a list that stands there."""
    words = line.split()
    alike = words[:1] in (before.split()[:1], gone.split()[:1])
    return alike or len(words) == len(gone.split()) == 1


def _blank(line: bytes) -> bool:
    return not line.strip()
