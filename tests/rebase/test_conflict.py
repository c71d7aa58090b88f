"""What is said of a conflict: its sides, its place, and where lines went."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchkit.rebase.conflict import has_markers, mark_without_base, regions, sides_of
from patchkit.rebase.objects import Labels, ObjectSpace, difference
from tests.builders import numbered, text

LABELS = Labels(target="v261", base="v260", patch="main (patch)")


def merged(base: bytes, target: bytes, patch: bytes) -> bytes:
    merge = ObjectSpace().merge(base=base, target=target, patch=patch, labels=LABELS)
    assert not merge.clean
    return merge.content


def test_sides_are_read_from_markers() -> None:
    marked = merged(text("a", "b", "c"), text("new", "a", "B", "c"), text("a", "bb", "c"))
    (sides,), _ = sides_of(marked, LABELS)
    assert (sides.target, sides.base, sides.patch) == ((b"B\n",), (b"b\n",), (b"bb\n",))
    assert sides.index == 2


@pytest.mark.parametrize(
    ("base", "target", "patch"),
    [
        (b"", text("B"), text("b")),
        (text("b"), b"", text("x")),
        (text("b"), text("B"), b""),
    ],
    ids=["nothing before", "nothing upstream", "nothing of the patch"],
)
def test_a_side_without_content_is_a_side(base: bytes, target: bytes, patch: bytes) -> None:
    marked = merged(base, target, patch)
    assert has_markers(marked)
    (sides,), _ = sides_of(marked, LABELS)
    assert b"".join(sides.target) == target
    assert b"".join(sides.base) == base
    assert b"".join(sides.patch) == patch


_LINES = st.lists(st.sampled_from(["a", "b", "c", "d", "e", "f"]), min_size=1, max_size=10)


@given(_LINES, _LINES, _LINES)
def test_a_conflict_s_place_is_where_its_target_s_lines_are(
    base: list[str], target: list[str], patch: list[str]
) -> None:
    merge = ObjectSpace().merge(
        base=text(*base), target=text(*target), patch=text(*patch), labels=LABELS
    )
    assert has_markers(merge.content) == (not merge.clean)
    for region in regions(merge.content, LABELS, target=text(*target), path="x.c"):
        at = region.line - 1
        assert tuple(target[at : at + len(region.target)]) == region.target


def test_lines_that_went_elsewhere_are_found_by_function() -> None:
    base = text("int f(void) {", *numbered(3), "    a_telling_line(r);", *numbered(3, start=4), "}")
    target = text(
        "int f(void) {", *numbered(3), "    g();", *numbered(3, start=4), "}",
        "int g(void) {", "        a_telling_line(r);", "}",
    )  # fmt: skip
    patch = base.replace(b"a_telling_line", b"another_line")
    (region,) = regions(merged(base, target, patch), LABELS, target=target, path="x.c")
    (moved,) = region.moved
    assert (moved.line, moved.function, moved.path) == (11, "g", "x.c")


def test_lines_that_say_nothing_or_are_there_twice_are_not_called_moved() -> None:
    base = text("f {", "    }", "    twice_in_there();", "z")
    target = text("f {", "    g();", "z", "    }", "    twice_in_there();", "    twice_in_there();")
    patch = text("f {", "    x();", "z")
    for region in regions(merged(base, target, patch), LABELS, target=target, path="x.c"):
        assert region.moved == ()


def test_without_a_base_hunks_are_laid_where_they_fit_best() -> None:
    old = text(*numbered(20))
    new = old.replace(b"    statement_10();\n", b"    patched();\n")
    target = text("above", *numbered(20)).replace(b"    statement_11();\n", b"    other();\n")
    marked = mark_without_base(target, difference(old, new), LABELS)
    (sides,), _ = sides_of(marked, LABELS)
    assert b"    other();\n" in sides.target
    assert b"    statement_11();\n" in sides.base
    assert b"    patched();\n" in sides.patch
    rest = marked.split(b"<<<<<<< v261\n")[0]
    assert rest == text("above", *numbered(6))


def test_without_a_base_a_hunk_that_fits_nowhere_is_at_the_end() -> None:
    old, new = text("p", "q"), text("p", "r")
    marked = mark_without_base(text("a", "b"), difference(old, new), LABELS)
    assert marked.startswith(text("a", "b") + b"<<<<<<< v261\n||||||| v260\n")
    assert has_markers(marked)


@pytest.mark.parametrize(
    "line", ["<<<<<<<", "<<<<<<< x", "||||||| x", ">>>>>>>", ">>>>>>> x\r", "<<<<<<<\r"]
)
def test_markers_are_seen(line: str) -> None:
    assert has_markers(text("a", line, "b"))


@pytest.mark.parametrize("line", ["=======", "<<<<<<<<", " <<<<<<< x", ">>>>>>>x", "a <<<<<<< b"])
def test_what_is_no_marker_is_not_taken_for_one(line: str) -> None:
    assert not has_markers(text("a", line, "b"))
