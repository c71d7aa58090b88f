"""Patterns of C as a person writes them: code with `...` for anything and `$x` for one thing.

`unit_get_cgroup_runtime(...)` matches any call of that function; `if ($x < 0)` any such check.
Blanks, line breaks and comments do not matter. `...` stands for any balanced code, the shortest
that fits; `$x` for an expression without a comma outside brackets, the same one wherever the
name stands again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_TOKEN = re.compile(
    r"""
    (?P<skip>\s+|/\*.*?\*/|//[^\n]*)
  | (?P<token>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'
    | \$[A-Za-z_]\w*|\w+|->|\.\.\.|<<=|>>=|<<|>>|\+\+|--|&&|\|\||[-+*/%&|^<>=!]=|\S)
    """,
    re.VERBOSE | re.DOTALL,
)
_OPENING = {"(": ")", "[": "]", "{": "}"}
_CLOSING = frozenset(_OPENING.values())
_LONGEST = 4000
"""How many tokens `...` may stand for."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token of C, and where it starts and ends (bytes, from 0)."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Match:
    """Where a pattern matches (bytes, from 0)."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern, as written and as tokens."""

    text: str
    tokens: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Pattern:
        """Read a pattern. Raises `ValueError` that says what is wrong with it."""
        tokens = tuple(token.text for token in tokens_of(text.encode()))
        if not tokens:
            raise ValueError("the pattern is empty")
        if tokens[0] == "..." or tokens[0].startswith("$"):
            raise ValueError("a pattern begins with code, not with '...' or a name with '$'")
        open_ones: list[str] = []
        for token in tokens:
            if token in _OPENING:
                open_ones.append(_OPENING[token])
            elif token in _CLOSING and (not open_ones or open_ones.pop() != token):
                raise ValueError(f"'{token}' in '{text}' closes nothing")
        if open_ones:
            raise ValueError(f"'{open_ones[-1]}' is missing in '{text}'")
        return cls(text, tokens)

    def may_be_in(self, text: bytes) -> bool:
        """Whether a text has all of the pattern's own words; quick, where few texts do."""
        return all(word in text for word in self._words)

    @property
    def _words(self) -> Iterator[bytes]:
        return (t.encode("latin-1") for t in self.tokens if t != "..." and not t.startswith("$"))

    def matches(self, code: Sequence[Token]) -> Iterator[Match]:
        """Every place at which the pattern matches, in order; they may overlap."""
        first = self.tokens[0]
        for at, token in enumerate(code):
            if token.text == first:
                end = _match(self.tokens, code, 0, at, {})
                if end is not None:
                    yield Match(token.start, code[end - 1].end)


def tokens_of(code: bytes) -> list[Token]:
    """The tokens of C code, without comments."""
    text = code.decode("latin-1")  # a byte is a character: offsets are bytes
    return [
        Token(match["token"], match.start(), match.end())
        for match in _TOKEN.finditer(text)
        if match["token"] is not None
    ]


def _match(
    pattern: tuple[str, ...], code: Sequence[Token], index: int, at: int, bound: dict[str, str]
) -> int | None:
    """Match from token `index` of the pattern at token `at`; where the match ends, or None."""
    while index < len(pattern):
        wanted = pattern[index]
        if wanted == "...":
            return _some(pattern, code, index, at, bound)
        if wanted.startswith("$"):
            return _one(pattern, code, index, at, bound)
        if at >= len(code) or code[at].text != wanted:
            return None
        index, at = index + 1, at + 1
    return at


def _some(
    pattern: tuple[str, ...], code: Sequence[Token], index: int, at: int, bound: dict[str, str]
) -> int | None:
    for end in _balanced(code, at):
        found = _match(pattern, code, index + 1, end, bound)
        if found is not None:
            return found
    return None


def _one(
    pattern: tuple[str, ...], code: Sequence[Token], index: int, at: int, bound: dict[str, str]
) -> int | None:
    for end in _balanced(code, at, stop=",;"):
        text = " ".join(token.text for token in code[at:end])
        if end > at and bound.get(pattern[index], text) == text:
            found = _match(pattern, code, index + 1, end, {**bound, pattern[index]: text})
            if found is not None:
                return found
    return None


def _balanced(code: Sequence[Token], at: int, stop: str = "") -> Iterator[int]:
    """Where balanced code from `at` on may end, the shortest first."""
    depth = 0
    for end in range(at, min(len(code), at + _LONGEST) + 1):
        if depth == 0:
            yield end
        if end == len(code):
            return
        text = code[end].text
        if text in _OPENING:
            depth += 1
        elif text in _CLOSING:
            depth -= 1
        if depth < 0 or (depth == 0 and text in stop):
            return
