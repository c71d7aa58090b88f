"""The report in Markdown, for a CI job's summary or a pull request."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from patchkit.console import clean
from patchkit.report.series_report import milliseconds, outcome_counts

if TYPE_CHECKING:
    from patchkit.report.range_diff import RangeDiff
    from patchkit.report.series_report import SeriesReport

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~@-])")
_LINKED = re.compile(
    r"(?<=@)(?=\w)|(?<=[#!])(?=\d)|(?<=\bGH)(?=-\d)|(?<=:)(?=//)|(?<=\bwww)(?=\.)", re.I
)
"""Where forges make links of plain text, whatever is escaped: mentions notify people, references
leave a trace elsewhere (GitHub docs, "Autolinked references and URLs"; Forgejo has `!1`, too)."""
_JOINER = "\u2060"
"""Word joiner: nothing to see, and no forge's link goes across it."""
_FENCE = re.compile(r"`{3,}")


def markdown(report: SeriesReport) -> str:
    """A heading, a sentence and the table of releases."""
    headline = (
        f"**{report.newest_proven}** is the newest release that is proven in unprivileged Docker."
        if report.newest_proven
        else "No release is proven yet."
    )
    rows = [
        "| Release | State | Patches | Boot | Stop |",
        "|---|---|---|---|---|",
        *(
            f"| {escaped(release.tag)} | {release.standing} | {outcome_counts(release)} "
            f"| {milliseconds(release.median.get('boot'))} "
            f"| {milliseconds(release.median.get('stop'))} |"
            for release in report.releases
        ),
    ]
    notes = [
        f"- {escaped(release.tag)}: {escaped(what)}"
        for release in report.releases
        for what in (*release.problems, *((release.stale,) if release.stale else ()))
    ]
    parts = ["## systemd in Docker", headline, "\n".join(rows), "\n".join(notes)]
    return "\n\n".join(part for part in parts if part) + "\n"


def range_markdown(ranges: tuple[RangeDiff, ...]) -> str:
    """What became of every patch; those whose text changed with their range-diff, folded."""
    lines = []
    for each in ranges:
        lines.append(f"- {escaped(each.name)}: {each.kind}")
        if each.chunks:
            text = clean(each.text())
            fence = "`" * max([3, *(len(run) + 1 for run in _FENCE.findall(text))])
            lines.append(
                f"\n<details><summary>range-diff of {escaped(each.name)}</summary>\n\n"
                f"{fence}diff\n{text}{fence}\n\n</details>\n"
            )
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """Text from elsewhere as one line of Markdown that shows as it is written."""
    flat = _LINKED.sub(_JOINER, " ".join(clean(text).split()))
    return _SPECIAL.sub(r"\\\1", flat).replace("&", "&amp;")
