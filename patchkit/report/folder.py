"""Put the rendered pages into a folder: each whole or not at all, none left of an older report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from patchkit import documents
from patchkit.errors import StorageError, UsageError
from patchkit.releases import Release
from patchkit.report.page import REPORT, page_of
from patchkit.report.series_report import SCHEMA
from patchkit.writeplan import atomic_write

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tag:
    tag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Earlier:
    """What has to be known of a report that is already there."""

    schema: str
    releases: tuple[_Tag, ...]


def write_folder(folder: Path, files: Mapping[PurePosixPath, bytes]) -> tuple[PurePosixPath, ...]:
    """Write the files, the last of them last, and remove pages of releases that are gone.

    Returns the paths that changed: the same report again changes none. Raises `UsageError` for
    a folder with files that are not from here, `StorageError` when it cannot be written.
    """
    try:
        stale = tuple(path for path in _earlier_pages(folder) if path not in files)
        changed = [path for path, text in files.items() if _read(folder / path) != text]
        for path in changed:
            atomic_write(folder / path, files[path])
        for path in stale:
            (folder / path).unlink(missing_ok=True)
    except OSError as error:
        raise StorageError.from_os_error(f"write {folder}", error) from error
    return (*changed, *stale)


def _earlier_pages(folder: Path) -> tuple[PurePosixPath, ...]:
    """The pages of releases that an earlier report has. Raises as `write_folder`, and `OSError`."""
    if not folder.exists():
        return ()
    others = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    if not others:
        return ()
    try:
        earlier = documents.decode(_read(folder / REPORT) or b"", _Earlier)
    except documents.MalformedDocument:
        earlier = None
    if earlier is None or earlier.schema.partition("/")[0] != SCHEMA.partition("/")[0]:
        raise UsageError(
            f"{folder} has files that no report wrote: {others[0]}",
            hint="name a folder that is new or empty, or that has an earlier report",
        )
    tags = (each.tag for each in earlier.releases)
    return tuple(page_of(tag) for tag in tags if Release.from_tag(tag) is not None)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
