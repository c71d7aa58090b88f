"""What stands around a patch's lines is read off the text, whatever the text is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchkit.rebase.apply import split_lines
from patchkit.rebase.functions import Functions
from patchkit.rebase.objects import difference
from patchkit.rebase.surroundings import called, surroundings

LINE = ["int f(void) {", "        if (a) {", "\tx();", "        } else {", "}", "", "l:"]
LINES = st.lists(st.sampled_from(LINE), max_size=14)


def above(*lines: str) -> set[bytes]:
    """What the line `patched();` stands under when a patch adds it."""
    before = [line for line in lines if "patched" not in line]
    old, new = ("".join(f"{line}\n" for line in each).encode() for each in (before, lines))
    found = surroundings(difference(old, new), Functions(split_lines(old)))
    return {line for each in found.values() for line in each.above}


@pytest.mark.parametrize(
    ("lines", "stands_under"),
    [
        (["        patched();"], set()),
        (["        if (a)", "                patched();"], {"if (a)"}),
        (["        if (a) {", "                x();", "                patched();"], {"if (a) {"}),
        (["        if (a) {", "                x();", "        }", "        patched();"], set()),
        (["        if (a &&", "            b) {", "                patched();"],
         {"if (a &&", "b) {"}),
        (["\tif (a)", "\t\tpatched();"], {"if (a)"}),
        (["        switch (a) {", "        case 1:", "                patched();"], {"case 1:"}),
        (["        if (a) {", "                x();", "        } else if (b) {",
          "                y();", "        } else {", "                patched();"],
         {"if (a) {", "} else if (b) {", "} else {"}),
        (["        while (a) {", "#if 1", "        /* why */", "",
          "                patched();"], {"while (a) {"}),
        (["        if (a) {", "finish:", "                patched();"], {"if (a) {"}),
    ],
)  # fmt: skip
def test_what_a_line_stands_under(lines: list[str], stands_under: set[str]) -> None:
    found = above("int f(void) {", *lines, "}")
    assert found == {line.encode() for line in stands_under}


def test_what_is_called() -> None:
    hunks = difference(b"a\n", b"a\n  _cleanup_(free_it) X *x = make (y);\n  if (z) q = w;\n")
    assert called(hunks) == {b"_cleanup_", b"free_it", b"make"}


@given(LINES, LINES)
def test_any_text_has_surroundings_of_its_own_lines(old: list[str], new: list[str]) -> None:
    before, after = ("".join(f"{line}\n" for line in each).encode() for each in (old, new))
    functions = Functions(split_lines(before))
    own = {line.strip() for line in functions.lines}
    for heading, around in surroundings(difference(before, after), functions).items():
        assert functions.heading(heading) == heading
        assert around.beside | around.above <= own


def test_a_stretch_that_leaves_a_function_touches_both() -> None:
    old = b"int f(void) {\n  a();\n}\nint g(void) {\n  b();\n}\nint h(void) {\n  c();\n}\n"
    functions = Functions(split_lines(old))
    gone = difference(old, old.replace(b"  a();\n}\nint g(void) {\n  b();\n", b""))
    assert sorted(surroundings(gone, functions)) == [0, 3]
