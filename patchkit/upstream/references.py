"""The references of the cache repository: their names, where they lead, what they remember.

`refs/tags/<tag>` are upstream's own tags. `refs/patchkit/debian/<tag>` is a commit that patchkit
made around a tree from Debian's tarball; its message keeps the file's name and digest.
`refs/patchkit/git/<tag>` is such a commit too: it remembers the source that a tag came from.
`refs/patchkit/override/<location>/<tag>` are tags from an `--upstream` URL: they serve that
URL only.
"""

from __future__ import annotations

import errno
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pygit2

from patchkit.errors import without_logins
from patchkit.releases import Release
from patchkit.wholefile import probe

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

TAGS = "refs/tags/"
DEBIAN = "refs/patchkit/debian/"

LIBGIT2_ERRORS = (pygit2.GitError, KeyError, ValueError, OSError)
"""What pygit2 raises, over its versions."""

_SIGNATURE = pygit2.Signature("patchkit", "patchkit@localhost", 0, 0)
"""Fixed, so that the same tarball gives the same commit everywhere."""


class BrokenReferenceError(Exception):
    """A reference that does not lead to a tree; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peeled:
    """Where a reference leads. Hexadecimal ids; `tag` is None for a lightweight tag."""

    tag: str | None
    commit: str
    tree: str
    message: str

    @property
    def fields(self) -> dict[str, str]:
        """What a note's message remembers: its lines of the form `Name: value`."""
        pairs = (line.split(": ", 1) for line in self.message.splitlines() if ": " in line)
        return {name: value for name, value in pairs}  # noqa: C416 - dict() hides the two names


def tag(release: Release) -> str:
    """The reference of upstream's tag."""
    return f"{TAGS}{release.tag}"


def tag_note(release: Release) -> str:
    """The reference that remembers which source a tag came from."""
    return f"refs/patchkit/git/{release.tag}"


def debian(release: Release) -> str:
    """The reference of a tree that was made from Debian's tarball."""
    return f"{DEBIAN}{release.tag}"


def override(release: Release, location: str) -> str:
    """The reference of a tag that came from an `--upstream` URL."""
    key = hashlib.sha256(without_logins(location).encode()).hexdigest()[:16]
    return f"refs/patchkit/override/{key}/{release.tag}"


def peel(repository: pygit2.Repository, reference: str) -> Peeled | None:
    """Follow a reference to its commit and tree; None when there is no such reference.

    Raises `BrokenReferenceError` when it does not lead to a commit whose tree is there.
    """
    try:
        found = repository.references.get(reference)
        if found is None:
            return None
        target = repository[found.resolve().target]
        commit = target.peel(pygit2.Commit)
        tree = commit.peel(pygit2.Tree)
    except KeyError as error:
        raise BrokenReferenceError(f"{reference} leads to an object that is missing") from error
    except LIBGIT2_ERRORS as error:
        raise BrokenReferenceError(f"{reference} cannot be followed: {error}") from error
    return Peeled(
        tag=str(target.id) if isinstance(target, pygit2.Tag) else None,
        commit=str(commit.id),
        tree=str(tree.id),
        message=commit.raw_message.decode("utf-8", "replace"),
    )


def point(repository: pygit2.Repository, reference: str, target: str) -> None:
    """Make a reference lead to an object. Raises one of `LIBGIT2_ERRORS`."""
    repository.references.create(reference, pygit2.Oid(hex=target), force=True)


def note(
    repository: pygit2.Repository,
    reference: str,
    tree: str,
    *,
    title: str,
    fields: Mapping[str, str | None],
) -> None:
    """Keep a tree with what there is to remember of it. Raises one of `LIBGIT2_ERRORS`."""
    lines = "".join(f"{name}: {value}\n" for name, value in fields.items() if value is not None)
    message = f"{title}\n\n{lines}"
    commit = repository.create_commit(
        None, _SIGNATURE, _SIGNATURE, message, pygit2.Oid(hex=tree), []
    )
    if commit not in repository:
        probe(Path(repository.path))
        raise OSError(errno.EIO, os.strerror(errno.EIO), repository.path)
    point(repository, reference, str(commit))


def releases(references: Iterable[str | bytes | None], *, under: str = TAGS) -> frozenset[Release]:
    """The releases that the references below `under` name; others are ignored."""
    found = set()
    for reference in references:
        name = reference.decode("utf-8", "replace") if isinstance(reference, bytes) else reference
        if name and name.startswith(under) and (it := Release.from_tag(name.removeprefix(under))):
            found.add(it)
    return frozenset(found)
