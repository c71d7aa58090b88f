from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from patchkit.build.blame import blame
from patchkit.rebase.tree import TreeView
from patchkit.series.parse import parse_patch
from patchkit.series.patch import Series
from patchkit.upstream.store import Store
from tests import builders
from tests.builders import Change

if TYPE_CHECKING:
    from pathlib import Path

BEFORE = [f"line {number}" for number in range(1, 41)]


def made(folder: Path) -> tuple[Series, TreeView]:
    """Two patches on one file: the second moves what the first wrote."""
    first = [*BEFORE[:9], "FIRST", *BEFORE[10:29], "THIRTY", *BEFORE[30:]]
    second = ["TOP", *first]
    files = {"a.c": builders.text(*BEFORE), "b.c": b"b\n"}
    repository = builders.upstream(folder / "up.git", {"v300": files})
    written = builders.written_series(
        repository,
        "v300",
        [
            Change(message="first: two places", files={"a.c": builders.text(*first)}),
            Change(message="second: on top", files={"a.c": builders.text(*second)}),
        ],
    )
    patches = [
        parse_patch(content, name=name.split("-")[1], file_name=name)
        for name, content in written.items()
    ]
    stock = TreeView(source=Store.open(repository), tree=builders.tree_of(repository, "v300"))
    return Series(tuple(patches)), stock


@pytest.mark.parametrize(
    ("line", "patch", "hunk", "own"),
    [
        (1, "second", 1, True),
        (2, "second", 1, False),
        (11, "first", 1, True),
        (10, "first", 1, False),
        (31, "first", 2, True),
        (20, "second", 0, False),
        (0, "second", 0, False),
        (999, "second", 0, False),
    ],
)
def test_lines(tmp_path: Path, line: int, patch: str, hunk: int, own: bool) -> None:
    series, stock = made(tmp_path)
    found = blame(series, stock, "a.c", line)
    assert found is not None
    assert (found.patch, found.hunk, found.own) == (patch, hunk, own)
    assert patch in found.sentence


def test_a_file_that_no_patch_touches(tmp_path: Path) -> None:
    series, stock = made(tmp_path)
    assert blame(series, stock, "b.c", 1) is None
