"""A patch's lines with their numbers, and each cut into the words that a colour tells apart."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pygments.lexers import get_lexer_for_filename
from pygments.lexers.special import TextLexer
from pygments.token import Comment, Keyword, Name, Number, String
from pygments.util import ClassNotFound

from patchkit.series.patch import LineKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pygments.lexer import Lexer
    from pygments.token import _TokenType

    from patchkit.series.patch import FileChange, Hunk

_CLASSES = (
    (Comment.Preproc, "p"),
    (Comment.PreprocFile, "s"),
    (Comment, "c"),
    (Keyword, "k"),
    (Name.Function, "f"),
    (Name.Builtin, "k"),
    (String, "s"),
    (Number, "m"),
)
"""Pygments' token types, and how the page's style calls them; the first that fits counts."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some characters of a line in one colour; `kind` is a class of the page's style, or empty."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ColouredLine:
    """A line of a hunk. Line numbers count from 1; None on the side that lacks the line."""

    kind: LineKind
    old: int | None
    new: int | None
    pieces: tuple[Piece, ...]
    ends: bool
    """Whether a newline ends it; only a file's last line can lack it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColouredHunk:
    """A hunk's lines; `heading` is the function that stands after `@@`."""

    heading: str
    old_start: int
    new_start: int
    lines: tuple[ColouredLine, ...]


def coloured(change: FileChange) -> tuple[ColouredHunk, ...]:
    """Every hunk of a change to a file, coloured by the file's language."""
    lexer = _lexer(change.path)
    return tuple(
        ColouredHunk(
            heading=hunk.heading.decode("utf-8", "replace").strip(),
            old_start=hunk.old_start,
            new_start=hunk.new_start,
            lines=tuple(_lines(hunk, lexer)),
        )
        for hunk in change.hunks
    )


@functools.cache
def _lexer(path: str) -> Lexer:
    """The language of a file by its name; plain text where it has none that is known."""
    try:
        return get_lexer_for_filename(path, stripnl=False, stripall=False, ensurenl=False)
    except ClassNotFound:
        return TextLexer(stripnl=False, stripall=False, ensurenl=False)


def _lines(hunk: Hunk, lexer: Lexer) -> Iterator[ColouredLine]:
    """Both sides are lexed as a whole, so that a comment over many lines stays one."""
    before = iter(_lexed(hunk.old_lines, lexer))
    after = iter(_lexed(hunk.new_lines, lexer))
    old, new = hunk.old_start, hunk.new_start
    for line in hunk.lines:
        pieces: tuple[Piece, ...] = ()
        has_old, has_new = line.kind is not LineKind.ADDED, line.kind is not LineKind.REMOVED
        if has_old:
            pieces = next(before)
        if has_new:
            pieces = next(after)
        yield ColouredLine(
            kind=line.kind,
            old=old if has_old else None,
            new=new if has_new else None,
            pieces=pieces,
            ends=line.text.endswith(b"\n"),
        )
        old, new = old + has_old, new + has_new


def _lexed(lines: tuple[bytes, ...], lexer: Lexer) -> list[tuple[Piece, ...]]:
    """As many tuples of pieces as there are lines; newlines are left out."""
    texts = [line.decode("utf-8", "replace").removesuffix("\n") for line in lines]
    # A lone carriage return would count as a line's end for Pygments.
    source = "\n".join(text.replace("\r", "␍") for text in texts)
    cut: list[list[Piece]] = [[]]
    for token, value in lexer.get_tokens(source):
        kind = _class_of(token)
        for number, part in enumerate(value.split("\n")):
            if number:
                cut.append([])
            if part:
                cut[-1].append(Piece(kind, part))
    return [tuple(_joined(pieces)) for pieces in cut[: len(texts)]]


def _joined(pieces: list[Piece]) -> Iterator[Piece]:
    """The same text in as few pieces as there are changes of colour."""
    held: Piece | None = None
    for piece in pieces:
        if held is not None and held.kind == piece.kind:
            held = Piece(held.kind, held.text + piece.text)
            continue
        if held is not None:
            yield held
        held = piece
    if held is not None:
        yield held


def _class_of(token: _TokenType) -> str:
    return next((name for kind, name in _CLASSES if token[: len(kind)] == kind), "")
