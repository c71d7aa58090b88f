"""Write a tree from the object store to a folder, rewriting only what differs from before.

Files that stay keep their time stamps, so that a build in that folder repeats only what a
change touches. What is there is told by a record beside the folder, not by the files alone.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from patchkit import documents
from patchkit.errors import InconsistentError, StorageError
from patchkit.upstream.store import MissingObjectError
from patchkit.writeplan import atomic_write

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from patchkit.rebase.tree import TreeView

_LINK = 0o120000
_SUBMODULE = 0o160000
_RECORD_SCHEMA = "patchkit.export/1"

DISPENSABLE = ("hwdb.d/", "test/", "docs/", "man/", "po/")
"""Where a file may be missing from a mirror without harm: nothing that is built reads it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What an export did: paths written, paths removed, and paths that stand empty.

    `stand_ins` are files whose content no repository at hand has.
    """

    written: tuple[str, ...]
    removed: tuple[str, ...]
    stand_ins: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _OnDisk:
    """A file that was written: what it is, and what the file system said of it then."""

    mode: int
    id: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    schema: str = _RECORD_SCHEMA
    files: dict[str, _OnDisk]
    stand_ins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    mode: int
    id: str
    content: bytes | None
    """None where the store is to be asked."""


def export(
    view: TreeView, folder: Path, *, progress: Callable[[int, int], None] | None = None
) -> Exported:
    """Make `folder` hold exactly the files of `view`.

    The record is `<folder>.json`. A process that dies midway leaves a record that knows
    nothing of the files under way, so that the next export writes them again. Raises
    `MissingObjectError`, `InconsistentError`, `StorageError`.
    """
    try:
        return _export(view, folder, progress or _silent)
    except OSError as error:
        raise StorageError.from_os_error(f"write the source tree {folder}", error) from error


def _export(view: TreeView, folder: Path, progress: Callable[[int, int], None]) -> Exported:
    place = folder.with_name(folder.name + ".json")
    wanted = _wanted(view)
    record = _read_record(place) if folder.is_dir() else None
    if record is None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        record = _Record(files={})
    kept = {
        path: known
        for path, known in record.files.items()
        if path in wanted
        and (known.mode, known.id) == (wanted[path].mode, wanted[path].id)
        and _is_as_written(folder / path, known)
    }
    removed = sorted(set(record.files) - set(wanted))
    writing = sorted(set(wanted) - set(kept))
    stand_ins = [path for path in record.stand_ins if path in kept]
    if removed or writing:
        _write_record(place, _Record(files=kept, stand_ins=tuple(stand_ins)))
        for path in removed:
            _remove(folder, path)
        for number, path in enumerate(writing):
            content = _content(view, path, wanted[path])
            if content is None:
                stand_ins.append(path)
            kept[path] = _write(folder, path, wanted[path], content or b"")
            progress(number + 1, len(writing))
        _write_record(place, _Record(files=kept, stand_ins=tuple(sorted(stand_ins))))
    return Exported(
        written=tuple(writing), removed=tuple(removed), stand_ins=tuple(sorted(stand_ins))
    )


def _silent(done: int, total: int) -> None:
    del done, total


def _wanted(view: TreeView) -> Mapping[str, _Wanted]:
    wanted = {
        path: _Wanted(mode=entry.mode, id=entry.id, content=None)
        for path, entry in view.source.files(view.tree)
        if entry.mode != _SUBMODULE
    }
    for path, state in view.changes.items():
        if state is None:
            wanted.pop(path, None)
        else:
            wanted[path] = _Wanted(
                mode=state.mode, id=_blob_id(state.content), content=state.content
            )
    for path in wanted:
        parts = PurePosixPath(path).parts
        is_odd = path.startswith("/") or ".." in parts or "\0" in path
        if is_odd or any(str(parent) in wanted for parent in PurePosixPath(path).parents):
            raise InconsistentError(f"the tree has a path that cannot be written: '{path}'")
    return wanted


def _content(view: TreeView, path: str, wanted: _Wanted) -> bytes | None:
    """The bytes of a file; None for one that is missing and may be."""
    if wanted.content is not None:
        return wanted.content
    try:
        return view.source.blob(wanted.id)
    except MissingObjectError:
        if path.startswith(DISPENSABLE):
            return None
        raise


def _write(folder: Path, path: str, wanted: _Wanted, content: bytes) -> _OnDisk:
    place = folder / path
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    if wanted.mode == _LINK:
        place.symlink_to(os.fsdecode(content))
    else:
        place.write_bytes(content)
        place.chmod(0o755 if wanted.mode & 0o100 else 0o644)
    status = place.lstat()
    return _OnDisk(mode=wanted.mode, id=wanted.id, size=status.st_size, mtime_ns=status.st_mtime_ns)


def _remove(folder: Path, path: str) -> None:
    place = folder / path
    place.unlink(missing_ok=True)
    parent = place.parent
    while parent != folder and parent.is_dir() and not any(parent.iterdir()):
        parent.rmdir()
        parent = parent.parent


def _is_as_written(place: Path, known: _OnDisk) -> bool:
    try:
        status = place.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return (status.st_size, status.st_mtime_ns) == (known.size, known.mtime_ns)


def _read_record(place: Path) -> _Record | None:
    try:
        record = documents.decode(place.read_bytes(), _Record)
    except (FileNotFoundError, documents.MalformedDocument):
        return None
    return record if record.schema == _RECORD_SCHEMA else None


def _write_record(place: Path, record: _Record) -> None:
    atomic_write(place, documents.encode(record).encode("utf-8", "surrogateescape"))


def _blob_id(content: bytes) -> str:
    """Git's name for a file's content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
