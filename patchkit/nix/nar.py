"""The NAR of a git tree as a stream of bytes, and its hash: what `fetchFromGitHub` expects.

The hash is that of the unpacked archive of a tag (nixpkgs, pkgs/build-support/fetchzip), which is
what `git archive` makes of the tree (git-archive(1)): `export-ignore` leaves a path out,
`export-subst` fills in placeholders, a submodule is an empty folder. The format is Nix's own
(E. Dolstra, The Purely Functional Software Deployment Model, figure 5.2).
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from patchkit.errors import UnavailableError
from patchkit.nix.attributes import FILE, Attributes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from patchkit.rebase.tree import Entry, TreeSource

_EXECUTABLE = 0o100755
_LINK = 0o120000
_SUBMODULE = 0o160000

_IGNORE, _SUBST = "export-ignore", "export-subst"
_CONVERSIONS = ("ident", "eol", "working-tree-encoding")
"""Attributes that make `git archive` change a file's bytes; nothing in systemd has them."""

_RELEVANT = frozenset({_IGNORE, _SUBST, *_CONVERSIONS})

_PLACEHOLDER = re.compile(rb"\$Format:([^$]*)\$")
_FORMAT = re.compile(rb"%(%|n|x[0-9a-fA-F]{2}|[A-Za-z]+)")


class NotHashableError(UnavailableError):
    """The archive's bytes depend on more than is known here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What `export-subst` may ask for: full hexadecimal ids, `commit` where it is known."""

    tree: str
    commit: str | None = None


_Folder: TypeAlias = "dict[bytes, _Folder | _Leaf]"


@dataclass(frozen=True, slots=True)
class _Leaf:
    mode: int
    id: str
    path: str
    subst: bool = False


def nar_hash(source: TreeSource, identity: Identity) -> str:
    """The hash of a tree's archive in SRI form (`sha256-…=`).

    Raises `NotHashableError`, and what `source` raises for an object that is not there.
    """
    digest = hashlib.sha256()
    write_nar(source, identity, digest.update)
    return sri(digest.digest())


def sri(digest: bytes) -> str:
    """A SHA-256 as Subresource Integrity writes it (W3C, SRI 3.1)."""
    return f"sha256-{base64.b64encode(digest).decode()}"


def write_nar(source: TreeSource, identity: Identity, write: Callable[[bytes], object]) -> None:
    """Give the NAR of a tree's archive to `write`, piece by piece; one file at a time is held.

    Raises as `nar_hash`.
    """
    writer = _Writer(source=source, identity=identity, write=write)
    writer.text(b"nix-archive-1")
    writer.folder(_exported(source, identity.tree))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Writer:
    """Nodes of the format, onto a stream."""

    source: TreeSource
    identity: Identity
    write: Callable[[bytes], object]

    def text(self, *words: bytes) -> None:
        self.write(b"".join(_framed(word) for word in words))

    def folder(self, folder: _Folder) -> None:
        self.text(b"(", b"type", b"directory")
        for name in sorted(folder):  # by bytes, where git sorts folders as if they had a slash
            self.text(b"entry", b"(", b"name", name, b"node")
            item = folder[name]
            if isinstance(item, _Leaf):
                self._leaf(item)
            else:
                self.folder(item)
            self.text(b")")
        self.text(b")")

    def _leaf(self, leaf: _Leaf) -> None:
        if leaf.mode == _SUBMODULE:
            self.folder({})
            return
        content = self.source.blob(leaf.id)
        if leaf.mode == _LINK:
            self.text(b"(", b"type", b"symlink", b"target", content, b")")
            return
        if leaf.subst:
            content = _substituted(content, leaf.path, self.identity)
        marked = (b"executable", b"") if leaf.mode == _EXECUTABLE else ()
        self.text(b"(", b"type", b"regular", *marked, b"contents")
        self.write(len(content).to_bytes(8, "little"))
        self.write(content)
        self.write(bytes(-len(content) % 8) + _framed(b")"))


