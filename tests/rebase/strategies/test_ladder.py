"""A whole patch beyond git's merge, on real repositories and patches that git wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING

from patchkit.rebase.decisions import Decisions
from patchkit.rebase.outcome import ConflictReason, Outcome
from patchkit.rebase.strict import apply_series
from tests.builders import Change
from tests.rebase import support

if TYPE_CHECKING:
    from pathlib import Path

    from tests.rebase.support import World

C = "src/core/main.c"
STEPS = "".join(f"        step_{n}(manager);\n" for n in range(12))
BASE = f"int setup(Manager *m) {{\n        int r;\n\n        r = attach(m);\n        if (r < 0)\n\
                return r;\n{STEPS}        return 0;\n}}\n"
OURS = BASE.replace("if (r < 0)", "if (r < 0 && !in_container())")
THEIRS = BASE.replace("r = attach(m);", "r = attach_everywhere(m);")


def world(folder: Path, before: str, after: str, patched: str) -> World:
    change = Change(message="main: do it\n\nWhy.\n", files={C: patched.encode()})
    return support.make(folder, {C: before.encode()}, {C: after.encode()}, change)


def test_neighbouring_changes_are_resolved_and_the_patch_applies(tmp_path: Path) -> None:
    made = world(tmp_path, BASE, THEIRS, OURS)
    result = made.rebase()
    (one,) = result.results
    assert (one.outcome, one.strategy) == (Outcome.RESOLVED, "adjacent lines")
    assert one.evidence
    state = apply_series(result.series, made.view("v261")).read(C)
    assert state is not None
    assert state.content == THEIRS.replace("if (r < 0)", "if (r < 0 && !in_container())").encode()


def test_a_doubtful_result_waits_and_is_taken_when_accepted(tmp_path: Path) -> None:
    theirs = BASE.replace("r = attach(m);", "r = attach (m);")
    made = world(tmp_path, BASE, theirs, OURS)
    result = made.rebase()
    (one,) = result.results
    assert one.outcome is Outcome.PROPOSED
    assert result.conflict is one
    assert one.proposal is not None
    assert one.conflict is not None
    assert b"<<<<<<<" in (one.conflict.files[0].marked or b"")
    accepted = made.rebase(decisions=Decisions(accepted=frozenset({one.original.name})))
    (taken,) = accepted.results
    assert taken.outcome is Outcome.RESOLVED
    proposed = one.proposal[C]
    assert proposed == apply_series(accepted.series, made.view("v261")).read(C)


def test_a_true_conflict_stays_one(tmp_path: Path) -> None:
    theirs = BASE.replace("if (r < 0)", "if (r <= 0)")
    result = world(tmp_path, BASE, theirs, BASE.replace("if (r < 0)", "if (r == 0)")).one()
    assert result.outcome is Outcome.CONFLICT
    assert result.proposal is None


def test_nothing_is_proposed_when_nothing_would_be_left(tmp_path: Path) -> None:
    theirs = BASE.replace(
        "        r = attach(m);\n        if (r < 0)\n                return r;\n", ""
    )
    assert world(tmp_path, BASE, theirs, OURS).one().outcome is Outcome.CONFLICT


def test_a_clean_merge_that_calls_what_the_target_lacks_is_only_proposed(tmp_path: Path) -> None:
    header, without = b"int helper_call(int r);\n", b"int other(int r);\n"
    include = '#include "util.h"\n'
    patched = include + BASE.replace("return 0;", "return helper_call(0);")
    change = Change(
        message="main: help\n\nWhy.\n", files={C: patched.encode(), "src/util.h": header}
    )
    before = {C: (include + BASE).encode(), "src/util.h": header}
    after = {C: (include + BASE).encode(), "src/util.h": without}
    result = support.make(tmp_path, before, after, change).one()
    assert result.outcome is Outcome.PROPOSED
    assert "the target does not know helper_call" in result.evidence[0].text
    assert result.conflict is not None
    assert result.conflict.files[0].reason is ConflictReason.UNKNOWN


def test_code_that_went_into_another_file_is_only_proposed(tmp_path: Path) -> None:
    other = "src/core/manager.c"
    much = "".join(f"void unrelated_function_{n}(void);\n" for n in range(60))
    change = Change(message="main: do it\n\nWhy.\n", files={C: OURS.encode(), other: much.encode()})
    before = {C: BASE.encode(), other: much.encode()}
    made = support.make(tmp_path, before, {other: (much + BASE).encode()}, change)
    result = made.one()
    assert result.outcome is Outcome.PROPOSED
    assert result.strategy == "code moved to another file"
    assert result.proposal is not None
    state = result.proposal[other]
    assert state is not None
    assert state.content == (much + OURS).encode()


def test_a_file_that_the_target_never_had_is_left_out_and_that_is_said(tmp_path: Path) -> None:
    extra = "src/core/extra.c"
    change = Change(
        message="main: do it\n\nWhy.\n",
        files={C: OURS.encode(), extra: b"int extra_function_changed(void);\n"},
    )
    before = {C: BASE.encode(), extra: b"int extra_function_before(void);\n"}
    result = support.make(tmp_path, before, {C: BASE.encode()}, change).one()
    assert result.outcome is Outcome.PROPOSED
    assert result.left_out == ("int extra_function_changed(void);",)
    assert result.proposal is not None
    assert set(result.proposal) == {C}
