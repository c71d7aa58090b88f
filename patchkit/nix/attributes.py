"""What a tree's `.gitattributes` say of exporting it, as gitattributes(5) words it; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from patchkit.nix.wildmatch import translate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FILE = ".gitattributes"

_LONGEST_LINE = 2048
"""Git ignores longer lines (attr.h, ATTR_MAX_LINE_LENGTH)."""

_NAME = re.compile(r"[A-Za-z0-9_.][-A-Za-z0-9_.]*")
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}

Value: TypeAlias = "bool | str | None"
"""Set, unset, set to a value, or (None) left unspecified on purpose."""

_BUILT_IN = {"binary": (("diff", False), ("merge", False), ("text", False))}
"""The macro that git knows by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """A line of a `.gitattributes` file. `base` is its folder with a slash at the end, or empty."""

    base: str
    pattern: re.Pattern[str]
    whole_path: bool
    folders_only: bool
    settings: tuple[tuple[str, Value], ...]

    def covers(self, path: str, *, folder: bool) -> bool:
        if (self.folders_only and not folder) or not path.startswith(self.base):
            return False
        inner = path[len(self.base) :]
        subject = inner if self.whole_path else inner.rsplit("/", 1)[-1]
        return bool(inner) and self.pattern.fullmatch(subject) is not None


@dataclass(frozen=True)
class Attributes:
    """The rules of a tree: `files` holds the text of each `.gitattributes` by its path."""

    files: Mapping[str, bytes]

    def of(self, path: str, *, folder: bool = False) -> Mapping[str, Value]:
        """The attributes of a path; those that nothing is said of are not in it."""
        found: dict[str, Value] = {}
        for rule in self._rules:
            if rule.covers(path, folder=folder):
                self._fill(found, rule.settings)
        return found

    def _fill(self, found: dict[str, Value], settings: tuple[tuple[str, Value], ...]) -> None:
        """The first to speak of an attribute decides it, a line's last word first (attr.c)."""
        for name, value in reversed(settings):
            if name in found:
                continue
            found[name] = value
            if value is True and name in self._macros:
                self._fill(found, self._macros[name])

    def says_nothing_of(self, names: frozenset[str]) -> bool:
        """Whether no rule can decide any of these attributes, so that none need be asked."""
        spoken = {name for rule in self._rules for name, _ in rule.settings}
        for name in list(spoken & set(self._macros)):
            found: dict[str, Value] = {}
            self._fill(found, ((name, True),))
            spoken |= set(found)
        return not spoken & names

    @cached_property
    def _macros(self) -> Mapping[str, tuple[tuple[str, Value], ...]]:
        """Macros count in the root's file only."""
        own = {
            words[0]: settings
            for words in self._lines(self.files.get(FILE, b""))
            if words[0].startswith("[attr]") and (settings := _settings(words[1:])) is not None
        }
        return _BUILT_IN | {name.removeprefix("[attr]"): value for name, value in own.items()}

    @cached_property
    def _rules(self) -> tuple[_Rule, ...]:
        """The strongest first: deeper folders before the root, later lines before earlier ones."""
        rules: list[_Rule] = []
        for path in sorted(self.files, key=lambda path: (path.count("/"), path)):
            base = path.removesuffix(FILE)
            for words in self._lines(self.files[path]):
                rule = _rule(base, words)
                if rule is not None:
                    rules.append(rule)
        return tuple(reversed(rules))

    @staticmethod
    def _lines(text: bytes) -> Iterator[list[str]]:
        """The words of each line that is one; the first is the pattern, or the macro."""
        for line in text.removeprefix(b"\xef\xbb\xbf").split(b"\n"):
            if len(line) >= _LONGEST_LINE:
                continue
            words = _words(line.decode("utf-8", "surrogateescape").lstrip(" \t\r"))
            if words:
                yield words


def _words(line: str) -> list[str]:
    if not line or line.startswith("#"):
        return []
    if line.startswith('"'):
        quoted = re.match(r'"((?:[^"\\]|\\.)*)"', line)
        pattern = _unquoted(quoted[1]) if quoted else None
        if quoted and pattern is not None:
            return [pattern, *re.split(r"[ \t\r]+", line[quoted.end() :].strip(" \t\r"))]
    return re.split(r"[ \t\r]+", line.rstrip(" \t\r"))


def _unquoted(text: str) -> str | None:
    """Undo C's quoting as git writes it; None where it is broken."""

    def one(match: re.Match[str]) -> str:
        word = match[1]
        if word[0].isdigit():
            return bytes([int(word, 8) & 0xFF]).decode("latin-1")
        return _ESCAPES.get(word, word)

    if not re.fullmatch(r'(?:[^\\]|\\(?:[abfnrtv"\\]|[0-3][0-7]{2}))*', text):
        return None
    raw = text.encode("utf-8", "surrogateescape").decode("latin-1")
    plain = re.sub(r"\\([0-3][0-7]{2}|.)", one, raw)
    return plain.encode("latin-1").decode("utf-8", "surrogateescape")


def _settings(words: list[str]) -> tuple[tuple[str, Value], ...] | None:
    """What a line says; None when git would refuse the line."""
    settings: list[tuple[str, Value]] = []
    for word in words:
        if not word:
            continue
        value: Value = True
        name = word
        if word[0] in "-!":
            name, value = word[1:], False if word[0] == "-" else None
        elif "=" in word:
            name, _, value = word.partition("=")
        if not _NAME.fullmatch(name):
            return None
        settings.append((name, value))
    return tuple(settings)


def _rule(base: str, words: list[str]) -> _Rule | None:
    pattern, settings = words[0], _settings(words[1:])
    if settings is None or pattern.startswith(("!", "[attr]")):
        return None
    folders_only = pattern.endswith("/")
    if folders_only:
        pattern = pattern[:-1]
    whole_path = "/" in pattern
    translated = translate(pattern.removeprefix("/"), across_folders=not whole_path)
    if translated is None:
        return None
    return _Rule(
        base=base,
        pattern=translated,
        whole_path=whole_path,
        folders_only=folders_only,
        settings=settings,
    )
