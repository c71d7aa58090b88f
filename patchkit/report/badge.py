"""The status badge: one small SVG that says which release is supported, and how far proven."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from patchkit.console import Tone
from patchkit.report.series_report import TONES, Standing

if TYPE_CHECKING:
    from patchkit.report.series_report import SeriesReport

LABEL = "systemd in Docker"
PADDING = 7
"""The space at either end of a field, in pixels."""

_COLOURS = {
    Tone.GOOD: "#1a7f37",
    Tone.CARE: "#8a5a00",
    Tone.NOTE: "#3f5bb5",
    Tone.BAD: "#b42318",
}
"""White text on each has a contrast of 4.5 to 1 or more (WCAG 2, 1.4.3)."""

_NARROW, _WIDE = frozenset(" .,:;!|'ijlIft()[]/-"), frozenset("mwMW%@")
_WIDTHS = {"narrow": 4.0, "usual": 6.7, "wide": 9.6}
"""The advance of characters in pixels at 11 px, about as sans-serif faces have it. The text is
fitted to what these come to (`textLength`), so that every face looks right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Badge:
    """What the badge says. Widths in pixels: those of the two fields, and of their texts."""

    label: str
    message: str
    colour: str
    left: int
    right: int

    @property
    def width(self) -> int:
        """The whole width."""
        return self.left + self.right


def badge(report: SeriesReport) -> Badge:
    """The badge of a repository: the newest release that is proven, or else the newest one."""
    message, tone = _message(report)
    return Badge(
        label=LABEL,
        message=message,
        colour=_COLOURS[tone],
        left=round(_width(LABEL)) + 2 * PADDING,
        right=round(_width(message)) + 2 * PADDING,
    )


def _message(report: SeriesReport) -> tuple[str, Tone]:
    """A proven release is good news only while no newer one is worse than not verified."""
    if not report.releases:
        return "no release yet", Tone.NOTE
    newest = report.releases[0]
    if newest.standing is Standing.PROVEN:
        return f"{newest.tag} {newest.standing}", Tone.GOOD
    if report.newest_proven is None:
        return f"{newest.tag} {newest.standing}", TONES[newest.standing]
    tone = Tone.BAD if TONES[newest.standing] is Tone.BAD else Tone.CARE
    return f"{report.newest_proven} proven, {newest.tag} {newest.standing}", tone


def _width(text: str) -> float:
    def kind(character: str) -> str:
        if character in _NARROW:
            return "narrow"
        return "wide" if character in _WIDE else "usual"

    return sum(_WIDTHS[kind(character)] for character in text)
