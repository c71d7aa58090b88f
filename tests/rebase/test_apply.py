"""Hunks go where they say, or where all of their context stands, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from patchkit.rebase.apply import Applied, Refused, apply_exactly, apply_nearby, split_lines
from patchkit.rebase.objects import difference
from patchkit.series.patch import Hunk, Line, LineKind
from tests.builders import text
from tests.series import strategies

ADDED, CONTEXT, REMOVED = LineKind.ADDED, LineKind.CONTEXT, LineKind.REMOVED


def hunk(start: int, *lines: tuple[LineKind, bytes]) -> Hunk:
    return Hunk(
        old_start=start, new_start=start, heading=b"", lines=tuple(Line(*line) for line in lines)
    )


REPLACE = hunk(2, (CONTEXT, b"b\n"), (REMOVED, b"c\n"), (ADDED, b"C\n"), (CONTEXT, b"d\n"))


@given(st.binary(max_size=60))
def test_lines_are_split_at_newlines_only(content: bytes) -> None:
    lines = split_lines(content)
    assert b"".join(lines) == content
    assert all(line.count(b"\n") == 1 and line.endswith(b"\n") for line in lines[:-1])
    assert all(lines)


@given(strategies.contents(), st.data())
def test_a_difference_applies_where_it_says(old: bytes, data: st.DataObject) -> None:
    new = data.draw(strategies.edited(old))
    hunks = difference(old, new)
    assert apply_exactly(old, hunks) == new
    applied = apply_nearby(old, hunks)
    assert isinstance(applied, Applied)
    assert applied.content == new
    assert not any(applied.offsets)


@given(
    st.lists(st.integers(0, 99), max_size=6), st.lists(st.integers(0, 99), max_size=6), st.data()
)
def test_lines_that_are_each_unlike_any_other_are_found_wherever_they_are(
    above: list[int], shown: list[int], data: st.DataObject
) -> None:
    del shown
    old = b"".join(b"line %d\n" % n for n in range(20))
    at = data.draw(st.integers(0, 19))
    new = old.replace(b"line %d\n" % at, b"changed\n")
    moved = b"".join(b"above %d\n" % n for n in above)
    applied = apply_nearby(moved + old, difference(old, new))
    assert isinstance(applied, Applied)
    assert applied.content == moved + new
    assert applied.offsets == (len(above),)


@given(strategies.contents(), st.data())
def test_what_is_applied_elsewhere_has_all_of_the_context(
    content: bytes, data: st.DataObject
) -> None:
    old = data.draw(strategies.contents())
    new = data.draw(strategies.edited(old))
    hunks = difference(old, new)
    assume(hunks)
    applied = apply_nearby(content, hunks)
    if isinstance(applied, Refused):
        assert apply_exactly(content, hunks) is None
        return
    lines = split_lines(content)
    for each, offset in zip(hunks, applied.offsets, strict=True):
        start = each.old_index + offset
        assert tuple(lines[start : start + len(each.old_lines)]) == each.old_lines


def test_exactly_means_exactly() -> None:
    assert apply_exactly(text("a", "b", "c", "d"), [REPLACE]) == text("a", "b", "C", "d")
    assert apply_exactly(text("a", "b", "c", "d", "e"), [REPLACE]) is not None
    assert apply_exactly(text("b", "c", "d"), [REPLACE]) is None
    assert apply_exactly(text("a", "b", "c", "D"), [REPLACE]) is None


def test_context_that_is_there_twice_is_not_guessed_at() -> None:
    twice = text("x", "x", "b", "c", "d", "b", "c", "d")
    assert apply_nearby(twice, [REPLACE]) == Refused(hunk=0, places=(2, 5))


def test_the_place_that_it_names_wins_over_others() -> None:
    applied = apply_nearby(text("a", "b", "c", "d", "b", "c", "d"), [REPLACE])
    assert applied == Applied(content=text("a", "b", "C", "d", "b", "c", "d"), offsets=(0,))


def test_context_that_is_nowhere_is_refused() -> None:
    assert apply_nearby(text("a", "b"), [REPLACE]) == Refused(hunk=0, places=())


def test_hunks_keep_their_order() -> None:
    first = hunk(1, (REMOVED, b"1\n"), (ADDED, b"one\n"))
    second = hunk(2, (REMOVED, b"2\n"), (ADDED, b"two\n"))
    assert apply_nearby(text("2", "1"), [first, second]) == Refused(hunk=1, places=())
    assert apply_exactly(text("1", "2"), [second, first]) is None


def test_a_new_file_s_hunk_wants_nothing_there() -> None:
    new = hunk(0, (ADDED, b"x\n"))
    assert apply_exactly(b"", [new]) == b"x\n"
    assert apply_exactly(b"y\n", [new]) is None
    assert apply_nearby(b"y\n", [new]) == Refused(hunk=0)


def test_a_missing_newline_is_only_at_the_end() -> None:
    bare = hunk(1, (REMOVED, b"a"), (ADDED, b"b"))
    assert apply_exactly(b"a", [bare]) == b"b"
    assert apply_exactly(b"a\n", [bare]) is None
    cut = hunk(1, (REMOVED, b"a\n"), (ADDED, b"b"))
    assert apply_exactly(b"a\nmore\n", [cut]) is None


@pytest.mark.parametrize(
    "lines",
    [
        [(CONTEXT, b"a\n"), (CONTEXT, b"b\n"), (ADDED, b"x\n"), (CONTEXT, b"c\n")],
        [(CONTEXT, b"a\n"), (CONTEXT, b"b\n"), (REMOVED, b"c\n")],
        [(REMOVED, b"a\n"), (REMOVED, b"b\n"), (REMOVED, b"c\n"), (ADDED, b"x\n")],
    ],
    ids=["less context after", "no context after", "no context at all"],
)
def test_a_hunk_for_the_end_of_a_file_wants_the_end(lines: list[tuple[LineKind, bytes]]) -> None:
    """git apply, or patch, or both refuse it anywhere else."""
    at_the_end = hunk(1, *lines)
    assert apply_exactly(text("a", "b", "c"), [at_the_end]) is not None
    assert apply_exactly(text("a", "b", "c", "more"), [at_the_end]) is None
