"""Putting the pages into a folder."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import pytest

from patchkit.errors import StorageError, UsageError
from patchkit.report.folder import write_folder
from patchkit.report.page import render_folder
from tests import builders

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.report.support import Shelf

    Pages = Mapping[PurePosixPath, bytes]


def test_everything_is_written_once(pages: Pages, tmp_path: Path) -> None:
    there = tmp_path / "a" / "b"
    assert set(write_folder(there, pages)) == set(pages)
    assert builders.snapshot(there) == {str(path): text for path, text in pages.items()}
    assert write_folder(there, pages) == ()


def test_only_what_differs_is_written_again(pages: Pages, tmp_path: Path) -> None:
    write_folder(tmp_path, pages)
    before = (tmp_path / "v260.html").stat().st_mtime_ns
    (tmp_path / "index.html").write_bytes(b"half")
    assert write_folder(tmp_path, pages) == (PurePosixPath("index.html"),)
    assert (tmp_path / "v260.html").stat().st_mtime_ns == before


def test_pages_of_releases_that_are_gone_go(shelf: Shelf, pages: Pages, tmp_path: Path) -> None:
    there = tmp_path / "public"
    write_folder(there, pages)
    (there / "CNAME").write_bytes(b"example.org\n")
    (shelf.root / "patches/lock.json").unlink()
    gone = write_folder(there, render_folder(shelf.gather()))
    assert PurePosixPath("v262.html") in gone
    assert {path.name for path in there.iterdir()} == {
        "index.html", "report.json", "support.json", "summary.md", "badge.svg", "CNAME"
    }  # fmt: skip


@pytest.mark.parametrize("name", ["report.json", "index.html", "anything"])
def test_a_folder_of_other_things_is_not_touched(pages: Pages, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b'{"schema": "other/1", "releases": []}')
    with pytest.raises(UsageError, match="files that no report wrote"):
        write_folder(tmp_path, pages)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_folder_with_hidden_files_only_is_fine(pages: Pages, tmp_path: Path) -> None:
    (tmp_path / ".nojekyll").touch()
    write_folder(tmp_path, pages)
    assert (tmp_path / "index.html").exists()


def test_an_earlier_report_cannot_name_a_path_elsewhere(pages: Pages, tmp_path: Path) -> None:
    there = tmp_path / "public"
    there.mkdir()
    (tmp_path / "victim.html").touch()
    (there / "report.json").write_bytes(
        b'{"schema": "patchkit.report/1", "releases": [{"tag": "../victim"}]}'
    )
    write_folder(there, pages)
    assert (tmp_path / "victim.html").exists()


def test_a_file_in_the_place_of_the_folder(pages: Pages, tmp_path: Path) -> None:
    (tmp_path / "public").write_bytes(b"")
    with pytest.raises(StorageError, match="cannot write"):
        write_folder(tmp_path / "public", pages)


def test_a_disk_that_refuses_is_told(pages: Pages) -> None:
    with pytest.raises(StorageError):
        write_folder(Path("/proc/patchkit-report"), pages)
