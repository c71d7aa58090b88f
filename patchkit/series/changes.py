"""Read the changes of a patch: git's headers, section by section; the hunks by unidiff."""

from __future__ import annotations

import re
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING

from unidiff.errors import UnidiffParseError
from unidiff.patch import PatchSet

from patchkit.series.patch import FileChange, Hunk, Line, LineKind
from patchkit.series.quoting import unquote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from unidiff.patch import Hunk as ParsedHunk

    from patchkit.series.fault import Source

_SECTION = re.compile(r"^diff --git ", re.MULTILINE)
_QUOTED_PATHS = re.compile(r'("(?:[^"\\]|\\.)*") ("(?:[^"\\]|\\.)*")')
_INDEX = re.compile(r"index ([0-9a-f]{7,64})\.\.([0-9a-f]{7,64})(?: (\d{6}))?")
_MODES = (0o100644, 0o100755, 0o120000)
_NOWHERE = "/dev/null"


def parse_changes(text: bytes, source: Source) -> tuple[FileChange, ...]:
    """Read a diff, in order. Raises `MalformedPatchError`."""
    changes = tuple(_sections(text.decode("utf-8", "surrogateescape"), source))
    paths = [change.path for change in changes]
    repeated = sorted({path for path in paths if paths.count(path) > 1})
    if repeated:
        raise source.fault(f"changes {repeated[0]} twice")
    return changes


def _sections(text: str, source: Source) -> Iterator[FileChange]:
    """A section begins with a line `diff --git`: no line of a hunk can begin so."""
    starts = sorted({0, *(match.start() for match in _SECTION.finditer(text))})
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        section = text[start:end]
        if section.startswith("diff --git "):
            yield _git_change(section, source)
            continue
        for file in _hunks(section, source):
            facts = _Facts(
                old_path=_prefixed(file.source_file, "a/", source),
                new_path=_prefixed(file.target_file, "b/", source),
            )
            yield _change(facts, file, source)


def _hunks(text: str, source: Source) -> PatchSet:
    try:
        return PatchSet(StringIO(text, newline="\n"))
    except (UnidiffParseError, ValueError) as error:
        raise source.fault(f"has a damaged hunk: {str(error).strip()}") from error


def _git_change(section: str, source: Source) -> FileChange:
    """A section's change. unidiff takes a path with a space for two: it sees plain names."""
    hunks_at = section.find("\n@@ -") + 1 or len(section)
    facts = _read_headers(section[:hunks_at].split("\n"), source)
    parsed = _hunks(f"--- a/file\n+++ b/file\n{section[hunks_at:]}", source)
    if len(parsed) > 1:
        raise source.fault("has a damaged hunk: another file begins without `diff --git`")
    return _change(facts, (hunk for file in parsed for hunk in file), source)


def _change(facts: _Facts, hunks: Iterable[ParsedHunk], source: Source) -> FileChange:
    if facts.old_path is None and facts.new_path is None:
        raise source.fault("changes a file without saying which")
    for path in (facts.old_path, facts.new_path):
        if path is not None:
            _require_safe(path, source)
    change = FileChange(
        old_path=facts.old_path,
        new_path=facts.new_path,
        old_mode=None if facts.old_path is None else facts.old_mode,
        new_mode=None if facts.new_path is None else facts.new_mode,
        old_id=facts.old_id,
        new_id=facts.new_id,
        similarity=facts.similarity,
        hunks=tuple(_hunk(hunk, source) for hunk in hunks),
    )
    same_mode = change.old_mode == change.new_mode
    if not change.hunks and change.old_path == change.new_path and same_mode:
        raise source.fault(f"says that it changes {change.path}, but no hunk follows")
    return change


# Headers, see git-diff(1), "Generating patch text with -p"


@dataclass(slots=True)
class _Facts:
    """What the headers of one file say; None for a path that is /dev/null."""

    old_path: str | None = None
    new_path: str | None = None
    old_mode: int | None = None
    new_mode: int | None = None
    old_id: str | None = None
    new_id: str | None = None
    similarity: int | None = None


