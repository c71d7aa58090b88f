"""Learn from what a person made of a conflict, and settle the same conflict by it elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from patchkit.rebase.apply import split_lines
from patchkit.rebase.conflict import has_markers, sides_of
from patchkit.rebase.lesson import (
    Lesson,
    LessonFile,
    UnreadableTextError,
    described,
    filled,
    halves,
    told,
    untold,
)
from patchkit.rebase.objects import difference
from patchkit.rebase.outcome import FileState
from patchkit.series.patch import LineKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from patchkit.rebase.lesson import Memory
    from patchkit.rebase.objects import Labels
    from patchkit.rebase.outcome import Conflict, PatchResult
    from patchkit.rebase.tree import TreeView
    from patchkit.series.patch import Hunk

_PLAIN = 0o100644
_MOST_CONTEXT = 40
"""How many lines an edit may take along on either side to have one place only."""


class NoPlaceError(ValueError):
    """A lesson has no place in a file; the text says what and where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recollection:
    """A memory of the conflict at hand, and what it makes of it: every touched path.

    `problem` says why it is of no use here; `proposed` that the result is what is proposed now.
    """

    memory: Memory
    changes: Mapping[str, FileState | None] = field(default_factory=dict)
    problem: str | None = None
    proposed: bool = False


def remember(
    waiting: PatchResult,
    memories: Mapping[str, Memory],
    *,
    target: TreeView,
    labels: Labels,
) -> Recollection | None:
    """What is remembered (by keys of conflicts) of the conflict of a patch that waits, or None."""
    clash = described(waiting, target=target, labels=labels) if memories else None
    memory = memories.get(clash.key) if clash else None
    if memory is None or waiting.conflict is None:
        return None
    new = [doubt for doubt in clash.doubts if doubt not in memory.lesson.doubts] if clash else []
    if memory.accepted and new:
        return Recollection(
            memory=memory, problem=f"{memory.told}: {new[0]} did not speak against it then"
        )
    try:
        changes = recalled(memory.lesson, waiting.conflict, target=target, labels=labels)
    except NoPlaceError as error:
        return Recollection(memory=memory, problem=f"{memory.told}: that does not fit, {error}")
    if all(target.read(path) == state for path, state in changes.items()):
        return Recollection(memory=memory, problem=f"{memory.told}: that changes nothing here")
    proposal = waiting.proposal
    proposed = proposal is not None and all(
        changes.get(path) == proposal.get(path) for path in {*changes, *proposal}
    )
    return Recollection(memory=memory, changes=changes, proposed=proposed)


def learnt(
    waiting: PatchResult,
    made: Mapping[str, FileState | None],
    *,
    target: TreeView,
    labels: Labels,
) -> Lesson | None:
    """The conflict of a patch that waits, with what a person made of it.

    None when that cannot be kept: a file is not UTF-8, or an edit has no place of its own. What
    is handed out gives `made` again when it is asked.
    """
    clash, conflict = described(waiting, target=target, labels=labels), waiting.conflict
    if clash is None or conflict is None:
        return None
    known = {file.path: file for file in clash.files}
    files = []
    try:
        for path in sorted({*conflict.draft, *made}):
            start = conflict.draft[path] if path in conflict.draft else target.read(path)
            file = _learnt(known.get(path, LessonFile(path=path)), start, made.get(path), labels)
            if file != LessonFile(path=path):
                files.append(file)
        lesson = replace(clash, files=tuple(files))
        again = recalled(lesson, conflict, target=target, labels=labels)
    except (UnreadableTextError, NoPlaceError):
        return None
    same = all(again.get(path) == made.get(path) for path in {*again, *made})
    return lesson if same and lesson.key == clash.key else None


def _learnt(
    file: LessonFile, start: FileState | None, end: FileState | None, labels: Labels
) -> LessonFile:
    if end is None:
        return replace(file, gone=start is not None)
    mode = None if start is not None and start.mode == end.mode else f"{end.mode:o}"
    lines = split_lines(end.content)
    if start is None or not start.content:
        return replace(file, mode=mode, whole=told(lines))
    before = start.content
    answers: tuple[list[bytes], ...] = ()
    if file.places:
        answers = _answers(before, lines, labels)
        before = b"".join(filled(before, labels, answers))
    places = tuple(
        replace(place, resolved=told(answer))
        for place, answer in zip(file.places, answers, strict=True)
    )
    edits = tuple(_edits(before, end.content))
    return replace(file, mode=mode, places=places, edits=edits)


