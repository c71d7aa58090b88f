"""Each hunk's way to the next release."""

from __future__ import annotations

from typing import TYPE_CHECKING

from patchkit.rebase.culprit import Culprit
from patchkit.rebase.journeys import journeys
from tests.builders import Change
from tests.rebase import support

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

C = "a.c"
FILL = "".join(f"        step_{n}();\n" for n in range(12))
BASE = f"int one(void) {{\n        first();\n{FILL}        last();\n}}\n"
PATCHED = BASE.replace("first();", "first(1);").replace("last();", "last(1);")
SOMEBODY = Culprit(commit="c", author="A", date="d", subject="s", path=C)


def find(path: str, holds: Callable[[bytes | None], bool]) -> Culprit:
    assert path == C
    assert holds(BASE.encode())
    assert not holds(None)
    return SOMEBODY


def test_a_hunk_that_moves_and_one_that_has_no_place(tmp_path: Path) -> None:
    after = "/* new */\n" + BASE.replace("last();", "last(2);")
    change = Change(message="a: b\n\nWhy.\n", files={C: PATCHED.encode()})
    world = support.make(tmp_path, {C: BASE.encode()}, {C: after.encode()}, change)
    first, second = journeys(
        world.series.patches[0], base=world.view("v260"), target=world.view("v261"), find=find
    )
    assert (first.function, first.old_line, first.new_line, first.culprit) == ("one", 2, 3, None)
    assert (second.old_line, second.new_line, second.culprit) == (15, None, SOMEBODY)
