"""Upstream's churn near a patch, in real trees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from patchkit.errors import InconsistentError
from patchkit.rebase.tree import TreeView
from patchkit.report.churn import Churn, changed_lines, churn
from patchkit.series.parse import parse_patch
from patchkit.series.patch import Series
from patchkit.upstream.store import Store
from tests import builders
from tests.builders import Change, numbered, text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.builders import Files

A, B = "src/a.c", "src/b.c"


def function(name: str, *lines: str, start: int = 1) -> list[str]:
    return [f"int {name}(void) {{", *numbered(6, start=start), *lines, "    return r;", "}", ""]


def found(folder: Path, before: Files, after: Files, changes: Sequence[Change]) -> dict[str, Churn]:
    """The churn from one tree to the next, near patches written for the latter."""
    origin = builders.upstream(folder / "origin.git", {"v260": before, "v261": after})
    files = builders.written_series(origin, "v261", changes)
    series = Series(
        tuple(
            parse_patch(content, name=f"p{number}", file_name=name)
            for number, (name, content) in enumerate(files.items(), 1)
        )
    )
    store = Store.open(folder / "cache" / "upstream.git")
    store.lend(origin)
    trees = [builders.tree_of(origin, tag) for tag in ("v260", "v261")]
    old, new = (TreeView(source=store, tree=tree) for tree in trees)
    return churn(series, old, new)


def test_only_functions_that_the_patch_touches_are_near(tmp_path: Path) -> None:
    before = text(*function("one"), *function("two", start=100))
    after = text(*function("one", "    x();"), *function("two", "    y();", "    z();", start=100))
    patched = after.replace(b"    statement_3();\n", b"    mended();\n")
    near = found(tmp_path, {A: before}, {A: after}, [Change(message="p", files={A: patched})])["p1"]
    assert (near.near, near.files) == (1, 3)
    assert [(p.path, p.function, p.lines, p.is_new) for p in near.places] == [(A, "one", 1, False)]


def test_a_function_that_is_new_upstream_counts_whole(tmp_path: Path) -> None:
    after = text(*function("one"), *function("two", start=100))
    patched = after.replace(b"    statement_103();\n", b"    mended();\n")
    changes = [Change(message="p", files={A: patched})]
    near = found(tmp_path, {A: text(*function("one"))}, {A: after}, changes)["p1"]
    assert [(p.function, p.is_new) for p in near.places] == [("two", True)]
    assert near.near == len(function("two"))


def test_a_file_that_is_new_upstream_is_all_churn(tmp_path: Path) -> None:
    after = text(*function("one"))
    patched = after.replace(b"    statement_3();\n", b"    mended();\n")
    changes = [Change(message="p", files={A: patched})]
    near = found(tmp_path, {B: b"x\n"}, {A: after, B: b"x\n"}, changes)["p1"]
    assert near.files == len(function("one"))
    assert near.places[0].is_new


def test_patches_stand_on_those_before_them(tmp_path: Path) -> None:
    before, after = text(*function("one")), text(*function("one", "    x();"))
    first = text(*function("added", start=50)) + after
    second = first.replace(b"statement_53();", b"mended();").replace(b"statement_2();", b"other();")
    changes = [Change(message="p", files={A: first}), Change(message="q", files={A: second})]
    near = found(tmp_path, {A: before}, {A: after}, changes)
    assert near["p1"].places == ()
    assert [place.function for place in near["p2"].places] == ["one"]


def test_a_patch_that_adds_a_file_has_nothing_near_it(tmp_path: Path) -> None:
    files = {A: text(*function("one"))}
    changes = [Change(message="p", files={"src/new.h": b"#pragma once\n"})]
    assert found(tmp_path, files, files, changes)["p1"] == Churn(near=0, files=0, places=())


def test_a_series_for_another_tree_is_refused(tmp_path: Path) -> None:
    after = text(*function("one"))
    patched = after.replace(b"    statement_3();\n", b"    mended();\n")
    origin = builders.upstream(tmp_path / "origin.git", {"v260": {A: b"x\n"}, "v261": {A: after}})
    ((name, content),) = builders.written_series(
        origin, "v261", [Change(message="p", files={A: patched})]
    ).items()
    series = Series((parse_patch(content, name="p", file_name=name),))
    store = Store.open(tmp_path / "cache" / "upstream.git")
    store.lend(origin)
    tree = TreeView(source=store, tree=builders.tree_of(origin, "v260"))
    with pytest.raises(InconsistentError):
        churn(series, tree, tree)


def test_changed_lines_count_both_sides_and_repetitions() -> None:
    assert changed_lines([b"a", b"a", b"b"], [b"a", b"b", b"c"]) == 2
