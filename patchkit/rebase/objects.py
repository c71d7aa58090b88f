"""libgit2's three-way merge, diff and rename detection on bytes, in memory.

A repository without a place on disk gets an object database that is a dictionary: nothing is
written anywhere, and nothing else is ever looked at.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

import pygit2
from pygit2.enums import DiffOption, FileMode, ObjectType
from pygit2.ffi import C, ffi

from patchkit.series.patch import Hunk, Line, LineKind

if TYPE_CHECKING:
    from collections.abc import Mapping

_DIFF3 = 2  # GIT_MERGE_FILE_STYLE_DIFF3, libgit2's include/git2/merge.h
_ORIGINS = {" ": LineKind.CONTEXT, "+": LineKind.ADDED, "-": LineKind.REMOVED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """A merged content; with diff3 markers where it is not clean."""

    content: bytes
    clean: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """What the three sides are called in conflict markers."""

    target: str
    base: str
    patch: str


class _Memory(pygit2.OdbBackend):
    """An object database that is a dictionary."""

    def __init__(self) -> None:
        super().__init__()
        self._objects: dict[pygit2.Oid, tuple[int, bytes]] = {}

    def read_cb(self, oid: pygit2.Oid) -> tuple[int, bytes]:
        return self._objects[oid]

    def read_prefix_cb(self, oid: pygit2.Oid) -> tuple[int, bytes, pygit2.Oid]:
        kind, data = self._objects[oid]
        return kind, data, oid

    def read_header_cb(self, oid: pygit2.Oid) -> tuple[int, int]:
        kind, data = self._objects[oid]
        return kind, len(data)

    def write_cb(self, oid: pygit2.Oid, data: bytes, kind: int) -> None:
        self._objects[oid] = (kind, data)

    def add(self, content: bytes) -> pygit2.Oid:
        """Take in a blob; as libgit2 would, whose own SHA-1 takes three times as long."""
        oid = pygit2.Oid(hex=blob_id(content))
        self._objects[oid] = (ObjectType.BLOB, content)
        return oid

    def exists_cb(self, oid: pygit2.Oid) -> bool:
        return oid in self._objects

    def exists_prefix_cb(self, oid: pygit2.Oid) -> pygit2.Oid:
        raise KeyError(oid)

    def refresh_cb(self) -> None:
        """Nothing else changes it."""


def blob_id(content: bytes) -> str:
    """The id that git gives to a blob of this content, hexadecimal."""
    head = b"blob %d\0" % len(content)
    return hashlib.sha1(head + content, usedforsecurity=False).hexdigest()


def difference(old: bytes, new: bytes) -> tuple[Hunk, ...]:
    """The hunks that lead from one content to the other, as git's diff makes them."""
    if old == new:
        return ()
    patch = pygit2.Patch.create_from(
        old, new, flag=DiffOption.INDENT_HEURISTIC | DiffOption.FORCE_TEXT
    )
    return tuple(_hunk(hunk) for hunk in patch.hunks)


def _hunk(hunk: pygit2.DiffHunk) -> Hunk:
    lines: list[Line] = []
    for line in hunk.lines:
        kind = _ORIGINS.get(line.origin)
        if kind is not None:  # the rest are markers for a missing newline
            lines.append(Line(kind, line.raw_content))
    heading = hunk.header.encode("utf-8", "surrogateescape").split(b"@@", 2)[2].strip()
    return Hunk(
        old_start=hunk.old_start, new_start=hunk.new_start, heading=heading, lines=tuple(lines)
    )


def _labelled(marked: bytes, sides: tuple[bytes | None, ...], labels: Labels) -> bytes:
    """Name the sides that have no content: libgit2 leaves their markers bare."""
    names = (labels.target, labels.base, labels.patch)
    for marker, side, label in zip((b"<<<<<<<", b"|||||||", b">>>>>>>"), sides, names, strict=True):
        if not side:
            bare, named = marker + b"\n", marker + b" " + label.encode() + b"\n"
            marked = b"".join(named if line == bare else line for line in BytesIO(marked))
    return marked


