"""What a compiler's output says: how far it is, and the first thing that went wrong; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

STATUS = "[%f/%t] "
"""Ninja's NINJA_STATUS: steps finished, of how many (ninja's manual, "Environment variables")."""

SOURCE = "../source/"
"""Where sources are from the build folder; compilers name them so."""

_COUNT = re.compile(r"\[(?P<done>[0-9]{1,9})/(?P<total>[0-9]{1,9})\] ")
_ERROR = re.compile(
    r"(?P<file>[^\s:][^:]*):(?P<line>[0-9]{1,9}):(?:\d+:)? (?:fatal )?(?:error|ERROR): (?P<text>.+)"
)
_UNDEFINED = re.compile(
    r"(?:.*/ld[^:]*: )?(?:[^:]+\.o: )?(?P<file>[^\s:(]+):"
    r"(?:(?P<line>[0-9]{1,9})|\(\.text[^)]*\)): (?P<text>undefined reference to .+)"
)
_MESON = re.compile(r"(?P<file>\S+?meson\.build):(?P<line>[0-9]{1,9}):\d+: ERROR: (?P<text>.+)")
_DEPENDENCY = re.compile(r"[Dd]ependency \"?(?P<name>[^\s\"]+)\"? (?:found: NO|not found)")
_FULL = "No space left on device"
_KEPT_LINES = 12
_LONGEST = 2000
"""How much of a line is looked at, in characters: compilers quote lines of generated code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompilerError:
    """The first error. `path` is in the source tree (None when it is not there), `line` from 1."""

    path: str | None
    line: int | None
    text: str
    shown: tuple[str, ...] = ()
    """The compiler's own lines around it."""


@dataclass(slots=True)
class Output:
    """Reads a build's output line by line."""

    done: int = 0
    total: int = 0
    disk_full: bool = False
    dependency: str | None = None
    error: CompilerError | None = None
    failed_step: str | None = None
    _shown: list[str] = field(default_factory=list)

    def line(self, text: str) -> bool:
        """Take one line; whether the count changed."""
        text = text[:_LONGEST]
        self.disk_full = self.disk_full or _FULL in text
        if match := _COUNT.match(text):
            self.done, self.total = int(match["done"]), int(match["total"])
            return True
        if text.startswith("FAILED: ") and self.failed_step is None:
            self.failed_step = text.removeprefix("FAILED: ").strip()
        if match := _DEPENDENCY.search(text):
            self.dependency = match["name"]
        if self.error is None:
            self.error = _error(text)
        if self.error is not None and len(self._shown) < _KEPT_LINES:
            self._shown.append(text)
        return False

    @property
    def first_error(self) -> CompilerError | None:
        """The first error with the lines that follow it, as many as help."""
        if self.error is None:
            return None
        shown = [self._shown[0]]
        for text in self._shown[1:]:
            if _error(text) or _COUNT.match(text) or text.startswith(("FAILED: ", "ninja: ")):
                break
            shown.append(text)
        return CompilerError(
            path=self.error.path, line=self.error.line, text=self.error.text, shown=tuple(shown)
        )


def _error(text: str) -> CompilerError | None:
    match = _MESON.search(text) or _ERROR.fullmatch(text) or _UNDEFINED.fullmatch(text)
    if match is None:
        return None
    file = match["file"]
    path = file.removeprefix(SOURCE) if file.startswith(SOURCE) else None
    line = int(match["line"]) if match["line"] else None
    return CompilerError(path=path, line=line, text=match["text"].strip())
