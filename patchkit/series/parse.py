"""Read a patch in git's mail format, strictly: what is not understood is refused."""

from __future__ import annotations

import email.errors
import email.header
import email.utils
import re
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING

from unidiff.errors import UnidiffParseError
from unidiff.patch import PatchSet

from patchkit.errors import InconsistentError
from patchkit.series.patch import FileChange, Hunk, Line, LineKind, Message, Patch
from patchkit.series.quoting import unquote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from unidiff.patch import Hunk as ParsedHunk
    from unidiff.patch import PatchedFile

_ENVELOPE = re.compile(rb"From [0-9a-f]{40} Mon Sep 17 00:00:00 2001\n")
_DIFF_START = re.compile(rb"^(?:diff --git |--- (?:\"?a/|/dev/null)|Index: )", re.MULTILINE)
_PREFIX = re.compile(r"\[[^\]]*\]\s*")
_INDEX = re.compile(r"index ([0-9a-f]{7,64})\.\.([0-9a-f]{7,64})(?: (\d{6}))?$")
_DIFF_GIT = re.compile(r'diff --git (?:("a/.*?[^\\]")|a/(.*)) (?:("b/.*?[^\\]")|b/(.*))$')
_MODES = (0o100644, 0o100755, 0o120000)
_CR = 13


class MalformedPatchError(InconsistentError):
    """A patch file is not what it should be; the message names the file and the fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """A file under way through the parser, to name it in errors."""

    file_name: str

    def fault(self, what: str, hint: str | None = None) -> MalformedPatchError:
        return MalformedPatchError(
            f"{self.file_name} {what}",
            hint=hint or "write it with `git format-patch --zero-commit --no-signature`",
        )


def parse_patch(content: bytes, *, name: str, file_name: str) -> Patch:
    """Read one patch.

    Raises `MalformedPatchError` for what is not a patch in git's mail format, for binary
    changes, CRLF line ends, paths that lead out of the tree, and hunks that do not add up.
    """
    source = _Source(file_name=file_name)
    _refuse_foreign_text(content, source)
    start = _DIFF_START.search(content)
    if start is None:
        raise source.fault("is not a patch: no diff in it")
    message = _parse_message(content[: start.start()], source)
    files = tuple(_parse_files(content[start.start() :], source))
    if not files:
        raise source.fault("is not a patch: it changes no file")
    _refuse_repeated(files, source)
    return Patch(name=name, file_name=file_name, content=content, message=message, files=files)


def _refuse_foreign_text(content: bytes, source: _Source) -> None:
    if b"\0" in content:
        raise source.fault("is not a patch: it holds binary data")
    if re.search(rb"^(?:GIT binary patch|Binary files .* differ)$", content, re.MULTILINE):
        raise source.fault("changes a binary file", "only changes to text can be rebased")
    if re.search(rb"^(?:From |diff --git |@@ -|--- |\+\+\+ ).*\r\n", content, re.MULTILINE):
        raise source.fault(
            "has CRLF line ends", f"convert it: sed -i 's/\\r$//' {source.file_name}"
        )


# The message


def _parse_message(text: bytes, source: _Source) -> Message:
    envelope = _ENVELOPE.match(text)
    rest = text[envelope.end() :] if envelope else text
    head, _, tail = rest.partition(b"\n\n")
    fields = _header_fields(head, source)
    for needed in ("from", "date", "subject"):
        if needed not in fields:
            raise source.fault(f"is not a patch in git's mail format: no {needed.title()}: line")
    body = re.split(rb"^---(?: .*)?\n", tail, maxsplit=1, flags=re.MULTILINE)[0]
    date = fields["date"]
    if email.utils.parsedate_tz(date) is None:
        raise source.fault(f"has a date that cannot be read: {date!r}")
    try:
        spoken = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise source.fault("has a message that is not UTF-8") from error
    return Message(
        header=_canonical_head(head)
        + b"\n\n"
        + (body.rstrip(b"\n") + b"\n" if body.strip() else b""),
        author=fields["from"],
        date=date,
        subject=_PREFIX.sub("", fields["subject"], count=1),
        body=spoken.strip("\n"),
    )


def _header_fields(head: bytes, source: _Source) -> dict[str, str]:
    fields: dict[str, str] = {}
    try:
        unfolded = re.sub(r"\n[ \t]+", " ", head.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise source.fault("has a header that is not UTF-8") from error
    for line in unfolded.split("\n"):
        key, colon, value = line.partition(":")
        if colon and key and not key.isspace():
            fields.setdefault(key.lower(), _decode_words(value.strip(), source))
    return fields


def _decode_words(value: str, source: _Source) -> str:
    """Undo RFC 2047."""
    if "=?" not in value:
        return value
    try:
        return str(email.header.make_header(email.header.decode_header(value)))
    except (email.errors.MessageError, LookupError, UnicodeError, ValueError) as error:
        raise source.fault("has a header with broken encoded words") from error


def _canonical_head(head: bytes) -> bytes:
    """Drop a patch's number in its series, which is its file name's business."""
    return re.sub(
        rb"^(Subject: )\[PATCH [^\]]*\]", rb"\1[PATCH]", head, count=1, flags=re.MULTILINE
    )


# The changes


def _parse_files(text: bytes, source: _Source) -> Iterator[FileChange]:
    readable = text.decode("utf-8", "surrogateescape")
    try:
        parsed = PatchSet(StringIO(readable, newline="\n"))
    except (UnidiffParseError, ValueError) as error:
        raise source.fault(f"has a damaged hunk: {str(error).strip()}") from error
    for file in parsed:
        yield _convert_file(file, source)


def _convert_file(file: PatchedFile, source: _Source) -> FileChange:
    headers = [line.rstrip("\n") for line in (file.patch_info or ())]
    facts = _git_headers(headers, source)
    old_path = new_path = None
    if file.source_file != "/dev/null":
        old_path = facts.old_path or _plain_path(file.source_file, "a/", source)
    if file.target_file != "/dev/null":
        new_path = facts.new_path or _plain_path(file.target_file, "b/", source)
    for path in (old_path, new_path):
        if path is not None:
            _require_safe(path, source)
    hunks = tuple(_convert_hunk(hunk, source) for hunk in file)
    change = FileChange(
        old_path=old_path,
        new_path=new_path,
        old_mode=None if old_path is None else facts.old_mode,
        new_mode=None if new_path is None else facts.new_mode,
        old_id=facts.old_id,
        new_id=facts.new_id,
        similarity=facts.similarity,
        hunks=hunks,
    )
    if not hunks and old_path == new_path and change.old_mode == change.new_mode:
        raise source.fault(f"says that it changes {change.path}, but no hunk follows")
    return change


@dataclass(slots=True)
class _GitHeaders:
    """What git's extended headers of one file say."""

    old_path: str | None = None
    new_path: str | None = None
    old_mode: int | None = None
    new_mode: int | None = None
    old_id: str | None = None
    new_id: str | None = None
    similarity: int | None = None


