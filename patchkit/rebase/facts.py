"""What is known of upstream's files by git's ids: worked out once, and kept between runs."""

from __future__ import annotations

import hashlib
import posixpath
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from patchkit.rebase.records import Records
from patchkit.upstream.store import MissingObjectError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from patchkit.rebase.tree import TreeSource

_VERSION = b"patchkit header facts 1"
_FOLDER = 0o040000
_INCLUDE = re.compile(rb'#[ \t]*include[ \t]+"([^"\n]+)"')
_SHORTEST = 3
"""Shorter words are no names that anyone asks for."""

_BLANKED = bytes(
    byte if chr(byte) == "_" or (chr(byte).isascii() and chr(byte).isalnum()) else ord(" ")
    for byte in range(256)
)


@dataclass(frozen=True, slots=True)
class Header:
    """What a header holds: the names of what it includes, and its words between blanks."""

    includes: tuple[str, ...]
    words: bytes

    def has(self, word: bytes) -> bool:
        """Whether the word stands somewhere in the header."""
        return b" " + word + b" " in self.words


def header_of(text: bytes) -> Header:
    """What a header's text holds."""
    words = dict.fromkeys(text.translate(_BLANKED).split())
    kept = b" ".join(word for word in words if len(word) >= _SHORTEST)
    return Header(includes=includes_of(text), words=b" " + kept + b" ")


def includes_of(text: bytes) -> tuple[str, ...]:
    """The names that a C text includes in quotes, in order."""
    return tuple(name.decode("utf-8", "replace") for name in _included(text))


def include_lines(text: bytes) -> bytes:
    """The include lines of a C text alone."""
    return b"".join(b'#include "%b"\n' % name for name in _included(text))


def _included(text: bytes) -> list[bytes]:
    return [
        match[1]
        for match in _INCLUDE.finditer(text)
        if not text[text.rfind(b"\n", 0, match.start()) + 1 : match.start()].strip(b" \t")
    ]


class Shelf:
    """The headers below a folder, by path (`ids` are their blobs'), to be found by name."""

    def __init__(self, ids: Mapping[str, str]) -> None:
        self.ids = ids
        self._by_name: dict[str, list[str]] = {}
        for path in ids:
            self._by_name.setdefault(path.rpartition("/")[2], []).append(path)
        self._found: dict[tuple[str, tuple[str, ...]], tuple[str, ...]] = {}

    def find(self, folder: str, includes: tuple[str, ...]) -> tuple[str, ...]:
        """The headers that a file in `folder` means: the one beside it, else all of that name."""
        found = self._found.get((folder, includes))
        if found is None:
            places = (place for name in includes for place in self._places(folder, name))
            found = self._found[folder, includes] = tuple(places)
        return found

    def _places(self, folder: str, name: str) -> list[str]:
        places = self._by_name.get(name.rpartition("/")[2], [])
        beside = f"{folder}/{name}"
        if places and ("./" in name or "//" in name or not folder):
            beside = posixpath.normpath(posixpath.join(folder, name))
        return [beside] if beside in places else [p for p in places if p.endswith("/" + name)]


@dataclass(slots=True)
class Facts:
    """What is known of upstream's files. `open` takes up what an earlier run kept."""

    _records: Records = field(default_factory=lambda: Records(_VERSION))
    _headers: dict[str, Header] = field(default_factory=dict)
    _texts: dict[bytes, Header] = field(default_factory=dict)
    _below: dict[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    _shelves: dict[tuple[str, str], Shelf] = field(default_factory=dict)

    @classmethod
    def open(cls, path: Path) -> Facts:
        """The facts in a file; none where there is no such file, or no sound one."""
        return cls(Records.open(path, _VERSION))

    def keep(self) -> None:
        """Write what is new to the file. That it cannot be written matters to nobody."""
        self._records.keep()

    def header(self, source: TreeSource, id: str) -> Header:  # noqa: A002 - git's word
        """What the header of that blob holds; nothing where the blob is not at hand."""
        known = self._headers.get(id)
        if known is None:
            record = self._records.get(id)
            if record is not None:
                known = _read_header(record)
            else:
                try:
                    known = header_of(source.blob(id))
                except MissingObjectError:
                    return header_of(b"")
                self._records.put(id, _written_header(known))
            self._headers[id] = known
        return known

    def text(self, content: bytes) -> Header:
        """What a header of that content holds, of which no object is at hand."""
        known = self._texts.get(content)
        if known is None:
            known = self._texts[content] = header_of(content)
        return known

    def shelf(self, source: TreeSource, tree: str, top: str) -> Shelf:
        """The headers below a top folder of a tree. Raises `MissingObjectError`."""
        known = self._shelves.get((tree, top))
        if known is None:
            entry = source.entry(tree, top)
            is_folder = entry is not None and entry.mode == _FOLDER
            found = self._in(source, entry.id) if entry is not None and is_folder else ()
            known = self._shelves[tree, top] = Shelf({f"{top}/{path}": id_ for path, id_ in found})
        return known

    def use_of(self, tree: str, name: str) -> str | None:
        """The file of a tree in which a use of that function was found before, or None."""
        record = self._records.get(_use_id(tree, name))
        return None if record is None else record.decode("utf-8", "surrogateescape")

    def found_use(self, tree: str, name: str, path: str) -> None:
        """Remember in which file of a tree a use of a function stands."""
        if self.use_of(tree, name) != path:
            record = path.encode("utf-8", "surrogateescape")
            self._records.put(_use_id(tree, name), record)

    def _in(self, source: TreeSource, tree: str) -> tuple[tuple[str, str], ...]:
        """The headers in a folder and its subfolders: path from there and blob id."""
        known = self._below.get(tree)
        if known is None:
            record = self._records.get(tree)
            if record is None:
                record = _written_folder(source, tree)
                self._records.put(tree, record)
            found: list[tuple[str, str]] = []
            parts = record.decode("utf-8", "surrogateescape").split("/")[1:]
            for name, id_ in zip(parts[::2], parts[1::2], strict=True):
                if id_[0] == "t":
                    inside = self._in(source, id_[1:])
                    found += [(f"{name}/{path}", blob) for path, blob in inside]
                else:
                    found.append((name, id_[1:]))
            known = self._below[tree] = tuple(found)
        return known


def _use_id(tree: str, name: str) -> str:
    """A name of git's form for what is asked: of two objects, one fact."""
    return hashlib.sha1(f"use of {name} in {tree}".encode(), usedforsecurity=False).hexdigest()


def _written_folder(source: TreeSource, tree: str) -> bytes:
    """A folder's subfolders and headers: `/NAME/tID` or `/NAME/hID` each."""
    return b"".join(
        f"/{name}/{'t' if entry.mode == _FOLDER else 'h'}{entry.id}".encode(
            "utf-8", "surrogateescape"
        )
        for name, entry in source.children(tree)
        if entry.mode == _FOLDER or name.endswith(".h")
    )


def _written_header(header: Header) -> bytes:
    # An include's name has no quotation mark, and a word only letters, digits and underscores.
    names = '"'.join(header.includes).replace("\0", "\ufffd").encode()
    return b'"' + names + b'"' + header.words


def _read_header(record: bytes) -> Header:
    names, _, words = record[1:].rpartition(b'"')
    return Header(tuple(names.decode().split('"')) if names else (), words)
