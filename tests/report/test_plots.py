"""Where things stand in the page's plots."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchkit.report.plots import _place, _scale, duration, times_plot, waits_plot

if TYPE_CHECKING:
    from patchkit.report.gathering import Gathered


def test_times_run_from_the_oldest_measured_release_to_the_newest(gathered: Gathered) -> None:
    plot = times_plot(gathered.report)
    assert plot is not None
    assert [column.label for column in plot.columns] == ["v260", "v261", "v261.1", "v262"]
    boot, stop = plot.lines
    assert [point.tag for point in boot.points] == ["v261", "v261.1", "v262"]
    assert [point.x for point in boot.points] == sorted(point.x for point in boot.points)
    # y grows downwards: the slowest release stands highest, and above its own stop time
    assert boot.points[0].median < boot.points[1].median < boot.points[2].median
    assert all(b.median < s.median for b, s in zip(boot.points, stop.points, strict=True))
    for point in (*boot.points, *stop.points):
        assert plot.bottom >= point.low >= point.median >= point.high >= 0


def test_only_the_newest_twelve_have_room(gathered: Gathered) -> None:
    one = gathered.report.releases[0]
    many = tuple(replace(one, tag=f"v{300 - n}") for n in range(20))
    plot = times_plot(replace(gathered.report, releases=many))
    assert plot is not None
    assert [column.label for column in plot.columns] == [f"v{n}" for n in range(289, 301)]


def test_no_figures_no_plot(gathered: Gathered) -> None:
    bare = tuple(
        replace(r, verification=None, tagged=None, proven=None) for r in gathered.report.releases
    )
    assert times_plot(replace(gathered.report, releases=bare)) is None
    assert waits_plot(replace(gathered.report, releases=bare)) is None
    assert times_plot(replace(gathered.report, releases=())) is None


def test_waits_are_counted_from_the_tag(gathered: Gathered) -> None:
    plot = waits_plot(gathered.report)
    assert plot is not None
    assert [(row.tag, row.supported, row.proven) for row in plot.rows] == [
        ("v262", 864000, 864000 + 7200),
        ("v261.1", 864000, 864000 + 7200),
        ("v261", 864000, 864000 + 7200),
        ("v260", 864000, None),
    ]
    first = plot.rows[0]
    assert first.supported_x is not None
    assert first.proven_x is not None
    assert plot.left < first.supported_x < first.proven_x < 100


@given(st.integers(min_value=1, max_value=10**9))
def test_a_scale_holds_its_highest_value_in_few_steps(highest: int) -> None:
    step, top = _scale(highest)
    assert top >= highest
    assert top % step == 0
    assert 1 <= top // step <= 5
    assert str(step)[0] in "125"
    assert not str(step)[1:].strip("0")


@given(st.integers(min_value=0, max_value=10**10), st.integers(min_value=0, max_value=10**10))
def test_longer_waits_never_stand_before_shorter_ones(one: int, other: int) -> None:
    short, long = _place(min(one, other)), _place(max(one, other))
    assert short is not None
    assert long is not None
    assert 0 < short <= long < 100


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, "not known"),
        (0, "under a minute"),
        (60, "1 minute"),
        (240, "4 minutes"),
        (3600, "1 hour"),
        (10 * 86400, "10 days"),
    ],
)
def test_durations_are_for_people(seconds: int | None, said: str) -> None:
    assert duration(seconds) == said
