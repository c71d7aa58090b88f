"""Every outcome of a rebase, on small real repositories and patches that git wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from patchkit.errors import InconsistentError, UsageError
from patchkit.rebase.decisions import BY_HAND, Decisions
from patchkit.rebase.outcome import ConflictReason, FileState, Outcome, Resolution
from patchkit.rebase.strict import apply_series
from patchkit.series.parse import parse_patch
from patchkit.series.patch import Series
from patchkit.upstream.store import MissingObjectError
from tests import builders
from tests.builders import EXECUTABLE, LINK, PLAIN, Change, numbered, text
from tests.rebase import support

if TYPE_CHECKING:
    from pathlib import Path

    from patchkit.rebase.outcome import PatchResult
    from tests.builders import Files
    from tests.rebase.support import World

SETUP = [
    "int mount_setup(bool loaded) {",
    *numbered(12),
    "    if (r < 0)",
    "        return r;",
    *numbered(12, start=13),
    "}",
]
C = "src/core/main.c"
AT = SETUP.index("        return r;")


def lines(*, above: int = 0, setup: list[str] = SETUP) -> list[str]:
    return [f"#include <header_{n}.h>" for n in range(above)] + setup


def patched(base: list[str]) -> list[str]:
    """The file with the patch of these tests."""
    return ["        return ignore(r);" if line == "        return r;" else line for line in base]


def replaced(base: list[str], old: str, *new: str) -> list[str]:
    at = base.index(old)
    return [*base[:at], *new, *base[at + 1 :]]


CHANGE = Change(
    message="main: ignore it\n\nElse nothing boots.\n", files={C: text(*patched(SETUP))}
)
BEFORE: Files = {C: text(*SETUP), "README": b"systemd\n"}


def rebase(folder: Path, after: Files, *changes: Change, before: Files = BEFORE) -> World:
    return support.make(folder, before, after, *(changes or (CHANGE,)))


def content(result: PatchResult, world: World, path: str = C, tag: str = "v261") -> bytes:
    """What the target's file becomes with the new patch, strictly applied."""
    assert result.patch is not None
    state = apply_series(Series((result.patch,)), world.view(tag)).read(path)
    assert state is not None
    return state.content


# Unchanged, clean, merged


def test_same_text_same_place_is_unchanged_and_keeps_its_bytes(tmp_path: Path) -> None:
    after = {C: text(*SETUP, "", "void more(void) {", "}"), "README": b"newer\n"}
    world = rebase(tmp_path, after)
    result = world.one()
    assert result.outcome is Outcome.UNCHANGED
    assert result.patch is world.series.patches[0]
    assert result.offsets == (0,)


def test_what_stood_at_the_end_and_does_no_more_is_written_anew(tmp_path: Path) -> None:
    """Its lines are all in place, and yet neither git nor patch would take it."""
    before = text(*SETUP, "last")
    change = Change(message="main: x", files={C: text(*SETUP, "patched", "last")})
    world = rebase(tmp_path, {C: before + b"more\n" * 5}, change, before={C: before})
    result = world.one()
    assert result.outcome is Outcome.MERGED
    assert content(result, world) == text(*SETUP, "patched", "last") + b"more\n" * 5


@pytest.mark.parametrize(("above", "offset"), [(3, 3), (40, 40)])
def test_same_change_at_other_lines_is_clean(tmp_path: Path, above: int, offset: int) -> None:
    world = rebase(tmp_path, {C: text(*lines(above=above))})
    result = world.one()
    assert result.outcome is Outcome.CLEAN
    assert result.offsets == (offset,)
    assert content(result, world) == text(*lines(above=above, setup=patched(SETUP)))
    assert result.patch is not None
    assert result.patch.content != world.series.patches[0].content
    assert result.patch.message == world.series.patches[0].message


def test_lines_taken_away_above_give_a_negative_offset(tmp_path: Path) -> None:
    before = {C: text(*lines(above=9))}
    change = Change(message="main: x", files={C: text(*lines(above=9, setup=patched(SETUP)))})
    world = rebase(tmp_path, {C: text(*lines(above=2))}, change, before=before)
    result = world.one()
    assert (result.outcome, result.offsets) == (Outcome.CLEAN, (-7,))


