"""The badge says how far the newest releases are proven."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from patchkit.report.badge import _COLOURS, badge
from patchkit.report.series_report import Standing

if TYPE_CHECKING:
    from patchkit.report.gathering import Gathered

GREEN, AMBER, BLUE, RED = "#1a7f37", "#8a5a00", "#3f5bb5", "#b42318"


@pytest.mark.parametrize(
    ("standings", "message", "colour"),
    [
        ((), "no release yet", BLUE),
        ((Standing.PROVEN, Standing.FAILED), "v262 proven", GREEN),
        ((Standing.UNVERIFIED, Standing.PROVEN), "v261 proven, v262 not verified", AMBER),
        ((Standing.FAILED, Standing.PROVEN), "v261 proven, v262 failed", RED),
        ((Standing.VOID, Standing.PROVEN), "v261 proven, v262 void", AMBER),
        ((Standing.UNVERIFIED,), "v262 not verified", BLUE),
        ((Standing.INCONSISTENT,), "v262 inconsistent", RED),
    ],
)
def test_what_it_says(
    gathered: Gathered, standings: tuple[Standing, ...], message: str, colour: str
) -> None:
    one = gathered.report.releases[0]
    releases = tuple(
        replace(one, tag=f"v{262 - n}", standing=standing) for n, standing in enumerate(standings)
    )
    proven = [release.tag for release in releases if release.standing is Standing.PROVEN]
    report = replace(
        gathered.report, releases=releases, newest_proven=proven[0] if proven else None
    )
    found = badge(report)
    assert (found.message, found.colour) == (message, colour)
    assert found.width == found.left + found.right
    assert found.right > 5 * len(message)


@pytest.mark.parametrize("colour", [*_COLOURS.values(), "#454b54"])
def test_white_text_can_be_read_on_every_colour(colour: str) -> None:
    def part(value: int) -> float:  # WCAG 2, "relative luminance"
        share = value / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    red, green, blue = (part(int(colour[at : at + 2], 16)) for at in (1, 3, 5))
    assert 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05) >= 4.5