class ObjectSpace:
    """Git objects made in passing."""

    def __init__(self) -> None:
        database = pygit2.Odb()
        self._memory = _Memory()
        database.add_backend(self._memory, 1)
        self._repository = pygit2.Repository()
        self._repository.set_odb(database)

    def merge(self, *, base: bytes, target: bytes, patch: bytes, labels: Labels) -> Merge:
        """Three-way merge of contents: what leads from `base` to `patch`, done to `target`."""
        if target in (base, patch):
            return Merge(content=patch, clean=True)
        if base == patch:
            return Merge(content=target, clean=True)
        return self._merge(base, target, patch, labels)

    def has_change(self, content: bytes, *, before: bytes, after: bytes, labels: Labels) -> bool:
        """Whether `content` has what leads from `before` to `after`.

        It can be taken out, which gives another content, and put back.
        """
        if before == after:
            return True
        without = self.merge(base=after, target=content, patch=before, labels=labels)
        if not without.clean or without.content == content:
            return False
        again = self.merge(base=before, target=without.content, patch=after, labels=labels)
        return again.clean and again.content == content

    def _merge(self, base: bytes | None, target: bytes, patch: bytes, labels: Labels) -> Merge:
        # pygit2's own method takes no options and decodes the result, so libgit2 is asked
        # directly here.
        sides = [self._entry(content) for content in (base, target, patch)]
        names = [
            ffi.new("char[]", label.encode("utf-8"))
            for label in (labels.base, labels.target, labels.patch)
        ]
        options = ffi.new("git_merge_file_options *")
        options.version = 1
        options.flags = _DIFF3
        options.ancestor_label, options.our_label, options.their_label = names
        result = ffi.new("git_merge_file_result *")
        # Reading would verify ids that were computed from these very bytes a moment ago.
        pygit2.settings.enable_strict_hash_verification(False)
        try:
            code = C.git_merge_file_from_index(
                result,
                self._repository._repo,  # noqa: SLF001 - see above
                *(side[0] for side in sides),
                options,
            )
        finally:
            pygit2.settings.enable_strict_hash_verification(True)
        pygit2.errors.check_error(code)
        try:
            content = bytes(ffi.buffer(result.ptr, result.len)) if result.len else b""
            if result.automergeable:
                return Merge(content=content, clean=True)
            return Merge(content=_labelled(content, (target, base, patch), labels), clean=False)
        finally:
            C.git_merge_file_result_free(result)

    def _entry(self, content: bytes | None) -> tuple[object, object]:
        if content is None:
            return ffi.NULL, None
        oid = self._memory.add(content)
        # The tuple keeps alive what the C structure points to.
        entry: tuple[object, object] = pygit2.IndexEntry("file", oid, FileMode.BLOB)._to_c()  # noqa: SLF001
        return entry

    def merge_added(self, *, target: bytes, patch: bytes, labels: Labels) -> Merge:
        """Merge two contents without a common ancestor: conflict markers where they differ."""
        if target == patch:
            return Merge(content=target, clean=True)
        return self._merge(None, target, patch, labels)

    def most_similar(self, content: bytes, candidates: Mapping[str, bytes]) -> str | None:
        """The path among `candidates` that git would call the renamed file, or None."""
        if not candidates:
            return None
        names = {f"{number:06d}": path for number, path in enumerate(sorted(candidates))}
        before = self._repository.TreeBuilder()
        before.insert("gone", self._repository.create_blob(content), FileMode.BLOB)
        after = self._repository.TreeBuilder()
        for name, path in names.items():
            after.insert(name, self._repository.create_blob(candidates[path]), FileMode.BLOB)
        old, new = self._repository[before.write()], self._repository[after.write()]
        if not isinstance(old, pygit2.Tree) or not isinstance(new, pygit2.Tree):
            raise TypeError("a tree was written and something else came back")
        diff = old.diff_to_tree(new)
        diff.find_similar(rename_limit=len(names) + 1)
        for delta in diff.deltas:
            if delta.status_char() == "R":
                return names[delta.new_file.path]
        return None
