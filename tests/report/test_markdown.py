"""The report in Markdown."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from patchkit.report.markdown import escaped, markdown, range_markdown
from patchkit.report.range_diff import RangeDiff, RangeKind, RangeLine, Side

if TYPE_CHECKING:
    from patchkit.report.gathering import Gathered


def test_the_table_of_releases(gathered: Gathered) -> None:
    lines = markdown(gathered.report).splitlines()
    assert "**v262** is the newest release that is proven in unprivileged Docker." in lines
    rows = [line.split(" | ")[:3] for line in lines if line.startswith("| v")]
    assert rows == [
        ["| v262", "proven", "2 clean"],
        ["| v261.1", "failed", "1 unchanged, 1 clean"],
        ["| v261", "proven", "2 clean"],
        ["| v260", "not verified", "2 unchanged"],
    ]


def test_what_failed_is_named_and_is_no_markup(gathered: Gathered) -> None:
    text = markdown(gathered.report)
    assert "- v261.1: logs/logs, with a terminal: " in text
    assert "\\<script\\>" in text
    assert not re.search(r"(?<!\\)[<>]", text)


def test_nothing_proven(gathered: Gathered) -> None:
    empty = replace(gathered.report, releases=(), newest_proven=None)
    assert "No release is proven yet." in markdown(empty)


def test_a_range_diff_cannot_leave_its_fence() -> None:
    lines = (RangeLine(Side.OLD, " ```` out"), RangeLine(Side.NEW, " <b>"))
    text = range_markdown(
        (
            RangeDiff(name="main", kind=RangeKind.CHANGED, chunks=(lines,)),
            RangeDiff(name="log", kind=RangeKind.SAME),
        )
    )
    assert "\n`````diff\n- ```` out\n+ <b>\n`````\n" in text
    assert text.endswith("- log: the same bytes\n")


@given(st.text())
def test_escaped_text_is_one_line_without_live_markup(text: str) -> None:
    line = escaped(text)
    assert "\n" not in line
    for index, character in enumerate(line):
        if character in "`<|[":
            backslashes = len(line[:index]) - len(line[:index].rstrip("\\"))
            assert backslashes % 2 == 1
