"""Functions are what git writes after a hunk's `@@`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from patchkit.rebase.apply import split_lines
from patchkit.rebase.functions import Functions, changed_functions, name_of
from tests.builders import git, numbered, text, upstream

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = [
    "#include <x.h>",
    "",
    "static int first(int a,",
    "                 int b) {",
    *numbered(8),
    "label:",
    *numbered(8),
    "}",
    "struct thing {",
    *numbered(8),
    "};",
    "int second(void) {",
    *numbered(8),
    "}",
]


def functions_of(lines: list[str]) -> Functions:
    return Functions(split_lines(text(*lines)))


@pytest.mark.parametrize(
    ("index", "name"),
    [
        (0, ""),
        (2, "first"),
        (8, "first"),
        (18, "first"),
        (25, "struct thing"),
        (len(SOURCE) - 2, "second"),
    ],
)
def test_the_enclosing_one_is_named(index: int, name: str) -> None:
    assert functions_of(SOURCE).enclosing(index) == name


def test_git_names_the_same(tmp_path: Path) -> None:
    functions = functions_of(SOURCE)
    for index in range(8, len(SOURCE) - 2):
        if not SOURCE[index].startswith("    "):
            continue
        changed = [*SOURCE[:index], "    changed();", *SOURCE[index + 1 :]]
        folder = tmp_path / str(index)
        upstream(folder, {"v260": {"x.c": text(*SOURCE)}, "v261": {"x.c": text(*changed)}})
        shown = git(folder, "diff", "-U0", "v260", "v261").split(b"@@", 2)[2].split(b"\n")[0]
        if not shown.strip().endswith(b":"):  # a label is a heading for git, and none for us
            assert name_of(shown.strip()) == functions.enclosing(index)


def test_a_body_is_from_its_heading_to_the_next() -> None:
    functions = functions_of(SOURCE)
    heading = functions.find("second")
    assert heading is not None
    assert heading == SOURCE.index("int second(void) {")
    assert b"".join(functions.body(heading)) == text("int second(void) {", *numbered(8), "}")
    assert functions.find("third") is None


def test_a_definition_is_preferred_to_a_declaration() -> None:
    lines = ["int f(void);", "int g(void) {", "    f();", "}", "int f(void) {", "}"]
    assert functions_of(lines).find("f") == 4
    assert functions_of(lines[:3]).find("f") == 0


def test_an_empty_file_has_none() -> None:
    assert functions_of([]).enclosing(0) == ""
    assert functions_of([]).heading(0) is None


def test_only_functions_that_differ_are_changed() -> None:
    before = (
        b"#include <a.h>\n\nint one(void) {\n        a();\n}\n\nint two(void) {\n        b();\n}\n"
    )
    after = before.replace(b"b();", b"c();")
    old, new = changed_functions(before, after)
    assert [function.name for function in old] == [function.name for function in new] == ["two"]
    assert b"c();" in new[0].text
    assert changed_functions(before, before) == ((), ())
    assert [function.text for function in changed_functions(b"", b"/* no heading */\n")[1]] == [
        b"/* no heading */\n"
    ]
