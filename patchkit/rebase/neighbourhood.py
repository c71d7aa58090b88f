"""What upstream changed near a patch, so that a person looks there even after a clean merge."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from patchkit.rebase.apply import split_lines
from patchkit.rebase.functions import Functions, changed_functions, name_of
from patchkit.rebase.outcome import Notice
from patchkit.rebase.surroundings import called, surroundings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from patchkit.rebase.surroundings import Surroundings
    from patchkit.series.patch import Hunk


class Weight(IntEnum):
    """How near upstream's change is: the nearer, the likelier that it matters."""

    LINES = 0  # beside the patch's lines, what they stand under, or some of them themselves
    CALLEE = 1  # what the patch's lines call
    FUNCTION = 2  # elsewhere in the same function
    FILE = 3  # the file as a whole


@dataclass(frozen=True, slots=True, kw_only=True)
class TouchedFile:
    """A file of a patch at both releases, before the patch.

    `written` is the patch against `base`, `hunks` the new one against `target`. `old_path` is
    the path in the base.
    """

    path: str
    old_path: str
    base: bytes
    target: bytes
    written: Sequence[Hunk]
    hunks: Sequence[Hunk]


@dataclass(frozen=True, slots=True)
class _Found:
    weight: Weight
    lines: int
    notice: Notice


def notices(files: Sequence[TouchedFile]) -> tuple[Notice, ...]:
    """What upstream changed near a patch, that first which is likeliest to matter.

    Changes to the very lines around the patch's own, to what these stand under, and lines of
    the patch that are gone; then to functions in the patch's files that its lines call; to the
    same function, by how many lines; to the file. What is alike stands as in the patch.
    """
    found = [each for file in files for each in _in_file(file)]
    found += _callees(files, {(each.notice.path, each.notice.function) for each in found})
    return tuple(e.notice for e in sorted(found, key=lambda each: (each.weight, -each.lines)))


def _in_file(file: TouchedFile) -> Iterator[_Found]:
    path = file.path
    if path != file.old_path:
        what = f"is {file.old_path}, renamed upstream"
        yield _Found(Weight.FILE, 0, Notice(path=path, function="", what=what))
    yield from _in_functions(file)
    if len(file.hunks) < len(file.written):
        what = f"{len(file.written)} hunks became {len(file.hunks)}: part is upstream?"
        yield _Found(Weight.LINES, 0, Notice(path=path, function="", what=what))


def _in_functions(file: TouchedFile) -> Iterator[_Found]:
    """The functions that the patch touches and that upstream changed too."""
    if file.base == file.target or not file.hunks:
        return
    here, there = Functions(split_lines(file.target)), Functions(split_lines(file.base))
    before: dict[int, Surroundings] | None = None
    for heading, now in surroundings(file.hunks, here).items():
        name, new = name_of(here.lines[heading]), here.body(heading)
        origin = there.find(name)
        if origin is None:
            notice = Notice(path=file.path, function=name, what="is new upstream")
            yield _Found(Weight.FUNCTION, len(new), notice)
        elif (old := there.body(origin)) != new:
            count = _changed_lines(old, new)
            before = surroundings(file.written, there) if before is None else before
            near = _near(before.get(origin), now, old, new)
            what = f"changed upstream ({'; '.join((_counted(count), *near))})"
            weight = Weight.LINES if near else Weight.FUNCTION
            yield _Found(weight, count, Notice(path=file.path, function=name, what=what))


def _near(
    before: Surroundings | None, now: Surroundings, old: Sequence[bytes], new: Sequence[bytes]
) -> tuple[str, ...]:
    """What of a function's changes is next to the patch's lines, in words."""
    had, has = ({line.strip() for line in lines} for lines in (old, new))
    beside = now.beside - had
    said = []
    if before is not None:
        beside |= before.beside - has
    if beside:
        said.append(f"{len(beside)} beside the patch's own")
    if before is not None and before.above != now.above:
        said.append("what the patch's own stand under, too")
    return tuple(said)


def _callees(files: Sequence[TouchedFile], told: set[tuple[str, str]]) -> Iterator[_Found]:
    """The functions of the patch's files that its lines call, and that upstream changed."""
    names = {name for file in files for name in called(file.hunks)}
    for file in files if names else ():
        if file.base == file.target:
            continue
        old, new = changed_functions(file.base, file.target)
        before = {function.name: function.text for function in old}
        for function in new:
            name, text = function.name, before.get(function.name)
            if text is None or name.encode() not in names or (file.path, name) in told:
                continue
            if b"{" not in function.text.partition(b";")[0]:
                continue  # a prototype, and what follows it
            count = _changed_lines(split_lines(text), split_lines(function.text))
            what = f"changed upstream ({_counted(count)}), and the patch's lines call it"
            yield _Found(Weight.CALLEE, count, Notice(path=file.path, function=name, what=what))


def function_text(content: bytes | None, name: str) -> tuple[bytes, ...] | None:
    """The lines of the function of that name, as `notices` compares them; None without one."""
    functions = Functions(split_lines(content or b""))
    heading = functions.find(name)
    return functions.body(heading) if heading is not None else None


def _counted(count: int) -> str:
    return f"{count} line{'s' * (count != 1)}"


def _changed_lines(old: Sequence[bytes], new: Sequence[bytes]) -> int:
    """How many lines of either text the other lacks."""
    before, after = Counter(old), Counter(new)
    return (before - after).total() + (after - before).total()
