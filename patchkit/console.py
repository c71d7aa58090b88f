"""Talking to the person: lines, tables, progress; plain text in a pipe, colour on a terminal."""

from __future__ import annotations

import os
import re
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import IO, TYPE_CHECKING, Any, Protocol

from patchkit import documents
from patchkit.errors import without_logins

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb]"
)

_CI_COMMAND = re.compile(r"^([^\w\n]*?)::|##\[", re.MULTILINE)
"""How a runner's commands begin: `::name` at a line's start, the older `##[name]` anywhere.

(GitHub's runner, ActionCommand.cs; Forgejo's and Gitea's take both, too.)
"""


def clean(text: str) -> str:
    """Make text from elsewhere safe to print.

    Control characters (terminal escapes among them) and bidirectional overrides are shown as
    escapes, URLs without a login; tab and newline stay.
    """
    return _CONTROL.sub(
        lambda match: match[0].encode("unicode_escape").decode("ascii"),
        without_logins(text).encode("utf-8", "backslashreplace").decode("utf-8"),
    )


def defused(text: str) -> str:
    """Text of whatever origin, of which no line is a command to a CI system's runner."""
    return _CI_COMMAND.sub(lambda m: "## [" if m[0] == "##[" else f"{m[1]}: :", text)


class Tone(StrEnum):
    """What a piece of text means; each has a colour on a terminal."""

    PLAIN = ""
    GOOD = "green"
    NOTE = "cyan"
    CARE = "yellow"
    BAD = "bold red"
    FAINT = "dim"
    STRONG = "bold"


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table."""

    text: str
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table: headings and rows of equal length."""

    headings: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def plain(self) -> str:
        """The table as aligned text, two spaces between columns, never wrapped."""
        grid = [self.headings, *(tuple(clean(cell.text) for cell in row) for row in self.rows)]
        widths = [max(len(row[column]) for row in grid) for column in range(len(self.headings))]
        return "\n".join(
            "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
            for row in grid
        )


class Progress(Protocol):
    """Something long under way."""

    def update(self, done: int, total: int | None = None) -> None:
        """Say how much is done, of how much where that is known."""


class _SilentProgress:
    def update(self, done: int, total: int | None = None) -> None:
        """Show nothing."""


