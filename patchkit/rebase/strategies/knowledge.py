"""Whether the target knows what a patch's lines rest on: names, headers, folders."""

from __future__ import annotations

import posixpath
import re
import string
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from patchkit.rebase.facts import Facts, Header, Shelf, include_lines, includes_of
from patchkit.rebase.strategies.guards import code_of
from patchkit.upstream.store import MissingObjectError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from patchkit.rebase.outcome import FileState
    from patchkit.rebase.tree import TreeView

_CALLED = re.compile(rb"\b_cleanup_\(\s*(\w+)\s*\)|\b([A-Za-z_]\w{2,})\s*\(")
_DEFINES = rb"#[ \t]*define[ \t]+NAME\b|[A-Za-z_][^\n;{}=]*\bNAME[ \t]*\("
_IN_WORDS = frozenset(sign.encode() for sign in string.ascii_letters + string.digits + "_")
_MOST_HEADERS = 400


@dataclass(slots=True)
class Headers:
    """The headers of a tree that a C file sees through its quoted includes.

    Includes are resolved by name alone, as a project with unique header names (systemd is one)
    and many include folders has them; only the top folder of the including file is searched.
    """

    tree: TreeView
    facts: Facts = field(default_factory=Facts)
    _shelves: dict[str, Shelf] = field(default_factory=dict)

    def lacking(
        self, path: str, content: bytes, names: set[bytes], more: bytes = b""
    ) -> set[bytes]:
        """The names that neither the file nor any header that it sees has as a word.

        `more` are lines that the file is to have besides.
        """
        missing = {n for n in names if not _has_word(content, n) and not _has_word(more, n)}
        includes = (*includes_of(content), *includes_of(more)) if missing else ()
        for _, header in self._seen(path, includes):
            missing = {name for name in missing if not header.has(name)}
            if not missing:
                break
        return missing

    def defined(self, path: str, content: bytes, names: set[bytes]) -> set[bytes]:
        """The names that the file or some header that it sees declares, defines or `#define`s."""
        wanted = {name for name in names if not _defines(content, name)}
        for place, header in self._seen(path, includes_of(content)) if wanted else ():
            mentioned = [name for name in wanted if header.has(name)]
            if mentioned:
                text = self._text(place)
                wanted -= {name for name in mentioned if _defines(text, name)}
            if not wanted:
                break
        return names - wanted

    def _seen(self, path: str, includes: tuple[str, ...]) -> Iterator[tuple[str, Header]]:
        """The headers that a file sees, nearest first."""
        waiting = [(path, includes)]
        seen = {path}
        while waiting and len(seen) < _MOST_HEADERS:
            nearer, waiting = waiting, []
            for place, names in nearer:
                shelf = self._shelf(place.partition("/")[0])
                for found in shelf.find(posixpath.dirname(place), names):
                    if found not in seen:
                        seen.add(found)
                        header = self._header(found, shelf)
                        yield found, header
                        waiting.append((found, header.includes))

    def _shelf(self, top: str) -> Shelf:
        """The headers below a top folder, those that a patch adds included."""
        known = self._shelves.get(top)
        if known is None:
            known = self.facts.shelf(self.tree.source, self.tree.tree, top)
            added = [p for p in self.tree.changes if p.endswith(".h") and p.startswith(f"{top}/")]
            if not known.ids.keys() >= set(added):
                known = Shelf({**known.ids, **{p: "" for p in added if p not in known.ids}})
            self._shelves[top] = known
        return known

    def _header(self, path: str, shelf: Shelf) -> Header:
        if path in self.tree.changes:
            return self.facts.text(self._text(path))
        return self.facts.header(self.tree.source, shelf.ids[path])

    def _text(self, path: str) -> bytes:
        try:
            state = self.tree.read(path)
        except MissingObjectError:
            return b""  # its words may be known from another run
        return state.content if state else b""


def unknown_names(
    path: str,
    *,
    base: bytes,
    added: Sequence[bytes],
    target: bytes,
    known: Headers,
    there: Headers,
) -> list[str]:
    """Functions and macros that the lines `added` call, and only the base's file sees (`known`).

    `target` is the file as it was before the patch, `there` sees the target with the patch.
    Names that the base does not declare either come from the system or from the patch itself.
    """
    if not path.endswith((".c", ".h")):
        return []
    code = code_of(added)
    names = {match[1] or match[2] for match in _CALLED.finditer(code)}
    names = {n for n in names if not _has_word(target, n) and not _defines(code, n)}
    if names:
        names = there.lacking(path, target, names, include_lines(b"".join(added)))
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
    return next(_places(text, word), None) is not None


def _places(text: bytes, word: bytes) -> Iterator[int]:
    """Where a word stands by itself in a text."""
    at = text.find(word)
    while at >= 0:
        end = at + len(word)
        if text[end : end + 1] not in _IN_WORDS and (at == 0 or text[at - 1 : at] not in _IN_WORDS):
            yield at
        at = text.find(word, at + 1)


def _defines(text: bytes, name: bytes) -> bool:
    """Whether a line in column one declares or defines `name`, as a function or a macro."""
    pattern = re.compile(_DEFINES.replace(b"NAME", re.escape(name)))
    starts = {text.rfind(b"\n", 0, at) + 1 for at in _places(text, name)}
    return any(pattern.match(text, start) for start in starts)
