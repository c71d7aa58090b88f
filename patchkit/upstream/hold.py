"""One process at a time fills the cache; readers need no leave."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from patchkit.errors import BusyError, StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from patchkit.console import Console

PATIENCE = 600.0
"""How long to wait for another process, in seconds: a fetch over a slow line takes minutes."""

_PAUSE = 0.1


@contextmanager
def held(
    cache: Path,
    *,
    doing: str,
    console: Console | None = None,
    patience: float = PATIENCE,
    work: str = "filling the cache",
) -> Iterator[None]:
    """Hold the cache, or a folder of it, for one writer.

    Waits up to `patience` seconds for another to end; `work` says in words what both do there.

    The hold is the kernel's (flock on `<cache>/held`), so that a dead process holds nothing.
    Raises `BusyError` when the wait was in vain, `StorageError` when the cache cannot be
    written.
    """
    try:
        cache.mkdir(parents=True, exist_ok=True)
        handle = os.open(cache / "held", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StorageError.from_os_error(f"use the cache {cache}", error) from error
    try:
        _wait(handle, cache, console, patience, work)
        try:
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"process {os.getpid()}, {doing}\n".encode(), 0)
        except OSError as error:
            raise StorageError.from_os_error(f"write {cache / 'held'}", error) from error
        yield
    finally:
        os.close(handle)


def _wait(handle: int, cache: Path, console: Console | None, patience: float, work: str) -> None:
    until = time.monotonic() + patience
    said = False
    while not _try(handle, cache):
        holder = os.pread(handle, 200, 0).decode("utf-8", "replace").strip() or "unknown"
        if time.monotonic() >= until:
            raise BusyError(
                f"another patchkit is {work} {cache} ({holder})",
                hint="wait for it to end, or stop it, then run this again",
            )
        if console and not said:
            console.note(f"waiting for another patchkit that is {work} {cache} ({holder})")
            said = True
        time.sleep(_PAUSE)


def _try(handle: int, cache: Path) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
            raise StorageError.from_os_error(f"lock {cache / 'held'}", error) from error
        return False
    return True
