"""`patches/resolutions/`: what people made of conflicts, one readable file each."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from patchkit import documents
from patchkit.errors import InconsistentError, StorageError
from patchkit.rebase.lesson import Lesson, LessonFile, Memory

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from patchkit.rebase.outcome import PatchResult
    from patchkit.workspace.provenance import Provenance

FOLDER = PurePosixPath("patches/resolutions")
SCHEMA = "patchkit.resolution/1"
_LARGEST = 8 * 1024 * 1024
_MODES = (None, "100644", "100755", "120000")
_AGAIN = "restore it (git checkout -- {0}), or remove it and resolve the conflict again"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptResolution:
    """One file: a patch's conflict with `conflict` as its key, and what a person made of it.

    It was made for `release`, of the patch with the digest `from_sha256`, which was rebased from
    `base`. `by` is the person as git knows them, None where it does not; `date` is ISO 8601, in
    UTC. `accepted` says that they took what was proposed, against which the `doubts` spoke.
    `sha256` is the digest of this very document with an empty `sha256`, so that a change by hand
    shows.
    """

    schema: str = SCHEMA
    patch: str
    conflict: str
    release: str
    base: str
    from_sha256: str
    by: str | None
    date: str
    accepted: bool = False
    doubts: tuple[str, ...] = ()
    files: tuple[LessonFile, ...]
    sha256: str = ""

    @property
    def lesson(self) -> Lesson:
        """What it teaches."""
        return Lesson(patch=self.patch, files=self.files, doubts=self.doubts)

    @property
    def path(self) -> PurePosixPath:
        """Where it stands in the repository."""
        return FOLDER / f"{self.patch}-{self.conflict[:12]}.json"

    @property
    def memory(self) -> Memory:
        """The same for a rebase."""
        return Memory(
            lesson=self.lesson,
            release=self.release,
            base=self.base,
            by=self.by,
            date=self.date,
            accepted=self.accepted,
            file=str(self.path),
        )

    def sealed(self) -> KeptResolution:
        """The same with its digest."""
        text = documents.encode(replace(self, sha256=""))
        return replace(self, sha256=hashlib.sha256(text.encode()).hexdigest())


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """The folder's resolutions by their keys, and one sentence for each file that is no good."""

    resolutions: Mapping[str, KeptResolution] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    @property
    def memories(self) -> dict[str, Memory]:
        """What a rebase remembers. Raises `InconsistentError` when a file is no good."""
        if self.problems:
            name = self.problems[0].partition(" ")[0]
            raise InconsistentError(self.problems[0], hint=_AGAIN.format(name))
        return {key: kept.memory for key, kept in self.resolutions.items()}


def read_shelf(root: Path) -> Shelf:
    """Read the folder of the repository at `root`; an empty shelf where there is none.

    Raises `StorageError` when the folder itself cannot be read.
    """
    folder = root / FOLDER
    try:
        names = sorted(path.name for path in folder.iterdir() if path.suffix == ".json")
    except FileNotFoundError:
        return Shelf()
    except OSError as error:
        raise StorageError.from_os_error(f"read {FOLDER}", error) from error
    found: dict[str, KeptResolution] = {}
    problems = []
    for name in names:
        try:
            kept = _read(root, FOLDER / name)
            found[kept.conflict] = kept
        except InconsistentError as error:
            problems.append(error.message)
    return Shelf(resolutions=found, problems=tuple(problems))


def _read(root: Path, path: PurePosixPath) -> KeptResolution:
    place = root / path
    try:
        if place.is_symlink():
            raise InconsistentError(f"{path} is a symbolic link; it must be a regular file")
        if place.stat().st_size > _LARGEST:
            raise InconsistentError(f"{path} is too large to be a resolution")
        text = place.read_bytes()
        kept = documents.decode(text, KeptResolution)
    except OSError as error:
        raise InconsistentError(f"{path} cannot be read: {error.strerror or error}") from error
    except documents.MalformedDocument as error:
        raise InconsistentError(f"{path} is damaged: {error}") from error
    if kept.schema != SCHEMA:
        raise InconsistentError(f"{path} has the schema '{kept.schema}', not '{SCHEMA}'")
    if documents.encode(kept).encode() != text or kept.sealed() != kept:
        raise InconsistentError(f"{path} has been changed by hand since it was written")
    if not _is_sound(kept):
        raise InconsistentError(f"{path} says what no resolution can say")
    if kept.lesson.key != kept.conflict or kept.path != path:
        raise InconsistentError(f"{path} is not named for the conflict that it is about")
    return kept


def _is_sound(kept: KeptResolution) -> bool:
    """Whether every file is one of a tree, each once, and what is said of it goes together."""
    paths = [file.path for file in kept.files]
    return len(set(paths)) == len(paths) and all(map(_is_sound_file, kept.files))


def _is_sound_file(file: LessonFile) -> bool:
    parts = file.path.split("/")
    inside = not {"", ".", "..", ".git"}.intersection(parts) and "\0" not in file.path
    in_conflict = file.reason is not None or not (file.places or file.about)
    return inside and in_conflict and file.mode in _MODES and all(file.edits)


def kept_resolution(
    result: PatchResult, provenance: Provenance, *, release: str, base: str, accepted: bool
) -> KeptResolution | None:
    """What a person's decision on a patch is kept as; None where it taught nothing."""
    if result.lesson is None:
        return None
    return KeptResolution(
        patch=result.original.name,
        conflict=result.lesson.key,
        release=release,
        base=base,
        from_sha256=result.original.sha256,
        by=provenance.by,
        date=provenance.date,
        accepted=accepted,
        doubts=result.lesson.doubts,
        files=result.lesson.files,
    ).sealed()
