"""A release's tarball as git objects: read as a stream, never extracted to disk.

What comes out is the tree that git would record for the unpacked files: modes 644, 755 and
120000, no empty folders. The archive is taken as hostile: a name that could lead anywhere, an
entry that git has no mode for, or more data than a release can have is refused.
"""

from __future__ import annotations

import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, cast

from patchkit.errors import InconsistentError
from patchkit.upstream import compressed
from patchkit.upstream.pack import Kind

if TYPE_CHECKING:
    from pathlib import Path
    from typing import IO

    from patchkit.upstream.pack import PackWriter


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of what a tarball may hold. systemd 262 has 7,400 files, 104 MB, 9 levels."""

    total: int = 1 << 30
    """Bytes, decompressed."""
    file: int = 128 << 20
    """Bytes of one file."""
    entries: int = 100_000
    depth: int = 64
    """Folders within one another."""


DEFAULT_LIMITS = Limits()

_FILE, _EXECUTABLE, _LINK, _FOLDER = b"100644", b"100755", b"120000", b"40000"
"""Git's modes, as they stand in a tree object (Documentation/user-manual.txt, tree object)."""


@dataclass(frozen=True, slots=True)
class _Leaf:
    mode: bytes
    id: bytes


_Folder: TypeAlias = "dict[bytes, _Leaf | _Folder]"


def read_tarball(path: Path, pack: PackWriter, *, limits: Limits = DEFAULT_LIMITS) -> str:
    """Write the objects of a `.tar.gz` or `.tar.xz` to `pack`; returns the tree's id.

    The single folder that everything is in is left out. Raises `InconsistentError` for an
    archive that is damaged or refused, `StorageError` when it cannot be read, and `OSError`
    from the pack.
    """
    reader = compressed.ChunkReader(compressed.chunks(path, limit=limits.total))
    importer = _Import(name=path.name, pack=pack, limits=limits)
    try:
        with tarfile.open(
            fileobj=cast("IO[bytes]", reader),
            mode="r|",
            bufsize=compressed.CHUNK,
            errors="surrogateescape",
        ) as archive:
            for member in archive:
                importer.take(archive, member)
    except tarfile.TarError as error:
        raise InconsistentError(f"{path.name} is not a sound tar archive: {error}") from error
    except (ValueError, OverflowError) as error:  # nonsense in a header's or pax record's numbers
        raise InconsistentError(f"{path.name} has a malformed header: {error}") from error
    while reader.read(compressed.CHUNK):
        """The rest is padding; reading it lets the decompressor check its own checksum."""
    return importer.write_tree().hex()


class _Import:
    """The folders of one archive as they fill."""

    def __init__(self, *, name: str, pack: PackWriter, limits: Limits) -> None:
        self._name = name
        self._pack = pack
        self._limits = limits
        self._root: _Folder = {}
        self._top: str | None = None
        self._entries = 0

    def take(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        self._entries += 1
        if self._entries > self._limits.entries:
            raise self._refusal(f"has more than {self._limits.entries} entries")
        parts = self._parts(member)
        if member.isdir():
            self._folder(parts, member)
        elif member.issym():
            target = member.linkname.encode("utf-8", "surrogateescape")
            self._put(parts, member, _Leaf(_LINK, self._pack.add(Kind.BLOB, target)))
        elif member.isreg() and not member.issparse():
            mode = _EXECUTABLE if member.mode & 0o100 else _FILE
            content = self._content(archive, member)
            self._put(parts, member, _Leaf(mode, self._pack.add(Kind.BLOB, content)))
        else:
            raise self._refusal(f"holds {_kind(member)}", member)

    def write_tree(self) -> bytes:
        if not self._root:
            raise self._refusal("holds no file")
        root = self._write(self._root)
        if root is None:
            raise self._refusal("holds no file")
        return root

    def _parts(self, member: tarfile.TarInfo) -> list[bytes]:
        """The path below the top folder, checked."""
        name = member.name.removeprefix("./")
        parts = name.split("/")
        if name.startswith("/") or any(part in ("", ".", "..") for part in parts):
            raise self._refusal("has a path that leads elsewhere", member)
        if any(part.lower() == ".git" for part in parts):
            raise self._refusal("has a path into a .git folder", member)
        if "\0" in name:
            raise self._refusal("has a name with a zero byte", member)
        if self._top is None:
            self._top = parts[0]
        if parts[0] != self._top:
            raise self._refusal(f"has more than one top folder ('{self._top}' first)", member)
        if len(parts) == 1 and not member.isdir():
            raise self._refusal("has an entry outside of a folder", member)
        if len(parts) > self._limits.depth:
            raise self._refusal(f"is more than {self._limits.depth} folders deep", member)
        return [part.encode("utf-8", "surrogateescape") for part in parts[1:]]

    def _content(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
        if member.size > self._limits.file:
            raise self._refusal(f"has a file of more than {self._limits.file >> 20} MiB", member)
        stream = archive.extractfile(member)
        content = stream.read() if stream else b""
        if len(content) != member.size:
            raise self._refusal("ends within a file", member)
        return content

    def _folder(self, parts: list[bytes], member: tarfile.TarInfo) -> _Folder:
        folder = self._root
        for part in parts:
            inner = folder.setdefault(part, {})
            if isinstance(inner, _Leaf):
                raise self._refusal("has a file and a folder of the same name", member)
            folder = inner
        return folder

    def _put(self, parts: list[bytes], member: tarfile.TarInfo, leaf: _Leaf) -> None:
        folder = self._folder(parts[:-1], member)
        if parts[-1] in folder:
            raise self._refusal("has the same path twice", member)
        folder[parts[-1]] = leaf

    def _write(self, folder: _Folder) -> bytes | None:
        """Write a folder's tree, inner ones first; None when there is no file in it."""
        entries = []
        for name, item in folder.items():
            if isinstance(item, _Leaf):
                entries.append((name, item.mode, name, item.id))
            elif (inner := self._write(item)) is not None:
                # git orders a folder as if its name ended in a slash (base_name_compare)
                entries.append((name + b"/", _FOLDER, name, inner))
        if not entries:
            return None
        content = b"".join(b"%s %s\0%s" % entry[1:] for entry in sorted(entries))
        return self._pack.add(Kind.TREE, content)

    def _refusal(self, what: str, member: tarfile.TarInfo | None = None) -> InconsistentError:
        where = f": {member.name[:200]!r}" if member else ""
        return InconsistentError(f"{self._name} {what}{where}; it is not imported")


def _kind(member: tarfile.TarInfo) -> str:
    if member.islnk():
        return "a hard link"
    if member.isdev():
        return "a device or a named pipe"
    return "an entry of a kind that git has no mode for"
