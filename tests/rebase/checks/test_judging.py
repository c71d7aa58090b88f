"""Rules that hold and that do not, on small C files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from patchkit.rebase.checks.intent import Intent
from patchkit.rebase.checks.judging import PatchChecks, Trees, astray, broken, failures, watched
from patchkit.rebase.checks.pattern import Pattern
from patchkit.rebase.decisions import Decisions
from patchkit.rebase.engine import rebase_series
from patchkit.rebase.outcome import ConflictReason, Outcome
from tests.builders import Change
from tests.rebase import support
from tests.rebase.strategies.trees import view

if TYPE_CHECKING:
    from pathlib import Path

    from patchkit.rebase.outcome import PatchResult

FILE = "src/core/cgroup.c"
RULE = "in attach of src/core/cgroup.c: runtime(...) under u->manager->unwritable"


def code(*body: str) -> bytes:
    return "\n".join(["static int attach(Unit *u) {", *body, "}", ""]).encode()


def judged(rule: str, content: bytes) -> str | None:
    return broken(Intent.parse(rule), view({FILE: content}))


@pytest.mark.parametrize(
    "body",
    [
        ["if (!u->manager->unwritable)", "        runtime(u);"],
        ["if (u->manager->unwritable)", "        return 0;", "runtime(u);"],
        [
            "if (u->manager->unwritable) {",
            "        log(u);",
            "        return 0;",
            "}",
            "runtime(u);",
        ],
        ["if (u->manager->unwritable)", "        return 0;", "if (x) {", "runtime(u);", "}"],
        ["if (!u->manager->unwritable && runtime(u))", "        go(u);"],
        ["x = u->manager->unwritable ? NULL : runtime(u);"],
    ],
)
def test_code_under_a_check(body: list[str]) -> None:
    assert judged(RULE, code(*body)) is None


@pytest.mark.parametrize(
    "body",
    [
        ["runtime(u);"],
        ["runtime(u);", "if (u->manager->unwritable)", "        return 0;"],
        ["if (u->manager->unwritable)", "        log(u);", "runtime(u);"],
        ["if (other)", "        return 0;", "runtime(u);"],
        ["if (runtime(u) && u->manager->unwritable)", "        go(u);"],
        ["if (u->manager->unwritable)", "        return 0;", "runtime(u);", "}", "int z(void) {"],
        ["if (!u->manager->unwritable)", "        runtime(u);", "runtime(v);"],
    ],
)
def test_code_that_is_not_under_the_check(body: list[str]) -> None:
    content = code(*body)
    if "int z(void) {" in body:
        content = content.replace(b"attach", b"other").replace(b"z(", b"attach(")
    assert judged(RULE, content) is not None


def test_what_a_function_is_to_have() -> None:
    rule = "in attach of src/core/cgroup.c: has log_warning($r, ...)"
    assert judged(rule, code('log_warning(r, "x");')) is None
    assert "lacks what it is to have" in str(judged(rule, code("x();")))


def test_what_a_function_is_never_to_have() -> None:
    rule = "in attach of src/core/cgroup.c: never ASSERT_PTR(...)"
    assert judged(rule, code("x();")) is None
    assert "never to have" in str(judged(rule, code("ASSERT_PTR(u);")))


def test_a_function_that_is_gone_holds_nothing() -> None:
    assert "is not in" in str(judged(RULE, b"int other(void) {\n}\n"))
    assert "lacks" in str(judged(RULE, code("x();")))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "has x",
        "in f: has x",
        "in f of a.c: has",
        "in f of a.c: x over y",
        "in f of a.c: ( under y",
    ],
)
def test_what_is_no_rule(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Intent.parse(text)


def trees(before: bytes, after: bytes) -> Trees:
    return Trees(before=view({FILE: before}), after=view({FILE: after}))


def test_a_function_that_the_merge_lost_is_named() -> None:
    checks = PatchChecks(files=(FILE,), functions=("attach", "gone", "declared"))
    content = code("x();") + b"int declared(void);\n"
    found = failures(checks, trees(content, content))
    assert [f.function for f in found] == ["gone", "declared"]


def test_syntax_errors_that_neither_side_has() -> None:
    fine, bad = trees(code("x();"), code("y();")), trees(code("x();"), code("x() +;", "gone(;"))
    checks = PatchChecks(files=(FILE, "README"))
    assert [f.path for f in failures(checks, bad, fine)] == [FILE]
    assert list(failures(checks, fine, fine)) == []


def test_what_the_patch_brings_along_is_no_error_of_the_merge() -> None:
    macro = trees(code("x();"), code("FOREACH(a, b)", "        x();", "FOREACH(c, d) e: ) {"))
    assert list(failures(PatchChecks(files=(FILE,)), macro, macro)) == []
    assert list(failures(PatchChecks(files=(FILE,)), macro)) == []


def two(attach: str, detach: str) -> bytes:
    """A file with two functions that are alike."""
    return "".join(
        f"static int {name}(Unit *u) {{\n        begin(u);\n{line}        end(u);\n}}\n\n"
        for name, line in (("attach", attach), ("detach", detach))
    ).encode()


LINE = "        guard(u);\n"
OTHER = "        guard(u, true);\n"


@pytest.mark.parametrize(
    ("before", "after", "is_astray"),
    [
        ((("", "")), (LINE, ""), False),
        ((("", "")), ("", LINE), True),  # it went into the function that looks the same
        ((("", "")), (OTHER, ""), False),  # another text, in the right place
        (((LINE, "")), (LINE, LINE), False),  # upstream has that part already
        (((OTHER, "")), (OTHER, LINE), True),
    ],
)
def test_a_change_is_in_the_function_that_it_is_for(
    before: tuple[str, str], after: tuple[str, str], is_astray: bool
) -> None:
    checks = PatchChecks(files=(FILE,), functions=("attach",))
    base = trees(two("", ""), two(LINE, ""))
    found = list(astray(checks, trees(two(*before), two(*after)), base))
    assert [(f.path, f.function) for f in found] == ([(FILE, "attach")] if is_astray else [])


def test_a_change_may_follow_code_to_a_function_that_is_new() -> None:
    checks = PatchChecks(files=(FILE,), functions=("attach",))
    base = trees(two("", ""), two(LINE, ""))
    old = b"static int attach(Unit *u) {\n        attach_all(u);\n}\n\n"
    moved = [two(line, "").replace(b" attach(", b" attach_all(") + old for line in ("", LINE)]
    assert list(astray(checks, trees(*moved), base)) == []


def test_a_function_that_the_patch_does_not_change_cannot_go_astray() -> None:
    checks = PatchChecks(files=(FILE,), functions=("detach", "absent"))
    base = trees(two("", ""), two(LINE, ""))
    assert list(astray(checks, trees(two("", ""), two("", "")), base)) == []


def test_a_clean_merge_into_the_wrong_function_is_a_conflict(tmp_path: Path) -> None:
    """The function was moved below its like, so that git's merge is clean, and wrong."""
    head, like = two("", "").split(b"static int detach", 1)
    swapped = b"static int detach" + like + head
    change = Change(message="cgroup: guard\n\nWhy.\n", files={FILE: two(LINE, "")})
    world = support.make(tmp_path, {FILE: two("", "")}, {FILE: swapped}, change)
    name = world.series.patches[0].name
    checks = {name: PatchChecks(files=(FILE,), functions=("attach",))}

    def rebased(**more: object) -> PatchResult:
        return rebase_series(
            world.series,
            base=world.view("v260"),
            target=world.view("v261"),
            base_name="v260",
            target_name="v261",
            **more,  # type: ignore[arg-type]
        ).results[0]

    alone = rebased()
    assert alone.outcome in (Outcome.CLEAN, Outcome.MERGED, Outcome.UNCHANGED)
    checked = rebased(checks=checks)
    assert checked.outcome is Outcome.CONFLICT
    assert "attach does not have the patch's change" in checked.evidence[-1].text


