"""How a patch of one release became the patch of the next: a diff of the two patches."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from patchkit.series.patch import Patch, Series

_CONTEXT = 3


class RangeKind(StrEnum):
    """What became of a patch between two releases; the values are written for people."""

    SAME = "the same bytes"
    MOVED = "the same change at other lines"
    CHANGED = "changed"
    ADDED = "not in the release before"
    GONE = "left out here"


class Side(StrEnum):
    """Which of the two patches has a line; the value is what stands before it."""

    BOTH = " "
    OLD = "-"
    NEW = "+"


@dataclass(frozen=True, slots=True)
class RangeLine:
    """A line of either patch, or of both."""

    side: Side
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeDiff:
    """One patch at two releases. `chunks` are the places that differ, with lines around them.

    They are empty unless the kind is `CHANGED`.
    """

    name: str
    kind: RangeKind
    chunks: tuple[tuple[RangeLine, ...], ...] = ()

    def text(self) -> str:
        """The chunks as `git range-diff` would show them, a line `...` between two."""
        drawn = ("".join(f"{line.side}{line.text}\n" for line in chunk) for chunk in self.chunks)
        return "...\n".join(drawn)


def range_diffs(old: Series, new: Series) -> tuple[RangeDiff, ...]:
    """Every patch of either series, those of the new one first; patches are told by name."""
    before = {patch.name: patch for patch in old.patches}
    after = {patch.name: patch for patch in new.patches}
    return tuple(
        range_diff(name, before.get(name), after.get(name)) for name in {**after, **before}
    )


def range_diff(name: str, old: Patch | None, new: Patch | None) -> RangeDiff:
    """Compare one patch at two releases; None where a release goes without it."""
    if new is None:
        return RangeDiff(name=name, kind=RangeKind.GONE)
    if old is None:
        return RangeDiff(name=name, kind=RangeKind.ADDED)
    if old.content == new.content:
        return RangeDiff(name=name, kind=RangeKind.SAME)
    chunks = tuple(_chunks(tuple(_lines(old)), tuple(_lines(new))))
    kind = RangeKind.CHANGED if chunks else RangeKind.MOVED
    return RangeDiff(name=name, kind=kind, chunks=chunks)


@dataclass(frozen=True, slots=True)
class _PatchLine:
    """A line as it is shown, and what it is compared by."""

    text: str
    key: str


def _lines(patch: Patch) -> Iterator[_PatchLine]:
    """A patch without what only places it: line numbers, blob ids, the function after `@@`."""
    message = f"{patch.message.subject}\n\n{patch.message.body}".rstrip("\n")
    yield from (_PatchLine(line, line) for line in message.split("\n"))
    for change in patch.files:
        paths = dict.fromkeys(p for p in (change.old_path, change.new_path) if p is not None)
        heading = f"## {' => '.join(paths)} ##"
        modes = f"{change.old_mode or 0:o} {change.new_mode or 0:o}"
        yield _PatchLine(heading, heading + modes)
        for hunk in change.hunks:
            where = hunk.heading.decode("utf-8", "replace").strip()
            yield _PatchLine(f"@@ {where}".rstrip(), "@@")
            for line in hunk.lines:
                text = line.kind + line.text.decode("utf-8", "replace")
                yield _PatchLine(text.rstrip("\n"), text)


def _chunks(
    old: tuple[_PatchLine, ...], new: tuple[_PatchLine, ...]
) -> Iterator[tuple[RangeLine, ...]]:
    matcher = SequenceMatcher(
        a=[line.key for line in old], b=[line.key for line in new], autojunk=False
    )
    for group in matcher.get_grouped_opcodes(_CONTEXT):
        chunk: list[RangeLine] = []
        for what, old_from, old_to, new_from, new_to in group:
            if what == "equal":
                chunk += [RangeLine(Side.BOTH, line.text) for line in new[new_from:new_to]]
                continue
            chunk += [RangeLine(Side.OLD, line.text) for line in old[old_from:old_to]]
            chunk += [RangeLine(Side.NEW, line.text) for line in new[new_from:new_to]]
        yield tuple(chunk)
