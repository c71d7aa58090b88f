"""A rebase that waits for a person: its state, and the folder to finish by hand in.

Everything is under the repository's state folder. `state.json` is the truth and is replaced in
one step; the folder for editing belongs to the patch that the state names.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from patchkit import documents
from patchkit.errors import ConflictError, InconsistentError, StorageError
from patchkit.rebase.conflict import has_markers
from patchkit.rebase.decisions import Decisions
from patchkit.rebase.outcome import FileState, Resolution
from patchkit.workspace.keyring import TrustWishes
from patchkit.workspace.provenance import Provenance
from patchkit.writeplan import STATE, atomic_write

if TYPE_CHECKING:
    from collections.abc import Mapping

    from patchkit.rebase.outcome import Conflict

SCHEMA = "patchkit.rebase-state/1"
_FOLDER = PurePosixPath(STATE) / "rebase"
_LEFT_BY_EDITORS = ("~", ".swp", ".swo", ".orig", ".rej", ".bak")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFile:
    """A file of a resolution; `content` is base64 in JSON."""

    mode: int
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Where a rebase stands.

    `patch` is the one that waits, `paths` the files of its editing folder with their modes
    (None for one that is not there to begin with). `upstream` is what `--upstream` said,
    `proposed` whether there is something to accept for the waiting patch; `relock` is the reason
    that `--relock` gave, `overwrite` whether files that were edited by hand may be written anew,
    `trust` what was asked of signatures. `decided` says who decided on a
    patch, and when.
    """

    schema: str = SCHEMA
    target: str
    base: str
    upstream: str | None
    series_sha256: str
    patch: str
    paths: dict[str, int | None]
    resolutions: dict[str, dict[str, KeptFile | None]] = field(default_factory=dict)
    skipped: tuple[str, ...] = ()
    accepted: tuple[str, ...] = ()
    proposed: bool = False
    relock: str | None = None
    overwrite: bool = False
    trust: TrustWishes = field(default_factory=TrustWishes)
    decided: dict[str, Provenance] = field(default_factory=dict)

    @property
    def decisions(self) -> Decisions:
        """What the person decided so far."""
        return Decisions(
            resolutions={
                name: Resolution(files={p: _state(kept) for p, kept in files.items()})
                for name, files in self.resolutions.items()
            },
            skipped=frozenset(self.skipped),
            accepted=frozenset(self.accepted),
        )


def _state(kept: KeptFile | None) -> FileState | None:
    return FileState(mode=kept.mode, content=kept.content) if kept else None


def folder(root: Path, patch: str) -> Path:
    """Where the waiting patch's files are to be edited."""
    return root / _FOLDER / patch


def load(root: Path) -> Session | None:
    """The rebase that waits, or None. Raises `InconsistentError` when its state is damaged."""
    path = root / _FOLDER / "state.json"
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StorageError.from_os_error(f"read {path}", error) from error
    try:
        session = documents.decode(text, Session)
    except documents.MalformedDocument as error:
        raise InconsistentError(
            f"the state of the open rebase is damaged: {error}",
            hint="forget it: patchkit rebase --abort",
        ) from error
    if session.schema != SCHEMA:
        raise InconsistentError(
            f"the open rebase was begun by another patchkit ({session.schema})",
            hint="finish it with that one, or forget it: patchkit rebase --abort",
        )
    return session


def save(root: Path, session: Session, conflict: Conflict) -> Path:
    """Set up the editing folder for a conflict, then record the session; returns the folder.

    The caller holds the repository. Raises `StorageError` with the session before untouched.
    """
    place = folder(root, session.patch)
    aside, before = place.with_name(f".{place.name}.new"), _before(place)
    try:
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        for path, state in conflict.draft.items():
            if state is not None:
                target = aside / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(state.content)
        shutil.rmtree(before, ignore_errors=True)
        if place.exists():  # a person's work, until the new state stands
            place.rename(before)
        aside.replace(place)
        atomic_write(place.parent / "state.json", documents.encode(session).encode())
        for other in place.parent.iterdir():
            if other.is_dir() and other != place:
                shutil.rmtree(other, ignore_errors=True)
    except OSError as error:
        raise StorageError.from_os_error("set up the folder for the conflict", error) from error
    return place


def _before(place: Path) -> Path:
    """Where a folder is while another is put in its place."""
    return place.with_name(f".{place.name}.old")


def collect(root: Path, session: Session) -> dict[str, KeptFile | None]:
    """Read what the person made of the waiting patch.

    A file that is gone from the folder is to be gone from the tree; one that was added (the
    place where upstream moved the code to, say) belongs to the patch. Raises `ConflictError`
    that names the files in which markers are left.
    """
    place = folder(root, session.patch)
    if not place.is_dir() and _before(place).is_dir():  # cut short between two renames
        _before(place).rename(place)
    if not place.is_dir():
        raise InconsistentError(
            f"the folder of the open rebase is gone: {place}",
            hint="forget the rebase and start it again: patchkit rebase --abort",
        )
    names = set(session.paths) | {
        path.relative_to(place).as_posix()
        for path in place.rglob("*")
        if (path.is_file() or path.is_symlink()) and not path.name.endswith(_LEFT_BY_EDITORS)
    }
    files = {name: _kept(place / name, session.paths.get(name)) for name in sorted(names)}
    marked = sorted(p for p, kept in files.items() if kept and has_markers(kept.content))
    if marked:
        raise ConflictError(
            f"conflict markers are left in {', '.join(marked)}",
            hint=f"edit in {place}, then: patchkit rebase --continue",
        )
    return files


def _kept(path: Path, mode: int | None) -> KeptFile | None:
    if path.is_symlink():
        raise InconsistentError(f"{path} is a symbolic link; it must be a regular file")
    try:
        content = path.read_bytes()
        executable = bool(path.stat().st_mode & 0o100)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StorageError.from_os_error(f"read {path}", error) from error
    return KeptFile(mode=mode or (0o100755 if executable else 0o100644), content=content)


def forget(root: Path) -> None:
    """Drop the session and its folder; the state goes first, so that no half of it stays."""
    place = root / _FOLDER
    try:
        (place / "state.json").unlink(missing_ok=True)
        if os.path.lexists(place):
            shutil.rmtree(place)
    except OSError as error:
        raise StorageError.from_os_error(f"remove {place}", error) from error


def modes(draft: Mapping[str, FileState | None]) -> dict[str, int | None]:
    """The modes of a draft's files, as the session records them."""
    return {path: state.mode if state else None for path, state in draft.items()}


def kept(decisions: Decisions) -> dict[str, dict[str, KeptFile | None]]:
    """Decisions' resolutions in the form in which the session keeps them."""
    return {
        name: {
            path: KeptFile(mode=state.mode, content=state.content) if state else None
            for path, state in resolution.files.items()
        }
        for name, resolution in decisions.resolutions.items()
    }
