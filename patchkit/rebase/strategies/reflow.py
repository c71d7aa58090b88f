"""Merge word by word, whatever the line breaks: each side's own blanks and wrapping are kept."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from patchkit.rebase.strategies.ranges import Change, word_changes
from patchkit.rebase.strategies.settling import Grade, Settled, Strategy, favours, opposes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from patchkit.rebase.strategies.clash import Clash

_TOKEN = re.compile(
    rb"(\s*)(\w+|->|\.\.\.|##|<<=|>>=|<<|>>|\+\+|--|&&|\|\||[-+*/%&|^<>=!]=|[^\w\s])"
)
"""A word or one of C's operators, with the blanks before it."""
_NAMED = re.compile(rb"\w")
_LONGEST = 4000
"""More words than this in one clash are no small change: a diff would line up chance matches."""
_ALIKE = 0.5
"""Below this share of words that upstream left alone, the code here is another one."""

Token = tuple[bytes, bytes]
"""The blanks before a word, and the word."""


def words_merged(clash: Clash) -> Settled | None:
    """Make both sides' changes to words; declines when they meet, or when words do not line up."""
    texts = [b"".join(lines) for lines in (clash.base, clash.target, clash.patch)]
    (base, base_end), (target, target_end), (patch, patch_end) = map(_tokens, texts)
    if not base or max(len(base), len(target), len(patch)) > _LONGEST:
        return None
    weaving = _Weaving.line_up(base, target, patch)
    made, end = weaving.woven(), _blank(base_end, target_end, patch_end)
    if made is None or end is None:
        return None
    touch, alike = weaving.touch(), likeness(_words(base), _words(target))
    if touch and alike < _ALIKE:
        return None
    doubts = []
    if touch:
        doubts.append(opposes("the changed words touch"))
    if not weaving.theirs:
        doubts.append(opposes("upstream changed nothing but blanks; which to keep is open"))
    if alike < _ALIKE:
        doubts.append(opposes("more than half of the words here changed upstream"))
    if _Weaving.line_up(base, target, patch, patience=True).woven() not in (None, made):
        doubts.append(opposes("another way to line up the words gives another result"))
    return Settled(
        lines=(b"".join(blank + word for blank, word in made) + end,),
        strategy=Strategy.WORDS,
        grade=Grade.PROPOSED if doubts else Grade.RESOLVED,
        evidence=(favours("the target and the patch change different words"), *doubts),
    )


def likeness(one: Sequence[bytes], other: Sequence[bytes]) -> float:
    """How much of the longer of two sequences of words the other has in the same order."""
    longest = max(len(one), len(other))
    if not longest:
        return 1.0
    gone = sum(change.high - change.low for change in word_changes(one, other))
    return (len(one) - gone) / longest


def bare_words(lines: Sequence[bytes]) -> list[bytes]:
    """The words and signs of some lines."""
    return _words(_tokens(b"".join(lines))[0])


def _tokens(text: bytes) -> tuple[list[Token], bytes]:
    """The words of a text with the blanks before them, and the blanks at its end."""
    found = []
    end = 0
    for match in _TOKEN.finditer(text):
        found.append((match[1], match[2]))
        end = match.end()
    return found, text[end:]


def _coarse(changes: Sequence[Change], base: Sequence[bytes]) -> list[Change]:
    """Changes with nothing but signs between them are one: signs line up by chance."""
    coarse: list[Change] = []
    for change in changes:
        last = coarse[-1] if coarse else None
        if last and not any(_NAMED.match(word) for word in base[last.high : change.low]):
            coarse[-1] = Change(last.low, change.high, last.new_low, change.new_high)
        else:
            coarse.append(change)
    return coarse


