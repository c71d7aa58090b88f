"""The git repository that a patch repository is in: read, never its index or its work tree."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import pygit2
from pygit2.enums import FileStatus

from patchkit.errors import InconsistentError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FOLDERS = (PurePosixPath("patches"), PurePosixPath("overlays"))
"""What patchkit writes in a patch repository."""

GIT_ERRORS = (pygit2.GitError, KeyError, ValueError, OSError)
"""What pygit2 raises, over its versions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A file as git has it: its mode and bytes."""

    mode: int
    content: bytes


Files = dict[PurePosixPath, Stored]
"""Files by their path in the patch repository."""


class Checkout:
    """A repository with a commit at HEAD, and where in it the patch repository is.

    `repository` is for the modules beside this one that speak libgit2, too.
    """

    def __init__(self, repository: pygit2.Repository, prefix: PurePosixPath) -> None:
        self.repository = repository
        self.prefix = prefix

    @property
    def common(self) -> Path:
        """Git's folder with the references; linked work trees share it (gitrepository-layout)."""
        folder = Path(self.repository.path)
        shared = folder / "commondir"
        return folder / shared.read_text("utf-8").strip() if shared.is_file() else folder

    @classmethod
    def open(cls, root: Path) -> Checkout:
        """The git repository around the patch repository `root`.

        Raises `UsageError` when there is none, or none with a commit and a work tree.
        """
        found = pygit2.discover_repository(str(root))
        if found is None:
            raise UsageError(
                f"{root} is not in a git repository, and bump commits on a branch",
                hint="git init, then commit patches/",
            )
        try:
            repository = pygit2.Repository(found)
        except GIT_ERRORS as error:
            raise UsageError(f"{found} cannot be used: {error}") from error
        if repository.is_bare or repository.head_is_unborn:
            raise UsageError(
                f"{found} {'is bare' if repository.is_bare else 'has no commit yet'}",
                hint="commit patches/ first, and run bump in a work tree",
            )
        place = root.resolve().relative_to(Path(repository.workdir).resolve())
        return cls(repository, PurePosixPath(place.as_posix()))

    @property
    def head(self) -> str:
        """The commit at HEAD."""
        return str(self.repository.head.peel(pygit2.Commit).id)

    def is_in(self, commit: str, other: str) -> bool:
        """Whether a commit is another or an ancestor of it."""
        ends = pygit2.Oid(hex=commit), pygit2.Oid(hex=other)
        if ends[0] == ends[1]:
            return True
        return ends[1] in self.repository and self.repository.descendant_of(ends[1], ends[0])

    def require_clean(self) -> None:
        """Raise `InconsistentError` when something in `patches/` is not committed."""
        folder = self.inside(FOLDERS[0])
        ignored = FileStatus.IGNORED | FileStatus.CURRENT
        dirty = sorted(
            path
            for path, status in self.repository.status(untracked_files="all").items()
            if PurePosixPath(path).is_relative_to(folder) and status & ~ignored
        )
        if dirty:
            more = f" and {len(dirty) - 1} more" if len(dirty) > 1 else ""
            raise InconsistentError(
                f"patches/ has changes that are not committed: {dirty[0]}{more}",
                hint="commit them or put them away (git stash): bump starts from HEAD",
            )

    def inside(self, path: PurePosixPath) -> PurePosixPath:
        """A path of the patch repository as a path of the git repository."""
        return self.prefix / path

    # Trees

    def tree(self, commit: str) -> pygit2.Tree:
        """A commit's tree."""
        found = self.repository[commit]
        return found.peel(pygit2.Tree)

    def tree_by_id(self, tree: str) -> pygit2.Tree:
        """A tree."""
        return self.repository[tree].peel(pygit2.Tree)

    def files(self, tree: pygit2.Tree) -> Files:
        """Everything in `patches/` and `overlays/` of a tree."""
        return {
            PurePosixPath(path).relative_to(self.prefix): Stored(
                mode=entry.filemode, content=entry.data
            )
            for folder in FOLDERS
            for path, entry in self._blobs(tree, self.inside(folder))
        }

    def content_ids(self, tree: pygit2.Tree) -> tuple[str | None, ...]:
        """The ids of `patches/` and `overlays/` in a tree: equal ids, equal contents."""
        return tuple(self._id(tree, self.inside(folder)) for folder in FOLDERS)

    def written(self, tree: pygit2.Tree, changes: Mapping[PurePosixPath, Stored | None]) -> str:
        """The id of a new tree with changes to the patch repository; None removes a file."""
        index = pygit2.Index()
        index.read_tree(tree)
        present = {entry.path for entry in index}
        for path, stored in sorted(changes.items()):
            name = str(self.inside(path))
            if stored is not None:
                blob = self.repository.create_blob(stored.content)
                index.add(pygit2.IndexEntry(name, blob, stored.mode))  # type: ignore[arg-type]
            elif name in present:
                index.remove(name)
        return str(index.write_tree(self.repository))

    def _id(self, tree: pygit2.Tree, path: PurePosixPath) -> str | None:
        try:
            return str(tree[str(path)].id)
        except KeyError:
            return None

    def _blobs(self, tree: pygit2.Tree, folder: PurePosixPath) -> Iterator[tuple[str, pygit2.Blob]]:
        try:
            start = tree[str(folder)]
        except KeyError:
            return
        waiting: list[tuple[str, pygit2.Object]] = [(str(folder), start)]
        while waiting:
            path, found = waiting.pop()
            if isinstance(found, pygit2.Tree):
                waiting += [(f"{path}/{entry.name}", entry) for entry in found]
            elif isinstance(found, pygit2.Blob):
                yield path, found
