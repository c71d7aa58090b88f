"""Whether the functions that a patch is to hold are still called, or their names taken."""

from __future__ import annotations

import posixpath
import re
import string
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from patchkit.upstream.store import MissingObjectError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from patchkit.rebase.facts import Facts
    from patchkit.rebase.tree import TreeView

_ENTRY = "main"
"""The function that is called by no code of the project's own."""

_SOURCES = (".c", ".h")
_REGULAR = (0o100644, 0o100755)
_BLOCK_END = b"\n}\n"
_IN_WORDS = frozenset(sign.encode() for sign in string.ascii_letters + string.digits + "_")
_BLANKS = re.compile(rb"(?:[ \t\r\n]|/\*.*?\*/)*", re.DOTALL)
_NO_USE = re.compile(rb"[ \t]*#[ \t]*(?:include|undef|ifn?def|elifn?def|define[ \t]+$)")
_BEFORE_NAME = re.compile(  # of a prototype or a definition: types and attributes
    rb"(?:[\w\s*]|\b(?:_\w+_|__attribute__)[ \t]*\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))*"
)
_MEMBER = re.compile(rb"(?:\.|->)[ \t]*$")
_STATIC = re.compile(rb"\bstatic\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """A function that has lost its last reference; a static one is dead code for certain."""

    path: str
    function: str
    is_static: bool

    @property
    def what(self) -> str:
        """What is wrong, in a sentence that begins with the function."""
        if self.is_static:
            return (
                "is reached no longer: nothing in the file calls it or takes its name any more"
                " (if that is meant, take it out of the patch's `functions` in series.toml)"
            )
        top, slash, _ = self.path.partition("/")
        where = f"below {top}/" if slash else "in the tree"
        return f"is reached no longer: nothing {where} calls it or takes its name any more"


def lost(
    functions: Sequence[str],
    paths: Sequence[str],
    *,
    base: TreeView,
    target: TreeView,
    facts: Facts,
) -> Iterator[Lost]:
    """The functions that had a reference in the base and have none in the target.

    Both trees have the patch, so that functions that it adds are judged, too; `paths` are its
    files. A static function is asked for in its own file alone, an exported one in all C files
    below the top folder of its own, likely ones first; `facts` remembers where it was found.
    """
    files = [path for path in paths if path.endswith(_SOURCES)]
    search = _Search(files=files, trees=(target, base), facts=facts)
    for name in functions:
        for path in files if name != _ENTRY else ():
            word, text = name.encode(), _text(target, path)
            heading = _definition(text, word)
            if heading is None:
                continue
            is_static = path.endswith(".c") and _is_static(text, *heading)
            if is_static:
                gone = not uses(text, word) and uses(_text(base, path), word)
            else:
                gone = not search.finds(name, path, target) and search.finds(name, path, base)
            if gone:
                yield Lost(path=path, function=name, is_static=is_static)


def uses(text: bytes, name: bytes) -> bool:
    """Whether a C text has a reference to a function outside its own definition and prototypes.

    Calls count, and so does every other use of the name: in a table, as an argument, in a
    macro's body. Comments, strings, members of the same name and directives that only name it
    do not.
    """
    own = list(_own(text, name))
    return any(
        not any(start <= at < end for start, end in own)
        and _heading_start(text, at, name) is None
        and not _is_inert(text, at)
        for at in _words(text, name)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Search:
    """Looks for references to exported functions: in the patch's files, then everywhere."""

    files: Sequence[str]
    trees: tuple[TreeView, ...]
    facts: Facts

    def finds(self, name: str, path: str, tree: TreeView) -> bool:
        """Whether a tree has a reference to a function of `path`, as far as it can be read."""
        word, seen = name.encode(), set[str]()
        try:
            for place in self._places(name, path, tree):
                if place not in seen and uses(_text(tree, place), word):
                    if place != path and place not in self.files:
                        self.facts.found_use(tree.tree, name, place)
                    return True
                seen.add(place)
        except MissingObjectError:
            return True  # what cannot be read may have one
        return False

    def _places(self, name: str, path: str, tree: TreeView) -> Iterator[str]:
        """Where to look, the nearest first; a place may come twice, or not be in the tree."""
        yield from (path, *self.files)
        known = (self.facts.use_of(each.tree, name) for each in self.trees)
        yield from (place for place in known if place is not None)
        yield from _likely_first(tree, name, path)


def _likely_first(tree: TreeView, name: str, path: str) -> Iterator[str]:
    """All C files below the top folder of a file: those beside it first, then by their names."""
    folder, file = posixpath.split(path)
    stem, words = file.rpartition(".")[0], name.replace("_", "-")

    def likeness(place: str) -> tuple[bool, int, str]:
        where, other = posixpath.split(place)
        alike = max(len(posixpath.commonprefix([other, like])) for like in (stem, words))
        return where != folder, -alike, place

    yield from sorted(_beside(tree, folder), key=likeness)
    top = path.partition("/")[0] if folder else ""
    rest = (place for place in _below(tree, top) if posixpath.dirname(place) != folder)
    yield from sorted(rest, key=likeness)


def _beside(tree: TreeView, folder: str) -> set[str]:
    """The C files directly in a folder."""
    entry = tree.source.entry(tree.tree, folder) if folder else None
    id_ = entry.id if entry else tree.tree
    known = tree.source.children(id_) if entry or not folder else ()
    found = {
        posixpath.join(folder, name)
        for name, each in known
        if name.endswith(_SOURCES) and each.mode in _REGULAR
    }
    return found | {
        p for p in tree.changes if p.endswith(_SOURCES) and posixpath.dirname(p) == folder
    }


def _below(tree: TreeView, top: str) -> set[str]:
    """The C files anywhere below a top folder."""
    start = f"{top}/" if top else ""
    entry = tree.source.entry(tree.tree, top) if top else None
    known = tree.source.files(entry.id if entry else tree.tree) if entry or not top else ()
    found = {
        start + name for name, each in known if name.endswith(_SOURCES) and each.mode in _REGULAR
    }
    return found | {p for p in tree.changes if p.endswith(_SOURCES) and p.startswith(start)}


def _text(tree: TreeView, path: str) -> bytes:
    state = tree.read(path)
    return state.content if state else b""


# In a text


def _words(text: bytes, name: bytes) -> Iterator[int]:
    """Where a name stands by itself (bytes, from 0)."""
    at = text.find(name) if name else -1
    while at >= 0:
        end = at + len(name)
        before, after = text[at - 1 : at], text[end : end + 1]
        if before not in _IN_WORDS and after not in _IN_WORDS:
            yield at
        at = text.find(name, end)


def _heading_start(text: bytes, at: int, name: bytes) -> int | None:
    """Where the prototype or definition starts that the name at `at` heads; None for a use.

    Such a line starts in column one (or with `extern`), and has only types before the name.
    """
    start = text.rfind(b"\n", 0, at) + 1
    before = text[start:at]
    indented = before[:1] in (b" ", b"\t")
    if indented and not before.lstrip().startswith(b"extern "):
        return None
    goes_on = text[max(start - 2, 0) : start] == b"\\\n"  # in the body of a macro
    if goes_on or not _BEFORE_NAME.fullmatch(before):
        return None
    following = _BLANKS.match(text, at + len(name))
    after = following.end() if following else at
    return start if text[after : after + 1] == b"(" else None


def _own(text: bytes, name: bytes) -> Iterator[tuple[int, int]]:
    """From heading to closing brace of each definition of a name."""
    for at in _words(text, name):
        start = _heading_start(text, at, name)
        if start is not None and _has_body(text, at):
            yield start, _body_end(text, at)


def _body_end(text: bytes, at: int) -> int:
    """Where the definition ends whose name is at `at`: on its line, or at a brace in column one."""
    brace = text.find(b"{", at)
    line_end = text.find(b"\n", brace) + 1 or len(text)
    if text[brace:line_end].rstrip().endswith(b"}"):
        return line_end
    end = text.find(_BLOCK_END, brace)
    return end + len(_BLOCK_END) if end >= 0 else len(text)


def _definition(text: bytes, name: bytes) -> tuple[int, int] | None:
    """Where the heading of a definition starts, and where the name stands in it."""
    for at in _words(text, name):
        start = _heading_start(text, at, name)
        if start is not None and _has_body(text, at) and not _is_inert(text, at):
            return start, at
    return None


def _is_static(text: bytes, start: int, at: int) -> bool:
    """Whether a definition is static, by its heading's line or the line of its type before that."""
    above = text.rfind(b"\n", 0, max(start - 1, 0)) + 1
    if above < start and _BEFORE_NAME.fullmatch(text, above, start):
        start = above
    return _STATIC.search(text, start, at) is not None


def _has_body(text: bytes, at: int) -> bool:
    """Whether a brace comes before a semicolon."""
    brace = text.find(b"{", at)
    return brace >= 0 and text.find(b";", at, brace) < 0


def _is_inert(text: bytes, at: int) -> bool:
    """Whether a name at `at` is no use of a function: text for people, a member, a directive."""
    line = text[text.rfind(b"\n", 0, at) + 1 : at]
    if _MEMBER.search(line) or _NO_USE.match(line):
        return True
    for quoted in _quoted().finditer(text, _clean_start(text, at)):
        if quoted.end() > at:
            return quoted.start() <= at
    return False


def _clean_start(text: bytes, at: int) -> int:
    """A place before `at` that is in no comment and no string, as near as can be told."""
    start = at
    while (start := text.rfind(_BLOCK_END, 0, start)) >= 0:
        comment = text.rfind(b"/*", 0, start)
        # Neither strings nor line comments go on after a line's end.
        if comment < 0 or text.find(b"*/", comment + 2, start) >= 0:
            return start
    return 0


@lru_cache(maxsize=1)
def _quoted() -> re.Pattern[bytes]:
    """Comments, strings and characters; a comment without an end goes to the text's end."""
    return re.compile(
        rb"/\*.*?(?:\*/|\Z)|//[^\n]*"
        rb'|"(?:\\.|[^"\\\n])*"'
        rb"|'(?:\\.|[^'\\\n])*'",
        re.DOTALL,
    )