def test_context_that_upstream_changed_is_merged(tmp_path: Path) -> None:
    after = replaced(SETUP, "    statement_11();", "    statement_eleven();")
    world = rebase(tmp_path, {C: text(*after)})
    result = world.one()
    assert result.outcome is Outcome.MERGED
    assert content(result, world) == text(*patched(after))


def test_every_hunk_has_its_own_way(tmp_path: Path) -> None:
    two = [*SETUP, *[line.replace("mount", "unmount") for line in SETUP]]
    before = {C: text(*two)}
    change = Change(message="main: x", files={C: text(*patched(two))})
    middle = [*SETUP, "int in_between(void) {", "}", *two[len(SETUP) :]]
    world = rebase(tmp_path, {C: text("", *middle)}, change, before=before)
    result = world.one()
    assert (result.outcome, result.offsets) == (Outcome.CLEAN, (1, 3))


def test_the_function_that_upstream_changed_is_named(tmp_path: Path) -> None:
    after = replaced(SETUP, "    statement_1();", "    statement_1(a);")
    result = rebase(tmp_path, {C: text(*after)}).one()
    assert [(n.path, n.function) for n in result.notices] == [(C, "mount_setup")]


def test_later_patches_stand_on_earlier_ones(tmp_path: Path) -> None:
    first = patched(SETUP)
    second = replaced(first, "        return ignore(r);", "        return ignore(r, true);")
    changes = (CHANGE, Change(message="other: again", files={C: text(*second)}))
    world = rebase(tmp_path, {C: text(*lines(above=4))}, *changes)
    result = world.rebase()
    assert [r.outcome for r in result.results] == [Outcome.CLEAN, Outcome.CLEAN]
    tree = apply_series(result.series, world.view("v261"))
    state = tree.read(C)
    assert state is not None
    assert state.content == text(*lines(above=4, setup=second))


# Upstream


def test_what_upstream_took_is_upstream(tmp_path: Path) -> None:
    result = rebase(tmp_path, {C: text(*lines(above=6, setup=patched(SETUP)))}).one()
    assert result.outcome is Outcome.UPSTREAM
    assert result.patch is None


def test_what_upstream_took_next_to_other_changes_is_upstream(tmp_path: Path) -> None:
    after = replaced(patched(SETUP), "    statement_1();", "    statement_one();")
    assert rebase(tmp_path, {C: text(*after)}).one().outcome is Outcome.UPSTREAM


def test_a_patch_after_one_that_is_upstream_goes_on(tmp_path: Path) -> None:
    first = patched(SETUP)
    second = replaced(first, "    statement_8();", "    statement_eight();")
    changes = (CHANGE, Change(message="other: two", files={C: text(*second)}))
    world = rebase(tmp_path, {C: text(*lines(above=5, setup=first))}, *changes)
    result = world.rebase()
    assert [r.outcome for r in result.results] == [Outcome.UPSTREAM, Outcome.CLEAN]
    assert len(result.series.patches) == 1


def test_a_part_that_upstream_took_is_told_of(tmp_path: Path) -> None:
    two = [*SETUP, *[line.replace("mount", "unmount") for line in SETUP]]
    change = Change(message="main: x", files={C: text(*patched(two))})
    half = [*patched(SETUP), *two[len(SETUP) :]]
    result = rebase(tmp_path, {C: text(*half)}, change, before={C: text(*two)}).one()
    assert result.outcome is Outcome.MERGED
    assert result.patch is not None
    assert result.patch.hunk_count == 1
    assert any("2 hunks became 1" in notice.what for notice in result.notices)


def test_of_two_files_one_upstream_is_no_reason_to_drop_the_patch(tmp_path: Path) -> None:
    other = "src/core/other.c"
    before = {C: text(*SETUP), other: text(*SETUP)}
    both = Change(message="main: x", files={C: text(*patched(SETUP)), other: text(*patched(SETUP))})
    after = {C: text(*patched(SETUP)), other: text(*SETUP)}
    result = rebase(tmp_path, after, both, before=before).one()
    assert result.outcome is Outcome.MERGED
    assert result.patch is not None
    assert result.patch.paths == (other,)
    assert result.notices