def _answers(marked: bytes, made: list[bytes], labels: Labels) -> tuple[list[bytes], ...]:
    """What stands in `made` where each conflict of `marked` stood."""
    sides, _ = sides_of(marked, labels)
    bare = filled(marked, labels, [()] * len(sides))
    ways = _ways(bare, made)
    answers = []
    taken = shift = 0
    for each in sides:
        place = each.index - shift
        shift += len(each.target)
        low = next((way for way in reversed(ways[:place]) if way is not None), -1)
        high = next((way for way in ways[place:] if way is not None), len(made))
        start = max(low + 1, taken)
        taken = max(start, high)
        answers.append(made[start:taken])
    return tuple(answers)


def _ways(old: list[bytes], new: list[bytes]) -> list[int | None]:
    """Where each old line stands among the new ones; None for one that is gone."""
    ways: list[int | None] = []
    shift = 0
    for hunk in difference(b"".join(old), b"".join(new)):
        ways += range(len(ways) + shift, hunk.old_index + shift)
        for line in hunk.lines:
            match line.kind:
                case LineKind.CONTEXT:
                    ways.append(len(ways) + shift)
                case LineKind.REMOVED:
                    ways.append(None)
                    shift -= 1
                case LineKind.ADDED:
                    shift += 1
    ways += range(len(ways) + shift, len(old) + shift)
    return ways


def _edits(before: bytes, after: bytes) -> Iterator[tuple[str, ...]]:
    """The changes, each with so many lines around it that it has one place.

    Raises `NoPlaceError`.
    """
    lines = split_lines(before)
    hunks = difference(before, after)
    edges = [0, *(hunk.old_index + len(hunk.old_lines) for hunk in hunks)]
    starts = [*(hunk.old_index for hunk in hunks), len(lines)]
    for number, hunk in enumerate(hunks):
        yield _edit(lines, hunk, first=edges[number], last=starts[number + 1])


def _edit(lines: list[bytes], hunk: Hunk, *, first: int, last: int) -> tuple[str, ...]:
    start, end = hunk.old_index, hunk.old_index + len(hunk.old_lines)
    for more in range(_MOST_CONTEXT):
        low, high = max(first, start - more), min(last, end + more)
        if len(_found(lines, lines[low:high])) == 1:
            inside = [text for line in hunk.lines for text in told([line.text], line.kind.value)]
            above, below = told(lines[low:start], " "), told(lines[end:high], " ")
            return (*above, *inside, *below)
    raise NoPlaceError("an edit has more than one place")


def _found(lines: Sequence[bytes], wanted: Sequence[bytes]) -> list[int]:
    """Where `wanted` stands in `lines`."""
    if not wanted:
        return []
    size = len(wanted)
    return [
        at
        for at in range(len(lines) - size + 1)
        if lines[at] == wanted[0] and list(lines[at : at + size]) == list(wanted)
    ]


def recalled(
    lesson: Lesson, conflict: Conflict, *, target: TreeView, labels: Labels
) -> dict[str, FileState | None]:
    """What a lesson makes of a conflict that has its key: every touched path.

    Raises `NoPlaceError` where it does not fit the files at hand.
    """
    answers = {file.path: file for file in lesson.files}
    changes: dict[str, FileState | None] = {}
    for path in sorted({*conflict.draft, *answers}):
        start = conflict.draft[path] if path in conflict.draft else target.read(path)
        file = answers.get(path)
        changes[path] = start if file is None else _recalled(file, start, labels)
        state = changes[path]
        if state is not None and has_markers(state.content):
            raise NoPlaceError(f"conflict markers stay in {path}")
    return changes


def _recalled(file: LessonFile, start: FileState | None, labels: Labels) -> FileState | None:
    if file.gone:
        return None
    if file.whole is not None:
        if start is not None and start.content:
            raise NoPlaceError(f"there is a {file.path} already")
        mode = int(file.mode, 8) if file.mode else (start.mode if start else _PLAIN)
        return FileState(mode=mode, content=b"".join(untold(file.whole)))
    if start is None:
        if file.places or file.edits:
            raise NoPlaceError(f"the release has no {file.path}")
        return None
    content = start.content
    if file.places:
        answers = [untold(place.resolved) for place in file.places]
        content = b"".join(filled(content, labels, answers))
    mode = int(file.mode, 8) if file.mode else start.mode
    return FileState(mode=mode, content=_edited(content, file))


def _edited(content: bytes, file: LessonFile) -> bytes:
    lines = split_lines(content)
    made: list[bytes] = []
    position = 0
    for edit in file.edits:
        old, new = halves(edit)
        places = _found(lines, old)
        if len(places) != 1 or places[0] < position:
            how = "more than once" if len(places) > 1 else "no longer"
            first = next((line for line in edit if line[:1] != " "), edit[0])
            raise NoPlaceError(f"{file.path} has the code around '{first[1:].strip()}' {how}")
        made += lines[position : places[0]]
        made += new
        position = places[0] + len(old)
    return b"".join(made + lines[position:])
