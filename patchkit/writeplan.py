"""Committing a set of files atomically, and holding a repository while that is done.

A plan is made of whole files and of removals. It is committed through a journal: the new
contents are staged beside the repository's own files and synced, then the journal is put in
place by one rename (from then on the plan happens, whatever comes), then every file is moved
to its place, then the journal goes. A process that dies before the rename has changed nothing;
one that dies after it is completed by the next process that opens the repository.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, TypeVar

from patchkit import documents
from patchkit.errors import (
    BusyError,
    InconsistentError,
    PatchkitError,
    StorageError,
    UsageError,
)
from patchkit.wholefile import atomic_write, sync_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["STATE", "WritePlan", "atomic_write", "commit", "held", "recover", "settle", "steadily"]

STATE = ".patchkit"
"""The folder in a patch repository for what is under way; it ignores itself for git."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WritePlan:
    """What is to be on disk, relative to the root: paths with contents, and paths to remove."""

    writes: Mapping[PurePosixPath, bytes] = field(default_factory=dict)
    removals: frozenset[PurePosixPath] = frozenset()

    def __post_init__(self) -> None:
        for path in (*self.writes, *self.removals):
            if path.is_absolute() or ".." in path.parts or not path.parts:
                raise UsageError(f"'{path}' leads out of the repository")

    def changed(self, root: Path) -> tuple[PurePosixPath, ...]:
        """The paths whose content on disk is not yet as planned, in order."""
        differing = [path for path, content in self.writes.items() if _read(root / path) != content]
        present = [path for path in self.removals if os.path.lexists(root / path)]
        return tuple(sorted(differing + present))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Journal:
    """The journal's form on disk: staged file name by destination, and removals."""

    schema: str
    stage: str
    writes: dict[str, str]
    removals: list[str]


_JOURNAL_SCHEMA = "patchkit.journal/1"

_LOOKS = 5
"""How often a reader looks again when somebody wrote in the middle."""

T = TypeVar("T")

_PATIENCE = 5.0
"""How long a reader waits for a process that is moving files to their places, in seconds."""


@contextmanager
def held(root: Path, *, doing: str) -> Iterator[Path]:
    """Hold the repository at `root` for one process, and complete what a dead one left.

    Yields the state folder. The hold is the kernel's (flock), so that a dead process holds
    nothing. Raises `BusyError` when another process has it, `StorageError` when the state
    folder cannot be written.
    """
    state = root / STATE
    try:
        state.mkdir(exist_ok=True)
        handle = os.open(state / "held", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StorageError.from_os_error(f"prepare {state}", error) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise StorageError.from_os_error(f"lock {state}", error) from error
            holder = os.pread(handle, 200, 0).decode("utf-8", "replace").strip()
            raise BusyError(
                f"another patchkit is at work on this repository ({holder or 'unknown'})",
                hint="wait for it to end, or stop it, then run this again",
            ) from error
        try:
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"process {os.getpid()}, {doing}\n".encode(), 0)
            recover(root)
            if not (state / ".gitignore").exists():
                atomic_write(state / ".gitignore", b"*\n")
        except OSError as error:
            raise StorageError.from_os_error(f"use {state}", error) from error
        yield state
    finally:
        os.close(handle)


def settle(root: Path) -> None:
    """Before reading: have what a dead process committed completed, and wait for a live one.

    Costs one look at a file where nothing is under way. Raises `InconsistentError` for a journal
    that patchkit did not write, `StorageError` when it cannot be completed.
    """
    journal = root / STATE / "journal.json"
    until = time.monotonic() + _PATIENCE
    while journal.exists():
        try:
            with held(root, doing="completing what was cut short"):
                return
        except BusyError:
            if time.monotonic() > until:  # then what is there is read
                return
            time.sleep(0.02)


def steadily(root: Path, mark: PurePosixPath, look: Callable[[], T]) -> T:
    """What `look` gives of the repository as it was at one time, though others write meanwhile.

    `mark` is a file that changes with whatever is written. Raises what `look` raises, when that
    is not because of a change in the middle.
    """
    for _ in range(_LOOKS):
        settle(root)
        before = _read(root / mark)
        if (root / STATE / "journal.json").exists():
            continue
        try:
            seen = look()
        except PatchkitError:
            if _read(root / mark) == before:
                raise
            continue
        if _read(root / mark) == before:
            return seen
    return look()


