"""The branch of a bump: what is on it, whose it is, and committing on it without a work tree."""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import pygit2
from pygit2.enums import FileMode, SortMode

from patchkit import documents
from patchkit.bump.checkout import FOLDERS, GIT_ERRORS, Checkout, Files, Stored
from patchkit.errors import InconsistentError, StorageError, UsageError
from patchkit.wholefile import probe
from patchkit.workspace.layout import LOCK
from patchkit.workspace.lock import Lock, read_lock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from patchkit.bump.commits import PlannedCommit
    from patchkit.releases import Release

_TRAILER = re.compile(r"^Patchkit-Tree: ([0-9a-f]{40,64})$", re.MULTILINE)
_STALE = 2.0
"""For how long a lock on a reference must stay the same to be a dead process's, in seconds."""
_AUTHOR = re.compile(r"\s*([^<>\n]+?)\s*<([^<>\s]+@[^<>\s]+)>\s*")


def branch_name(release: Release) -> str:
    """The branch of a release: `patchkit/v262`."""
    return f"patchkit/{release.tag}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What a bump builds on.

    `tree` is git's tree that the new files are laid over, `files` what it has in `patches/`
    and `overlays/`; `parents` are those of the first new commit. `tip` is the branch's end, None
    where there is no branch yet. `touched` are the paths in the release's folder that people
    committed to on the branch.
    """

    tree: str
    files: Files
    parents: tuple[str, ...]
    tip: str | None = None
    touched: frozenset[PurePosixPath] = frozenset()

    @property
    def merges(self) -> bool:
        """Whether the first commit brings the branch up to date with HEAD."""
        return len(self.parents) > 1


def find_ground(checkout: Checkout, release: Release, tip: str | None) -> Ground:
    """What a bump of `release` builds on: HEAD, or the branch that is there already.

    A branch keeps all its commits. Where `patches/` or `overlays/` moved on at HEAD since it
    was begun, the first new commit merges HEAD into it. Raises `InconsistentError` when
    the two cannot be put together, `UsageError` for a shallow clone.
    """
    head = checkout.head
    if tip is None or tip == head:
        tree = checkout.tree(head)
        return Ground(tree=str(tree.id), files=checkout.files(tree), parents=(head,), tip=tip)
    repository = checkout.repository
    base = repository.merge_base(pygit2.Oid(hex=tip), pygit2.Oid(hex=head))
    if base is None:
        raise UsageError(
            f"{branch_name(release)} and HEAD have no commit in common here",
            hint="a shallow clone hides it: git fetch --unshallow (in CI: fetch-depth: 0)"
            if repository.is_shallow
            else f"another branch has this name: remove or rename {branch_name(release)}",
        )
    tree = checkout.tree(tip)
    touched = _touched(checkout, release, tip, head)
    moved_on = checkout.content_ids(checkout.tree(str(base))) != checkout.content_ids(
        checkout.tree(head)
    )
    if not moved_on:
        files = checkout.files(tree)
        return Ground(tree=str(tree.id), files=files, parents=(tip,), tip=tip, touched=touched)
    merged = _merged(checkout, release, tip, head)
    return Ground(
        tree=str(merged.id),
        files=checkout.files(merged),
        parents=(tip, head),
        tip=tip,
        touched=touched,
    )


def is_ours(commit: pygit2.Commit) -> bool:
    """Whether patchkit made a commit, and nobody amended it: it names its own tree."""
    found = _TRAILER.findall(commit.message)
    return bool(found) and found[-1] == str(commit.tree_id)


def _touched(checkout: Checkout, release: Release, tip: str, head: str) -> frozenset[PurePosixPath]:
    """The paths of the release's folder that a person's commit on the branch changed."""
    repository, folder = checkout.repository, FOLDERS[0] / release.tag
    found: set[PurePosixPath] = set()
    for commit in _only_in(checkout, tip, head):
        if is_ours(commit) or not commit.parents:
            continue
        for delta in repository.diff(commit.parents[0], commit).deltas:
            path = PurePosixPath(delta.new_file.path)
            if path.is_relative_to(checkout.inside(folder)):
                found.add(path.relative_to(checkout.prefix))
    return frozenset(found)


def _merged(checkout: Checkout, release: Release, tip: str, head: str) -> pygit2.Tree:
    """HEAD's files with the branch's; the overlay is HEAD's where both changed it: it is rendered.

    The lock is HEAD's with the branch's entry for the release.
    """
    repository = checkout.repository
    index = repository.merge_commits(pygit2.Oid(hex=tip), pygit2.Oid(hex=head))
    for ancestor, ours, theirs in list(index.conflicts or ()):
        path = next(side.path for side in (ours, theirs, ancestor) if side is not None)
        if not _is_generated(checkout, path):
            raise InconsistentError(
                f"{branch_name(release)} and HEAD both changed {path}",
                hint=f"merge them by hand: git switch {branch_name(release)} && git merge, "
                "then push",
            )
        del index.conflicts[path]
        if theirs is not None:
            index.add(theirs)
    tree = repository[index.write_tree(repository)].peel(pygit2.Tree)
    lock, mine = (_lock(checkout, commit) for commit in (head, tip))
    entry = mine.get(release)
    if entry is not None:
        lock = lock.with_release(entry)
    text = documents.encode(lock).encode()
    written = checkout.written(tree, {LOCK: stored(text)})
    return checkout.tree_by_id(written)


def _lock(checkout: Checkout, commit: str) -> Lock:
    found = checkout.files(checkout.tree(commit)).get(LOCK)
    return read_lock(found.content, file_name=f"{LOCK} of {commit[:12]}") if found else Lock()


def _is_generated(checkout: Checkout, path: str) -> bool:
    inside = PurePosixPath(path)
    return inside == checkout.inside(LOCK) or inside.is_relative_to(checkout.inside(FOLDERS[1]))


# Committing


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who commits."""

    name: str
    mail: str