@dataclass(frozen=True, slots=True)
class _Weaving:
    """Three sequences of tokens and how they line up.

    `theirs` and `ours` are the changes from the base to the target and to the patch; `in_target`
    and `in_patch` give, for each token of the base, its index there (-1 where it is gone).
    """

    base: list[Token]
    target: list[Token]
    patch: list[Token]
    theirs: list[Change]
    ours: list[Change]
    in_target: list[int]
    in_patch: list[int]

    @classmethod
    def line_up(
        cls, base: list[Token], target: list[Token], patch: list[Token], *, patience: bool = False
    ) -> _Weaving:
        words = _words(base)
        theirs = _coarse(word_changes(words, _words(target), patience=patience), words)
        ours = _coarse(word_changes(words, _words(patch), patience=patience), words)
        length = len(base)
        places = _counterparts(length, theirs), _counterparts(length, ours)
        return cls(base, target, patch, theirs, ours, *places)

    def touch(self) -> bool:
        """Whether a change of one side meets the edge of one of the other's."""
        return any(a.low <= b.high and b.low <= a.high for a in self.theirs for b in self.ours)

    def woven(self) -> list[Token] | None:
        """Both sides' changes made; None where they overlap, or add at one place."""
        marked = sorted([(c, 0) for c in self.theirs] + [(c, 1) for c in self.ours], key=_order)
        made: list[Token] = []
        at, last = 0, (-1, -1)
        for change, side in marked:
            here = (change.low, change.high)
            kept = self._kept(at, change.low)
            if change.low < at or kept is None or (here == last and change.low == change.high):
                return None
            made += kept
            new = slice(change.new_low, change.new_high)
            made += self._fitted(change) if side else self.target[new]
            at, last = change.high, here
        rest = self._kept(at, len(self.base))
        return None if rest is None else made + rest

    def _kept(self, low: int, high: int) -> list[Token] | None:
        """Words that stay on both sides, with their blanks merged; None where these clash."""
        kept: list[Token] = []
        for index in range(low, high):
            now, new = self.target[self.in_target[index]][0], self.patch[self.in_patch[index]][0]
            blank = new if self._displaced(index) else _blank(self.base[index][0], now, new)
            if blank is None:
                return None
            kept.append((blank, self.base[index][1]))
        return kept

    def _fitted(self, change: Change) -> list[Token]:
        """The patch's new words, indented as the target is; the first as what it replaces."""
        shift = self._shift(change.low)
        fitted: list[Token] = []
        stands_for = change.low if change.low < change.high or self._displaced(change.low) else -1
        for offset, (blank, word) in enumerate(self.patch[change.new_low : change.new_high]):
            now = blank
            there = self.in_target[stands_for] if offset == 0 and stands_for >= 0 else -1
            if there >= 0 and blank == self.base[stands_for][0]:
                now = self.target[there][0]
            elif b"\n" in blank and shift and b"\t" not in blank:
                depth = max(0, _depth(blank) + shift)
                now = blank.rpartition(b"\n")[0] + b"\n" + b" " * depth
            fitted.append((now, word))
        return fitted

    def _displaced(self, index: int) -> bool:
        """Whether the patch puts words right before a word, which take over the blanks there."""
        if index >= len(self.base) or self.in_patch[index] < 0:
            return False
        before = self.base[index][0]
        return any(
            c.low == c.high == index
            and self.patch[c.new_low][0] == before != self.patch[self.in_patch[index]][0]
            for c in self.ours
        )

    def _shift(self, at: int) -> int:
        """How much deeper the target indents the line before word `at` than the base does."""
        for index in [*range(min(at, len(self.base) - 1), -1, -1), *range(at, len(self.base))]:
            there = self.in_target[index]
            if there >= 0:
                before, now = self.base[index][0], self.target[there][0]
                if (b"\n" in before or index == 0) and (b"\n" in now or there == 0):
                    return _depth(now) - _depth(before)
        return 0


def _order(item: tuple[Change, int]) -> tuple[int, int, int]:
    return item[0].low, item[0].high, item[1]


def _words(tokens: Sequence[Token]) -> list[bytes]:
    return [word for _, word in tokens]


def _counterparts(length: int, changes: Sequence[Change]) -> list[int]:
    """For each word of the base, its index on the other side (-1 where it is gone)."""
    places: list[int] = []
    at = new = 0
    for change in changes:
        places += range(new, new + change.low - at)
        places += [-1] * (change.high - change.low)
        at, new = change.high, change.new_high
    return [*places, *range(new, new + length - at)]


def _blank(base: bytes, target: bytes, patch: bytes) -> bytes | None:
    """Three-way merge of blanks; None when both sides changed them and not by indentation."""
    if patch in (base, target):
        return target
    if base == target:
        return patch
    if all(b"\n" in blank for blank in (base, target, patch)):
        depth = _depth(target) + _depth(patch) - _depth(base)
        lines = patch.rpartition(b"\n")[0] + b"\n"
        return lines + b" " * depth if depth >= 0 and b"\t" not in patch else None
    return None


def _depth(blank: bytes) -> int:
    return len(blank.rpartition(b"\n")[2])
