"""`patchkit report`: a table, a document, a folder of pages."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from tests import builders

if TYPE_CHECKING:
    from pathlib import Path

    from tests.commands.support import Desk


def test_the_table_says_what_is_supported(desk: Desk) -> None:
    desk.done("rebase", "v261")
    ran = desk.done("report")
    row = next(line for line in ran.out.splitlines() if line.startswith("v261"))
    cells = [cell.strip() for cell in row.split("  ") if cell]
    assert cells == ["v261", "not verified", "1 unchanged, 1 clean, 1 merged", "-", "-", "-"]


def test_the_document_is_the_report(desk: Desk) -> None:
    desk.done("rebase", "v261")
    document = desk.done("report", "--json").document
    assert document["schema"] == "patchkit.report/1"
    assert [release["tag"] for release in document["releases"]] == ["v261"]


def test_pages_are_written_and_the_second_time_are_up_to_date(desk: Desk, tmp_path: Path) -> None:
    desk.done("rebase", "v261")
    there = tmp_path / "public"
    assert "wrote" in desk.done("report", "-o", str(there)).out
    first = builders.snapshot(there)
    assert set(first) == {
        "badge.svg", "index.html", "report.json", "summary.md", "support.json", "v261.html"
    }  # fmt: skip
    assert "is up to date" in desk.done("report", "-o", str(there)).out
    assert builders.snapshot(there) == first


def test_nothing_in_the_patch_repository_changes(desk: Desk, tmp_path: Path) -> None:
    desk.done("rebase", "v261")
    before = builders.snapshot(desk.repository.root)
    desk.done("report", "-o", str(tmp_path / "public"))
    assert builders.snapshot(desk.repository.root) == before


def test_a_folder_of_other_things_is_refused_with_2(desk: Desk, tmp_path: Path) -> None:
    there = tmp_path / "home"
    there.mkdir()
    (there / "letter").write_bytes(b"dear")
    ran = desk.run("report", "-o", str(there))
    assert ran.code == 2
    assert "files that no report wrote: letter" in ran.err


def test_a_repository_without_releases_has_a_report(desk: Desk) -> None:
    assert desk.done("report", "--json").document["newest_proven"] is None


def test_missing_trees_are_told(desk: Desk, tmp_path: Path) -> None:
    desk.done("rebase", "v261")
    config = desk.patches / "series.toml"
    known = config.read_text(encoding="utf-8")
    line = next(line for line in known.split("\n") if line.startswith("url ="))
    config.write_text(known.replace(line, 'url = "https://localhost:1/"'), encoding="utf-8")
    ran = desk.run("--cache", str(tmp_path / "empty"), "report")
    assert ran.code == 0
    assert "trees of v261 are not in the cache" in ran.err
    told = desk.done("--cache", str(tmp_path / "empty"), "report", "--upstream",
                     str(desk.repository.upstream))  # fmt: skip
    assert "not in the cache" not in told.err


def test_a_copy_tells_the_dates_of_what_it_is_a_copy_of(desk: Desk, tmp_path: Path) -> None:
    desk.done("rebase", "v261")
    root = desk.repository.root
    builders.git(root, "init", "-q", "-b", "main")
    builders.git(root, "add", "-A")
    builders.git(root, "commit", "-q", "-m", "v261")
    copy = tmp_path / "copy"
    shutil.copytree(root / "patches", copy / "patches")

    def supported(*words: str) -> str | None:
        document = desk.done("--repo", str(copy), "report", "--json", *words).document
        found: str | None = document["releases"][0]["supported"]
        return found

    assert supported() is None
    assert supported("--history", str(root)) is not None


def test_a_damaged_patch_that_is_not_text_is_told(desk: Desk, tmp_path: Path) -> None:
    """Found by fuzzing."""
    desk.done("rebase", "v261")
    patch = next((desk.patches / "v261").glob("0003-*"))
    patch.write_bytes(patch.read_bytes().replace(b"\n     return r;", b"\n\xff\xfe    return r;"))
    patch.write_bytes(patch.read_bytes().replace(b"\n     ", b"\n\xff\xfe    ", 1))
    desk.done("report", "-o", str(tmp_path / "public"))
    assert "inconsistent" in desk.done("report").out
