"""Which line of a TOML text each key, table and item stands on: what `tomllib` does not tell."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TypeAlias

Path: TypeAlias = tuple[str | int, ...]

_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?:"{0,2})'
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_COMMENT = re.compile(r"#[^\n]*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_HEADING = re.compile(r"[ \t]*(\[\[?)([^\]\n]+)\]\]?")


def places(text: str) -> dict[Path, int]:
    """The line (from 1) of every key and of every item of an array, by its path.

    A path is made of keys and, for `[[x]]` and arrays, of numbers from 0:
    `("runs", 0, "steps", 2, "exec")`. The text is one that `tomllib` has taken.
    """
    return _Scan(text=text).run()


@dataclass(slots=True)
class _Scan:
    text: str
    found: dict[Path, int] = field(default_factory=dict)
    table: Path = ()
    counts: dict[Path, int] = field(default_factory=dict)
    # What is open, outermost first: the path of the value and its bracket.
    opened: list[tuple[Path, str]] = field(default_factory=list)
    items: list[int] = field(default_factory=list)
    value: Path | None = None

    def run(self) -> dict[Path, int]:
        at, fresh = 0, True
        while at < len(self.text):
            heading = _HEADING.match(self.text, at) if fresh and not self.opened else None
            fresh = False
            if heading:
                self._heading(heading)
                at = heading.end()
                continue
            at, fresh = self._token(at)
        return self.found

    def _token(self, at: int) -> tuple[int, bool]:
        """Take what stands at `at`; returns what is next and whether a line begins there."""
        character = self.text[at]
        if comment := _COMMENT.match(self.text, at):
            return comment.end(), False
        if (string := _STRING.match(self.text, at)) or (string := _BARE.match(self.text, at)):
            return self._word(string), False
        if character in "[{":
            self._item(at)
            self.opened.append((self.value or self.table, character))
            self.items.append(0)
            if character == "{":
                self.value = None
        elif character in "]}" and self.opened:
            self.opened.pop()
            self.items.pop()
            self.value = None if not self.opened else self.opened[-1][0]
        elif character == "," and self.opened:
            self.items[-1] += 1
            self.value = None
        elif character == "\n" and not self.opened:
            self.value = None
        return at + 1, character == "\n"

    def _word(self, word: re.Match[str]) -> int:
        """A key, when `=` or `.` follows and no value is awaited; else a value."""
        in_array = bool(self.opened) and self.opened[-1][1] == "["
        rest = re.compile(r"[ \t]*[=.]").match(self.text, word.end())
        if self.value is None and not in_array and rest:
            base = self.opened[-1][0] if self.opened else self.table
            path = (*base, _unquoted(word[0]))
            self.found.setdefault(path, self._line(word.start()))
            self.value = path
        elif in_array:
            self._item(word.start())
        return word.end()

    def _item(self, at: int) -> None:
        """Something begins inside an array: it has a number."""
        if self.opened and self.opened[-1][1] == "[":
            path = (*self.opened[-1][0], self.items[-1])
            self.found.setdefault(path, self._line(at))
            self.value = path

    def _heading(self, heading: re.Match[str]) -> None:
        words = [m[0] for m in re.finditer(r'"(?:\\.|[^"\\])*"|\'[^\']*\'|[\w-]+', heading[2])]
        path: Path = ()
        for word in words:
            path = (*path, _unquoted(word))
            if path in self.counts and path != tuple(map(_unquoted, words)):
                path = (*path, self.counts[path] - 1)
        if heading[1] == "[[":
            number = self.counts.get(path, 0)
            self.counts[path] = number + 1
            self.found.setdefault(path, self._line(heading.start()))
            path = (*path, number)
        self.found.setdefault(path, self._line(heading.start()))
        self.table, self.value = path, None

    def _line(self, at: int) -> int:
        return self.text.count("\n", 0, at) + 1


def _unquoted(word: str) -> str:
    return word[1:-1] if word[:1] in {'"', "'"} else word
