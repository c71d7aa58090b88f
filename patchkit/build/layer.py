"""A layer of an image: files by path, and the tarball that holds them, the same every time."""

from __future__ import annotations

import hashlib
import io
import stat
import tarfile
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from patchkit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

EPOCH = 1_577_836_800
"""The time of every file, in seconds since 1970: the start of 2020. systemd takes a folder /etc
that is not older than /usr for up to date (systemd.unit(5), ConditionNeedsUpdate=)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSpec:
    """What stands at a path of the image: a file's bytes, a folder, or a link to `target`.

    `mode` is the permission bits. Everything belongs to root unless `uid` and `gid` say else.
    An empty file named `.wh.NAME` in a derived image removes NAME (OCI image layer filesystem
    changeset, "Whiteouts").
    """

    content: bytes | None = None
    target: str | None = None
    mode: int = 0o644
    uid: int = 0
    gid: int = 0

    @classmethod
    def file(cls, content: bytes | str, *, mode: int = 0o644) -> FileSpec:
        """A regular file."""
        data = content.encode() if isinstance(content, str) else content
        return cls(content=data, mode=mode)

    @classmethod
    def link(cls, target: str) -> FileSpec:
        """A symbolic link."""
        return cls(target=target, mode=0o777)

    @classmethod
    def folder(cls, *, mode: int = 0o755) -> FileSpec:
        """A folder."""
        return cls(mode=mode)

    @property
    def kind(self) -> int:
        """The file type bits (`stat.S_IFREG`, `S_IFLNK`, `S_IFDIR`)."""
        if self.content is not None:
            return stat.S_IFREG
        return stat.S_IFLNK if self.target is not None else stat.S_IFDIR


def tar_bytes(
    files: Mapping[str, FileSpec], *, below: Iterable[Path] = (), parents: bool = True
) -> bytes:
    """An uncompressed tarball of `files`, whose paths are from the root, sorted.

    Folders on the way that are not among them are as the layers in `below` have them (the
    uppermost that knows), else mode 755: a layer that passed over them would change them.
    Without `parents` they are left to whoever unpacks. Raises `UsageError` for a path that leads
    elsewhere, `OSError`.
    """
    named = {_name(path): spec for path, spec in files.items()}
    ways = {str(parent) for name in named for parent in PurePosixPath(name).parents} - {"."}
    missing = ways - set(named) if parents else set()
    everything = {**_folders(below, missing), **named}
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, spec in sorted(everything.items()):
            archive.addfile(_header(name, spec), io.BytesIO(spec.content or b""))
    return stream.getvalue()


def diff_id(layer: Path) -> str:
    """An uncompressed layer's name (OCI image specification, "Layer DiffID")."""
    with layer.open("rb") as stream:
        return "sha256:" + hashlib.file_digest(stream, "sha256").hexdigest()


def _name(path: str) -> str:
    parts = PurePosixPath(path.lstrip("/")).parts
    if not parts or ".." in parts or "\0" in path:
        raise UsageError(f"'{path}' is not a path in an image")
    return "/".join(parts)


def _folders(below: Iterable[Path], missing: set[str]) -> dict[str, FileSpec]:
    found = {name: FileSpec.folder() for name in missing}
    for layer in below:
        with tarfile.open(layer) as archive:
            for member in archive:
                if member.isdir() and member.name in missing:
                    found[member.name] = FileSpec(mode=member.mode, uid=member.uid, gid=member.gid)
    return found


def _header(name: str, spec: FileSpec) -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)
    header.mode, header.uid, header.gid, header.mtime = spec.mode, spec.uid, spec.gid, EPOCH
    match spec.kind:
        case stat.S_IFREG:
            header.size = len(spec.content or b"")
        case stat.S_IFLNK:
            header.type, header.linkname = tarfile.SYMTYPE, spec.target or ""
        case _:
            header.type = tarfile.DIRTYPE
    return header