def _framed(word: bytes) -> bytes:
    """Length as 64 bits little-endian, then the bytes, filled up to a multiple of eight."""
    return len(word).to_bytes(8, "little") + word + bytes(-len(word) % 8)


def _exported(source: TreeSource, tree: str) -> _Folder:
    """The files that the archive has, as nested folders."""
    files = list(source.files(tree))
    attributes = _attributes(source, files)
    plain = attributes.says_nothing_of(_RELEVANT)
    left_out: set[str] = set()
    root: _Folder = {}
    for path, entry in files:
        if not plain and _ignored_folder(path, attributes, left_out):
            continue
        *parents, name = path.encode("utf-8", "surrogateescape").split(b"/")
        folder = root
        for parent in parents:
            inner = folder.setdefault(parent, {})
            if isinstance(inner, _Leaf):
                raise NotHashableError(f"the tree {tree} has a file and a folder named {path}")
            folder = inner
        leaf = _Leaf(entry.mode, entry.id, path)
        if not plain:
            # a folder stays, though empty, when only its files are left out (archive.c)
            said = attributes.of(path, folder=entry.mode == _SUBMODULE)
            if said.get(_IGNORE) is True:
                continue
            _refuse_conversion(path, entry, said)
            leaf = replace(leaf, subst=said.get(_SUBST) is True)
        folder[name] = leaf
    return root


def _attributes(source: TreeSource, files: list[tuple[str, Entry]]) -> Attributes:
    found = {
        path: source.blob(entry.id)
        for path, entry in files
        if path.rsplit("/", 1)[-1] == FILE and entry.mode != _SUBMODULE
    }
    return Attributes(found)


def _ignored_folder(path: str, attributes: Attributes, left_out: set[str]) -> bool:
    """Whether a folder on the way is left out; `left_out` remembers what was found."""
    for folder in _parents(path):
        if folder in left_out:
            return True
        if attributes.of(folder, folder=True).get(_IGNORE) is True:
            left_out.add(folder)
            return True
    return False


def _parents(path: str) -> Iterator[str]:
    """The folders that a path is in, outermost first."""
    at = path.find("/")
    while at >= 0:
        yield path[:at]
        at = path.find("/", at + 1)


def _refuse_conversion(path: str, entry: Entry, said: Mapping[str, object]) -> None:
    if entry.mode in (_LINK, _SUBMODULE):
        return
    eol = said.get("eol")
    asked = {
        "ident": said.get("ident") is True,
        "eol=crlf": eol == "crlf" and said.get("text") is not False,
        "working-tree-encoding": isinstance(said.get("working-tree-encoding"), str),
    }
    for name, is_asked in asked.items():
        if is_asked:
            raise NotHashableError(
                f"{path} has the attribute {name}, with which the archive's bytes differ from "
                "the tree's; patchkit does not compute such an archive's hash",
                hint="ask Nix for it: nix-prefetch-url --unpack URL",
            )


def _substituted(content: bytes, path: str, identity: Identity) -> bytes:
    """Fill in `$Format:…$` (gitattributes(5), export-subst) from what is known."""
    known = {b"%": b"%", b"n": b"\n", b"T": identity.tree.encode()}
    if identity.commit is not None:
        known[b"H"] = identity.commit.encode()

    def one(match: re.Match[bytes]) -> bytes:
        word = match[1]
        if word[:1] == b"x" and len(word) == 3:
            return bytes([int(word[1:], 16)])
        if word not in known and word[:1] in known:
            return known[word[:1]] + word[1:]
        if word not in known:
            raise NotHashableError(
                f"{path} asks the archive for %{word.decode()}, which is not known here",
                hint="ask Nix for the hash: nix-prefetch-url --unpack URL",
            )
        return known[word]

    return _PLACEHOLDER.sub(lambda match: _FORMAT.sub(one, match[1]), content)
