"""A patch that is left out: which commits have it, and whether they still do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from patchkit.rebase.culprit import Culprit
from patchkit.rebase.landing import Fate, fate, landed, removed, written
from tests.builders import Change, numbered, text
from tests.rebase import support

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from patchkit.rebase.landing import Written
    from tests.rebase.support import World

C, NEW, OLD = "src/a.c", "src/new.c", "src/old.c"


def code(line: str, *, above: int = 0) -> bytes:
    return text(*(f"/* {n} */" for n in range(above)), "int f(void) {", *numbered(9), line, "}")


BEFORE = {C: code("    one();"), OLD: b"old\n"}
FIRST = Change(message="first: x\n\nWhy.\n", files={C: code("    two();")})
SECOND = Change(
    message="second: x\n\nWhy.\n", files={C: code("    three();"), NEW: b"new\n", OLD: None}
)
WITH = {C: code("    three();"), NEW: b"new\n"}


def made(folder: Path, after: dict[str, bytes]) -> World:
    return support.make(folder, BEFORE, after, FIRST, SECOND)


def second(world: World) -> Written:
    found = written(world.series, "second-x", world.view("v260"))
    assert found is not None
    return found


def fate_on(world: World) -> Fate:
    return fate(second(world), world.view("v261"), base_name="v260", target_name="v261")


def test_a_patch_stands_on_those_before_it(tmp_path: Path) -> None:
    state = second(made(tmp_path, WITH)).base.read(C)
    assert state is not None
    assert state.content == code("    two();")


@pytest.mark.parametrize("name", ["nobody", ""])
def test_a_patch_that_is_not_there(tmp_path: Path, name: str) -> None:
    world = made(tmp_path, WITH)
    assert written(world.series, name, world.view("v260")) is None


def test_a_series_that_does_not_apply_there(tmp_path: Path) -> None:
    world = made(tmp_path, {C: b"int other(void);\n"})
    assert written(world.series, "second-x", world.view("v261")) is None


def test_it_stays(tmp_path: Path) -> None:
    assert fate_on(made(tmp_path, WITH)) is Fate.STAYS
    assert fate_on(made(tmp_path / "2", {**WITH, C: code("    three();", above=5)})) is Fate.STAYS


def test_it_returned(tmp_path: Path) -> None:
    assert fate_on(made(tmp_path, {C: code("    two();"), OLD: b"old\n"})) is Fate.RETURNED


def test_it_is_unclear(tmp_path: Path) -> None:
    assert fate_on(made(tmp_path, {**WITH, C: code("    four();")})) is Fate.UNCLEAR


def test_it_is_unknown_where_it_does_not_apply_to_its_own_base(tmp_path: Path) -> None:
    world = made(tmp_path, WITH)
    found = second(world)
    strange = type(found)(patch=found.patch, base=world.view("v261"))
    ended = fate(strange, world.view("v261"), base_name="v261", target_name="v261")
    assert ended is Fate.UNKNOWN


def finder(answers: dict[str, list[bool]]) -> Callable[..., Culprit | None]:
    """Asks of the contents before and after the patch, and names the path as the commit."""

    def find(path: str, holds: Callable[[bytes | None], bool]) -> Culprit | None:
        sides = {C: (code("    two();"), WITH[C]), NEW: (None, b"new\n"), OLD: (b"old\n", None)}
        answers[path] = [holds(side) for side in sides[path]]
        return Culprit(commit=path[:5], author="A", date="d", subject="s", path=path)

    return find


def test_commits_are_asked_for_by_each_file_and_named_once(tmp_path: Path) -> None:
    patch = second(made(tmp_path, WITH))
    answers: dict[str, list[bool]] = {}
    assert [commit.commit for commit in landed(patch, finder(answers))] == [
        "src/a",
        "src/n",
        "src/o",
    ]
    assert answers == {C: [True, False], NEW: [True, False], OLD: [True, False]}
    removed(patch, finder(answers))
    assert answers == {C: [False, True], NEW: [False, True], OLD: [False, True]}


def test_without_history_none_is_named(tmp_path: Path) -> None:
    patch = second(made(tmp_path, WITH))
    assert landed(patch, None) == removed(patch, None) == ()