def _git_headers(lines: list[str], source: _Source) -> _GitHeaders:
    facts = _GitHeaders()
    for line in lines:
        if match := _DIFF_GIT.match(line):
            _paths_of_diff_line(match, line, facts, source)
        elif line.startswith("old mode "):
            facts.old_mode = _mode(line.removeprefix("old mode "), source)
        elif line.startswith(("new mode ", "new file mode ")):
            facts.new_mode = _mode(line.rpartition(" ")[2], source)
        elif line.startswith("deleted file mode "):
            facts.old_mode = _mode(line.rpartition(" ")[2], source)
        elif line.startswith("similarity index "):
            facts.similarity = int(line.rpartition(" ")[2].rstrip("%") or 0)
        elif line.startswith("rename from "):
            facts.old_path = unquote(line.removeprefix("rename from "))
        elif line.startswith("rename to "):
            facts.new_path = unquote(line.removeprefix("rename to "))
        elif line.startswith("copy "):
            raise source.fault("copies a file", "write it with `git format-patch --no-renames`")
        elif match := _INDEX.match(line):
            facts.old_id, facts.new_id = match[1], match[2]
            if match[3]:
                facts.old_mode = facts.new_mode = _mode(match[3], source)
    return facts


def _paths_of_diff_line(
    match: re.Match[str], line: str, facts: _GitHeaders, source: _Source
) -> None:
    """Take the paths from a `diff --git` line where they are beyond doubt."""
    try:
        if match[1] and match[3]:
            facts.old_path, facts.new_path = unquote(match[1])[2:], unquote(match[3])[2:]
            return
        words = line.removeprefix("diff --git ")
        middle = len(words) // 2
        old, new = words[:middle], words[middle + 1 :]
        if old.startswith("a/") and new.startswith("b/") and old[2:] == new[2:]:
            facts.old_path = facts.new_path = old[2:]
    except ValueError as error:
        raise source.fault(f"has {error}") from error


def _plain_path(written: str, prefix: str, source: _Source) -> str:
    try:
        path = unquote(written)
    except ValueError as error:
        raise source.fault(f"has {error}") from error
    return path.removeprefix(prefix)


def _mode(text: str, source: _Source) -> int:
    try:
        mode = int(text, 8)
    except ValueError:
        mode = 0
    if mode not in _MODES:
        raise source.fault(f"has a file mode that git does not use for files: {text}")
    return mode


def _require_safe(path: str, source: _Source) -> None:
    parts = path.split("/")
    if path.startswith("/") or any(part in ("", ".", "..") for part in parts):
        raise source.fault(f"names the path '{path}', which leads out of the tree")
    if any(part.lower() == ".git" for part in parts):
        raise source.fault(f"names the path '{path}', which is inside git's own folder")


def _refuse_repeated(files: tuple[FileChange, ...], source: _Source) -> None:
    paths = [file.path for file in files]
    repeated = sorted({path for path in paths if paths.count(path) > 1})
    if repeated:
        raise source.fault(f"changes {repeated[0]} twice")


def _convert_hunk(hunk: ParsedHunk, source: _Source) -> Hunk:
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
