"""How times are spread: the lowest, the median, the 95th percentile, the highest."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from patchkit.verify.verdict import CaseResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """The distribution of times, in milliseconds."""

    count: int
    lowest: int
    median: int
    p95: int
    highest: int


def spread(seconds: Sequence[float]) -> Spread:
    """Sum up one time or more, given in seconds."""
    ordered = sorted(round(value * 1000) for value in seconds)
    return Spread(
        count=len(ordered),
        lowest=ordered[0],
        median=round(statistics.median(ordered)),
        p95=ordered[max(0, -(-len(ordered) * 95 // 100) - 1)],
        highest=ordered[-1],
    )


def spreads(cases: Iterable[CaseResult]) -> dict[str, Spread]:
    """The times of many cases, by their names; a terminal costs time, and is told apart."""
    values: dict[str, list[float]] = {}
    for case in cases:
        for name, seconds in case.times:
            kind = f"{name}, with a terminal" if "-t" in case.options else name
            values.setdefault(kind, []).append(seconds)
    return {name: spread(found) for name, found in sorted(values.items())}
