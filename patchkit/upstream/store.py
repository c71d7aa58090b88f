"""The bare cache repository: what is held of upstream, and looking things up in it."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pygit2
from pygit2.enums import ObjectType, RepositoryOpenFlag

from patchkit.errors import InconsistentError, StorageError, UnavailableError
from patchkit.upstream import references
from patchkit.upstream.hold import held
from patchkit.upstream.sources import OVERRIDE, Origin, SourceKind, UpstreamTree
from patchkit.wholefile import scratch_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from patchkit.releases import Release

REBUILD_HINT = "`patchkit releases --rebuild-cache` throws the cache away and fetches anew"

ASIDE = ".fetch-"
"""How folders are called that one writer makes beside the repository."""

_MOST_TREES = 4096
"""How many folders are kept at hand; systemd has some 1,200 in a release."""

_FOLDER = 0o040000
"""Git's mode of a subtree."""

_TREE_ENTRY = re.compile(rb"([0-7]+) ([^\0]+)\0(.{20})", re.DOTALL)
"""An entry of a tree object: mode, name, id as git's tree-walk.c reads it."""

_ALTERNATES_DEPTH = 5
"""How far alternates of alternates are followed; git's own limit (odb.c, link_alt_odb_entry)."""


class MissingObjectError(UnavailableError):
    """An object that a tree names is in no repository at hand; some mirrors lack large files."""

    def __init__(self, id: str) -> None:  # noqa: A002 - git's word
        super().__init__(
            f"the object {id} is not in the cache",
            hint="the mirror that the release came from lacks it (some lack large files); "
            "name another with --upstream",
        )
        self.id = id