def test_new_code_of_a_kind_is_pointed_out() -> None:
    checks = PatchChecks(files=(FILE,), watch=(Pattern.parse("ASSERT_PTR(runtime(...))"),))
    before = code("        ASSERT_PTR(runtime(u));")
    now = code("        ASSERT_PTR(runtime(u));", "        ASSERT_PTR(runtime(v));")
    found = list(watched(checks, view({FILE: before}), view({FILE: now})))
    assert [(f.function, f.what) for f in found] == [
        ("attach", "has a new ASSERT_PTR(runtime(...))")
    ]
    assert list(watched(checks, view({FILE: now}), view({FILE: now}))) == []
    assert list(watched(checks, view({FILE: now}), view({FILE: before}))) == []


def test_a_merge_that_breaks_a_rule_is_a_conflict(tmp_path: Path) -> None:
    body = "".join(f"        step_{n}(u);\n" for n in range(9))
    before = f"static int attach(Unit *u) {{\n{body}        runtime(u);\n}}\n"
    guard = "        if (u->manager->unwritable)\n                return 0;\n"
    patched = before.replace(body, guard + body)
    after = before.replace("attach(Unit *u) {\n", "attach(Unit *u) {\n        runtime(u);\n", 1)
    change = Change(message="cgroup: guard\n\nWhy.\n", files={FILE: patched.encode()})
    world = support.make(tmp_path, {FILE: before.encode()}, {FILE: after.encode()}, change)
    name = world.series.patches[0].name
    checks = {name: PatchChecks(files=(FILE,), intents=(Intent.parse(RULE),))}

    def rebased(target: str) -> PatchResult:
        return rebase_series(
            world.series,
            base=world.view("v260"),
            target=world.view(target),
            base_name="v260",
            target_name=target,
            decisions=Decisions(accepted=frozenset({name})),
            checks=checks,
        ).results[0]

    assert rebased("v260").outcome is Outcome.UNCHANGED
    broken_one = rebased("v261")
    assert broken_one.outcome is Outcome.CONFLICT
    assert broken_one.conflict is not None
    assert broken_one.conflict.files[0].reason is ConflictReason.BROKEN
    assert "not under a check of u->manager->unwritable" in broken_one.evidence[-1].text
