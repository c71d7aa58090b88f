"""Upstream's changes near a patch are named, and only those."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from patchkit.rebase.neighbourhood import TouchedFile, notices
from patchkit.rebase.objects import difference
from tests.builders import numbered, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from patchkit.series.patch import Hunk

BASE = ["int f(void) {", *numbered(9), "}", "int g(void) {", *numbered(9, start=20), "}"]


def touched(
    base: list[str], target: list[str], hunks: Sequence[Hunk], written: Sequence[Hunk] = ()
) -> TouchedFile:
    return TouchedFile(
        path="src/x.c",
        old_path="src/x.c",
        base=text(*base),
        target=text(*target),
        written=written,
        hunks=hunks,
    )


def said(target: list[str], patched: int) -> list[tuple[str, str]]:
    """What is said of a patch that changes the line at an index of the target."""
    changed = [*target[:patched], "    patched();", *target[patched + 1 :]]
    hunks = difference(text(*target), text(*changed))
    found = notices([touched(BASE, target, hunks)])
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


# What matters most comes first


def function(name: str, *body: str, before: int = 12, after: int = 12) -> list[str]:
    """A function of systemd's style, with plain statements before and after."""
    steps = [f"        {name}_{n}();" for n in range(before + after)]
    return [f"int {name}(void) {{", *steps[:before], *body, *steps[before:], "}", ""]


def near(base: list[str], target: list[str], mark: str = "        mark();") -> list[str]:
    """What is said of a patch that adds a line after each `mark` line of both."""
    added = mark.replace("mark", "added")
    patched = [[x for line in side for x in (line, *[added] * (line == mark))]
               for side in (base, target)]  # fmt: skip
    written, hunks = (
        difference(text(*side), text(*new))
        for side, new in zip((base, target), patched, strict=True)
    )
    return [f"{n.function}: {n.what}" for n in notices([touched(base, target, hunks, written)])]


def test_a_line_right_beside_the_patch() -> None:
    base = function("f", "        x();", "        mark();")
    target = function("f", "        y();", "        mark();")
    assert near(base, target) == ["f: changed upstream (2 lines; 2 beside the patch's own)"]
    assert near(base, function("f", "        mark();")) == [
        "f: changed upstream (1 line; 1 beside the patch's own)"
    ]


def test_what_the_patch_stands_under() -> None:
    def under(condition: str) -> list[str]:
        steps = [f"                s_{n}();" for n in range(6)]
        return function("f", f"        if ({condition}) {{", *steps, "                mark();",
                        *steps, "        }")  # fmt: skip

    mark = "                mark();"
    there = "f: changed upstream (2 lines; what the patch's own stand under, too)"
    assert near(under("a"), under("b"), mark) == [there]
    assert near(under("a"), under("a"), mark) == []


def test_the_if_of_an_else() -> None:
    def branches(condition: str) -> list[str]:
        steps = [f"                s_{n}();" for n in range(6)]
        return function("f", f"        if ({condition}) {{", *steps, "        } else {", *steps,
                        "                mark();", *steps, "        }")  # fmt: skip

    (told,) = near(branches("a"), branches("b"), "                mark();")
    assert "stand under" in told


def test_indentation_alone_is_not_beside() -> None:
    base = function("f", "        x();", "        mark();")
    target = function("f", "          x();", "        mark();")
    assert near(base, target) == ["f: changed upstream (2 lines)"]


def test_what_the_patch_calls() -> None:
    base = [*function("grow", "        a();"), *function("f", "        grow();", "        mark();")]
    target = [
        *function("grow", "        b();"),
        *function("f", "        grow();", "        mark();"),
    ]
    assert near(base, target) == ["grow: changed upstream (2 lines), and the patch's lines call it"]
    unrelated = [line.replace("        grow();", "        h();") for line in target]
    assert not any(told.startswith("grow:") for told in near(base, unrelated))


def test_a_prototype_is_not_what_it_calls() -> None:
    base = [
        "int grow(int x);",
        "#define A 1",
        "",
        *function("f", "        grow();", "        mark();"),
    ]
    target = ["int grow(int x);", "#define A 2", "", *base[3:]]
    assert near(base, target) == []


def test_the_nearest_first_then_the_larger() -> None:
    """Beside the patch, then a callee, then the same function by how much; the file last."""
    mark = "        mark();"

    def code(word: str, count: int) -> list[str]:
        return [
            *function("little", mark),
            *function("much", mark),
            *function("beside", f"        {word}();", mark),
            *function("callee", *[f"        {word}_{n}();" for n in range(count)]),
        ]

    base = code("old", 3)
    target = [line.replace(" little_0(", " x(") for line in code("new", 3)]
    for n in range(4):
        target = [line.replace(f" much_{n}(", " y(") for line in target]
    base, target = ([line.replace("beside_11()", "callee()") for line in x] for x in (base, target))
    told = near(base, target)
    assert [line.partition(":")[0] for line in told] == ["beside", "callee", "much", "little"]
    assert near(base, target) == told


def test_lines_of_the_patch_that_are_gone_and_a_renamed_file() -> None:
    base = [*function("f", "        mark();"), *function("g", "        mark();")]
    target = [line.replace("f_0()", "x()") for line in base]
    written = difference(text(*base), text(*base).replace(b"mark", b"made"))
    hunks = difference(text(*target), text(*target).replace(b"mark", b"made"))[:1]
    file = replace(touched(base, target, hunks, written), old_path="src/old.c")
    assert [n.what for n in notices([file])] == [
        "2 hunks became 1: part is upstream?",
        "changed upstream (2 lines)",
        "is src/old.c, renamed upstream",
    ]


def test_the_order_is_that_of_the_patch_where_all_else_is_alike() -> None:
    base = [*function("b", "        mark();"), *function("a", "        mark();")]
    target = [line.replace("_0()", "_zero()") for line in base]
    hunks = difference(text(*target), text(*target).replace(b"mark", b"made"))
    one = touched(base, target, hunks)
    other = replace(one, path="src/a.c", old_path="src/a.c")
    found = [(n.path, n.function) for n in notices([one, other])]
    assert found == [("src/x.c", "b"), ("src/x.c", "a"), ("src/a.c", "b"), ("src/a.c", "a")]
