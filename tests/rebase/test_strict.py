"""Applying strictly: at the very line, to the very file, or a sentence that says why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from patchkit.errors import InconsistentError
from patchkit.rebase.outcome import FileState
from patchkit.rebase.rewrite import rewrite
from patchkit.rebase.strict import apply_series, apply_strictly
from patchkit.series.parse import parse_patch
from tests.builders import EXECUTABLE, PLAIN, Change, numbered, text
from tests.rebase import support

if TYPE_CHECKING:
    from pathlib import Path

    from tests.builders import Files
    from tests.rebase.support import World

LINES = numbered(20)
PATCHED = [*LINES[:9], "    patched();", *LINES[10:]]


@pytest.fixture
def world(tmp_path: Path) -> World:
    before: Files = {"x.c": text(*LINES), "run.sh": (EXECUTABLE, b"#!/bin/sh\n")}
    after: Files = {"x.c": text("", *LINES), "new.c": b"", "dir/x": b""}
    changes = (
        Change(message="one: x", files={"x.c": text(*PATCHED)}),
        Change(message="two: y", files={"new.c": b"new\n", "run.sh": None}),
    )
    return support.make(tmp_path, before, after, *changes)


def test_a_series_applies_to_its_base(world: World) -> None:
    tree = apply_series(world.series, world.view("v260"))
    assert tree.read("x.c") == FileState(mode=PLAIN, content=text(*PATCHED))
    assert tree.read("new.c") == FileState(mode=PLAIN, content=b"new\n")
    assert tree.read("run.sh") is None


def test_an_offset_is_told(world: World) -> None:
    with pytest.raises(InconsistentError, match=r"to x\.c only with offsets \(\+1 lines\)"):
        apply_series(world.series, world.view("v261"))


def test_a_file_that_is_there_is_not_added(world: World) -> None:
    with pytest.raises(InconsistentError, match=r"adds new\.c, which is there already"):
        apply_strictly(world.series.patches[1], world.view("v261"))


def test_a_file_that_is_not_there_is_not_changed(world: World) -> None:
    renamed = world.series.patches[0].content.replace(b"x.c", b"y.c")
    patch = parse_patch(renamed, name="y", file_name="0001-y.patch")
    with pytest.raises(InconsistentError, match=r"changes y\.c, which is not there"):
        apply_strictly(patch, world.view("v260"))


def test_context_that_is_not_there_is_told_with_its_line(world: World) -> None:
    other = world.series.patches[0].content.replace(b"statement_9(", b"statement_nine(")
    patch = parse_patch(other, name="x", file_name="0001-x.patch")
    with pytest.raises(InconsistentError, match=r"x\.patch does not apply: x\.c, hunk at line 7"):
        apply_strictly(patch, world.view("v260"))


def test_a_removal_wants_the_whole_file(world: World) -> None:
    patch = world.series.patches[1]
    longer = world.view("v260").with_changes(
        {"run.sh": FileState(mode=EXECUTABLE, content=b"#!/bin/sh\nmore\n")}
    )
    with pytest.raises(InconsistentError, match=r"run\.sh"):
        apply_strictly(patch, longer)


def test_a_patch_is_written_anew_for_what_is_to_be(world: World) -> None:
    target = world.view("v261")
    state = FileState(mode=PLAIN, content=text("", *PATCHED))
    patch = rewrite(world.series.patches[0], target, {"x.c": state, "dir/x": target.read("dir/x")})
    assert patch.paths == ("x.c",)  # what stays as it is is left out
    assert patch.message == world.series.patches[0].message
    assert apply_strictly(patch, target) == {"x.c": state}
    again = parse_patch(patch.content, name=patch.name, file_name=patch.file_name)
    assert again == patch
