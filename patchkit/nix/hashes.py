"""NAR hashes of trees, computed once each: a tree's id says all that its hash depends on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from patchkit import documents
from patchkit.errors import StorageError
from patchkit.nix.nar import Identity, nar_hash
from patchkit.writeplan import atomic_write

if TYPE_CHECKING:
    from pathlib import Path

    from patchkit.rebase.tree import TreeSource

_SCHEMA = "patchkit.nar/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    schema: str
    tree: str
    commit: str | None
    nar_hash: str


class HashCache:
    """A folder with one small file per tree."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, identity: Identity) -> str | None:
        """The hash of a tree that was computed before, or None."""
        try:
            kept = documents.decode(self._path(identity).read_bytes(), _Kept)
        except (OSError, documents.MalformedDocument):
            return None
        same = (kept.schema, kept.tree, kept.commit) == (_SCHEMA, identity.tree, identity.commit)
        return kept.nar_hash if same else None

    def compute(self, source: TreeSource, identity: Identity, *, again: bool = False) -> str:
        """The hash of a tree, from its objects where it was not computed before, or `again`.

        Raises as `nar_hash`; `StorageError` when the cache cannot be written.
        """
        known = None if again else self.get(identity)
        if known is not None:
            return known
        found = nar_hash(source, identity)
        kept = _Kept(schema=_SCHEMA, tree=identity.tree, commit=identity.commit, nar_hash=found)
        try:
            atomic_write(self._path(identity), documents.encode(kept).encode())
        except OSError as error:
            raise StorageError.from_os_error("write to the cache", error) from error
        return found

    def _path(self, identity: Identity) -> Path:
        return self._folder / f"{identity.tree}-{identity.commit or 'tree'}.json"
