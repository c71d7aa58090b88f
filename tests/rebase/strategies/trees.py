"""Trees in a dictionary, as a merge reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from patchkit.rebase.objects import blob_id
from patchkit.rebase.tree import TreeView
from patchkit.upstream.store import Entry, MissingObjectError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FOLDER, PLAIN = 0o040000, 0o100644


@dataclass(frozen=True)
class Files:
    """A source of trees; a tree's id stands for its files' paths and contents.

    A file whose content is None is named by its tree, and its blob is missing.
    """

    content: Mapping[str, bytes | None]

    def entry(self, tree: str, path: str) -> Entry | None:
        full = f"{self._folder(tree)}{path}"
        if full in self.content:
            return Entry(mode=PLAIN, id=self._id(full))
        if any(name.startswith(f"{full}/") for name in self.content):
            return Entry(mode=FOLDER, id=self.tree(f"{full}/"))
        return None

    def _id(self, path: str) -> str:
        content = self.content[path]
        return blob_id(f"missing {path}".encode() if content is None else content)

    def blob(self, id: str) -> bytes:  # noqa: A002 - git's word
        for content in self.content.values():
            if content is not None and blob_id(content) == id:
                return content
        raise MissingObjectError(id)

    def children(self, tree: str) -> Iterator[tuple[str, Entry]]:
        names = [name.partition("/")[0] for name, _ in self.files(tree)]
        for name in dict.fromkeys(names):
            entry = self.entry(tree, name)
            if entry is not None:
                yield name, entry

    def files(self, tree: str) -> Iterator[tuple[str, Entry]]:
        folder = self._folder(tree)
        for name in sorted(self.content):
            if name.startswith(folder):
                yield name.removeprefix(folder), Entry(mode=PLAIN, id=self._id(name))

    def tree(self, folder: str = "") -> str:
        """The id of a folder (with a slash at its end), or of all."""
        names = sorted(name for name in self.content if name.startswith(folder))
        inside = [(name.removeprefix(folder), self._id(name)) for name in names]
        return blob_id(repr(inside).encode())

    def _folder(self, tree: str) -> str:
        parts = [name.split("/")[:-1] for name in self.content]
        folders = {"/".join([*p[:n], ""]) for p in parts for n in range(1, len(p) + 1)}
        return next((f for f in folders if self.tree(f) == tree), "")


def view(content: Mapping[str, bytes | None]) -> TreeView:
    files = Files(content)
    return TreeView(source=files, tree=files.tree())
