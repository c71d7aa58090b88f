"""Upstream's changes near a patch are named, and only those."""

from __future__ import annotations

from patchkit.rebase.neighbourhood import notices
from patchkit.rebase.objects import difference
from tests.builders import numbered, text

BASE = ["int f(void) {", *numbered(9), "}", "int g(void) {", *numbered(9, start=20), "}"]


def said(target: list[str], patched: int) -> list[tuple[str, str]]:
    """What is said of a patch that changes the line at an index of the target."""
    changed = [*target[:patched], "    patched();", *target[patched + 1 :]]
    hunks = difference(text(*target), text(*changed))
    found = notices("src/x.c", text(*BASE), text(*target), hunks)
    assert {notice.path for notice in found} <= {"src/x.c"}
    return [(notice.function, notice.what) for notice in found]


def test_nothing_changed_nothing_said() -> None:
    assert said(BASE, 3) == []


def test_a_change_in_the_same_function_is_named() -> None:
    target = [line.replace("statement_9()", "statement_nine()") for line in BASE]
    assert said(target, 3) == [("f", "changed upstream (2 lines)")]


def test_a_change_in_another_function_is_not() -> None:
    target = [line.replace("statement_21()", "other()") for line in BASE]
    assert said(target, 3) == []


def test_a_line_more_is_one_line() -> None:
    target = [*BASE[:9], "    more();", *BASE[9:]]
    assert said(target, 3) == [("f", "changed upstream (1 line)")]


def test_a_function_that_is_new_is_named() -> None:
    target = [line.replace("int f(", "int new_f(") for line in BASE]
    assert said(target, 3) == [("new_f", "is new upstream")]


def test_the_context_alone_touches_nothing() -> None:
    target = [line.replace("statement_21()", "other()") for line in BASE]
    at = target.index("int g(void) {") - 2
    assert [function for function, _ in said(target, at)] == []
