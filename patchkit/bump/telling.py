"""Telling of steps as they go: a table that fills on a terminal, a line a step elsewhere."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

from patchkit.bump.steps import Status, Step
from patchkit.console import Cell, Console, Table, Tone, clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from patchkit.bump.surroundings import Surroundings
    from patchkit.console import Progress
    from patchkit.releases import Release

TONES = {
    Status.DONE: Tone.GOOD,
    Status.KEPT: Tone.FAINT,
    Status.LEFT_OUT: Tone.FAINT,
    Status.FAILED: Tone.BAD,
    Status.WOULD: Tone.NOTE,
}
_QUIET = frozenset({Status.KEPT, Status.LEFT_OUT})
_REDRAW = 0.1
"""The least time between two drawings for mere progress, in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A step that has ended. `seconds` is how long it took this time."""

    step: Step
    status: Status
    seconds: float
    detail: str


@dataclass(slots=True, kw_only=True)
class Teller:
    """Tells of one release's steps."""

    console: Console
    surroundings: Surroundings
    release: Release
    steps: tuple[Step, ...]
    told: list[Told] = field(default_factory=list)
    _unsaid: list[Told] = field(default_factory=list)
    _draw: Callable[[Table], None] | None = None
    _now: Step | None = None
    _doing: str = ""
    _drawn: float = 0.0

    @property
    def is_loud(self) -> bool:
        """Whether people see what a step's command says: folded in CI, else with `-v`."""
        return self._draw is None and (self.surroundings.has_groups or self.console.verbosity > 0)

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show the steps while the block lasts."""
        with self.console.live() as draw:
            self._draw = draw
            self._redraw()
            try:
                yield
            finally:
                self._draw = None
        if draw is not None and any(each.status not in _QUIET for each in self.told):
            self.console.table(self._table())

    @contextmanager
    def under_way(self, step: Step) -> Iterator[None]:
        """A step is under way."""
        self._now, self._doing = step, ""
        self._redraw()
        try:
            yield
        finally:
            self._now = None

    def ended(self, told: Told) -> None:
        """A step has ended."""
        self.told.append(told)
        if self._draw is not None:
            self._redraw()
            return
        if told.status in _QUIET and self.console.verbosity < 1:
            self._unsaid.append(told)  # said when something else is: no news is no noise
            return
        for each in (*self._unsaid, told):
            self._say(each)
        self._unsaid.clear()

    def _say(self, told: Told) -> None:
        when = f"{told.seconds:.1f} s" if told.status is Status.DONE else ""
        row = f"{self.release}  {told.step:<8} {told.status:<9} {when:>8}  {told.detail}"
        self.console.say(row.rstrip(), TONES[told.status])

    def doing(self, what: str) -> None:
        """Something within the step goes on; on a terminal it is shown beside the step."""
        self._doing = what
        if time.monotonic() - self._drawn > _REDRAW:
            self._redraw()

    def _redraw(self) -> None:
        if self._draw is not None:
            self._drawn = time.monotonic()
            self._draw(self._table())

    def _table(self) -> Table:
        ended = {told.step: told for told in self.told}
        return Table(
            headings=(str(self.release), "", "Time", ""),
            rows=tuple(self._row(step, ended.get(step)) for step in self.steps),
        )

    def _row(self, step: Step, told: Told | None) -> tuple[Cell, ...]:
        if told is None:
            mark = "…" if step is self._now else ""
            return (Cell(step), Cell(mark), Cell(""), Cell(self._doing if mark else "", Tone.FAINT))
        when = f"{told.seconds:.1f} s" if told.status is Status.DONE else ""
        return (
            Cell(step, Tone.STRONG),
            Cell(told.status, TONES[told.status]),
            Cell(when),
            Cell(told.detail),
        )


class KeepingConsole(Console):
    """A console whose JSON document is kept in `result` instead of printed."""

    result: Any = None

    def document(self, value: Any) -> None:
        """Keep what the command has to say to machines."""
        self.result = value


class StepConsole(KeepingConsole):
    """What a step's command talks to: its words go to a log, its document is kept.

    Where no table is drawn, people see the words, too: in CI folded, else with `-v` only.
    """

    def __init__(self, teller: Teller, log: IO[str], *, aloud: bool) -> None:
        super().__init__(verbosity=max(teller.console.verbosity, 0))
        self._teller = teller
        self._log = log
        self._aloud = aloud

    def table(self, table: Table) -> None:
        """Log a table."""
        self._line(self._err, table.plain(), Tone.PLAIN)

    @contextmanager
    def live(self) -> Iterator[Callable[[Table], None] | None]:
        """There is one live table, and it is the teller's."""
        yield None

    @contextmanager
    def progress(self, label: str, *, unit: str = "") -> Iterator[Progress]:
        """Show progress beside the step."""
        self._line(self._err, f"{label} …", Tone.FAINT)
        yield _StepProgress(self._teller, label, unit)

    def _line(self, stream: IO[str], text: str, tone: Tone) -> None:
        del stream  # a step has one voice
        self._log.write(clean(text) + "\n")
        if self._aloud:
            super()._line(self._err, self._teller.surroundings.harmless(text), tone)
        elif text.strip():
            self._teller.doing(text.splitlines()[-1].strip())


@dataclass(frozen=True, slots=True)
class _StepProgress:
    teller: Teller
    label: str
    unit: str

    def update(self, done: int, total: int | None = None) -> None:
        if self.unit == "bytes":
            amount = f"{done / 1e6:.1f} MB"
        else:
            amount = f"{done} of {total}" if total else str(done)
        self.teller.doing(f"{self.label}: {amount} {'' if self.unit == 'bytes' else self.unit}")
