"""A conflict in normal form, and what a person made of it, so that its like can be settled so too.

As git's rerere does, a conflict is known by the sides of its places and by nothing that differs
between releases: no line numbers, no marker labels, no blanks at line ends. Unlike there, it is
known by its patch and its files as well, and everything is text that a person can read.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from patchkit.rebase.apply import split_lines
from patchkit.rebase.conflict import sides_of
from patchkit.rebase.objects import blob_id
from patchkit.rebase.outcome import ConflictReason
from patchkit.series.patch import LineKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from patchkit.rebase.objects import Labels
    from patchkit.rebase.outcome import FileConflict, PatchResult
    from patchkit.rebase.strategies.settling import Evidence
    from patchkit.rebase.tree import TreeView
    from patchkit.series.patch import FileChange, Patch

NO_NEWLINE = "\\ No newline at end of file"
"""What follows a line that ends its file without a newline, as in a unified diff."""

_BLANKS = b" \t\f\v"
_LINE_NUMBER = re.compile(r"\bline \d+")
_WHOLE_FILE = frozenset({ConflictReason.CHANGED, ConflictReason.KIND, ConflictReason.VANISHED})
"""Reasons that lie in everything that the target's file holds, not in some lines of it."""


class UnreadableTextError(ValueError):
    """Something is not UTF-8, and cannot be kept as text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One place of a conflict: its three sides and what stands there now, lines without newline.

    Lines of the sides lack their blanks at the end.
    """

    target: tuple[str, ...]
    base: tuple[str, ...]
    patch: tuple[str, ...]
    resolved: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonFile:
    """What was in conflict in a file, and what became of the file.

    `reason` is None for a file that was not in conflict. A conflict is told by its `places`, or
    by what it is `about` where it has none. The file is `gone`, or it is `whole` as it stands
    here, or it is the merge with each place as resolved, and then with `edits`: stretches of a
    diff without line numbers, each of which has one place. `mode` is git's, in octal, where it
    is not the merge's own.
    """

    path: str
    reason: ConflictReason | None = None
    about: tuple[str, ...] = ()
    places: tuple[Place, ...] = ()
    gone: bool = False
    mode: str | None = None
    whole: tuple[str, ...] | None = None
    edits: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """A patch's conflict, and what was made of it; files in the order of their paths.

    `doubts` are what spoke against a proposal for it, which a person may have taken all the same.
    """

    patch: str
    files: tuple[LessonFile, ...]
    doubts: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """What the conflict is known by: a SHA-256, hexadecimal; the answer does not count."""
        known = [
            [
                file.path,
                file.reason,
                file.about,
                [[place.target, place.base, place.patch] for place in file.places],
            ]
            for file in sorted(self.files, key=lambda file: file.path)
            if file.reason is not None
        ]
        text = json.dumps([self.patch, known], ensure_ascii=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """A lesson that is kept: whose it is, from when, and for which release it was learnt.

    `by` is None where git did not know; `date` is ISO 8601; `accepted` says that the person took
    what was proposed; `file` is where it stands in the repository.
    """

    lesson: Lesson
    release: str
    base: str
    by: str | None
    date: str
    accepted: bool
    file: str

    @property
    def told(self) -> str:
        """Whose resolution it is, in a few words."""
        did = "took what was proposed for" if self.accepted else "resolved"
        person, day = self.by or "a person", self.date[:10]
        return f"{person} {did} the same conflict on {day} for {self.release} ({self.file})"


def described(result: PatchResult, *, target: TreeView, labels: Labels) -> Lesson | None:
    """The conflict of a patch that waits, without an answer; None when it cannot be kept as text.

    `target` is the target's tree before the patch.
    """
    conflict, patch = result.conflict, result.original
    if conflict is None or len({file.path for file in conflict.files}) < len(conflict.files):
        return None
    try:
        files = [_described(file, result, target, labels) for file in conflict.files]
    except UnreadableTextError:
        return None
    return Lesson(
        patch=patch.name,
        files=tuple(sorted(files, key=lambda file: file.path)),
        doubts=_against(result.evidence) if result.proposal is not None else (),
    )


def _described(
    file: FileConflict, result: PatchResult, target: TreeView, labels: Labels
) -> LessonFile:
    described = LessonFile(path=file.path, reason=file.reason)
    sides = sides_of(file.marked, labels)[0] if file.marked is not None else ()
    if sides:
        places = [
            Place(target=_bare(each.target), base=_bare(each.base), patch=_bare(each.patch))
            for each in sides
        ]
        return replace(described, places=tuple(places))
    about = [
        line for change in _changes(result.original, file.path) for line in _change_lines(change)
    ]
    if file.reason in _WHOLE_FILE:
        state = target.read(file.path)
        about.append(f"the target has {blob_id(state.content) if state else 'nothing'} there")
    about += _against(result.evidence)
    return replace(described, about=tuple(about))


def _changes(patch: Patch, path: str) -> Sequence[FileChange]:
    """What the patch does to a file; everything, where the conflict is in none of its own."""
    mine = [change for change in patch.files if path in (change.old_path, change.new_path)]
    return mine or patch.files


def _change_lines(change: FileChange) -> Iterator[str]:
    yield f"{change.old_path} -> {change.new_path}"
    for hunk in change.hunks:
        for line in hunk.lines:
            (text,) = _bare([line.text])
            yield line.kind.value + text


def _against(evidence: Sequence[Evidence]) -> tuple[str, ...]:
    """What speaks against a result, without line numbers."""
    return tuple(_LINE_NUMBER.sub("a line", e.text) for e in evidence if not e.favours)


def _bare(lines: Sequence[bytes]) -> tuple[str, ...]:
    return tuple(_text(line.removesuffix(b"\n").rstrip(_BLANKS)) for line in lines)


def _text(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnreadableTextError(str(error)) from error


def told(lines: Sequence[bytes], prefix: str = "") -> tuple[str, ...]:
    """Lines as they are kept. Raises `UnreadableTextError`."""
    texts: list[str] = []
    for line in lines:
        texts.append(prefix + _text(line.removesuffix(b"\n")))
        if not line.endswith(b"\n"):
            texts.append(NO_NEWLINE)
    return tuple(texts)


def untold(texts: Sequence[str]) -> list[bytes]:
    """The lines that were kept as `texts`."""
    lines: list[bytes] = []
    for text in texts:
        if text == NO_NEWLINE and lines:
            lines[-1] = lines[-1].removesuffix(b"\n")
        else:
            lines.append(text.encode() + b"\n")
    return lines


def filled(marked: bytes, labels: Labels, answers: Sequence[Sequence[bytes]]) -> list[bytes]:
    """A file with markers, with the answer to each of its conflicts in place of it."""
    sides, settled = sides_of(marked, labels)
    lines = split_lines(settled)
    made: list[bytes] = []
    position = 0
    for each, answer in zip(sides, answers, strict=True):
        made += lines[position : each.index]
        made += answer
        position = each.index + len(each.target)
    return made + lines[position:]


def halves(edit: Sequence[str]) -> tuple[list[bytes], list[bytes]]:
    """The lines of a stretch of a diff before and after the change."""
    old: list[str] = []
    new: list[str] = []
    sides: Mapping[str, tuple[list[str], ...]] = {
        LineKind.CONTEXT: (old, new),
        LineKind.REMOVED: (old,),
        LineKind.ADDED: (new,),
    }
    last: tuple[list[str], ...] = ()
    for line in edit:
        if line == NO_NEWLINE:
            for side in last:
                side.append(NO_NEWLINE)
            continue
        last = sides.get(line[:1], ())
        for side in last:
            side.append(line[1:])
    return untold(old), untold(new)
