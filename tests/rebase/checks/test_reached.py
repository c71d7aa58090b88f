"""Functions that are still reached, and that are not, on small C files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from patchkit.rebase.checks.judging import PatchChecks
from patchkit.rebase.checks.reached import Lost, lost, uses
from patchkit.rebase.engine import rebase_series
from patchkit.rebase.facts import Facts
from patchkit.rebase.outcome import ConflictReason, FileState, Outcome
from patchkit.rebase.tree import TreeView
from tests.builders import Change
from tests.rebase import support
from tests.rebase.strategies.trees import Files, view

if TYPE_CHECKING:
    from pathlib import Path

    from patchkit.rebase.outcome import RebaseResult

FILE = "src/core/unit.c"
OWN = "static int stop(Unit *u) {\n        return stop_all(u);\n}\n"
CALL = "int go(Unit *u) {\n        return stop(u);\n}\n"


@pytest.mark.parametrize(
    "text",
    [
        "int go(void) {\n        return stop(u);\n}\n",
        "int go(void) {\n        return stop (u);\n}\n",
        "const Table table = {\n        .stop = stop,\n};\n",
        "static Handler *handler = stop;\n",
        "static const Handler handlers[] = { stop, NULL };\n",
        "int go(void) {\n        p = &stop;\n}\n",
        "int go(void) {\n        _cleanup_(stop) Unit *u = NULL;\n}\n",
        "DEFINE_TRIVIAL_CLEANUP_FUNC(Unit*, stop);\n",
        "SOME_TABLE(\nstop,\n0);\n",
        "#define STOP(u) stop(u)\n",
        "#define STOP(u) \\\nstop(u)\n",
        "#  define STOP stop\n",
        'int go(void) {\n        log("/*");\n        return stop(u);\n}\n',
        "int go(void) {\n        log('\"');\n        return stop(u);\n}\n",
        "/* it's\n}\n over */\nint go(void) {\n        return stop(u);\n}\n",
        "static inline int go(void) { return stop(); }\n",
        "int go(void) {\n        if (x)\n                stop(u);\n        stop_all(u);\n}\n",
    ],
)
def test_a_use_counts(text: str) -> None:
    assert uses(text.encode(), b"stop")
    assert uses((OWN + text).encode(), b"stop")
    assert uses((text + OWN).encode(), b"stop")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "static int stop(Unit *u);\n",
        "int stop(\n                Unit *u,\n                int x);\n",
        "_printf_(2, 3) int stop(Unit *u, const char *f, ...);\n",
        'static int stop(Unit *u) __attribute__((alias("x")));\n',
        "Unit* stop (Unit *u) _pure_;\n",
        "static int\nstop(Unit *u);\n",
        "int go(void) {\n        extern int stop(Unit *u);\n}\n",
        "/* stop(u) */\n",
        "/*\n * stop(u)\n */\n",
        "int go(void) {\n        // stop(u)\n}\n",
        "int go(void) {\n        /* here we\n           call stop(u) */\n        x();\n}\n",
        "/* old code\nint go(void) {\n        return stop(u);\n}\n*/\n",
        'int go(void) {\n        log("then \\"stop(u)\\"");\n}\n',
        "int go(void) {\n        nonstop(u);\n        stop_all(u);\n        stop2(u);\n}\n",
        "int go(void) {\n        u->vtable->stop(u);\n        x.stop(u);\n}\n",
        "const Table table = {\n        .stop = stop_unit,\n};\n",
        '#include "stop.h"\n#include <stop.h>\n#undef stop\n#ifdef stop\n#endif\n',
        "#define stop(u) stop_unit(u)\n",
        "static int stop(Unit *u) {\n        return stop(u->next);\n}\n",
        "static int stop(Unit *u) { return stop(u->next); }\n",
    ],
)
def test_what_is_no_use(text: str) -> None:
    assert not uses(text.encode(), b"stop")


def test_a_definition_on_one_line_ends_there() -> None:
    assert uses(b"static int stop(void) { return 0; }\n" + CALL.encode(), b"stop")


def lost_of(
    before: dict[str, str], after: dict[str, str], *names: str, paths: tuple[str, ...] = (FILE,)
) -> list[tuple[str, str, bool]]:
    found = lost(names or ("stop",), paths, base=tree(before), target=tree(after), facts=Facts())
    return [(each.path, each.function, each.is_static) for each in found]


def tree(files: dict[str, str]) -> TreeView:
    return view({path: text.encode() for path, text in files.items()})


def test_a_static_function_that_is_still_called() -> None:
    assert lost_of({FILE: OWN + CALL}, {FILE: CALL + OWN}) == []


def test_a_static_function_that_lost_its_last_call() -> None:
    assert lost_of({FILE: OWN + CALL}, {FILE: OWN}) == [(FILE, "stop", True)]
    prototype = "static int stop(Unit *u);\n"
    assert lost_of({FILE: OWN + CALL}, {FILE: prototype + OWN}) == [(FILE, "stop", True)]
    there = {FILE: OWN, "src/core/other.c": CALL}
    assert lost_of({FILE: OWN + CALL}, there) == [(FILE, "stop", True)]


def test_a_static_function_whose_type_has_a_line_of_its_own() -> None:
    own = OWN.replace("static int stop", "static int\nstop")
    assert lost_of({FILE: own + CALL}, {FILE: own}) == [(FILE, "stop", True)]


def test_a_function_that_never_was_reached() -> None:
    assert lost_of({FILE: OWN}, {FILE: OWN}) == []
    assert lost_of({FILE: OWN}, {FILE: OWN + CALL}) == []


def test_a_function_that_is_gone_is_for_others_to_tell() -> None:
    assert lost_of({FILE: OWN + CALL}, {FILE: CALL}) == []
    assert lost_of({FILE: OWN + CALL}, {}) == []


def test_an_exported_function_is_searched_for_everywhere_below() -> None:
    own = OWN.removeprefix("static ")
    header = {"src/core/unit.h": "int stop(Unit *u);\n", "src/a/deep/x.c": "x\n", "test/x.c": CALL}
    base = {FILE: own + CALL, **header}
    assert lost_of(base, {FILE: own, **header}) == [(FILE, "stop", False)]
    for place in ("src/core/a.c", "src/z.h", "src/a/deep/y.c", "src/core/unit.h"):
        assert lost_of(base, {FILE: own, **header, place: CALL}) == []
    assert lost_of({FILE: own, **header}, {FILE: own, **header}) == []
    assert lost_of(base, {FILE: own, **header, "src/y.py": CALL}) == [(FILE, "stop", False)]


def test_an_exported_function_of_a_file_at_the_top() -> None:
    own = OWN.removeprefix("static ")
    base = {"unit.c": own, "main.c": CALL}
    assert lost_of(base, base, paths=("unit.c",)) == []
    assert lost_of(base, {"unit.c": own}, paths=("unit.c",)) == [("unit.c", "stop", False)]


def test_a_file_that_the_patch_adds_counts() -> None:
    own = OWN.removeprefix("static ")
    added = support_state(CALL)
    base = tree({FILE: own}).with_changes({"src/core/new.c": added})
    found = lost(["stop"], [FILE], base=base, target=tree({FILE: own}), facts=Facts())
    (gone,) = found
    assert (
        gone.what == "is reached no longer: nothing below src/ calls it or takes its name any more"
    )
    assert list(lost(["stop"], [FILE], base=base, target=base, facts=Facts())) == []


def support_state(text: str) -> FileState:
    return FileState(mode=0o100644, content=text.encode())


def test_the_entry_is_called_by_the_system() -> None:
    main = "int main(void) {\n        return 0;\n}\n"
    assert lost_of({FILE: main + "int f(void) {\n        main();\n}\n"}, {FILE: main}, "main") == []


def test_what_cannot_be_read_may_have_a_use() -> None:
    own = OWN.removeprefix("static ")
    base = tree({FILE: own + CALL})
    target = view({FILE: own.encode(), "src/core/big.c": None})
    assert list(lost(["stop"], [FILE], base=base, target=target, facts=Facts())) == []


class Counting(Files):
    """A source that counts what is read."""

    read: tuple[str, ...] = ()

    def blob(self, id: str) -> bytes:  # noqa: A002
        object.__setattr__(self, "read", (*self.read, id))
        return super().blob(id)


def test_where_a_use_was_found_is_remembered_and_checked(tmp_path: Path) -> None:
    own = OWN.removeprefix("static ").encode()
    files = {FILE: own, "src/z.c": CALL.encode(), "src/core/a.c": b"a\n", "src/core/b.c": b"b\n"}

    def reads(content: dict[str, bytes]) -> int:
        source, facts = Counting(content), Facts.open(tmp_path / "facts")
        there = TreeView(source=source, tree=source.tree())
        assert list(lost(["stop"], [FILE], base=view(files), target=there, facts=facts)) == []
        facts.keep()
        return len(source.read)

    assert (reads(files), reads(files)) == (4, 2)
    moved = {**files, "src/z.c": b"", "src/core/b.c": CALL.encode()}
    assert reads(moved) == 4
    assert reads({**files, "src/core/a.c": b"another\n"}) == 2, "where the base has it"


BODY = "".join(f"        step_{n}(u);\n" for n in range(9))
SERVED = f"{OWN.replace('return', f'{BODY}        return')}\n{CALL}"


def rebased(tmp_path: Path, own: str, after: str, **more: str) -> RebaseResult:
    """A patch within `stop`, onto a release that has `after`."""
    patched = own.replace("step_4(u)", "step_four(u)")
    change = Change(message="unit: stop\n\nWhy.\n", files={FILE: patched.encode()})
    there = {FILE: after.encode(), **{path: text.encode() for path, text in more.items()}}
    world = support.make(tmp_path, {FILE: own.encode()}, there, change)
    checks = {world.series.patches[0].name: PatchChecks(files=(FILE,), functions=("stop",))}
    return rebase_series(
        world.series,
        base=world.view("v260"),
        target=world.view("v261"),
        base_name="v260",
        target_name="v261",
        checks=checks,
    )


def test_a_clean_merge_into_dead_code_is_a_conflict(tmp_path: Path) -> None:
    after = SERVED.replace("return stop(u)", "return other(u)")
    (result,) = rebased(tmp_path, SERVED, after).results
    assert result.outcome is Outcome.CONFLICT
    assert result.conflict is not None
    assert [f.reason for f in result.conflict.files] == [ConflictReason.BROKEN]
    said = Lost(path=FILE, function="stop", is_static=True).what
    assert result.evidence[-1].text == f"{FILE} stop {said}"


def test_an_exported_function_that_nothing_reaches_is_pointed_out(tmp_path: Path) -> None:
    own = SERVED.removeprefix("static ")
    after = own.replace("return stop(u)", "return other(u)")
    (result,) = rebased(tmp_path, own, after).results
    assert result.outcome is Outcome.UNCHANGED
    assert [n.function for n in result.notices if "reached no longer" in n.what] == ["stop"]


def test_a_function_that_is_called_from_elsewhere_is_no_news(tmp_path: Path) -> None:
    own = SERVED.removeprefix("static ")
    after = own.replace("return stop(u)", "return other(u)")
    (result,) = rebased(tmp_path, own, after, **{"src/b.c": CALL}).results
    assert [n for n in result.notices if "reached" in n.what] == []