@pytest.mark.parametrize(
    "after",
    [
        [line for line in SETUP if "return r" not in line],
        [line for line in SETUP if "statement_1" not in line],
        ["int something_else(void) {", "}"],
        [],
        replaced(SETUP, "        return r;", "        return r == -EPERM ? 0 : r;"),
    ],
    ids=["line gone", "context gone", "all gone", "empty", "other change"],
)
@pytest.mark.parametrize("three_way", [True, False])
def test_what_merely_fails_is_never_called_upstream(
    tmp_path: Path, after: list[str], three_way: bool
) -> None:
    result = rebase(tmp_path, {C: text(*after)}).one(three_way=three_way)
    assert result.outcome not in (Outcome.UPSTREAM, Outcome.UNCHANGED, Outcome.CLEAN)


def test_a_removal_that_upstream_made_in_passing_is_not_upstream(tmp_path: Path) -> None:
    gone = [line for line in SETUP if line != "    statement_5();"]
    change = Change(message="main: x", files={C: text(*gone)})
    rewritten = ["int all_new(void) {", "        return 0;", "}"]
    result = rebase(tmp_path, {C: text(*rewritten)}, change).one()
    assert result.outcome is Outcome.CONFLICT


# Conflicts


def test_both_sides_changed_the_same_lines(tmp_path: Path) -> None:
    theirs = replaced(SETUP, "        return r;", "        goto fail;")
    world = rebase(tmp_path, {C: text(*lines(above=2, setup=theirs))})
    result = world.one()
    assert result.outcome is Outcome.CONFLICT
    assert result.conflict is not None
    (file,) = result.conflict.files
    assert (file.path, file.reason) == (C, ConflictReason.CONTENT)
    (region,) = file.regions
    assert region.line == AT + 2 + 1
    assert region.function == "mount_setup"
    assert region.target == ("        goto fail;",)
    assert region.base == ("        return r;",)
    assert region.patch == ("        return ignore(r);",)
    draft = result.conflict.draft[C]
    assert draft is not None
    marks = [line for line in draft.content.decode().splitlines() if line[:7] in _MARKERS]
    assert marks[0] == "<<<<<<< v261"
    assert marks[1] == "||||||| v260"
    assert marks[3].startswith(">>>>>>> ")


_MARKERS = ("<<<<<<<", "|||||||", "=======", ">>>>>>>")


def test_a_conflict_says_where_upstream_moved_the_lines(tmp_path: Path) -> None:
    moved = [
        *replaced(SETUP, "        return r;", "        return mount_finish(r);"),
        "int mount_finish(int r) {",
        "    very_telling_call(r);",
        "        return ignore_nothing_at_all(r);",
        "}",
    ]
    base = replaced(SETUP, "        return r;", "        return ignore_nothing_at_all(r);")
    mine = replaced(SETUP, "        return r;", "        return ignore_everything(r);")
    change = Change(message="main: x", files={C: text(*mine)})
    result = rebase(tmp_path, {C: text(*moved)}, change, before={C: text(*base)}).one()
    assert result.conflict is not None
    (moved_line,) = result.conflict.files[0].regions[0].moved
    assert moved_line.function == "mount_finish"
    assert moved_line.line == moved.index("        return ignore_nothing_at_all(r);") + 1
    assert "ignore_nothing_at_all" in moved_line.text


def test_a_rebase_stops_at_the_first_conflict(tmp_path: Path) -> None:
    second = Change(message="other: x", files={"README": b"patched\n"})
    theirs = replaced(SETUP, "        return r;", "        goto fail;")
    world = rebase(tmp_path, {**BEFORE, C: text(*theirs)}, CHANGE, second)
    result = world.rebase()
    assert [r.outcome for r in result.results] == [Outcome.CONFLICT]
    assert result.conflict is result.results[0]
    assert result.series.patches == ()


