"""Read a patch in git's mail format, strictly: what is not understood is refused."""

from __future__ import annotations

import email.errors
import email.header
import email.utils
import re

from patchkit.series.changes import parse_changes
from patchkit.series.fault import Source
from patchkit.series.patch import Message, Patch

_ENVELOPE = re.compile(rb"From [0-9a-f]{40} Mon Sep 17 00:00:00 2001\n")
_DIFF_START = re.compile(rb"^(?:diff --git |--- (?:\"?a/|/dev/null)|Index: )", re.MULTILINE)
_PREFIX = re.compile(r"\[[^\]]*\]\s*")


def parse_patch(content: bytes, *, name: str, file_name: str) -> Patch:
    """Read one patch.

    Raises `MalformedPatchError` for what is not a patch in git's mail format, for binary
    changes, CRLF line ends, paths that lead out of the tree, and hunks that do not add up.
    """
    source = Source(file_name=file_name)
    _refuse_foreign_text(content, source)
    start = _DIFF_START.search(content)
    if start is None:
        raise source.fault("is not a patch: no diff in it")
    message = _parse_message(content[: start.start()], source)
    files = tuple(parse_changes(content[start.start() :], source))
    if not files:
        raise source.fault("is not a patch: it changes no file")
    return Patch(name=name, file_name=file_name, content=content, message=message, files=files)


def _refuse_foreign_text(content: bytes, source: Source) -> None:
    if b"\0" in content:
        raise source.fault("is not a patch: it holds binary data")
    if re.search(rb"^(?:GIT binary patch|Binary files .* differ)$", content, re.MULTILINE):
        raise source.fault("changes a binary file", "only changes to text can be rebased")
    if re.search(rb"^(?:From [0-9a-f]{40} |diff --git |@@ -).*\r\n", content, re.MULTILINE):
        raise source.fault(
            "has CRLF line ends", f"convert it: sed -i 's/\\r$//' {source.file_name}"
        )


# The message


def _parse_message(text: bytes, source: Source) -> Message:
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


def _header_fields(head: bytes, source: Source) -> dict[str, str]:
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


def _decode_words(value: str, source: Source) -> str:
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