def commit(root: Path, plan: WritePlan) -> tuple[PurePosixPath, ...]:
    """Carry out the plan, all of it or nothing; returns the paths that changed.

    The caller holds the repository (`held`). Raises `StorageError` with the repository as it
    was before.
    """
    try:
        changed = plan.changed(root)
    except OSError as error:
        raise StorageError.from_os_error("read what is there", error) from error
    if not changed:
        return ()
    state = root / STATE
    stage = state / f"stage-{os.getpid()}"
    try:
        shutil.rmtree(stage, ignore_errors=True)
        stage.mkdir(parents=True)
        staged = {}
        for number, path in enumerate(path for path in changed if path in plan.writes):
            _refuse_link(root, path)
            _write_synced(stage / str(number), plan.writes[path])
            staged[str(path)] = str(number)
        _require_reachable(root, changed)
        journal = _Journal(
            schema=_JOURNAL_SCHEMA,
            stage=stage.name,
            writes=staged,
            removals=[str(path) for path in changed if path in plan.removals],
        )
        sync_folder(stage)
        atomic_write(state / "journal.json", documents.encode(journal).encode())
    except OSError as error:
        if not (state / "journal.json").exists():  # else it happens, whatever the disk says of it
            shutil.rmtree(stage, ignore_errors=True)
            raise StorageError.from_os_error("write the result", error) from error
    except BaseException:
        if not (state / "journal.json").exists():
            shutil.rmtree(stage, ignore_errors=True)
        raise
    try:
        recover(root)
    except OSError as error:
        raise StorageError(
            f"cannot finish writing the result: {error.strerror or error}",
            hint="it is staged and the next patchkit command completes it; mend the disk first",
        ) from error
    return changed


def recover(root: Path) -> None:
    """Complete a committed plan that was cut short, and clear away what never was committed.

    Raises `InconsistentError` for a journal that patchkit did not write, and `OSError`.
    """
    state = root / STATE
    path = state / "journal.json"
    text = _read(path)
    if text is not None:
        try:
            journal = documents.decode(text, _Journal)
            plan = {PurePosixPath(to): PurePosixPath(name) for to, name in journal.writes.items()}
            WritePlan(
                writes=dict.fromkeys(plan, b""),
                removals=frozenset(map(PurePosixPath, journal.removals)),
            )
        except (documents.MalformedDocument, UsageError) as error:
            raise InconsistentError(
                f"{path} is not a journal that patchkit wrote: {error}",
                hint=f"look at it, then remove {path} to go on without it",
            ) from error
        stage = state / PurePosixPath(journal.stage).name
        for destination, name in sorted(plan.items()):
            source = stage / name.name
            if source.exists():  # else moved before the interruption
                (root / destination).parent.mkdir(parents=True, exist_ok=True)
                source.replace(root / destination)
        for removal in sorted(journal.removals):
            (root / removal).unlink(missing_ok=True)
        for folder in sorted({(root / p).parent for p in (*journal.writes, *journal.removals)}):
            if folder.is_dir():
                sync_folder(folder)
                _drop_empty(folder, root)
        path.unlink()
        sync_folder(state)
    for leftover in state.glob("stage-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    for temporary in state.glob(".*.tmp"):  # atomic_write's, of a process that died
        temporary.unlink(missing_ok=True)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def _write_synced(path: Path, content: bytes) -> None:
    with path.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _drop_empty(folder: Path, root: Path) -> None:
    while folder != root and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent


def _refuse_link(root: Path, path: PurePosixPath) -> None:
    """A symbolic link on the way would let a write leave the repository."""
    place = root
    for part in path.parts:
        place = place / part
        if place.is_symlink():
            raise InconsistentError(
                f"{place} is a symbolic link; patchkit writes real files only",
                hint="replace the link by a real file or folder",
            )


def _require_reachable(root: Path, paths: tuple[PurePosixPath, ...]) -> None:
    """Find out before the journal stands that every destination can be reached."""
    for path in paths:
        if (root / path).is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(root / path))
        folder = (root / path).parent
        while not folder.exists():
            folder = folder.parent
        if not folder.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
        if not os.access(folder, os.W_OK | os.X_OK):
            read_only = os.statvfs(folder).f_flag & os.ST_RDONLY
            number = errno.EROFS if read_only else errno.EACCES
            raise OSError(number, os.strerror(number), str(folder))