class DifferentTreeError(InconsistentError):
    """A release's tree is not the one that was recorded before."""

    def recorded(self, when: str, hint: str) -> DifferentTreeError:
        """The same error with when that was, in words, and what to do."""
        told = f"{self.message} ({when})" if when else self.message
        return DifferentTreeError(told, hint=f"{hint}; {REBUILD_HINT}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry of a tree: git's mode (0o100644, say) and the object's hexadecimal id."""

    mode: int
    id: str


class Store:
    """The bare cache repository.

    `repository` is for rebase/, which speaks libgit2 too; references are written by intake only.
    """

    def __init__(self, folder: Path, repository: pygit2.Repository) -> None:
        self.folder = folder
        self.repository = repository
        self._lent: set[Path] = set()
        self._trees: dict[str, pygit2.Tree] = {}

    @classmethod
    def open(cls, folder: Path) -> Store:
        """Open the cache repository, made when absent.

        Raises `InconsistentError` when it is no repository (any more), `StorageError` when it
        cannot be made or read.
        """
        try:
            if not os.path.lexists(folder):
                _create(folder)
            with os.scandir(folder):
                """Tells a lack of rights from a lack of contents, which libgit2 does not."""
        except NotADirectoryError as error:
            raise _corrupted(folder, "it is not a folder") from error
        except OSError as error:
            raise StorageError.from_os_error(f"open the cache {folder}", error) from error
        try:
            repository = pygit2.Repository(str(folder), RepositoryOpenFlag.NO_SEARCH)
        except references.LIBGIT2_ERRORS as error:
            raise _corrupted(folder, str(error)) from error
        return cls(folder, repository)

    @classmethod
    def rebuild(cls, folder: Path) -> Store:
        """Throw the cache away and start anew. Raises `BusyError`, `StorageError`."""
        with held(folder.parent, doing="rebuilding the cache", patience=0):
            try:
                if os.path.lexists(folder):
                    grave = Path(tempfile.mkdtemp(prefix=ASIDE, dir=folder.parent))
                    folder.rename(grave / folder.name)
                    shutil.rmtree(grave)
            except OSError as error:
                raise StorageError.from_os_error(f"remove {folder}", error) from error
            return cls.open(folder)

    # What is held

    def tree(self, release: Release) -> UpstreamTree | None:
        """What the cache holds for a release, or None; upstream's tag before Debian's tarball.

        Raises `InconsistentError` when what is held is damaged, or when the two differ.
        """
        from_git = self.git_tree(release)
        from_debian = self.debian_tree(release)
        if from_git and from_debian:
            require_same(from_git, from_debian)
        return from_git or from_debian

    def git_tree(self, release: Release, *, override: str | None = None) -> UpstreamTree | None:
        """What the cache holds for a release from git; with `override`, from that URL only.

        Raises `InconsistentError` when it is damaged.
        """
        found = self._peel(
            references.tag(release) if override is None else references.override(release, override)
        )
        if found is None:
            return None
        source = OVERRIDE
        if override is None:
            noted = self._peel(references.tag_note(release))
            source = noted.fields.get("Source", "git") if noted else "git"
        return UpstreamTree(
            release=release,
            tree=found.tree,
            commit=found.commit,
            tag_object=found.tag,
            origin=Origin(kind=SourceKind.GIT, source=source),
        )

    def debian_tree(self, release: Release) -> UpstreamTree | None:
        """What the cache holds for a release from Debian. Raises as `git_tree`."""
        found = self._peel(references.debian(release))
        if found is None:
            return None
        origin = Origin(
            kind=SourceKind.DEBIAN,
            source=found.fields.get("Source", "debian"),
            file=found.fields.get("File"),
            sha256=found.fields.get("SHA-256"),
        )
        return UpstreamTree(
            release=release, tree=found.tree, commit=None, tag_object=None, origin=origin
        )

    # Looking into a tree

    def releases(self) -> frozenset[Release]:
        """The releases that the cache holds."""
        held = self.repository.raw_listall_references()
        tarballs = references.releases(held, under=references.DEBIAN)
        return references.releases(held) | tarballs

    def entry(self, tree: str, path: str) -> Entry | None:
        """Look a path (slashes, no leading one) up in a tree; None when it is not there.

        A subtree or a submodule gives its entry too. Raises `MissingObjectError` when a tree on
        the way is not there, `InconsistentError` when one is damaged.
        """
        entry = Entry(mode=_FOLDER, id=tree)
        for part in path.split("/"):
            if entry.mode != _FOLDER:
                return None
            folder = self._tree(entry.id)
            if part not in folder:
                return None
            entry = _entry(folder[part])
        return entry

    def blob(self, id: str) -> bytes:  # noqa: A002 - git's word
        """The content of a file.

        Raises `MissingObjectError` when the object is not there, `InconsistentError` when it is
        damaged or no blob.
        """
        kind, content = self._raw(id)
        if kind != ObjectType.BLOB:
            raise _corrupted(self.folder, f"{id} is not a file's content")
        return content

    def children(self, tree: str) -> Iterator[tuple[str, Entry]]:
        """What a folder has directly in it, in git's order. Raises as `entry`."""
        for mode, name, id_ in _TREE_ENTRY.findall(self._folder(tree)):
            yield name.decode("utf-8", "surrogateescape"), Entry(mode=int(mode, 8), id=id_.hex())

    def tag(self, id: str) -> bytes:  # noqa: A002 - git's word
        """A tag object as git keeps it, signature and all. Raises as `blob`."""
        try:
            kind, raw = self.repository.read(id)
        except references.LIBGIT2_ERRORS as error:
            raise MissingObjectError(id) from error
        if kind != ObjectType.TAG:
            raise _corrupted(self.folder, f"{id} is not a tag object")
        return raw

    def files(self, tree: str) -> Iterator[tuple[str, Entry]]:
        """Every file, link and submodule of a tree, depth first, in git's order.

        Names that are not UTF-8 have surrogate escapes. Raises as `entry`.
        """
        yield from self._files(tree, "")

    def lend(self, path: Path) -> None:
        """Let a local repository's objects be seen here, in this process; nothing is copied.

        `path` is its git folder. Raises `UnavailableError` when its objects cannot be used.
        """
        for folder in _object_folders(path):
            if folder in self._lent:
                continue
            try:
                self.repository.odb.add_disk_alternate(str(folder))
            except references.LIBGIT2_ERRORS as error:
                raise UnavailableError(
                    f"the objects in {folder} cannot be used: {error}"
                ) from error
            self._lent.add(folder)

    def _files(self, tree: str, prefix: str) -> Iterator[tuple[str, Entry]]:
        for name, entry in self.children(tree):
            path = prefix + name
            if entry.mode == _FOLDER:
                yield from self._files(entry.id, f"{path}/")
            else:
                yield path, entry

    def _folder(self, id: str) -> bytes:  # noqa: A002 - git's word
        """A folder as git stores it; libgit2's objects for its entries cost more than that."""
        kind, content = self._raw(id)
        if kind != ObjectType.TREE:
            raise _corrupted(self.folder, f"{id} is not a tree")
        return content

    def _raw(self, id: str) -> tuple[int, bytes]:  # noqa: A002 - git's word
        try:
            return self.repository.read(id)
        except KeyError as error:
            raise MissingObjectError(id) from error
        except references.LIBGIT2_ERRORS as error:
            raise _corrupted(self.folder, f"object {id}: {error}") from error

    def _tree(self, id: str) -> pygit2.Tree:  # noqa: A002 - git's word
        """A folder; the latest are kept, since looking up paths comes by the same ones often."""
        kept = self._trees.get(id)
        if kept is not None:
            return kept
        found = self._object(id)
        if not isinstance(found, pygit2.Tree):
            raise _corrupted(self.folder, f"{id} is not a tree")
        if len(self._trees) >= _MOST_TREES:
            self._trees.clear()
        self._trees[id] = found
        return found

    def _object(self, id: str) -> pygit2.Object:  # noqa: A002 - git's word
        try:
            return self.repository[id]
        except KeyError as error:
            raise MissingObjectError(id) from error
        except references.LIBGIT2_ERRORS as error:
            raise _corrupted(self.folder, f"object {id}: {error}") from error

    def _peel(self, reference: str) -> references.Peeled | None:
        try:
            return references.peel(self.repository, reference)
        except references.BrokenReferenceError as error:
            raise _corrupted(self.folder, str(error)) from error


def require_same(one: UpstreamTree, other: UpstreamTree) -> None:
    """Raise `InconsistentError` when two sources give different trees for a release."""
    if one.tree != other.tree:
        raise InconsistentError(
            f"{one.release} is tree {one.tree} from {one.origin.source} "
            f"but tree {other.tree} from {other.origin.source}; neither is used",
            hint=f"find out which one is genuine; {REBUILD_HINT}",
        )


def require_expected(found: UpstreamTree, expected: str | None) -> None:
    """Raise `InconsistentError` when a tree is not the one that was recorded before, if any."""
    if expected not in (None, found.tree):
        origin = found.origin
        where = f"{origin.source} ({origin.file})" if origin.file else origin.source
        raise DifferentTreeError(
            f"{found.release} is tree {found.tree} from {where}, "
            f"but tree {expected} is what patches/lock.json recorded; it is not used",
            hint="a published release never changes: find out which one is genuine; "
            + REBUILD_HINT,
        )


def _corrupted(folder: Path, why: str) -> InconsistentError:
    return InconsistentError(f"the cache {folder} is corrupted: {why}", hint=REBUILD_HINT)


def _entry(item: pygit2.Object) -> Entry:
    return Entry(mode=int(item.filemode or 0), id=str(item.id))


def _create(folder: Path) -> None:
    """Make the repository aside, then rename it, so that nobody ever sees half of one."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with scratch_folder(folder.parent, ".new-") as aside:
        try:
            pygit2.init_repository(str(aside), bare=True)
        except pygit2.GitError as error:
            raise OSError(0, str(error), str(folder)) from error
        try:
            aside.rename(folder)
        except OSError:
            if not folder.is_dir():  # else another process was first, and its repository is as good
                raise


def _object_folders(path: Path, depth: int = 0) -> Iterator[Path]:
    """A repository's object folder and its alternates' (gitrepository-layout, objects/info)."""
    common = path / "commondir"  # a linked work tree keeps its objects in the main one
    if depth == 0 and common.is_file():
        path = path / common.read_text().strip()
    objects = (path / "objects" if depth == 0 else path).resolve()
    yield objects
    listed = objects / "info" / "alternates"
    if depth < _ALTERNATES_DEPTH and listed.is_file():
        for line in os.fsdecode(listed.read_bytes()).splitlines():
            if line and not line.startswith("#"):
                yield from _object_folders(objects / line, depth + 1)
