"""A TOML table read strictly: every mistake is noted with its line, and none is raised."""

from __future__ import annotations

import difflib
import re
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from patchkit.toml.places import Path

_T = TypeVar("_T")


@dataclass(slots=True)
class Mistakes:
    """The mistakes found so far: line numbers from 1, and what is wrong there."""

    lines: Mapping[Path, int]
    found: list[tuple[int, str]] = field(default_factory=list)

    def add(self, path: Path, what: str) -> None:
        """Note a mistake at a path, or at what is nearest around it."""
        while path not in self.lines and path:
            path = path[:-1]
        self.found.append((self.lines.get(path, 1), what))


def near(word: str, known: Iterable[str]) -> str:
    """A hint at what was most likely meant, to be put after a sentence."""
    found = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean '{found[0]}'?" if found else ""


_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the document, and where it stands."""

    mistakes: Mistakes
    values: dict[str, Any]
    path: Path

    def problem(self, key: str, what: str) -> None:
        """Note a mistake at a key of this table."""
        self.mistakes.add((*self.path, key), what)

    def has(self, key: str) -> bool:
        """Whether the key is there."""
        return key in self.values

    def only(self, known: Iterable[str], refused: dict[str, str] | None = None) -> None:
        """Only these keys may be there; those `refused` are answered with their own sentence."""
        for key in self.values:
            if refused and key in refused:
                self.problem(key, refused[key])
            elif key not in known:
                self.problem(key, f"unknown key '{key}'{near(key, known)}")

    def text(self, key: str, *, empty: bool = False) -> str:
        """A text that must be there; the empty string after a mistake."""
        value = self.values.get(key)
        if value is None:
            self.problem(key, f"'{key}' is missing")
        elif not isinstance(value, str) or not (value.strip() or empty):
            self.problem(key, f"'{key}' must be text")
        else:
            return value
        return ""

    def texts(self, key: str, *, one: bool = False, needed: bool = False) -> tuple[str, ...]:
        """A list of texts; with `one`, a single text will do; one is there if `needed`."""
        value = self.values.get(key, [])
        if one and isinstance(value, str):
            value = [value]
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.problem(key, f"'{key}' must be {'text or ' * one}a list of texts")
            return ()
        if needed and not value:
            self.problem(key, f"'{key}' is {'empty' if self.has(key) else 'missing'}")
        return tuple(value)

    def parsed(self, key: str, parse: Callable[[str], _T]) -> Iterator[_T]:
        """Every text of a list as `parse` reads it; what that refuses is a mistake."""
        for text in self.texts(key):
            try:
                yield parse(text)
            except ValueError as error:
                self.problem(key, str(error))

    def patterns(self, key: str) -> tuple[str, ...]:
        """Regular expressions that compile."""
        patterns = self.texts(key, one=True)
        for pattern in patterns:
            try:
                with warnings.catch_warnings(action="ignore", category=FutureWarning):
                    re.compile(pattern)
            except (re.error, ValueError, OverflowError, RecursionError) as error:
                self.problem(key, f"'{pattern}' is not a regular expression: {error}")
        return patterns

    def flag(self, key: str) -> bool:
        """True or false; false where it is not there."""
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            self.problem(key, f"'{key}' must be true or false")
            return False
        return value

    def number(self, key: str, default: float) -> float:
        """A number of at least 0, and less than a day has seconds."""
        value = self.values.get(key, default)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < _DAY:
            return value
        self.problem(key, f"'{key}' must be a number from 0 to {_DAY - 1}")
        return default

    def numbers(self, key: str, *, lowest: float = 0, highest: float) -> tuple[float, ...]:
        """A list of numbers within bounds."""
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(
            isinstance(item, int | float) and not isinstance(item, bool) for item in value
        ):
            self.problem(key, f"'{key}' must be a list of numbers")
            return ()
        if not all(lowest <= item <= highest for item in value):
            self.problem(key, f"'{key}' must be numbers from {lowest:g} to {highest:g}")
            return ()
        return tuple(value)

    def choices(self, key: str, kind: type[_T]) -> tuple[_T, ...]:
        """One word or a list of words of an enumeration."""
        members: Iterable[Any] = kind  # type: ignore[assignment]
        known = {str(member): member for member in members}
        for word in (words := self.texts(key, one=True)):
            if word not in known:
                self.problem(key, f"'{key}' is one of {', '.join(known)}, not '{word}'")
        return tuple(known[word] for word in words if word in known)

    def choice(self, key: str, kind: type[_T], default: _T) -> _T:
        """One word of an enumeration."""
        if not self.has(key):
            return default
        found = self.choices(key, kind)
        return found[0] if len(found) == 1 else default

    def table(self, key: str) -> Table:
        """A table in this one; an empty one where it is not there."""
        value = self.values.get(key, {})
        if not isinstance(value, dict):
            how = "" if self.path else f", written as [{key}]"
            self.problem(key, f"'{key}' must be a table{how}")
            value = {}
        return Table(self.mistakes, value, (*self.path, key))

    def tables(self, key: str, *, needed: bool = False) -> list[Table]:
        """A list of tables in this one; if `needed`, there is one at least."""
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            how = "" if self.path else f", written as [[{key}]]"
            self.problem(key, f"'{key}' must be a list of tables{how}")
            return []
        if needed and not value:
            self.problem(key, f"there is no [[{key}]]")
        return [Table(self.mistakes, item, (*self.path, key, n)) for n, item in enumerate(value)]
