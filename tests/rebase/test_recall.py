"""What a person made of a conflict settles the same conflict elsewhere, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchkit.rebase.checks.intent import Intent
from patchkit.rebase.checks.judging import PatchChecks
from patchkit.rebase.decisions import BY_HAND, REMEMBERED, WAITS, Decisions
from patchkit.rebase.engine import rebase_series
from patchkit.rebase.lesson import NO_NEWLINE, Lesson, Memory, halves, told, untold
from patchkit.rebase.outcome import ConflictReason, FileState, Outcome, Resolution
from tests import builders
from tests.builders import EXECUTABLE, PLAIN, Change, numbered, text
from tests.depth import examples
from tests.rebase import support
from tests.rebase.histories import histories

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from patchkit.rebase.outcome import PatchResult
    from tests.rebase.histories import History
    from tests.rebase.support import World

C = "src/core/main.c"
NAME = "main-change"


def code(line: str, *, above: int = 0, near: str = "    statement_5();") -> bytes:
    head = [f"#include <header_{n}.h>" for n in range(above)]
    body = [near if each == "    statement_5();" else each for each in numbered(10)]
    return text(*head, "int main(void) {", *body, line, *numbered(10, start=11), "}")


RESOLVED = code("    goto keep;")
CHANGE = Change(message="main: change\n\nWhy.\n", files={C: code("    return keep(r);")})
BASE = {C: code("    return r;")}
CONFLICTING = {C: code("    goto fail;")}


def file(content: bytes, mode: int = PLAIN) -> FileState:
    return FileState(mode=mode, content=content)


def settled(world: World, made: Mapping[str, FileState | None], **how: Any) -> PatchResult:
    """A rebase in which a person made something of the one patch."""
    name = world.series.patches[0].name
    decisions = Decisions(resolutions={name: Resolution(files=made)})
    return world.rebase(decisions=decisions, **how).results[0]


def memory(lesson: Lesson | None, *, release: str = "v261", accepted: bool = False) -> Memory:
    assert lesson is not None
    return Memory(
        lesson=lesson,
        release=release,
        base="v260",
        by="A Tester",
        date="2026-01-02T03:04:05+00:00",
        accepted=accepted,
        file="patches/resolutions/x.json",
    )


def learnt(world: World, made: Mapping[str, FileState | None]) -> dict[str, Memory]:
    kept = memory(settled(world, made).lesson)
    return {kept.lesson.key: kept}


def elsewhere(folder: Path, after: builders.Files, memories: Mapping[str, Memory]) -> PatchResult:
    """The same patch onto another release, of which nobody decided anything."""
    world = support.make(folder, BASE, after, CHANGE)
    builders.append(
        folder, [builders.Commit(files=after, tag="v262")], branch="other", start="v260^0"
    )
    return world.rebase(decisions=Decisions(remembered=memories), target="v262").results[0]


def content(result: PatchResult) -> bytes:
    assert result.patch is not None
    return result.patch.content


@pytest.fixture
def world(tmp_path: Path) -> World:
    return support.make(tmp_path / "first", BASE, CONFLICTING, CHANGE)


# The same conflict


def test_it_is_settled_on_another_release_at_other_lines(world: World, tmp_path: Path) -> None:
    memories = learnt(world, {C: file(RESOLVED)})
    result = elsewhere(tmp_path / "second", {C: code("    goto fail;", above=7)}, memories)
    assert (result.outcome, result.strategy) == (Outcome.RESOLVED, REMEMBERED)
    assert b"-    goto fail;\n+    goto keep;\n" in content(result)
    assert result.memory in memories.values()
    assert "A Tester resolved the same conflict on 2026-01-02 for v261" in result.evidence[0].text


def test_blanks_at_line_ends_make_no_other_conflict(world: World, tmp_path: Path) -> None:
    memories = learnt(world, {C: file(RESOLVED)})
    result = elsewhere(tmp_path / "second", {C: code("    goto fail; \t")}, memories)
    assert result.strategy == REMEMBERED
    assert b"-    goto fail; \t\n+    goto keep;\n" in content(result)


def test_on_its_own_release_it_is_by_hand_as_it_was(world: World) -> None:
    first = settled(world, {C: file(RESOLVED)})
    kept = memory(first.lesson)
    again = world.rebase(decisions=Decisions(remembered={kept.lesson.key: kept})).results[0]
    assert (again.outcome, again.strategy) == (Outcome.RESOLVED, BY_HAND)
    assert content(again) == content(first)


def test_what_was_edited_around_it_follows(world: World, tmp_path: Path) -> None:
    made = text("#include <keep.h>", "") + RESOLVED.replace(
        b"    statement_18();\n", b"    statement_18(keep);\n"
    )
    memories = learnt(world, {C: file(made)})
    (lesson,) = (m.lesson for m in memories.values())
    assert len(lesson.files[0].edits) == 2
    other = code("    goto fail;", near="    statement_five();")
    result = elsewhere(tmp_path / "second", {C: other}, memories)
    assert result.strategy == REMEMBERED
    for line in (b"+#include <keep.h>", b"+    statement_18(keep);", b"+    goto keep;"):
        assert line in content(result)
    assert b"-    statement_five" not in content(result)


def test_two_places_are_settled_each_in_its_way(tmp_path: Path) -> None:
    def twice(one: str, two: str) -> bytes:
        return code(one) + b"\n" + code(two).replace(b"main", b"more")

    change = Change(message="main: change\n\nWhy.\n",
                    files={C: twice("    return keep(r);", "    return keep(q);")})  # fmt: skip
    before, after = {C: twice("    return r;", "    return q;")}, {C: twice("  a();", "  b();")}
    world = support.make(tmp_path, before, after, change)
    made = {C: file(twice("  keep_a();", "  keep_b();"))}
    (kept,) = learnt(world, made).values()
    assert [place.resolved for place in kept.lesson.files[0].places] == [
        ("  keep_a();",),
        ("  keep_b();",),
    ]
    again = world.rebase(decisions=Decisions(remembered={kept.lesson.key: kept})).results[0]
    assert content(again) == content(settled(world, made))


def test_files_that_a_person_adds_changes_moves_and_removes(world: World) -> None:
    made = {
        C: file(RESOLVED, EXECUTABLE),
        "src/core/keep.c": file(b"int keep;\n"),
        "run.sh": file(b"#!/bin/sh\n", EXECUTABLE),
    }
    (kept,) = learnt(world, made).values()
    again = world.rebase(decisions=Decisions(remembered={kept.lesson.key: kept})).results[0]
    assert content(again) == content(settled(world, made))
    gone: dict[str, FileState | None] = {C: None, "src/core/keep.c": file(b"int keep;\n")}
    (kept,) = learnt(world, gone).values()
    again = world.rebase(decisions=Decisions(remembered={kept.lesson.key: kept})).results[0]
    assert content(again) == content(settled(world, gone))


def test_a_file_that_upstream_removed(tmp_path: Path) -> None:
    new = "src/core/init.c"
    moved = text(*numbered(30, start=50))
    world = support.make(tmp_path, {**BASE, new: moved}, {new: moved}, CHANGE)
    assert world.one().conflict is not None
    made = {C: None, new: file(moved + b"    return keep(r);\n")}
    (kept,) = learnt(world, made).values()
    assert [f.reason for f in kept.lesson.files] == [None, ConflictReason.GONE]
    again = world.rebase(decisions=Decisions(remembered={kept.lesson.key: kept})).results[0]
    assert content(again) == content(settled(world, made))


def test_without_the_base_s_tree(world: World) -> None:
    made = {C: file(RESOLVED)}
    first = settled(world, made, three_way=False)
    kept = memory(first.lesson)
    again = world.rebase(
        decisions=Decisions(remembered={kept.lesson.key: kept}), three_way=False
    ).results[0]
    assert content(again) == content(first)


# Every way to decline


def declined(result: PatchResult, *because: str) -> None:
    assert result.outcome is Outcome.CONFLICT
    assert result.memory is None
    said = " ".join(each.text for each in result.evidence)
    for words in because:
        assert words in said


@pytest.mark.parametrize(
    "line", ["    goto failed;", "        goto fail;", "    goto fail;\n    abort();"]
)
def test_another_conflict_is_not_settled(world: World, tmp_path: Path, line: str) -> None:
    memories = learnt(world, {C: file(RESOLVED)})
    declined(elsewhere(tmp_path / "second", {C: code(line)}, memories))


def test_line_ends_of_another_system_are_another_conflict(world: World, tmp_path: Path) -> None:
    memories = learnt(world, {C: file(RESOLVED)})
    declined(elsewhere(tmp_path / "second", {C: code("    goto fail;\r")}, memories))


def test_another_patch_is_not_settled(world: World) -> None:
    memories = learnt(world, {C: file(RESOLVED)})
    (patch,) = world.series.patches
    renamed = replace(world.series, patches=(replace(patch, name="another"),))
    result = world.rebase(decisions=Decisions(remembered=memories), series=renamed).results[0]
    declined(result)
    assert result.evidence == ()


def test_an_edit_around_it_that_has_no_place(world: World, tmp_path: Path) -> None:
    made = RESOLVED.replace(b"    statement_18();\n", b"    statement_18(keep);\n")
    memories = learnt(world, {C: file(made)})
    other = code("    goto fail;").replace(b"statement_18", b"statement_eighteen")
    declined(
        elsewhere(tmp_path / "second", {C: other}, memories),
        "that does not fit",
        "no longer",
        "statement_18",
    )


def test_an_edit_around_it_that_has_two_places(world: World, tmp_path: Path) -> None:
    made = RESOLVED.replace(b"    statement_18();\n", b"    statement_18(keep);\n")
    memories = learnt(world, {C: file(made)})
    other = text("int twin(void) {", *numbered(10, start=11), "}") + code("    goto fail;")
    declined(elsewhere(tmp_path / "second", {C: other}, memories), "more than once")


def test_a_file_that_is_there_already(world: World, tmp_path: Path) -> None:
    added = "src/core/keep.c"
    memories = learnt(world, {C: file(RESOLVED), added: file(b"int keep;\n")})
    after = {C: code("    goto fail;"), added: b"int kept;\n"}
    declined(elsewhere(tmp_path / "second", after, memories), f"there is a {added} already")


def test_a_file_that_is_there_no_longer(tmp_path: Path) -> None:
    header = "src/core/keep.h"
    world = support.make(
        tmp_path / "first", {**BASE, header: b"int a;\n"}, {**CONFLICTING, header: b"int a;\n"},
        CHANGE,
    )  # fmt: skip
    memories = learnt(world, {C: file(RESOLVED), header: file(b"int a, keep;\n")})
    other = support.make(tmp_path / "second", {**BASE, header: b"int a;\n"}, CONFLICTING, CHANGE)
    result = other.rebase(decisions=Decisions(remembered=memories)).results[0]
    declined(result, f"the release has no {header}")


def test_it_changes_nothing_there(world: World) -> None:
    memories = learnt(world, {C: file(RESOLVED)})
    ((key, kept),) = memories.items()
    (lesson_file,) = kept.lesson.files
    (place,) = lesson_file.places
    idle = replace(lesson_file, places=(replace(place, resolved=("    goto fail;",)),))
    kept = replace(kept, lesson=replace(kept.lesson, files=(idle,)))
    result = world.rebase(decisions=Decisions(remembered={key: kept})).results[0]
    declined(result, "changes nothing here")


def test_markers_are_never_let_through(world: World) -> None:
    ((key, kept),) = learnt(world, {C: file(RESOLVED)}).items()
    (lesson_file,) = kept.lesson.files
    marked = replace(lesson_file.places[0], resolved=("<<<<<<< x", "a"))
    lesson = replace(kept.lesson, files=(replace(lesson_file, places=(marked,)),))
    kept = replace(kept, lesson=lesson)
    result = world.rebase(decisions=Decisions(remembered={key: kept})).results[0]
    declined(result, "conflict markers stay")


def test_one_that_breaks_a_rule_is_a_conflict_again(world: World) -> None:
    memories = learnt(world, {C: file(RESOLVED)})
    (patch,) = world.series.patches

    def rebased(rule: str) -> PatchResult:
        return rebase_series(
            world.series,
            base=world.view("v260"),
            target=world.view("v261"),
            base_name="v260",
            target_name="v262",
            decisions=Decisions(remembered=memories),
            checks={patch.name: PatchChecks(files=(C,), intents=(Intent.parse(rule),))},
        ).results[0]

    assert rebased(f"in main of {C}: has statement_1()").strategy == REMEMBERED
    result = rebased(f"in main of {C}: has keep(...)")
    declined(result, "A Tester resolved the same conflict", "does not hold", "lacks what it is to")
    assert result.conflict is not None
    assert result.conflict.files[0].reason is ConflictReason.CONTENT
    assert result.conflict.files[0].regions  # the person gets the conflict, not the failed try


def test_what_is_not_text_is_not_kept(tmp_path: Path) -> None:
    world = support.make(tmp_path / "first", BASE, CONFLICTING, CHANGE)
    assert settled(world, {C: file(RESOLVED + b"\xff\n")}).lesson is None
    assert settled(world, {C: file(RESOLVED)}).lesson is not None
    binary = {C: code("    goto fail;").replace(b"goto fail", b"goto \xff")}
    other = support.make(tmp_path / "second", BASE, binary, CHANGE)
    result = settled(other, {C: file(RESOLVED)})
    assert (result.outcome, result.lesson) == (Outcome.RESOLVED, None)


# Proposals and rules


def test_a_merge_that_breaks_a_rule_can_be_settled_by_hand(tmp_path: Path) -> None:
    after = {C: code("    return r;", near="    statement_five();")}
    world = support.make(tmp_path, BASE, after, CHANGE)
    rule = PatchChecks(files=(C,), intents=(Intent.parse(f"in main of {C}: has statement_5()"),))
    (patch,) = world.series.patches

    def rebased(target: str, decisions: Decisions) -> PatchResult:
        return rebase_series(
            world.series,
            base=world.view("v260"),
            target=world.view("v261"),
            base_name="v260",
            target_name=target,
            decisions=decisions,
            checks={patch.name: rule},
        ).results[0]

    waiting = rebased("v261", Decisions())
    assert waiting.outcome is Outcome.CONFLICT
    made = Resolution(files={C: file(code("    return keep(r);"))})
    first = rebased("v261", Decisions(resolutions={patch.name: made}))
    assert (first.outcome, first.strategy) == (Outcome.RESOLVED, BY_HAND)
    kept = memory(first.lesson)
    again = rebased("v262", Decisions(remembered={kept.lesson.key: kept}))
    assert again.strategy == REMEMBERED
    assert content(again) == content(first)


# Properties

_MADE = st.lists(
    st.one_of(
        st.sampled_from((b"}", b"", b"    return r;", b"<x>")),
        st.text(st.characters(codec="utf-8"), max_size=6).map(str.encode),
    ),
    max_size=4,
)


@st.composite
def _someone_s(draw: st.DrawFn, drafted: bytes) -> bytes:
    """What somebody made of a draft: no markers, and some lines of their own."""
    lines = [
        line
        for line in drafted.split(b"\n")
        if not line.startswith((b"<<<<<<<", b"|||||||", b"=======", b">>>>>>>"))
    ]
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(lines)))
        lines[at : at + draw(st.integers(0, 3))] = draw(_MADE)
    return b"\n".join(lines).replace(b"<<<<<<<", b"").replace(b"|||||||", b"").replace(
        b">>>>>>>", b"")  # fmt: skip


@examples(25)
@given(histories(), st.data())
def test_whatever_is_learnt_gives_back_what_was_made(history: History, data: st.DataObject) -> None:
    with support.world(history.before, history.after, *history.changes) as world:
        result = world.rebase()
        waiting = result.conflict
        if waiting is None or waiting.conflict is None:
            return
        made = {
            path: file(data.draw(_someone_s(state.content)), state.mode) if state else None
            for path, state in waiting.conflict.draft.items()
        }
        name = waiting.original.name
        try:
            first = world.rebase(decisions=Decisions(resolutions={name: Resolution(files=made)}))
        except Exception as error:  # noqa: BLE001 - what changes nothing is refused
            assert "changes nothing" in str(error)
            return
        one = first.results[len(result.results) - 1]
        if one.lesson is None:
            return
        kept = memory(one.lesson)
        again = world.rebase(decisions=Decisions(remembered={kept.lesson.key: kept}))
        two = again.results[len(result.results) - 1]
        assert (two.outcome, two.strategy) == (one.outcome, one.strategy)
        assert content(two) == content(one)


class Everything(dict[str, Memory]):
    """Remembers one and the same of every conflict."""

    def get(self, key: str, default: Any = None) -> Any:
        """Whatever is asked for."""
        assert key
        return next(iter(self.values()), default)


def test_everything_is_asked(world: World) -> None:
    everything = Everything(learnt(world, {C: file(RESOLVED)}))
    assert world.rebase(decisions=Decisions(remembered=everything)).results[0].memory


@examples(20)
@given(histories())
def test_no_memory_changes_what_needs_nobody(history: History) -> None:
    lesson = Lesson(patch="x", files=())
    everything = Everything({"": memory(lesson)})
    with support.world(history.before, history.after, *history.changes) as world:
        plain = [r for r in world.rebase().results if r.outcome not in WAITS]
        told = world.rebase(decisions=Decisions(remembered=everything)).results
        assert list(told[: len(plain)]) == plain


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n\\"), max_size=8)),
       st.booleans())  # fmt: skip
def test_lines_come_back(lines: list[str], ended: bool) -> None:
    raw = [line.encode() + b"\n" for line in lines]
    if raw and not ended:
        raw[-1] = raw[-1].removesuffix(b"\n")
    assert untold(told(raw)) == raw


def test_halves_of_an_edit() -> None:
    edit = (" a", "-b", NO_NEWLINE, "+c", NO_NEWLINE)
    assert halves(edit) == ([b"a\n", b"b"], [b"a\n", b"c"])