def test_upstream_removed_the_file(tmp_path: Path) -> None:
    result = rebase(tmp_path, {"README": b"systemd\n"}).one()
    assert result.conflict is not None
    (file,) = result.conflict.files
    assert (file.path, file.reason) == (C, ConflictReason.GONE)


@pytest.mark.parametrize("three_way", [True, False])
def test_upstream_has_a_file_of_that_name(tmp_path: Path, three_way: bool) -> None:
    change = Change(message="main: new file", files={"new.c": b"ours\n"})
    result = rebase(tmp_path, {**BEFORE, "new.c": b"theirs\n"}, change).one(three_way=three_way)
    assert result.conflict is not None
    (file,) = result.conflict.files
    assert (file.path, file.reason) == ("new.c", ConflictReason.EXISTS)
    assert file.marked is not None
    assert b"ours\n" in file.marked
    assert b"theirs\n" in file.marked


@pytest.mark.parametrize("three_way", [True, False])
def test_upstream_changed_a_file_that_the_patch_removes(tmp_path: Path, three_way: bool) -> None:
    change = Change(message="main: away", files={"README": None})
    result = rebase(tmp_path, {**BEFORE, "README": b"more to read\n"}, change).one(
        three_way=three_way
    )
    assert result.conflict is not None
    (file,) = result.conflict.files
    assert file.path == "README"
    assert file.reason is (ConflictReason.CHANGED if three_way else ConflictReason.CONTEXT)


@pytest.mark.parametrize("three_way", [True, False])
def test_a_symlink_in_place_of_a_file(tmp_path: Path, three_way: bool) -> None:
    result = rebase(tmp_path, {C: (LINK, b"/etc/passwd")}).one(three_way=three_way)
    assert result.conflict is not None
    (file,) = result.conflict.files
    assert (file.path, file.reason) == (C, ConflictReason.KIND)
    assert file.marked is None


@pytest.mark.parametrize("three_way", [True, False])
def test_a_folder_in_place_of_a_file(tmp_path: Path, three_way: bool) -> None:
    result = rebase(tmp_path, {C + "/inner.c": text(*SETUP)}).one(three_way=three_way)
    assert result.conflict is not None
    assert result.conflict.files[0].reason is ConflictReason.KIND


@pytest.mark.parametrize("three_way", [True, False])
def test_a_link_where_the_patch_adds_a_file(tmp_path: Path, three_way: bool) -> None:
    change = Change(message="main: new file", files={"new.c": b"ours\n"})
    world = rebase(tmp_path, {**BEFORE, "new.c": (LINK, b"README")}, change)
    result = world.one(three_way=three_way)
    assert result.conflict is not None
    assert result.conflict.files[0].reason is ConflictReason.KIND


# New, removed, executable, linked, moved


def test_a_new_file_goes_along(tmp_path: Path) -> None:
    change = Change(message="main: new", files={"new/x.sh": (EXECUTABLE, b"#!/bin/sh\n")})
    world = rebase(tmp_path, {**BEFORE, "README": b"newer\n"}, change)
    result = world.one()
    assert result.outcome is Outcome.UNCHANGED
    assert content(result, world, "new/x.sh") == b"#!/bin/sh\n"


def test_a_new_file_that_upstream_has_too_is_upstream(tmp_path: Path) -> None:
    change = Change(message="main: new", files={"new.c": b"same\n"})
    result = rebase(tmp_path, {**BEFORE, "new.c": b"same\n"}, change).one()
    assert result.outcome is Outcome.UPSTREAM


def test_a_removal_goes_along(tmp_path: Path) -> None:
    change = Change(message="main: away", files={"README": None})
    world = rebase(tmp_path, {**BEFORE, C: b"all new\n"}, change)
    result = world.one()
    assert result.outcome is Outcome.UNCHANGED
    assert apply_series(world.rebase().series, world.view("v261")).read("README") is None


def test_a_removal_that_upstream_made_too_is_upstream(tmp_path: Path) -> None:
    change = Change(message="main: away", files={"README": None})
    assert rebase(tmp_path, {C: text(*SETUP)}, change).one().outcome is Outcome.UPSTREAM