def find_author(checkout: Checkout, named: str | None) -> Author:
    """The author that was named (`Name <mail>`), or that of git's configuration.

    Raises `UsageError` when there is none.
    """
    if named is not None:
        match = _AUTHOR.fullmatch(named)
        if match is None:
            raise UsageError(f"'{named}' is not an author", hint="like: 'A Name <a@example.org>'")
        return Author(name=match[1], mail=match[2])
    try:
        found = checkout.repository.default_signature
    except GIT_ERRORS as error:
        raise UsageError(
            "git's configuration does not say who you are",
            hint="git config user.name and user.email, or --author 'Name <mail>'",
        ) from error
    return Author(name=found.name, mail=found.email)


def commit_on(
    checkout: Checkout,
    release: Release,
    ground: Ground,
    commits: tuple[PlannedCommit, ...],
    author: Author,
) -> str:
    """Make the commits on the release's branch; returns its new end.

    All objects are there before the branch moves. Raises `InconsistentError` when the branch is
    checked out or has moved meanwhile, `StorageError`.
    """
    repository, name = checkout.repository, branch_name(release)
    branch = repository.branches.local.get(name)
    if branch is not None and branch.is_checked_out():
        raise InconsistentError(
            f"the branch {name} is checked out, and bump never touches a work tree",
            hint="git switch to another branch, then run it again",
        )
    when = int(os.environ.get("SOURCE_DATE_EPOCH") or time.time())
    signature = pygit2.Signature(author.name, author.mail, when, 0)
    try:
        tree, parents = ground.tree, ground.parents
        for planned in commits:
            tree = checkout.written(checkout.tree_by_id(tree), planned.changes)
            message = f"{planned.message.rstrip()}\n\nPatchkit-Tree: {tree}\n"
            made = repository.create_commit(
                None,
                signature,
                signature,
                message,
                pygit2.Oid(hex=tree),
                [pygit2.Oid(hex=parent) for parent in parents],
            )
            parents = (str(made),)
        return point_branch(checkout, name, parents[0])
    except GIT_ERRORS as error:
        try:
            probe(checkout.common)
        except OSError as why:
            raise StorageError.from_os_error(f"commit on {name}", why) from error
        raise StorageError(f"cannot commit on {name}: {error}") from error


def point_branch(checkout: Checkout, name: str, commit: str) -> str:
    """Make a local branch end at a commit. Raises `InconsistentError` for one with more on it.

    Commits that patchkit made count as nothing: it makes them again.
    """
    repository = checkout.repository
    reference = f"refs/heads/{name}"
    known = repository.references.get(reference)
    if known is not None:
        before = str(known.peel(pygit2.Commit).id)
        if not all(map(is_ours, _only_in(checkout, before, commit))):
            raise _diverged(name)
    try:
        repository.references.create(reference, pygit2.Oid(hex=commit), force=True)
    except GIT_ERRORS:
        if not _freed(checkout, reference):
            raise
        repository.references.create(reference, pygit2.Oid(hex=commit), force=True)
    return commit


def _freed(checkout: Checkout, reference: str) -> bool:
    """Remove the lock that a killed process left on one of patchkit's branches; whether there was.

    Git writes a reference within milliseconds, and no other bump of this release is at work: a
    lock that stays the same for seconds is nobody's.
    """
    lock = checkout.common / f"{reference}.lock"
    try:
        before = lock.stat()
        time.sleep(_STALE)
        after = lock.stat()
    except FileNotFoundError:
        return True  # somebody was at it just now
    except OSError:
        return False
    if not os.path.samestat(before, after) or before.st_mtime_ns != after.st_mtime_ns:
        return False
    lock.unlink(missing_ok=True)
    return True


def find_tip(checkout: Checkout, release: Release, remote: str | None) -> str | None:
    """Where the branch ends, given where it ends on the remote (None: not there).

    Where both went on, the remote's counts, as patchkit makes its own commits again. Raises
    `InconsistentError` when a person's would be passed over.
    """
    name = branch_name(release)
    branch = checkout.repository.branches.local.get(name)
    local = str(branch.target) if branch is not None else None
    if local is None or remote is None or local == remote:
        return local or remote
    if not _only_in(checkout, remote, local):
        return local
    if all(map(is_ours, _only_in(checkout, local, remote))):
        return remote
    raise _diverged(name)


def _only_in(checkout: Checkout, tip: str, other: str) -> list[pygit2.Commit]:
    """The commits that one end has and another has not."""
    walk = checkout.repository.walk(pygit2.Oid(hex=tip), SortMode.NONE)
    walk.hide(pygit2.Oid(hex=other))
    return list(walk)


def _diverged(name: str) -> InconsistentError:
    return InconsistentError(
        f"the local branch {name} has commits that are nowhere else, and the remote's went on",
        hint=f"push them, or remove the branch: git branch -D {name}",
    )


def stored(content: bytes) -> Stored:
    """A plain file."""
    return Stored(mode=int(FileMode.BLOB), content=content)


def changed(
    before: Files, after: Mapping[PurePosixPath, bytes]
) -> dict[PurePosixPath, bytes | None]:
    """What is to be written (None: removed) to get from one set of files to another."""
    writes: dict[PurePosixPath, bytes | None] = {
        path: content
        for path, content in after.items()
        if path not in before or before[path].content != content
    }
    return {**writes, **{path: None for path in before if path not in after}}
