"""Filling the cache repository. The caller holds the cache; objects come first, references last."""

from __future__ import annotations

import shutil
import tempfile
from typing import TYPE_CHECKING

import pygit2

from patchkit.errors import StorageError
from patchkit.upstream import references
from patchkit.upstream.pack import TEMPORARY, PackWriter
from patchkit.upstream.sources import OVERRIDE
from patchkit.upstream.store import ASIDE
from patchkit.writeplan import atomic_write

if TYPE_CHECKING:
    from pathlib import Path

    from patchkit.upstream.sources import UpstreamTree
    from patchkit.upstream.store import Store


def pack_writer(store: Store) -> PackWriter:
    """A pack for new objects; those that the cache has of its own are left out.

    Raises `OSError`.
    """
    own = pygit2.Odb(str(store.folder / "objects"))  # sees nothing of what is lent
    return PackWriter(
        store.folder / "objects" / "pack", known=lambda key: pygit2.Oid(raw=key) in own
    )


def record_debian(store: Store, imported: UpstreamTree) -> None:
    """Name a tree that was made from a tarball. Raises `StorageError`."""
    origin = imported.origin
    try:
        references.note(
            store.repository,
            references.debian(imported.release),
            imported.tree,
            title=f"systemd {imported.release.version} from Debian's source package",
            fields={"Source": origin.source, "File": origin.file, "SHA-256": origin.sha256},
        )
    except references.LIBGIT2_ERRORS as error:
        raise _cannot_write(store, error) from error


def record_git(store: Store, fetched: UpstreamTree, *, location: str) -> None:
    """Name a tag that was fetched from `location`. Raises `StorageError`."""
    release, source = fetched.release, fetched.origin.source
    target = fetched.tag_object or fetched.commit
    if target is None:
        raise ValueError("what came from git has a commit")
    try:
        if source == OVERRIDE:
            references.point(store.repository, references.override(release, location), target)
            return
        references.note(
            store.repository,
            references.tag_note(release),
            fetched.tree,
            title=f"systemd {release.version} from a git repository",
            fields={"Source": source, "Location": location},
        )
        references.point(store.repository, references.tag(release), target)
    except references.LIBGIT2_ERRORS as error:
        raise _cannot_write(store, error) from error


def aside(store: Store) -> tempfile.TemporaryDirectory[str]:
    """A folder beside the cache repository, on the same file system. Raises `OSError`."""
    return tempfile.TemporaryDirectory(prefix=ASIDE, dir=store.folder.parent)


def adopt(store: Store, repository: Path, *, tip: str) -> None:
    """Take over the packs of a bare repository made aside, and its boundary of history.

    `tip` is the commit that was fetched: libgit2 does not say when it could not write down that
    history ends there. Raises `OSError`.
    """
    boundary = _lines(repository / "shallow") | _unrooted(repository, tip)
    packs = store.folder / "objects" / "pack"
    for pattern in ("*.pack", "*.rev", "*.idx"):  # the index comes last: it makes a pack seen
        for file in (repository / "objects" / "pack").glob(pattern):
            file.replace(packs / file.name)
    if boundary:
        together = sorted(boundary | _lines(store.folder / "shallow"))
        atomic_write(store.folder / "shallow", b"".join(line + b"\n" for line in together))


def _unrooted(repository: Path, tip: str) -> set[bytes]:
    """The commit, where its parents are not there."""
    objects = pygit2.Repository(str(repository))
    commit = objects[tip].peel(pygit2.Commit)
    return {tip.encode()} if any(id_ not in objects for id_ in commit.parent_ids) else set()


def sweep(store: Store) -> None:
    """Remove what a killed process left unfinished, here and beside (downloads)."""
    for left in store.folder.parent.glob(f"{ASIDE}*"):
        shutil.rmtree(left, ignore_errors=True)
    for left in (store.folder / "objects" / "pack").glob(f"{TEMPORARY}*"):
        left.unlink(missing_ok=True)
    for left in (store.folder / "refs").rglob("*.lock"):  # who holds the cache writes references
        left.unlink(missing_ok=True)
    for left in (store.folder.parent / "debian").glob("*systemd_*"):
        left.unlink(missing_ok=True)


def _lines(path: Path) -> set[bytes]:
    return set(path.read_bytes().split()) if path.exists() else set()


def _cannot_write(store: Store, error: Exception) -> StorageError:
    return StorageError(
        f"cannot write to the cache {store.folder}: {error}",
        hint="free space or mend permissions, then run it again",
    )