class Console:
    """Where a command's words go.

    With `json`, standard output carries one document and nothing else; people's text goes to
    standard error. `verbosity` is -1 (quiet), 0 or more.
    """

    def __init__(
        self,
        *,
        json: bool = False,
        verbosity: int = 0,
        out: IO[str] | None = None,
        err: IO[str] | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.json = json
        self.verbosity = verbosity
        self._out = out or sys.stdout
        self._err = err or sys.stderr
        self._environ = os.environ if environ is None else environ

    # Lines

    def say(self, text: str = "", tone: Tone = Tone.PLAIN) -> None:
        """Print a result line."""
        if self.verbosity >= 0:
            self._line(self._err if self.json else self._out, text, tone)

    def note(self, text: str, tone: Tone = Tone.FAINT) -> None:
        """Print a line about what is going on: on standard error, not when quiet."""
        if self.verbosity >= 0:
            self._line(self._err, text, tone)

    def detail(self, text: str) -> None:
        """Print a line that only `-v` wants."""
        if self.verbosity > 0:
            self._line(self._err, text, Tone.FAINT)

    def warn(self, text: str) -> None:
        """Print a warning, on standard error, even when quiet."""
        self._line(self._err, f"warning: {text}", Tone.CARE)

    def error(self, message: str, hint: str | None = None) -> None:
        """Print an error and what to do next."""
        self._line(self._err, f"patchkit: {message}", Tone.BAD)
        if hint:
            self._line(self._err, f"  {hint}", Tone.PLAIN)

    def table(self, table: Table) -> None:
        """Print a table: drawn on a terminal, aligned text in a pipe."""
        stream = self._err if self.json else self._out
        if self.verbosity < 0:
            return
        if not self._is_terminal(stream):
            self._line(stream, table.plain(), Tone.PLAIN)
            return
        self._rich(stream).print(_drawn(table))

    @contextmanager
    def live(self) -> Iterator[Callable[[Table], None] | None]:
        """A table that changes: what draws it anew, or None where there is no terminal to draw on.

        It goes when the block is left.
        """
        if self.verbosity < 0 or not self._is_terminal(self._err):
            yield None
            return
        from rich.live import Live  # noqa: PLC0415 - only a terminal pays for it

        with Live(console=self._rich(self._err), transient=True, auto_refresh=False) as display:
            yield lambda table: display.update(_drawn(table), refresh=True)

    def raw(self, content: bytes) -> None:
        """Print a result for programs, byte for byte."""
        self._out.flush()
        stream = getattr(self._out, "buffer", None)
        if stream is None:
            self._out.write(content.decode("utf-8", "replace"))
        else:
            stream.write(content)
            stream.flush()

    def document(self, value: Any) -> None:
        """Print the JSON document of this command, when JSON was asked for."""
        if self.json:
            self._out.write(self._document(value))
            self._out.flush()

    def _document(self, value: Any) -> str:
        """The same document, with escapes for what a terminal or a runner would obey."""
        text = _CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", documents.encode(value))
        return text.replace("##[", "#\\u0023[") if self._is_ci else text

    # Progress

    @contextmanager
    def progress(self, label: str, *, unit: str = "") -> Iterator[Progress]:
        """Show that something long is under way; a bar on a terminal, one line elsewhere.

        `unit` is "bytes" for a transfer, else a word for what is counted.
        """
        if self.verbosity < 0:
            yield _SilentProgress()
            return
        if not self._is_terminal(self._err):
            self.note(f"{label} …")
            yield _SilentProgress()
            return
        from rich import progress as bars  # noqa: PLC0415 - only a terminal pays for it

        count = (
            (bars.DownloadColumn(), bars.TransferSpeedColumn())
            if unit == "bytes"
            else (bars.MofNCompleteColumn(), bars.TextColumn(unit, markup=False))
        )
        with bars.Progress(
            bars.TextColumn("{task.description}", markup=False),
            bars.BarColumn(),
            *count,
            bars.TimeElapsedColumn(),
            console=self._rich(self._err),
            transient=True,
        ) as bar:
            task = bar.add_task(clean(label), total=None)

            class _Bar:
                def update(self, done: int, total: int | None = None) -> None:
                    bar.update(task, completed=done, total=total)

            yield _Bar()

    # How

    def _line(self, stream: IO[str], text: str, tone: Tone) -> None:
        safe = defused(clean(text)) if self._is_ci else clean(text)
        if tone is Tone.PLAIN or not self._has_colour(stream):
            stream.write(safe + "\n")
            stream.flush()
            return
        from rich.text import Text  # noqa: PLC0415

        self._rich(stream).print(Text(safe, style=tone.value), soft_wrap=True)

    @property
    def _is_ci(self) -> bool:
        return self._environ.get("GITHUB_ACTIONS") == "true"

    def _is_terminal(self, stream: IO[str]) -> bool:
        return stream.isatty() and self._environ.get("TERM") != "dumb"

    def _has_colour(self, stream: IO[str]) -> bool:
        return self._is_terminal(stream) and not self._environ.get("NO_COLOR")

    def _rich(self, stream: IO[str]) -> Any:
        from rich.console import Console as RichConsole  # noqa: PLC0415

        return RichConsole(file=stream, no_color=not self._has_colour(stream), highlight=False)


def _drawn(table: Table) -> Any:
    """A table as rich draws it."""
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415 - only a terminal pays for it
    from rich.table import Table as RichTable  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    drawn = RichTable(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for heading in table.headings:
        drawn.add_column(heading, overflow="fold")
    for row in table.rows:
        drawn.add_row(*(Text(clean(cell.text), style=cell.tone.value) for cell in row))
    return drawn


def shorten(words: Sequence[str], limit: int) -> str:
    """Join names for a sentence: at most `limit` of them, then how many more there are."""
    shown = ", ".join(words[:limit])
    more = len(words) - limit
    return f"{shown} and {more} more" if more > 0 else shown
