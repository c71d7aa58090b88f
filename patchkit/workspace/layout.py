"""Where things stand in a patch repository; reading them, and planning what to write."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from patchkit import documents
from patchkit.errors import InconsistentError, StorageError, UsageError
from patchkit.series.parse import parse_patch
from patchkit.series.patch import Patch, Series
from patchkit.workspace.config import read_config
from patchkit.workspace.lock import Lock, read_lock
from patchkit.writeplan import WritePlan

if TYPE_CHECKING:
    from patchkit.releases import Release
    from patchkit.workspace.config import SeriesConfig
    from patchkit.workspace.lock import LockedRelease

CONFIG = PurePosixPath("patches/series.toml")
LOCK = PurePosixPath("patches/lock.json")
EVIDENCE = PurePosixPath("patches/evidence")
_FILE_NAME = re.compile(r"\d{4}-(?P<rest>.+)\.patch")
_LARGEST_PATCH = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Workspace:
    """A patch repository, by its root folder."""

    root: Path

    @classmethod
    def find(cls, start: Path) -> Workspace:
        """The repository that `start` is in.

        Raises `UsageError` when no folder from `start` upwards has a `patches/series.toml`.
        """
        for folder in (start, *start.parents):
            if (folder / CONFIG).is_file():
                return cls(folder)
        raise UsageError(
            f"there is no {CONFIG} in {start} or above it",
            hint="run patchkit inside a patch repository, or name one with --repo DIR",
        )

    def config(self) -> SeriesConfig:
        """What people wrote. Raises `UsageError` with every mistake in it."""
        try:
            text = self._bytes(CONFIG).decode("utf-8")
        except UnicodeDecodeError as error:
            raise UsageError(f"{CONFIG} is not UTF-8: {error}") from error
        return read_config(text, file_name=str(CONFIG))

    def lock(self) -> Lock:
        """What is recorded; an empty lock where there is no file yet."""
        if not (self.root / LOCK).exists():
            return Lock()
        return read_lock(self._bytes(LOCK), file_name=str(LOCK))

    def folder(self, release: Release) -> PurePosixPath:
        """Where a release's series stands."""
        return PurePosixPath("patches") / release.tag

    def has_series(self, release: Release) -> bool:
        """Whether there is a series for a release."""
        return bool(self._patch_files(release))

    def series(self, release: Release, config: SeriesConfig) -> Series:
        """Read a release's series, in the order of `series.toml`.

        A patch that the lock says is left out there is left out. Raises `UsageError` when
        there is none, `InconsistentError` for a file that is missing, unknown or damaged.
        """
        files = self._patch_files(release)
        if not files:
            raise UsageError(
                f"there is no series for {release} in {self.folder(release)}",
                hint=f"make one: patchkit rebase {release}",
            )
        names = {path: patch_name(path.name, config) for path in files}
        patches = []
        left_out = self.left_out(self.lock().get(release))
        for entry in config.patches:
            mine = [path for path, name in names.items() if name == entry.name]
            if len(mine) > 1:
                raise InconsistentError(
                    f"{self.folder(release)} has {len(mine)} files for the patch '{entry.name}'",
                    hint=f"keep one of: {', '.join(path.name for path in mine)}",
                )
            if not mine and entry.name not in left_out:
                raise InconsistentError(
                    f"{self.folder(release)} has no file for the patch '{entry.name}'",
                    hint=f"it would be named 000N-{entry.name}-….patch",
                )
            patches += [self._patch(path, entry.name) for path in mine]
        unknown = sorted(path.name for path, name in names.items() if name is None)
        if unknown:
            raise InconsistentError(
                f"{self.folder(release)} has a patch that {CONFIG} does not name: {unknown[0]}",
                hint="add it to [[patches]], or remove the file",
            )
        return Series(tuple(patches))

    @staticmethod
    def left_out(locked: LockedRelease | None) -> frozenset[str]:
        """The names of patches that a release goes without."""
        if locked is None:
            return frozenset()
        return frozenset(patch.name for patch in locked.patches if patch.file is None)

    def plan_release(self, release: Release, series: Series, lock: Lock) -> WritePlan:
        """What is to be written for a release: its patches, quilt's series file, the lock.

        Patches of the folder that the new series has not are removed, and so is the evidence of
        a verification that the lock no longer has.
        """
        folder = self.folder(release)
        writes = {folder / patch.file_name: patch.content for patch in series.patches}
        listed = "".join(f"{patch.file_name}\n" for patch in series.patches)
        writes[folder / "series"] = listed.encode()
        writes[LOCK] = documents.encode(lock).encode()
        stale = {folder / path.name for path in self._patch_files(release)} - set(writes)
        locked = lock.get(release)
        if locked is None or locked.verification is None:
            stale.add(self.evidence_path(release))
        return WritePlan(writes=writes, removals=frozenset(stale))

    def evidence_path(self, release: Release) -> PurePosixPath:
        """Where the evidence of a release's verification stands."""
        return EVIDENCE / f"{release.tag}.json"

    def evidence(self, release: Release) -> bytes | None:
        """The evidence of a release's verification, or None."""
        path = self.evidence_path(release)
        return self._bytes(path) if (self.root / path).is_file() else None

    def plan_verification(self, release: Release, evidence: bytes, lock: Lock) -> WritePlan:
        """What is to be written after a verification: its evidence, and the lock."""
        return WritePlan(
            writes={self.evidence_path(release): evidence, LOCK: documents.encode(lock).encode()}
        )

    def _patch_files(self, release: Release) -> list[Path]:
        folder = self.root / self.folder(release)
        try:
            return sorted(path for path in folder.glob("*.patch") if path.is_file())
        except OSError as error:
            raise StorageError.from_os_error(f"read {self.folder(release)}", error) from error

    def _patch(self, path: Path, name: str) -> Patch:
        place = PurePosixPath(path.relative_to(self.root).as_posix())
        return parse_patch(self._bytes(place), name=name, file_name=path.name)

    def _bytes(self, path: PurePosixPath) -> bytes:
        place = self.root / path
        try:
            if place.stat().st_size > _LARGEST_PATCH:
                raise InconsistentError(f"{path} is too large to be what it should be")
            return place.read_bytes()
        except OSError as error:
            raise StorageError.from_os_error(f"read {path}", error) from error


def patch_name(file_name: str, config: SeriesConfig) -> str | None:
    """The patch that a file is named for: the longest name that fits; None where there is none."""
    match = _FILE_NAME.fullmatch(file_name)
    if match is None:
        return None
    rest = match["rest"]
    fitting = [e.name for e in config.patches if rest == e.name or rest.startswith(e.name + "-")]
    return max(fitting, key=len, default=None)
