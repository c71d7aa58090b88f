"""How much upstream changed near each patch from one release to the next; pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from patchkit.rebase.apply import split_lines
from patchkit.rebase.functions import Functions, name_of
from patchkit.rebase.strict import apply_strictly
from patchkit.series.patch import LineKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from patchkit.rebase.tree import TreeView
    from patchkit.series.patch import Hunk, Patch, Series


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A function that a patch changes and that upstream changed, too.

    `lines` are those that either release has and the other has not. `is_new` says that the
    release before has no function of that name.
    """

    path: str
    function: str
    lines: int
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Churn:
    """What upstream changed near a patch: lines in its functions, lines in its files."""

    near: int
    files: int
    places: tuple[Place, ...]


def churn(series: Series, before: TreeView, after: TreeView) -> dict[str, Churn]:
    """The churn near every patch, by its name, from the tree `before` to the tree `after`.

    The series is that of `after`. Raises `InconsistentError` when it does not apply there, and
    `MissingObjectError` for a file that is not at hand.
    """
    found = {}
    patched = after
    for patch in series.patches:
        places = tuple(
            place
            for path, names in _touched(patch, patched).items()
            for place in _places(path, names, _content(before, path), _content(after, path))
        )
        whole = sum(
            changed_lines(
                split_lines(_content(before, path)),
                split_lines(_content(after, path)),
            )
            for path in patch.paths
        )
        near = sum(place.lines for place in places)
        found[patch.name] = Churn(near=near, files=whole, places=places)
        patched = patched.with_changes(apply_strictly(patch, patched))
    return found


def changed_lines(old: Sequence[bytes], new: Sequence[bytes]) -> int:
    """How many lines of either text the other lacks, wherever they stand."""
    before, after = Counter(old), Counter(new)
    return (before - after).total() + (after - before).total()


def _content(view: TreeView, path: str) -> bytes:
    """A file's bytes; none where there is no such file."""
    found = view.read(path)
    return found.content if found else b""


def _touched(patch: Patch, view: TreeView) -> dict[str, tuple[str, ...]]:
    """The functions that a patch changes, by path; its hunks stand against `view`."""
    touched = {}
    for change in patch.files:
        if change.old_path is None:
            continue
        functions = Functions(split_lines(_content(view, change.old_path)))
        names = (name for hunk in change.hunks for name in _names(hunk, functions))
        touched[change.old_path] = tuple(dict.fromkeys(names))
    return touched


def _names(hunk: Hunk, functions: Functions) -> Iterator[str]:
    """What encloses each changed line of a hunk; an added one stands after the line before it."""
    index = hunk.old_index
    for line in hunk.lines:
        if line.kind is not LineKind.CONTEXT:
            heading = functions.heading(index - (line.kind is LineKind.ADDED))
            if heading is not None:
                yield name_of(functions.lines[heading])
        if line.kind is not LineKind.ADDED:
            index += 1


def _places(path: str, names: Sequence[str], old: bytes, new: bytes) -> Iterator[Place]:
    if old == new:
        return
    before, after = Functions(split_lines(old)), Functions(split_lines(new))
    for name in names:
        here, there = after.find(name), before.find(name)
        if here is None:  # a function that an earlier patch of the series brings
            continue
        body = after.body(here)
        lines = len(body) if there is None else changed_lines(before.body(there), body)
        if lines:
            yield Place(path=path, function=name, lines=lines, is_new=there is None)
