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
    """A source of trees: a tree's name is its files' common folder, `""` for all of them.

    A file whose content is None is named by its tree, and its blob is missing.
    """

    content: Mapping[str, bytes | None]

    def entry(self, tree: str, path: str) -> Entry | None:
        full = f"{tree}{path}"
        if full in self.content:
            return Entry(mode=PLAIN, id=self._id(full))
        if any(name.startswith(f"{full}/") for name in self.content):
            return Entry(mode=FOLDER, id=f"{full}/")
        return None

    def _id(self, path: str) -> str:
        content = self.content[path]
        return "missing" if content is None else blob_id(content)

    def blob(self, id: str) -> bytes:  # noqa: A002 - git's word
        for content in self.content.values():
            if content is not None and blob_id(content) == id:
                return content
        raise MissingObjectError(id)

    def files(self, tree: str) -> Iterator[tuple[str, Entry]]:
        for name in sorted(self.content):
            if name.startswith(tree):
                yield name.removeprefix(tree), Entry(mode=PLAIN, id=self._id(name))


def view(content: Mapping[str, bytes | None]) -> TreeView:
    return TreeView(source=Files(content), tree="")
