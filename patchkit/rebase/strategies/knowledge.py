"""Whether the target knows what a patch's lines rest on: names, headers, folders."""

from __future__ import annotations

import posixpath
import re
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from patchkit.rebase.strategies.guards import added_lines, code_of
from patchkit.upstream.store import MissingObjectError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from patchkit.rebase.outcome import FileState
    from patchkit.rebase.tree import TreeSource, TreeView

_INCLUDE = re.compile(rb'^[ \t]*#[ \t]*include[ \t]+"([^"\n]+)"', re.MULTILINE)
_NAME = re.compile(rb"\b[A-Za-z_]\w{2,}")
_CALLED = re.compile(rb"\b_cleanup_\(\s*(\w+)\s*\)|\b([A-Za-z_]\w{2,})\s*\(")
_MOST_HEADERS = 400


@dataclass(frozen=True, slots=True)
class _Header:
    """What a header's text holds: the names of what it includes, and all of its words."""

    text: bytes
    includes: tuple[str, ...]
    words: frozenset[bytes]


_FACTS: OrderedDict[str, _Header] = OrderedDict()
_MOST_FACTS = 512


def _header(source: TreeSource, id: str) -> _Header:  # noqa: A002 - git's word
    """What a header holds; the latest are remembered, since releases share most of them."""
    if id not in _FACTS:
        try:
            _FACTS[id] = _facts(source.blob(id))
        except MissingObjectError:
            return _facts(b"")
        if len(_FACTS) > _MOST_FACTS:
            _FACTS.popitem(last=False)
    _FACTS.move_to_end(id)
    return _FACTS[id]


def _facts(text: bytes) -> _Header:
    includes = tuple(m[1].decode("utf-8", "replace") for m in _INCLUDE.finditer(text))
    return _Header(text, includes, frozenset(_NAME.findall(text)))


@dataclass(slots=True)
class Headers:
    """The headers of a tree that a C file sees through its quoted includes.

    Includes are resolved by name alone, as a project with unique header names (systemd is one)
    and many include folders has them; only the top folder of the including file is searched.
    """

    tree: TreeView
    _index: dict[str, dict[str, list[str]]] = field(default_factory=dict)

    def lacking(self, path: str, content: bytes, names: set[bytes]) -> set[bytes]:
        """The names that neither the file nor any header that it sees has as a word."""
        missing = {name for name in names if not _has_word(content, name)}
        for header in self._seen(path, content) if missing else ():
            missing -= header.words
            if not missing:
                break
        return missing

    def defined(self, path: str, content: bytes, names: set[bytes]) -> set[bytes]:
        """The names that the file or some header that it sees declares, defines or `#define`s."""
        wanted = {name for name in names if not _defines(content, name)}
        for header in self._seen(path, content) if wanted else ():
            wanted -= {n for n in wanted & header.words if _defines(header.text, n)}
            if not wanted:
                break
        return names - wanted

    def _seen(self, path: str, content: bytes) -> Iterator[_Header]:
        """The headers that a file sees, nearest first."""
        waiting = [(path, _facts(content).includes)]
        seen = {path}
        while waiting and len(seen) < _MOST_HEADERS:
            nearer, waiting = waiting, []
            for place, includes in nearer:
                for found in self._resolved(place, includes):
                    if found in seen:
                        continue
                    seen.add(found)
                    header = self._read(found)
                    yield header
                    waiting.append((found, header.includes))

    def _resolved(self, path: str, includes: Sequence[str]) -> Iterator[str]:
        top, folder = path.split("/", 1)[0], posixpath.dirname(path)
        for name in includes:
            places = self._headers(top).get(posixpath.basename(name), ())
            beside = posixpath.normpath(posixpath.join(folder, name))
            if beside in places:
                yield beside
            else:
                yield from (place for place in places if place.endswith("/" + name))

    def _headers(self, top: str) -> Mapping[str, list[str]]:
        """The headers below a top folder, by their names."""
        if top not in self._index:
            found: dict[str, list[str]] = {}
            entry = self.tree.source.entry(self.tree.tree, top)
            if entry is not None and entry.mode == 0o040000:
                for place, _ in self.tree.source.files(entry.id):
                    if place.endswith(".h"):
                        found.setdefault(place.rpartition("/")[2], []).append(f"{top}/{place}")
            for place in self.tree.changes:
                if place.endswith(".h") and place.startswith(f"{top}/"):
                    found.setdefault(place.rpartition("/")[2], []).append(place)
            self._index[top] = found
        return self._index[top]

    def _read(self, path: str) -> _Header:
        if path in self.tree.changes:
            state = self.tree.changes[path]
            return _facts(state.content if state else b"")
        entry = self.tree.source.entry(self.tree.tree, path)
        return _header(self.tree.source, entry.id) if entry else _facts(b"")


def unknown_names(
    path: str, *, base: bytes, patch: bytes, target: bytes, known: Headers, there: Headers
) -> list[str]:
    """Functions and macros that the patch's lines call, and only the base's file sees (`known`).

    `target` is the file as it was before the patch, `there` sees the target with the patch.
    Names that the base does not declare either come from the system or from the patch itself.
    """
    if not path.endswith((".c", ".h")):
        return []
    added = added_lines(base, patch)
    code = code_of(added)
    names = {match[1] or match[2] for match in _CALLED.finditer(code)}
    names = {n for n in names if not _has_word(target, n) and not _defines(code, n)}
    if names:
        names = there.lacking(path, target + _includes(b"".join(added)), names)
    return sorted(name.decode() for name in known.defined(path, base, names))


def strange_folders(
    changes: Mapping[str, FileState | None], *, base: TreeView, target: TreeView
) -> list[str]:
    """Folders to which the patch adds files, and whose namesake the target lacks with them.

    The base has the folder, and a file elsewhere that is named as it is (the folder holds a
    program's inputs, say); the target has neither.
    """
    folders = {
        posixpath.dirname(path)
        for path, state in changes.items()
        if state is not None and target.read(path) is None
    } - {""}
    strange = {
        folder
        for folder in folders
        if base.source.entry(base.tree, folder) is not None
        and target.source.entry(target.tree, folder) is None
        and not any(path.startswith(folder + "/") for path in target.changes)
    }
    if not strange:
        return []
    here, there = _stems(base, changes), _stems(target, changes)
    return sorted(f for f in strange if posixpath.basename(f) in here - there)


def _stems(tree: TreeView, but: Mapping[str, FileState | None]) -> set[str]:
    names = (path for path, _ in tree.source.files(tree.tree) if path not in but)
    return {posixpath.splitext(posixpath.basename(name))[0] for name in names}


def _has_word(text: bytes, word: bytes) -> bool:
    return word in text and re.search(rb"\b" + re.escape(word) + rb"\b", text) is not None


def _defines(text: bytes, name: bytes) -> bool:
    """Whether a line in column one declares or defines `name`, as a function or a macro."""
    pattern = rb"^(?:#[ \t]*define[ \t]+NAME\b|[A-Za-z_][^\n;{}=]*\bNAME[ \t]*\()"
    return re.search(pattern.replace(b"NAME", re.escape(name)), text, re.MULTILINE) is not None


def _includes(content: bytes) -> bytes:
    return b"\n" + b"".join(match[0] + b"\n" for match in _INCLUDE.finditer(content))
