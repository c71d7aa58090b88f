"""A tree with changes laid over it: what a patch sees after the patches before it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from patchkit.rebase.outcome import FileState

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Entry(Protocol):
    """What a tree says of a path: git's mode, and the hexadecimal id."""

    @property
    def mode(self) -> int: ...  # noqa: D102
    @property
    def id(self) -> str: ...  # noqa: D102


class TreeSource(Protocol):
    """Where trees are read from; the cache's store is one."""

    def entry(self, tree: str, path: str) -> Entry | None:
        """What the tree has at a path, or None."""

    def blob(self, id: str) -> bytes:  # noqa: A002 - git's word
        """A blob's bytes."""

    def children(self, tree: str) -> Iterator[tuple[str, Entry]]:
        """What a folder has directly in it, by name, in git's order."""

    def files(self, tree: str) -> Iterator[tuple[str, Entry]]:
        """Every file of a tree with its path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeView:
    """A tree (by id) with changes over it; None in `changes` is a removed file."""

    source: TreeSource
    tree: str
    changes: Mapping[str, FileState | None] = field(default_factory=dict)
    _seen: dict[str, FileState | None] = field(default_factory=dict, repr=False, compare=False)

    def read(self, path: str) -> FileState | None:
        """The file at a path (a symbolic link's content is where it leads), or None.

        Something that is not a file at all (a folder, a submodule) has no content.
        """
        if path in self.changes:
            return self.changes[path]
        if path not in self._seen:
            self._seen[path] = self._from_tree(path)
        return self._seen[path]

    def _from_tree(self, path: str) -> FileState | None:
        entry = self.source.entry(self.tree, path)
        if entry is None:
            return None
        is_file = entry.mode in (0o100644, 0o100755, 0o120000)
        content = self.source.blob(entry.id) if is_file else b""
        return FileState(mode=entry.mode, content=content, id=entry.id)

    def with_changes(self, changes: Mapping[str, FileState | None]) -> TreeView:
        """The same tree with more changes over it."""
        return TreeView(
            source=self.source,
            tree=self.tree,
            changes={**self.changes, **changes},
            _seen=self._seen,
        )
