"""Does a condition of nixpkgs hold where the series is for: Linux with glibc? Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from patchkit.nix.tokens import TokenKind

if TYPE_CHECKING:
    from patchkit.nix.tokens import Token

_FACTS = {
    "isLinux": True,
    "isGnu": True,
    "isMusl": False,
    "isDarwin": False,
    "isBSD": False,
    "isFreeBSD": False,
    "isStatic": False,
}
"""What `stdenv.hostPlatform` says there (nixpkgs, lib/systems/inspect.nix)."""


class _UnknownError(Exception):
    """The condition asks for something else."""


def holds(condition: list[Token]) -> bool | None:
    """Whether the condition holds; None when it asks for more than the platform."""
    try:
        reader = _Reader(condition)
        value = reader.either()
        reader.end()
    except _UnknownError:
        return None
    return value


class _Reader:
    """Descends through `||`, `&&`, `!`, parentheses and facts."""

    def __init__(self, items: list[Token]) -> None:
        self._items = items
        self._at = 0

    def either(self) -> bool:
        value = self._both()
        while self._take("||"):
            value = self._both() or value
        return value

    def end(self) -> None:
        if self._at != len(self._items):
            raise _UnknownError

    def _both(self) -> bool:
        value = self._one()
        while self._take("&&"):
            value = self._one() and value
        return value

    def _one(self) -> bool:
        if self._take("!"):
            return not self._one()
        if self._take("("):
            value = self.either()
            if not self._take(")"):
                raise _UnknownError
            return value
        if self._at == len(self._items):
            raise _UnknownError
        token = self._items[self._at]
        self._at += 1
        prefix, _, fact = token.text.rpartition(".")
        if token.kind is not TokenKind.WORD or not prefix.endswith("hostPlatform"):
            raise _UnknownError
        if fact not in _FACTS:
            raise _UnknownError
        return _FACTS[fact]

    def _take(self, text: str) -> bool:
        found = self._at < len(self._items) and self._items[self._at].text == text
        self._at += found
        return found