def test_a_mode_goes_along(tmp_path: Path) -> None:
    change = Change(message="main: mode", files={C: (EXECUTABLE, text(*SETUP))})
    world = rebase(tmp_path, {C: text(*lines(above=1))}, change)
    result = world.one()
    assert result.outcome in (Outcome.UNCHANGED, Outcome.CLEAN)
    state = apply_series(world.rebase().series, world.view("v261")).read(C)
    assert state == FileState(mode=EXECUTABLE, content=text(*lines(above=1)))


def test_a_mode_that_upstream_set_too_is_upstream(tmp_path: Path) -> None:
    change = Change(message="main: mode", files={C: (EXECUTABLE, text(*SETUP))})
    result = rebase(tmp_path, {C: (EXECUTABLE, text(*lines(above=1)))}, change).one()
    assert result.outcome is Outcome.UPSTREAM


def test_a_mode_that_upstream_set_is_kept(tmp_path: Path) -> None:
    world = rebase(tmp_path, {C: (EXECUTABLE, text(*SETUP))})
    assert world.one().outcome is not Outcome.CONFLICT
    state = apply_series(world.rebase().series, world.view("v261")).read(C)
    assert state == FileState(mode=EXECUTABLE, content=text(*patched(SETUP)))


def test_a_link_goes_along(tmp_path: Path) -> None:
    before = {**BEFORE, "link": (LINK, b"here")}
    change = Change(message="main: link", files={"link": (LINK, b"there")})
    world = rebase(tmp_path, {**before, "README": b"newer\n"}, change, before=before)
    assert world.one().outcome is Outcome.UNCHANGED
    state = apply_series(world.rebase().series, world.view("v261")).read("link")
    assert state == FileState(mode=LINK, content=b"there")


def test_a_move_in_the_patch_goes_along(tmp_path: Path) -> None:
    new = "src/core/other.c"
    change = Change(message="main: move", files={C: None, new: text(*patched(SETUP))})
    world = rebase(tmp_path, {C: text(*lines(above=3))}, change)
    assert world.series.patches[0].files[0].similarity is not None
    result = world.one()
    assert result.outcome is not Outcome.CONFLICT
    tree = apply_series(world.rebase().series, world.view("v261"))
    assert tree.read(C) is None
    state = tree.read(new)
    assert state is not None
    assert state.content == text(*lines(above=3, setup=patched(SETUP)))


def test_a_file_that_upstream_moved_and_edited_is_followed(tmp_path: Path) -> None:
    new = "src/shared/setup/main.c"
    after = {new: text(*lines(above=4)), "src/shared/far.c": b"int x;\n", "README": b"systemd\n"}
    world = rebase(tmp_path, after)
    result = world.one()
    assert result.outcome is Outcome.MERGED
    assert result.patch is not None
    assert result.patch.paths == (new,)
    assert content(result, world, new) == text(*lines(above=4, setup=patched(SETUP)))
    assert any(n.path == new and C in n.what for n in result.notices)


def test_a_later_patch_follows_the_same_move(tmp_path: Path) -> None:
    new = "src/shared/setup/main.c"
    second = replaced(patched(SETUP), "    statement_2();", "    statement_two();")
    other = Change(message="other: two", files={C: text(*second)})
    world = rebase(tmp_path, {new: text(*SETUP)}, CHANGE, other)
    result = world.rebase()
    assert [r.outcome for r in result.results] == [Outcome.MERGED, Outcome.MERGED]
    state = apply_series(result.series, world.view("v261")).read(new)
    assert state is not None
    assert state.content == text(*second)


def test_a_conflict_in_a_moved_file_is_at_its_new_place(tmp_path: Path) -> None:
    new = "src/shared/setup/main.c"
    theirs = replaced(SETUP, "        return r;", "        goto fail;")
    result = rebase(tmp_path, {new: text(*theirs)}).one()
    assert result.conflict is not None
    assert result.conflict.files[0].path == new
    assert set(result.conflict.draft) == {new}


