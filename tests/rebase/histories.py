"""Generated histories: a release, the next one, and a series written for the first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from hypothesis import strategies as st

from tests.builders import EXECUTABLE, PLAIN, Change

Tree: TypeAlias = dict[str, tuple[int, bytes]]

_NAMES = ("README", "src/core/main.c", "src/core/cgroup.c", "units/x.service")
_USUAL = st.sampled_from((b"}", b"{", b"", b"        return r;", b"int f(void) {", b"\t", b"-- x"))
_LINE = st.one_of(_USUAL, st.integers(0, 60).map(lambda n: b"        statement_%d();" % n))


@dataclass(frozen=True, kw_only=True)
class History:
    """Two releases and the changes of a series, in order."""

    before: Tree
    after: Tree
    changes: tuple[Change, ...]


@st.composite
def _edited(draw: st.DrawFn, content: bytes, *, most: int) -> bytes:
    lines = content.split(b"\n")
    for _ in range(draw(st.integers(1, most))):
        at = draw(st.integers(0, len(lines)))
        end = min(len(lines), at + draw(st.integers(0, 2)))
        lines[at:end] = draw(st.lists(_LINE, min_size=0 if end > at else 1, max_size=3))
    return b"\n".join(lines)


@st.composite
def _file(draw: st.DrawFn) -> tuple[int, bytes]:
    first = draw(st.integers(0, 40))
    lines = [b"        statement_%d();" % (first + n) for n in range(draw(st.integers(8, 24)))]
    for _ in range(draw(st.integers(0, 4))):
        lines.insert(draw(st.integers(0, len(lines))), draw(_USUAL))
    ending = b"\n" * draw(st.sampled_from((1, 1, 1, 0)))
    return draw(st.sampled_from((PLAIN, PLAIN, EXECUTABLE))), b"\n".join(lines) + ending


@st.composite
def histories(draw: st.DrawFn) -> History:
    """A history in which most patches find their place, and some do not."""
    before: Tree = {name: draw(_file()) for name in _NAMES[: draw(st.integers(1, 4))]}
    after = dict(before)
    for path in draw(st.lists(st.sampled_from(sorted(before)), min_size=1, unique=True)):
        mode, content = before[path]
        above = b"#include <x.h>\n" * draw(st.integers(0, 5))
        below = draw(_edited(content, most=2)) if draw(st.booleans()) else content
        after[path] = (mode, above + below)
    after["NEWS"] = (PLAIN, b"something new\n")
    at = dict(before)
    changes = []
    for number in range(draw(st.integers(1, 3))):
        made = _draw_change(draw, at, number)
        changes.append(Change(message=f"patch-{number}: change\n\nWhy.\n", files=made))
        for path, value in made.items():
            if value is None:
                del at[path]
            else:
                at[path] = value
    return History(before=before, after=after, changes=tuple(changes))


def _draw_change(draw: st.DrawFn, at: Tree, number: int) -> dict[str, tuple[int, bytes] | None]:
    made: dict[str, tuple[int, bytes] | None] = {}
    for path in draw(st.lists(st.sampled_from(sorted(at)), min_size=1, max_size=2, unique=True)):
        mode, content = at[path]
        match draw(st.sampled_from(("edit",) * 8 + ("mode", "remove"))):
            case "edit":
                made[path] = (mode, draw(_edited(content, most=2)))
            case "mode":
                made[path] = (PLAIN if mode == EXECUTABLE else EXECUTABLE, content)
            case _ if len(at) > 1 and path != "README":
                made[path] = None
    made = {path: value for path, value in made.items() if value != at[path]}
    made[f"new/file-{number}.c"] = draw(_file())
    return made
