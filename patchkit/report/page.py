"""Render the report as a folder of static pages: no script, no network, the same bytes each time.

Everything that is shown is escaped; the pages' own policy forbids them to run or to load
anything.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import jinja2
from markupsafe import Markup, escape

from patchkit import documents
from patchkit.console import clean
from patchkit.report.badge import badge
from patchkit.report.coloured import coloured
from patchkit.report.markdown import markdown
from patchkit.report.matrices import LEVELS, ablation_matrix, heat_map
from patchkit.report.plots import duration, times_plot, waits_plot
from patchkit.report.series_report import TONES, milliseconds, outcome_counts
from patchkit.report.support import support
from patchkit.verify.verdict import worst

if TYPE_CHECKING:
    from collections.abc import Mapping

    from patchkit.report.gathering import Gathered
    from patchkit.report.series_report import ReleaseReport

INDEX = PurePosixPath("index.html")
REPORT = PurePosixPath("report.json")

_NONCHARACTERS = re.compile(
    "[\ufdd0-\ufdef"
    + "".join(chr(p * 0x10000 + e) for p in range(17) for e in (0xFFFE, 0xFFFF))
    + "]"
)
"""Code points that no HTML document may hold (Infra standard, "noncharacter")."""


def page_of(tag: str) -> PurePosixPath:
    """The page of a release."""
    return PurePosixPath(f"{tag}.html")


def render_folder(gathered: Gathered) -> Mapping[PurePosixPath, bytes]:
    """Every file of the folder, by its path in it; the page that leads to the others is last."""
    report = gathered.report
    values: dict[str, Any] = {"report": report, "unread": gathered.unread}
    files = {
        REPORT: documents.encode(report),
        PurePosixPath("support.json"): documents.encode(support(report)),
        PurePosixPath("summary.md"): markdown(report),
        PurePosixPath("badge.svg"): _render("badge.svg.j2", badge=badge(report)),
    }
    newer: ReleaseReport | None = None
    for number, release in enumerate(report.releases):
        older = report.releases[number + 1] if number + 1 < len(report.releases) else None
        series = gathered.series.get(release.tag)
        files[page_of(release.tag)] = _render(
            "release.html.j2",
            **values,
            release=release,
            newer=newer,
            older=older,
            texts={patch.name: patch for patch in series.patches} if series else {},
            ranges={each.name: each for each in gathered.ranges.get(release.tag, ())},
            purposes={purpose.name: purpose for purpose in report.patches},
            matrix=ablation_matrix(release),
        )
        newer = release
    files[INDEX] = _render(
        "index.html.j2",
        **values,
        badge=badge(report),
        heat=heat_map(report),
        times=times_plot(report),
        waits=waits_plot(report),
    )
    return {path: text.encode("utf-8", "backslashreplace") for path, text in files.items()}


def _render(template: str, **values: Any) -> str:
    return _environment().get_template(template).render(values)


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("patchkit.report"),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        finalize=_speakable,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "milliseconds": milliseconds,
        "duration": duration,
        "day": lambda moment: moment[:10] if moment else "not known",
        "short": lambda text: text[:12] if text else "none",
        "plural": _plural,
        "page": page_of,
        "prose": _prose,
    }
    style = _style(environment)
    environment.globals |= {
        "style": Markup(style),  # noqa: S704 - our own file
        "style_digest": _digest(style),
        "tones": {standing: tone.name.lower() for standing, tone in TONES.items()},
        "levels": LEVELS,
        "coloured": coloured,
        "counts": outcome_counts,
        "worst": lambda cases: worst(case.verdict for case in cases.values()),
    }
    return environment


def _style(environment: jinja2.Environment) -> str:
    """The style sheet; it stands in every page, so that each can be passed on alone."""
    if environment.loader is None:
        raise ValueError("templates come from somewhere")
    return environment.loader.get_source(environment, "style.css")[0]


def _digest(style: str) -> str:
    """How a content security policy names an inline style (CSP 3, hash-source)."""
    return "sha256-" + base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()


def _plural(count: int, word: str) -> str:
    return f"{count} {word}{'s' * (count != 1)}"


def _prose(text: str) -> Markup:
    """Text with `code` between backquotes, as people write it in `series.toml`."""
    parts = _speakable(text).rstrip(".").split("`")
    if len(parts) % 2 == 0:  # an odd backquote is one
        return escape("`".join(parts))
    pieces = (
        Markup("<code>{}</code>").format(p) if n % 2 else escape(p) for n, p in enumerate(parts)
    )
    return Markup("").join(pieces)


def _speakable(value: Any) -> Any:
    """Text from elsewhere without what HTML forbids: control characters, noncharacters."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return _NONCHARACTERS.sub(lambda match: f"\\U{ord(match[0]):08x}", clean(value))
