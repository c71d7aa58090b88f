"""Rendering is what git itself writes, byte for byte."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from patchkit.series.parse import parse_patch
from patchkit.series.patch import FileChange, Hunk, Line, LineKind
from patchkit.series.render import render_diff, render_patch, render_stat
from tests.builders import FORMAT, PLAIN, Commit, git, repository
from tests.depth import examples
from tests.series import strategies

if TYPE_CHECKING:
    from tests.series.strategies import Tree


def format_patch(before: Tree, after: Tree, message: str, *options: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        origin = repository(
            Path(folder), [Commit(files=before), Commit(files=after, message=message)]
        )
        return git(origin, *FORMAT, *options, "--stdout", "-1", "main")


def again(content: bytes) -> bytes:
    patch = parse_patch(content, name="x", file_name="0001-x.patch")
    assert patch.content == content
    return render_patch(patch.message, patch.files)


@examples(20)
@given(strategies.pairs_of_trees(), strategies.SUBJECTS, strategies.BODIES)
def test_what_git_wrote_is_written_again(trees: tuple[Tree, Tree], subject: str, body: str) -> None:
    before, after = trees
    assume(before != after)
    content = format_patch(before, after, f"{subject}\n\n{body}\n", "--no-renames")
    assert again(content) == content


@examples(15)
@given(strategies.moves())
def test_a_move_is_written_as_git_writes_it(trees: tuple[Tree, Tree]) -> None:
    content = format_patch(*trees, "move")
    assert again(content) == content


@examples(15)
@given(
    st.lists(
        st.tuples(
            st.one_of(
                st.text("abc/é", min_size=1, max_size=20), st.text("de/", min_size=50, max_size=120)
            ).map(lambda name: "/".join(part for part in name.split("/") if part) or "x"),
            st.integers(0, 2500),
            st.integers(0, 2500),
        ),
        min_size=1,
        max_size=4,
        unique_by=lambda file: file[0],
    )
)
def test_the_graph_is_scaled_as_git_scales_it(files: list[tuple[str, int, int]]) -> None:
    before: Tree = {"zz-anchor": (PLAIN, b"\n")}
    after: Tree = {"zz-anchor": (PLAIN, b"\n")}
    for path, added, removed in files:
        assume(
            not any(
                other.startswith(path + "/") or path.startswith(other + "/") for other in before
            )
        )
        before[path] = (PLAIN, b"same\n" + b"old\n" * removed)
        after[path] = (PLAIN, b"same\n" + b"new\n" * added)
    assume(before != after)
    content = format_patch(before, after, "scale")
    assert again(content) == content


def test_a_subject_and_no_body_is_written_as_git_writes_it() -> None:
    content = format_patch({"a": (PLAIN, b"1\n")}, {"a": (PLAIN, b"2\n")}, "only a subject")
    assert again(content) == content
    assert b"Subject: [PATCH] only a subject\n\n---\n" in content


def test_files_are_written_in_the_order_of_their_paths() -> None:
    lines = (Line(LineKind.ADDED, b"x\n"),)
    hunk = Hunk(old_start=0, new_start=1, heading=b"", lines=lines)
    files = [
        FileChange(old_path=None, new_path=path, new_mode=PLAIN, hunks=(hunk,))
        for path in ("b", "a", "a-b", "a/b")
    ]
    message = parse_patch(
        format_patch({"a": (PLAIN, b"1\n")}, {"a": (PLAIN, b"2\n")}, "x"), name="x", file_name="x"
    ).message
    written = render_patch(message, files)
    places = [written.index(f"diff --git a/{path} ".encode()) for path in ("a", "a-b", "a/b", "b")]
    assert places == sorted(places)


def test_a_diff_is_what_stands_after_the_message() -> None:
    content = format_patch({"a": (PLAIN, b"1\n")}, {"a": (PLAIN, b"2\n")}, "x")
    patch = parse_patch(content, name="x", file_name="x")
    assert content.endswith(b"\n\n" + render_diff(patch.files))


@pytest.mark.parametrize(
    ("count", "text"),
    [
        ((0, 0), " 1 file changed, 0 insertions(+), 0 deletions(-)"),
        ((1, 0), " 1 file changed, 1 insertion(+)"),
        ((0, 1), " 1 file changed, 1 deletion(-)"),
        ((2, 2), " 1 file changed, 2 insertions(+), 2 deletions(-)"),
    ],
)
def test_totals_are_in_english(count: tuple[int, int], text: str) -> None:
    added, removed = count
    lines = [Line(LineKind.REMOVED, b"x\n")] * removed + [Line(LineKind.ADDED, b"y\n")] * added
    hunk = Hunk(old_start=1, new_start=1, heading=b"", lines=tuple(lines))
    change = FileChange(old_path="a", new_path="a", hunks=(hunk,))
    assert render_stat([change]).splitlines()[-1] == text
