"""The report of a rebase: what the table and a conflict's page show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from patchkit import documents
from patchkit.rebase.outcome import Notice, Outcome
from patchkit.releases import Release
from patchkit.report import rebase as report
from patchkit.upstream.sources import Origin, SourceKind, UpstreamTree
from tests.builders import Change, numbered, text
from tests.rebase import support

if TYPE_CHECKING:
    from pathlib import Path

    from patchkit.report.rebase import RebaseReport
    from tests.builders import Files

LINES = ["int f(void) {", *numbered(30), "}"]
TREE = UpstreamTree(
    release=Release.parse("v261"),
    tree="a" * 40,
    commit="b" * 40,
    tag_object=None,
    origin=Origin(kind=SourceKind.GIT, source="upstream"),
)


def replaced(old: int, *new: str) -> bytes:
    return text(*[each for n, line in enumerate(LINES) for each in (new if n == old else (line,))])


def made(folder: Path, after: Files, *, three_way: bool = True) -> RebaseReport:
    before = {"f.c": text(*LINES)}
    change = Change(message="main: x", files={"f.c": replaced(15, "    patched();")})
    result = support.make(folder, before, after, change).rebase(three_way=three_way)
    return report.report_rebase(result, tree=TREE, base=Release.parse("v260"), dry_run=False)


def test_a_row_has_what_the_issue_asks_for(tmp_path: Path) -> None:
    told = made(tmp_path, {"f.c": text("#include <x.h>", *LINES)})
    (row,) = report.table(told).rows
    assert [cell.text for cell in row] == ["main-x", "clean", "1", "1", "+1", "-"]


def test_the_function_to_look_at_is_named(tmp_path: Path) -> None:
    told = made(tmp_path, {"f.c": replaced(2, "    other();")})
    (row,) = report.table(told).rows
    assert row[-1].text == "1 place"
    assert list(report.look_lines(told)) == ["look at main-x: f.c: f() changed upstream (2 lines)"]


def page(told: RebaseReport) -> list[str]:
    return [line for line, _ in report.conflict_lines(told)]


def test_a_conflict_s_page_has_three_sides(tmp_path: Path) -> None:
    told = made(tmp_path, {"f.c": replaced(15, "    goto fail;")})
    assert told.patches[0].outcome is Outcome.CONFLICT
    assert not told.complete
    lines = page(told)
    assert lines[0] == "main-x: f.c: both sides changed the same lines"
    assert lines[1] == "  f.c:16, in f()"
    assert lines[2:8] == [
        "    v261 has:",
        "      |     goto fail;",
        "    v260 had:",
        "      |     statement_15();",
        "    main-x makes it:",
        "      |     patched();",
    ]


def test_a_side_without_lines_says_so(tmp_path: Path) -> None:
    told = made(tmp_path, {"f.c": text(*LINES[:10], *LINES[20:])})
    assert "      | (nothing)" in page(told)


def test_a_long_side_is_cut_and_says_how_much(tmp_path: Path) -> None:
    told = made(tmp_path, {"f.c": replaced(15, *[f"    new_{n}();" for n in range(40)])})
    assert any(line.endswith("lines more") for line in page(told))


def test_without_a_base_it_is_the_patch_that_had_it(tmp_path: Path) -> None:
    told = made(tmp_path, {"f.c": replaced(15, "    goto fail;")}, three_way=False)
    assert "    the patch had:" in page(told)


def test_the_document_is_the_same_for_the_same_rebase(tmp_path: Path) -> None:
    one = made(tmp_path / "1", {"f.c": replaced(15, "    goto fail;")})
    other = made(tmp_path / "2", {"f.c": replaced(15, "    goto fail;")})
    assert documents.encode(one) == documents.encode(other)
    assert documents.decode(documents.encode(one).encode(), report.RebaseReport) == one


@pytest.mark.parametrize(
    ("notice", "shown"),
    [
        (Notice(path="src/f.c", function="f", what="is new upstream"),
         "src/f.c: f() is new upstream"),
        (Notice(path="src/f.c", function="", what="is a.c, renamed upstream"),
         "src/f.c is a.c, renamed upstream"),
        (Notice(path="src/f.c", function="struct x", what="changed"), "src/f.c: struct x changed"),
    ],
)  # fmt: skip
def test_notices_in_a_few_words(notice: Notice, shown: str) -> None:
    assert report.notice_text(notice) == shown
