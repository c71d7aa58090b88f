"""The page of `patchkit explain` in Markdown, for a pull request or an issue."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from patchkit.console import clean
from patchkit.rebase.journeys import Way
from patchkit.report.explain import commit_texts, since_text, way_text
from patchkit.report.markdown import escaped
from patchkit.report.rebase import conflict_lines, notice_text
from patchkit.workspace.tombstones import culprit_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from patchkit.report.explain import Explained, ExplainReport
    from patchkit.report.rebase import PatchReport

_TICKS = re.compile(r"`+")


def explain_markdown(report: ExplainReport) -> str:
    """The whole page, with a newline at its end."""
    parts = [_patch(explained, report) for explained in report.patches]
    if report.waiting and len(report.patches) > 1:
        parts.append(f"The patches after {escaped(report.waiting)} wait for it.")
    if report.waiting in {explained.name for explained in report.patches}:
        sides = "\n".join(clean(text) for text, _ in conflict_lines(report.rebase))
        parts.append(_fenced(sides) if sides else "")
    return "\n\n".join(part for part in parts if part) + "\n"


def _patch(explained: Explained, report: ExplainReport) -> str:
    patch, told = report.of(explained.name), report.rebase
    blocks = [
        f"## {escaped(explained.name)}: {patch.outcome} on {escaped(told.release)}",
        f"{escaped(explained.summary)}: {patch.meaning}.",
        "\n".join(f"> {escaped(line)}" for line in explained.why.split("\n")),
        "\n".join(f"- upstream since {_commit(culprit_text(c))}" for c in explained.landed),
        "\n".join(_hunks(explained, report)),
        "\n".join(_judged(patch)),
        "\n".join(_rules(explained)),
        "\n".join(_neighbours(explained)),
    ]
    return "\n\n".join(block for block in blocks if block)


def _hunks(explained: Explained, report: ExplainReport) -> Iterator[str]:
    told = report.rebase
    if explained.hunks:
        yield f"| {escaped(told.base)} | Function | {escaped(told.release)} |"
        yield "|---|---|---|"
    for way in explained.hunks:
        within = _code(way.function) if way.function.isidentifier() else ""
        since = "" if way.way is Way.SAME else f"; {_commit(since_text(way, told))}"
        start = _code(f"{way.path}:{way.old_line}")
        yield f"| {start} | {within} | {escaped(way_text(way))}{since} |"


def _judged(patch: PatchReport) -> Iterator[str]:
    if patch.strategy:
        yield f"- settled by: {escaped(patch.strategy)}"
    yield from (f"- for: {escaped(text)}" for text in patch.speaks_for)
    yield from (f"- **against**: {escaped(text)}" for text in patch.speaks_against)
    yield from (f"- **left out**: {_code(line)}" for line in patch.left_out)


def _rules(explained: Explained) -> Iterator[str]:
    for rule in explained.rules:
        if rule.holds is None:
            yield f"- rule, not checked yet: {_code(rule.text)}"
            continue
        said = "rule holds" if rule.holds else "**rule does not hold**"
        why = "" if rule.why is None else f": {escaped(rule.why)}"
        since = f", since {_commit(culprit_text(rule.culprit))}" if rule.culprit else ""
        yield f"- {said}: {_code(rule.text)}{why}{since}"


def _neighbours(explained: Explained) -> Iterator[str]:
    for neighbour in explained.neighbours:
        yield f"- look at {escaped(notice_text(neighbour.notice))}"
        yield from (f"  - {_commit(text)}" for text in commit_texts(neighbour.commits))


def _commit(text: str) -> str:
    return escaped(text)


def _code(text: str) -> str:
    """Text as code within a line, a table's cell too."""
    flat = " ".join(clean(text).split()).replace("|", "\\|")
    ticks = "`" * (1 + max((len(run) for run in _TICKS.findall(flat)), default=0))
    pad = " " if flat.startswith("`") or flat.endswith("`") else ""
    return f"{ticks}{pad}{flat}{pad}{ticks}"


def _fenced(text: str) -> str:
    ticks = "`" * max(3, 1 + max((len(run) for run in _TICKS.findall(text)), default=0))
    return f"{ticks}text\n{text}\n{ticks}"
