"""Files that appear whole or not at all, and scratch folders; what a dead process left is swept.

Whoever makes a temporary file or folder holds a lock on it (flock, which the kernel drops when
the process dies). The next to work at the same place removes what nobody holds.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SUFFIX = ".tmp"


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """Write a file that is put in place, synced, only when the block ends well. Makes its folder.

    Raises `OSError`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    prefix = f".{path.name}."
    sweep(path.parent, prefix, _SUFFIX)
    # a name of its own each time: a sweeper may be about to remove what had the last one
    handle, temporary = _held(
        lambda: path.with_name(f"{prefix}{secrets.token_hex(6)}{_SUFFIX}"),
        os.O_WRONLY | os.O_CREAT | os.O_EXCL,
    )
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
            temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def atomic_write(path: Path, content: bytes) -> None:
    """Put one file in place whole or not at all, synced to disk. Makes its folder.

    Raises `OSError`.
    """
    with whole_file(path) as stream:
        stream.write(content)


@contextmanager
def scratch_folder(parent: Path, prefix: str) -> Iterator[Path]:
    """A folder in `parent` for work that is thrown away; what dead processes left there goes too.

    It may be moved to another place, and then stays. Raises `OSError`.
    """
    sweep(parent, prefix)
    handle, folder = _held(
        lambda: Path(tempfile.mkdtemp(prefix=prefix, dir=parent)), os.O_RDONLY | os.O_DIRECTORY
    )
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def probe(folder: Path) -> None:
    """Find out why writing in a folder failed, from who knows: the system. Raises `OSError`.

    libgit2 does not say when an object could not be written; it is just not there.
    """
    with scratch_folder(folder, ".probe-") as place:
        atomic_write(place / "probe", bytes(4096))


def sweep(folder: Path, prefix: str, suffix: str = "") -> None:
    """Remove files and folders of such names that no process holds. Never fails."""
    with contextlib.suppress(OSError), os.scandir(folder) as found:
        for entry in found:
            if entry.name.startswith(prefix) and entry.name.endswith(suffix):
                with contextlib.suppress(OSError):
                    _remove_unheld(Path(entry.path))


def sync_folder(path: Path) -> None:
    """Have a folder's entries on disk. Raises `OSError`."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _held(name: Callable[[], Path], flags: int) -> tuple[int, Path]:
    """Open something new, and hold it; made again when it was swept before it was held."""
    while True:
        path = name()
        try:
            handle = os.open(path, flags | os.O_CLOEXEC, 0o666)
        except FileNotFoundError:
            if not path.parent.is_dir():
                raise
            continue
        with contextlib.suppress(OSError):  # a file system without locks: then nobody sweeps
            fcntl.flock(handle, fcntl.LOCK_EX)  # waits for a sweeper that has it
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(handle), path.stat()):
                return handle, path
        os.close(handle)


def _remove_unheld(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()
    finally:
        os.close(handle)
