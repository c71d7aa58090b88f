"""The geometry of the page's plots, pure: places along x in per cent, along y in pixels.

So a plot takes whatever width there is, and its text keeps its size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from patchkit.report.series_report import milliseconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from patchkit.report.series_report import ReleaseReport, SeriesReport
    from patchkit.verify.spread import Spread

METRICS = ("boot", "stop")
"""The times that a plot shows, as scenarios name them; the first has round marks."""

_SHOWN = 12
"""How many releases a plot has room for on a phone: the newest."""

_LEFT, _RIGHT, _TOP, _BOTTOM = 16.0, 96.0, 14.0, 216.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A place on an axis."""

    at: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimePoint:
    """One release's time: the median, with the lowest and the 95th percentile around it."""

    tag: str
    x: float
    low: float
    median: float
    high: float
    spread: Spread


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeLine:
    """One metric over the releases."""

    name: str
    points: tuple[TimePoint, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimesPlot:
    """Boot and stop times by release, oldest first."""

    left: float
    right: float
    bottom: float
    height: float
    ticks: tuple[Tick, ...]
    columns: tuple[Tick, ...]
    lines: tuple[TimeLine, ...]


def times_plot(report: SeriesReport) -> TimesPlot | None:
    """The plot, or None where no release has times."""
    releases = tuple(reversed(report.releases[:_SHOWN]))
    measured = {
        release.tag: release.verification.milliseconds
        for release in releases
        if release.verification is not None
    }
    tops = [m[name].p95 for m in measured.values() for name in METRICS if name in m]
    if not tops:
        return None
    step, top = _scale(max(tops))

    def y(value: float) -> float:
        return round(_BOTTOM - (_BOTTOM - _TOP) * value / top, 1)

    places = _columns(releases)
    return TimesPlot(
        left=_LEFT,
        right=_RIGHT,
        bottom=_BOTTOM,
        height=_BOTTOM + 28,
        ticks=tuple(
            Tick(at=y(value), label=milliseconds(value)) for value in range(0, top + 1, step)
        ),
        columns=tuple(Tick(at=x, label=tag) for tag, x in places.items()),
        lines=tuple(
            TimeLine(
                name=name,
                points=tuple(
                    TimePoint(
                        tag=tag,
                        x=places[tag],
                        low=y(m[name].lowest),
                        median=y(m[name].median),
                        high=y(m[name].p95),
                        spread=m[name],
                    )
                    for tag, m in measured.items()
                    if name in m
                ),
            )
            for name in METRICS
        ),
    )


def _columns(releases: Sequence[ReleaseReport]) -> dict[str, float]:
    """Where each release stands along x."""
    width = (_RIGHT - _LEFT) / len(releases)
    return {
        release.tag: round(_LEFT + width * (number + 0.5), 2)
        for number, release in enumerate(releases)
    }


def _scale(highest: int) -> tuple[int, int]:
    """A round step and a top that holds `highest`, in four steps or a few more."""
    rough = max(highest, 4) / 4
    power = 10 ** math.floor(math.log10(rough))
    step = next(int(power * factor) for factor in (1, 2, 5, 10) if power * factor >= rough)
    return step, step * math.ceil(max(highest, 1) / step)


# From upstream's tag to support

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_AXIS = (
    (_MINUTE, "1 min"),
    (_HOUR, "1 h"),
    (_DAY, "1 day"),
    (30 * _DAY, "1 month"),
    (365 * _DAY, "1 year"),
)
_ROW = 38.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """How long one release took; seconds from the tag, None where a time is not known."""

    tag: str
    y: float
    supported: int | None
    proven: int | None
    supported_x: float | None
    proven_x: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitsPlot:
    """Time from upstream's tag to support and to proof, newest release first, on a log scale."""

    left: float
    height: float
    bottom: float
    ticks: tuple[Tick, ...]
    rows: tuple[Wait, ...]


def waits_plot(report: SeriesReport) -> WaitsPlot | None:
    """The plot, or None where no release's times are known."""
    rows = []
    for number, release in enumerate(report.releases):
        supported = _between(release.tagged, release.supported)
        proven = _between(release.tagged, release.proven)
        rows.append(
            Wait(
                tag=release.tag,
                y=_ROW * (number + 0.5),
                supported=supported,
                proven=proven,
                supported_x=_place(supported),
                proven_x=_place(proven),
            )
        )
    if all(row.supported is None and row.proven is None for row in rows):
        return None
    bottom = _ROW * len(rows)
    return WaitsPlot(
        left=_LEFT,
        bottom=bottom,
        height=bottom + 24,
        ticks=tuple(Tick(at=_place(seconds) or _LEFT, label=label) for seconds, label in _AXIS),
        rows=tuple(rows),
    )


def _between(start: str | None, end: str | None) -> int | None:
    """Seconds between two times as the report writes them; at least none at all."""
    if start is None or end is None:
        return None
    seconds = (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
    return max(0, int(seconds))


def _place(seconds: int | None) -> float | None:
    """Where a duration stands along x, from a minute to two years."""
    if seconds is None:
        return None
    lowest, highest = math.log(_MINUTE), math.log(2 * 365 * _DAY)
    share = (math.log(max(seconds, _MINUTE)) - lowest) / (highest - lowest)
    return round(_LEFT + (_RIGHT - _LEFT) * min(share, 1), 2)


def duration(seconds: int | None) -> str:
    """A duration for people: `4 minutes`, `3 hours`, `12 days`; `not known` without one."""
    if seconds is None:
        return "not known"
    for size, word in ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute")):
        if seconds >= size:
            count = round(seconds / size)
            return f"{count} {word}{'s' * (count != 1)}"
    return "under a minute"