def test_what_upstream_moved_and_took_is_upstream(tmp_path: Path) -> None:
    result = rebase(tmp_path, {"src/shared/setup/main.c": text(*patched(SETUP))}).one()
    assert result.outcome is Outcome.UPSTREAM


# Without the base's tree


def test_without_a_base_the_context_is_enough(tmp_path: Path) -> None:
    world = rebase(tmp_path, {C: text(*lines(above=8))})
    result = world.rebase(three_way=False)
    assert not result.three_way
    (one,) = result.results
    assert (one.outcome, one.offsets) == (Outcome.CLEAN, (8,))
    assert content(one, world) == text(*lines(above=8, setup=patched(SETUP)))


def test_without_a_base_context_that_is_not_there_is_refused(tmp_path: Path) -> None:
    after = replaced(SETUP, "    statement_12();", "    statement_twelve();")
    result = rebase(tmp_path, {C: text(*after)}).one(three_way=False)
    assert result.conflict is not None
    (file,) = result.conflict.files
    assert file.reason is ConflictReason.CONTEXT
    assert file.marked is not None
    assert b"<<<<<<< v261\n" in file.marked
    assert b"statement_twelve" in file.marked
    assert b"return ignore(r);" in file.marked
    assert file.regions


def test_without_a_base_context_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    twice = [*lines(above=3), *SETUP]
    result = rebase(tmp_path, {C: text(*twice)}).one(three_way=False)
    assert result.conflict is not None
    assert result.conflict.files[0].reason is ConflictReason.AMBIGUOUS


def test_without_a_base_a_removed_file_is_told(tmp_path: Path) -> None:
    result = rebase(tmp_path, {"README": b""}).one(three_way=False)
    assert result.conflict is not None
    assert result.conflict.files[0].reason is ConflictReason.GONE


def test_without_a_base_new_removed_and_moved_files_go_along(tmp_path: Path) -> None:
    new = "src/core/other.c"
    changes = (
        Change(message="one: new", files={"new.c": b"new\n"}),
        Change(message="two: away", files={"README": None}),
        Change(message="three: move", files={C: None, new: text(*patched(SETUP))}),
    )
    world = rebase(tmp_path, {C: text(*lines(above=3)), "README": b"systemd\n"}, *changes)
    result = world.rebase(three_way=False)
    assert result.conflict is None
    tree = apply_series(result.series, world.view("v261"))
    assert tree.read("README") is None
    assert tree.read(C) is None
    assert tree.read("new.c") == FileState(mode=PLAIN, content=b"new\n")
    assert tree.read(new) is not None


# Decisions


def conflicting(folder: Path) -> World:
    theirs = replaced(SETUP, "        return r;", "        goto fail;")
    return rebase(folder, {C: text(*theirs), "README": b"systemd\n"})


def settled(name: str, files: dict[str, FileState | None]) -> Decisions:
    return Decisions(resolutions={name: Resolution(files=files)})


def test_what_a_person_settled_becomes_the_patch(tmp_path: Path) -> None:
    world = conflicting(tmp_path)
    name = world.series.names[0]
    mine = text(*replaced(SETUP, "        return r;", "        return ignore(fail(r));"))
    made = world.rebase(decisions=settled(name, {C: FileState(mode=PLAIN, content=mine)}))
    (result,) = made.results
    assert (result.outcome, result.strategy) == (Outcome.RESOLVED, BY_HAND)
    assert content(result, world) == mine
    assert result.patch is not None
    assert result.patch.message == world.series.patches[0].message


def test_a_resolution_may_add_and_remove_files(tmp_path: Path) -> None:
    world = conflicting(tmp_path)
    theirs = world.view("v261").read(C)
    files = {C: theirs, "README": None, "x.c": FileState(mode=PLAIN, content=b"x\n")}
    (result,) = world.rebase(decisions=settled(world.series.names[0], files)).results
    assert result.patch is not None
    assert result.patch.paths == ("README", "x.c")


def test_a_resolution_that_changes_nothing_is_refused(tmp_path: Path) -> None:
    world = conflicting(tmp_path)
    theirs = world.view("v261").read(C)
    with pytest.raises(UsageError, match="changes nothing"):
        world.rebase(decisions=settled(world.series.names[0], {C: theirs}))


