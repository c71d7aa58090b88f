"""Just enough of Nix to find one attribute: tokens, with strings and comments told apart.

Nix is not evaluated; what cannot be read is said to be so. (Nix manual, "Nix language".)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class TokenKind(StrEnum):
    """What a token is."""

    WORD = "word"
    STRING = "string"
    PATH = "path"
    NUMBER = "number"
    SIGN = "sign"


@dataclass(frozen=True, slots=True)
class Token:
    """A token; a string's text is without its quotes. `plain` is False with `${…}` inside."""

    kind: TokenKind
    text: str
    plain: bool = True


class UnreadableError(ValueError):
    """The text is no Nix expression, as far as it was read."""


_SKIPPED = re.compile(r"(?:\s+|#[^\n]*|/\*.*?\*/)+", re.DOTALL)
_PATH = re.compile(r"(?:\.\.?|~)?(?:/[A-Za-z0-9._+-]+)+|<[A-Za-z0-9._+/-]+>")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_'-]*(?:\.[A-Za-z_][A-Za-z0-9_'-]*)*")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_SIGN = re.compile(r"\+\+|//|&&|\|\||==|!=|<=|>=|->|\.\.\.|\$\{|[-{}\[\]()=;:,.?@!<>+*/|&]")
_ESCAPED = re.compile(r"'''|''\$|''\\.", re.DOTALL)
_CLOSES = {"{": "}", "[": "]", "(": ")", "${": "}"}


def tokens(text: str) -> Iterator[Token]:
    """The tokens of an expression, comments left out. Raises `UnreadableError`."""
    at = 0
    while at < len(text):
        if skipped := _SKIPPED.match(text, at):
            at = skipped.end()
        elif text[at] == '"' or text.startswith("''", at):
            token, at = _string(text, at)
            yield token
        elif match := _PATH.match(text, at):
            yield Token(TokenKind.PATH, match[0])
            at = match.end()
        else:
            for kind, pattern in (
                (TokenKind.WORD, _WORD),
                (TokenKind.NUMBER, _NUMBER),
                (TokenKind.SIGN, _SIGN),
            ):
                if match := pattern.match(text, at):
                    yield Token(kind, match[0])
                    at = match.end()
                    break
            else:
                raise UnreadableError(f"'{text[at]}' in line {text.count(chr(10), 0, at) + 1}")


def _string(text: str, at: int) -> tuple[Token, int]:
    """A string from its opening quotes on, and where it ends."""
    indented = text.startswith("''", at)
    quotes = "''" if indented else '"'
    start = at = at + len(quotes)
    plain = True
    while at < len(text):
        if indented and _ESCAPED.match(text, at):
            at += 4 if text.startswith("''\\", at) else 3
        elif not indented and text[at] == "\\":
            at += 2
        elif text.startswith("${", at):
            plain = False
            at = _interpolation(text, at + 2)
        elif text.startswith(quotes, at):
            return Token(TokenKind.STRING, text[start:at], plain), at + len(quotes)
        else:
            at += 2 if text.startswith("$$", at) else 1
    raise UnreadableError("a string does not end")


def _interpolation(text: str, at: int) -> int:
    """Where `${…}` ends, from behind its opening brace on."""
    depth = 1
    while at < len(text):
        if text[at] == '"' or text.startswith("''", at):
            _, at = _string(text, at)
            continue
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        at += 1
        if depth == 0:
            return at
    raise UnreadableError("an interpolation does not end")


def enclosed(items: list[Token], at: int) -> int:
    """The index behind the bracket that closes the one at `at`. Raises `UnreadableError`."""
    waiting: list[str] = []
    for index in range(at, len(items)):
        token = items[index]
        if token.kind is not TokenKind.SIGN:
            continue
        if token.text in _CLOSES:
            waiting.append(_CLOSES[token.text])
        elif token.text in ("}", "]", ")"):
            if not waiting or waiting.pop() != token.text:
                raise UnreadableError(f"a '{token.text}' that closes nothing")
            if not waiting:
                return index + 1
    raise UnreadableError(f"a '{items[at].text}' that is not closed")
