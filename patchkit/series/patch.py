"""What a patch is: a message and changes to files, made of hunks, made of lines."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum


class LineKind(StrEnum):
    """What a line of a hunk does; the value is the character that unified diff puts before it."""

    CONTEXT = " "
    REMOVED = "-"
    ADDED = "+"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a hunk. `text` has its newline; only a file's last line may lack it."""

    kind: LineKind
    text: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Hunk:
    """Neighbouring changes with the lines around them.

    Line numbers count from 1, as in unified diff; a side without lines has count 0 and starts
    at the line before. `heading` is what stands after the second `@@`: the function, mostly.
    """

    old_start: int
    new_start: int
    heading: bytes
    lines: tuple[Line, ...]

    @property
    def old_lines(self) -> tuple[bytes, ...]:
        """The lines before the change."""
        return tuple(line.text for line in self.lines if line.kind is not LineKind.ADDED)

    @property
    def new_lines(self) -> tuple[bytes, ...]:
        """The lines after the change."""
        return tuple(line.text for line in self.lines if line.kind is not LineKind.REMOVED)

    @property
    def old_index(self) -> int:
        """Where the old lines start in the file, counted from 0."""
        return self.old_start - 1 if self.old_lines else self.old_start


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """What a patch does to one file.

    `old_path` and `old_mode` are None for a new file, `new_path` and `new_mode` for a removed
    one. A mode is git's (0o100644, 0o100755, 0o120000); both are None where a patch without
    git's headers does not tell. Ids are full hexadecimal blob ids, None where not known.
    `similarity` (per cent) belongs to a rename.
    """

    old_path: str | None
    new_path: str | None
    old_mode: int | None = None
    new_mode: int | None = None
    old_id: str | None = None
    new_id: str | None = None
    similarity: int | None = None
    hunks: tuple[Hunk, ...] = ()

    @property
    def path(self) -> str:
        """The path that this is known by: the new one, or the old one of a removed file."""
        path = self.new_path or self.old_path
        if path is None:
            raise ValueError("a change without a path")
        return path

    @property
    def added(self) -> int:
        """How many lines are added."""
        return sum(line.kind is LineKind.ADDED for hunk in self.hunks for line in hunk.lines)

    @property
    def removed(self) -> int:
        """How many lines are removed."""
        return sum(line.kind is LineKind.REMOVED for hunk in self.hunks for line in hunk.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A patch's author, date and text.

    `header` holds the bytes as in the file, from `From:` to the last line of the body, so that
    nothing is lost on the way through; the other fields are what it says.
    """

    header: bytes
    author: str
    date: str
    subject: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """One patch of a series.

    `name` is its topic (`mount-setup`), `file_name` where it stands in the series' folder,
    `content` the file's bytes.
    """

    name: str
    file_name: str
    content: bytes
    message: Message
    files: tuple[FileChange, ...]

    @property
    def sha256(self) -> str:
        """The digest of the file's bytes, hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path that the patch touches, in order, each once."""
        touched = [p for f in self.files for p in (f.old_path, f.new_path) if p is not None]
        return tuple(dict.fromkeys(touched))

    @property
    def hunk_count(self) -> int:
        """How many hunks the patch has."""
        return sum(len(file.hunks) for file in self.files)


@dataclass(frozen=True, slots=True)
class Series:
    """The patches in the order in which they apply."""

    patches: tuple[Patch, ...]

    @property
    def sha256(self) -> str:
        """The digest of the patches' names and digests in order: it names the series' content."""
        lines = "".join(f"{patch.sha256}  {patch.file_name}\n" for patch in self.patches)
        return hashlib.sha256(lines.encode()).hexdigest()

    @property
    def names(self) -> tuple[str, ...]:
        """The patches' names in order."""
        return tuple(patch.name for patch in self.patches)