def _read_headers(lines: list[str], source: Source) -> _Facts:
    facts = _Facts()
    facts.old_path, facts.new_path = _paths_of_both(lines[0].removeprefix("diff --git "), source)
    for line in lines[1:]:
        _read_header(line, facts, source)
    return facts


def _read_header(line: str, facts: _Facts, source: Source) -> None:
    key, _, value = line.rpartition(" ")
    match key:
        case "old mode":
            facts.old_mode = _mode(value, source)
        case "new mode":
            facts.new_mode = _mode(value, source)
        case "new file mode":
            facts.old_path, facts.new_mode = None, _mode(value, source)
        case "deleted file mode":
            facts.new_path, facts.old_mode = None, _mode(value, source)
        case "similarity index" if re.fullmatch(r"\d{1,3}%", value):
            facts.similarity = int(value[:-1])
        case _:
            _read_names(line, facts, source)


def _read_names(line: str, facts: _Facts, source: Source) -> None:
    if line.startswith("rename from "):
        facts.old_path = _unquoted(line.removeprefix("rename from "), source)
    elif line.startswith("rename to "):
        facts.new_path = _unquoted(line.removeprefix("rename to "), source)
    elif line.startswith("--- "):
        facts.old_path = _prefixed(line.removeprefix("--- ").partition("\t")[0], "a/", source)
    elif line.startswith("+++ "):
        facts.new_path = _prefixed(line.removeprefix("+++ ").partition("\t")[0], "b/", source)
    elif line.startswith(("copy from ", "copy to ")):
        raise source.fault("copies a file", "write it with `git format-patch --no-renames`")
    elif match := _INDEX.fullmatch(line):
        facts.old_id, facts.new_id = _id(match[1]), _id(match[2])
        if match[3]:
            facts.old_mode = facts.new_mode = _mode(match[3], source)


def _paths_of_both(words: str, source: Source) -> tuple[str | None, str | None]:
    """The paths of a `diff --git` line where they are beyond doubt: when they are the same."""
    if match := _QUOTED_PATHS.fullmatch(words):
        old, new = _unquoted(match[1], source), _unquoted(match[2], source)
    else:
        middle = len(words) // 2
        old, new = words[:middle], words[middle + 1 :]
    if old.startswith("a/") and new.startswith("b/") and old[2:] == new[2:]:
        return old[2:], new[2:]
    return None, None


def _prefixed(written: str, prefix: str, source: Source) -> str | None:
    path = _unquoted(written, source)
    return None if path == _NOWHERE else path.removeprefix(prefix)


def _unquoted(written: str, source: Source) -> str:
    try:
        return unquote(written)
    except ValueError as error:
        raise source.fault(f"has {error}") from error


def _id(text: str) -> str | None:
    return text if text.strip("0") else None


def _mode(text: str, source: Source) -> int:
    try:
        mode = int(text, 8)
    except ValueError:
        mode = 0
    if mode not in _MODES:
        raise source.fault(f"has a file mode that git does not use for files: {text}")
    return mode


def _require_safe(path: str, source: Source) -> None:
    parts = path.split("/")
    if path.startswith("/") or any(part in ("", ".", "..") for part in parts):
        raise source.fault(f"names the path '{path}', which leads out of the tree")
    if any(part.lower() == ".git" for part in parts):
        raise source.fault(f"names the path '{path}', which is inside git's own folder")


# Hunks


def _hunk(hunk: ParsedHunk, source: Source) -> Hunk:
    lines: list[Line] = []
    for line in hunk:
        if line.line_type == "\\":
            if not lines:
                raise source.fault("has a stray 'No newline' marker")
            lines[-1] = Line(lines[-1].kind, lines[-1].text.removesuffix(b"\n"))
        elif line.line_type:  # an empty type is a blank line after the hunk
            text = line.value.encode("utf-8", "surrogateescape")
            lines.append(Line(LineKind(line.line_type), text))
    if all(line.kind is LineKind.CONTEXT for line in lines):
        raise source.fault(f"has a hunk at line {hunk.source_start} that changes nothing")
    return Hunk(
        old_start=hunk.source_start,
        new_start=hunk.target_start,
        heading=hunk.section_header.rstrip("\n").encode("utf-8", "surrogateescape"),
        lines=tuple(lines),
    )
