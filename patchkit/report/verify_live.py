"""A verification as it goes: a table that fills on a terminal, a line a container elsewhere."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from patchkit.console import Cell, Table, Tone
from patchkit.report.verify_tables import TONES
from patchkit.verify.verdict import Verdict, worst

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from patchkit.console import Console
    from patchkit.verify.scenario import Scenario
    from patchkit.verify.verdict import CaseResult


@dataclass(slots=True, kw_only=True)
class LiveView:
    """What has ended so far. Told of every case by `seen`, from any thread."""

    console: Console
    expected: dict[str, int]
    _without: str | None = None
    _ended: dict[str, list[CaseResult]] = field(default_factory=dict)
    _draw: Callable[[Table], None] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def shown(
        self, scenarios: tuple[Scenario, ...], *, without: str | None = None
    ) -> Iterator[None]:
        """Show the cases of these scenarios while the block lasts.

        `without` names the patch that is left out, so that nobody takes what it is missed by for
        a failure of the series.
        """
        with self.console.live() as draw:
            with self._lock:
                self.expected = {s.name: len(s.cases) for s in scenarios}
                self._ended, self._draw, self._without = {}, draw, without
            if draw is not None:
                draw(self.table())
            try:
                yield
            finally:
                with self._lock:
                    self._draw = None

    def seen(self, result: CaseResult) -> None:
        """A case has ended."""
        with self._lock:
            self._ended.setdefault(result.scenario, []).append(result)
            if self._draw is not None:
                self._draw(self.table())
                return
            reason = f": {result.reason}" if result.verdict is not Verdict.PASSED else ""
            tone = TONES[result.verdict] if reason and not self._without else Tone.FAINT
            left_out = f"  without {self._without}: " if self._without else ""
            self.console.note(
                f"{left_out}{result.verdict:8} {result.scenario}/{result.name},"
                f" {len(result.checks)} checks, {result.seconds:.1f} s{reason}",
                tone,
            )

    def table(self) -> Table:
        """One row a scenario."""
        return Table(
            headings=("Scenario", "So far", "Containers", "Last"),
            rows=tuple(self._row(name, count) for name, count in self.expected.items()),
        )

    def _row(self, name: str, count: int) -> tuple[Cell, ...]:
        ended = self._ended.get(name, [])
        verdict = worst(case.verdict for case in ended)
        last = ended[-1].name if ended else "-"
        short = [case for case in ended if case.verdict.falls_short]
        so_far = Cell("waits", Tone.FAINT) if not ended else Cell(verdict, TONES[verdict])
        return (
            Cell(name, Tone.STRONG),
            so_far,
            Cell(f"{len(ended)} of {count}"),
            Cell(f"{short[-1].name}: {short[-1].reason}" if short else last),
        )
