"""A bump in Markdown for a job's summary, and in words for the steps after it; pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from patchkit.bump.steps import Status
from patchkit.report.markdown import escaped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from patchkit.bump.ended import BumpedRelease, BumpReport


def summary(report: BumpReport, pages: Mapping[str, str]) -> str:
    """What became of each release; `pages` are pull requests' texts by release."""
    if not report.releases:
        return ""
    return "\n\n".join(_release(each, pages.get(each.release)) for each in report.releases) + "\n"


def _release(ended: BumpedRelease, page: str | None) -> str:
    rows = [
        f"| {step.step} | {step.status} | "
        f"{f'{step.seconds:.1f} s' if step.status is Status.DONE else ''} "
        f"| {escaped(step.detail)} |"
        for step in ended.steps
    ]
    parts = ["\n".join(["| Step | | Time | |", "|---|---|---|---|", *rows])]
    if ended.failure is not None:
        what = escaped(ended.failure.message)
        parts.insert(0, f"## systemd {ended.release}: stopped\n\n{what}")
    else:
        parts.insert(0, page or f"## systemd {ended.release}")
    links = [url for url in (ended.delivered.pull_request, ended.delivered.issue) if url]
    return "\n\n".join([*parts, *links])


def outputs(report: BumpReport) -> dict[str, str]:
    """For the steps after it: `changed`, `release`, `verdict`, and all releases as JSON."""
    newest = report.releases[-1] if report.releases else None
    return {
        "changed": "true" if report.changed else "false",
        "release": newest.release if newest else "",
        "verdict": (newest.verdict or "") if newest else "",
        "releases": json.dumps([each.release for each in report.releases]),
    }