def test_a_resolution_with_markers_is_refused(tmp_path: Path) -> None:
    world = conflicting(tmp_path)
    draft = world.one().conflict
    assert draft is not None
    with pytest.raises(UsageError, match=r"markers are left in src/core/main\.c"):
        world.rebase(decisions=settled(world.series.names[0], dict(draft.draft)))


def test_a_skipped_patch_is_left_out_and_the_rest_goes_on(tmp_path: Path) -> None:
    second = replaced(patched(SETUP), "    statement_2();", "    statement_two();")
    other = Change(message="other: two", files={C: text(*second)})
    theirs = replaced(SETUP, "        return r;", "        goto fail;")
    world = rebase(tmp_path, {C: text(*theirs)}, CHANGE, other)
    made = world.rebase(decisions=Decisions(skipped=frozenset({world.series.names[0]})))
    assert made.results[0].outcome is Outcome.SKIPPED
    assert made.results[1].outcome in (Outcome.MERGED, Outcome.UNCHANGED, Outcome.CLEAN)
    state = apply_series(made.series, world.view("v261")).read(C)
    assert state is not None
    assert state.content == text(*replaced(theirs, "    statement_2();", "    statement_two();"))


# Its own base, and what does not fit there


def test_a_series_onto_itself_is_made_canonical_once(tmp_path: Path) -> None:
    world = rebase(tmp_path, BEFORE)
    (patch,) = world.series.patches
    loose = parse_patch(
        patch.content.replace(b"[PATCH]", b"[PATCH 1/5]") + b"-- \n2.39.5\n\n",
        name=patch.name,
        file_name=patch.file_name,
    )
    again = world.rebase(target="v260", series=Series((loose,)))
    assert [r.outcome for r in again.results] == [Outcome.UNCHANGED]
    assert again.series.patches[0].content == patch.content
    third = world.rebase(target="v260", series=again.series)
    assert third.series == again.series


def test_a_patch_that_does_not_fit_its_own_base_is_refused(tmp_path: Path) -> None:
    world = rebase(tmp_path, BEFORE)
    (patch,) = world.series.patches
    wrong = parse_patch(
        patch.content.replace(b"return r;", b"return q;"), name="x", file_name="0001-x.patch"
    )
    with pytest.raises(InconsistentError, match=r"0001-x\.patch does not apply to its own base"):
        world.rebase(series=Series((wrong,)))


def test_a_patch_to_a_file_that_its_base_has_not_is_refused(tmp_path: Path) -> None:
    world = rebase(tmp_path, BEFORE)
    (patch,) = world.series.patches
    wrong = parse_patch(
        patch.content.replace(b"main.c", b"niam.c"), name="x", file_name="0001-x.patch"
    )
    with pytest.raises(InconsistentError, match=r"which is not in v260"):
        world.rebase(series=Series((wrong,)))


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    world = rebase(tmp_path, {C: text(*lines(above=4)), "README": b"newer\n"})
    assert world.rebase().series == world.rebase().series


# Objects that a mirror lacks


def lose(world: World, tag: str, path: str) -> None:
    """Take a file's object out of the repository, as some mirrors have it."""
    blob = builders.git(world.folder, "rev-parse", f"{tag}:{path}").decode().strip()
    file = world.folder / "objects" / blob[:2] / blob[2:]
    assert file.exists()
    file.unlink()


def test_a_missing_object_that_no_patch_touches_does_not_matter(tmp_path: Path) -> None:
    big = {"hwdb.d/large.txt": b"large\n"}
    world = rebase(tmp_path, {C: text(*lines(above=4)), **big}, before={**BEFORE, **big})
    lose(world, "v261", "hwdb.d/large.txt")
    assert world.one().outcome is Outcome.CLEAN


def test_a_missing_object_that_a_patch_touches_is_told(tmp_path: Path) -> None:
    world = rebase(tmp_path, {C: text(*lines(above=4))})
    lose(world, "v261", C)
    with pytest.raises(MissingObjectError):
        world.one()
