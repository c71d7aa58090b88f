"""Which patch, and which of its hunks, a line of a patched file comes from; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from patchkit.rebase.apply import split_lines
from patchkit.series.patch import LineKind

if TYPE_CHECKING:
    from patchkit.rebase.tree import TreeView
    from patchkit.series.patch import Hunk, Series


@dataclass(frozen=True, slots=True, kw_only=True)
class Blame:
    """A place in a patch.

    `hunk` counts from 1 among the patch's hunks for the file; `of` is how many there are.
    `own` tells whether the patch wrote the very line; else the line stands in the hunk's
    context, or (with `hunk` 0) only in a file that the patch changes.
    """

    patch: str
    file_name: str
    hunk: int
    of: int
    heading: str
    own: bool

    @property
    def sentence(self) -> str:
        """It in words."""
        where = f"hunk {self.hunk} of {self.of}" + (f" ({self.heading})" if self.heading else "")
        if self.own:
            return f"the line is from the patch '{self.patch}' ({self.file_name}), {where}"
        if self.hunk:
            return f"the line is beside what '{self.patch}' ({self.file_name}) changes, {where}"
        return f"the patch '{self.patch}' ({self.file_name}) changes this file elsewhere"


@dataclass(frozen=True, slots=True)
class _Origin:
    """What put a line where it is; a context line of a hunk is `own=False`."""

    patch: int
    hunk: int
    own: bool


def blame(series: Series, stock: TreeView, path: str, line: int) -> Blame | None:
    """Who is behind a line (counted from 1) of `path` after `series` was applied to `stock`.

    None when no patch touches the file.
    """
    found = stock.read(path)
    origins: list[_Origin | None] = [None] * len(split_lines(found.content if found else b""))
    touched: int | None = None
    for number, patch in enumerate(series.patches):
        for change in patch.files:
            if change.new_path == path:
                origins = _after(origins, change.hunks, number)
                touched = number
    if touched is None:
        return None
    origin = origins[line - 1] if 0 < line <= len(origins) else None
    if origin is None:
        origin = _Origin(patch=touched, hunk=-1, own=False)
    patch = series.patches[origin.patch]
    hunks = next(change.hunks for change in patch.files if change.new_path == path)
    heading = hunks[origin.hunk].heading if origin.hunk >= 0 else b""
    return Blame(
        patch=patch.name,
        file_name=patch.file_name,
        hunk=origin.hunk + 1,
        of=len(hunks),
        heading=heading.decode("utf-8", "replace").strip(),
        own=origin.own,
    )


def _after(
    before: list[_Origin | None], hunks: tuple[Hunk, ...], patch: int
) -> list[_Origin | None]:
    """The origins of a file's lines after one patch, which applies exactly."""
    after: list[_Origin | None] = []
    position = 0
    for number, hunk in enumerate(hunks):
        after += before[position : hunk.old_index]
        position = hunk.old_index
        for line in hunk.lines:
            if line.kind is LineKind.ADDED:
                after.append(_Origin(patch=patch, hunk=number, own=True))
                continue
            if line.kind is LineKind.CONTEXT:
                known = before[position] if position < len(before) else None
                after.append(known or _Origin(patch=patch, hunk=number, own=False))
            position += 1
    return after + before[position:]
