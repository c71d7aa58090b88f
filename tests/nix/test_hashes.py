"""A tree's hash is computed once, and never taken from a file that says something else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from patchkit.errors import StorageError
from patchkit.nix.hashes import HashCache
from patchkit.nix.nar import Identity, nar_hash
from patchkit.upstream.store import MissingObjectError, Store
from tests import builders
from tests.builders import Commit

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def kept(tmp_path: Path) -> tuple[Store, Identity, HashCache]:
    builders.repository(tmp_path / "up.git", [Commit(files={"a": b"x"}, tag="v261")])
    store = Store.open(tmp_path / "cache.git")
    store.lend(tmp_path / "up.git")
    identity = Identity(tree=builders.tree_of(tmp_path / "up.git", "v261"))
    return store, identity, HashCache(tmp_path / "nar")


def test_it_is_kept(kept: tuple[Store, Identity, HashCache], tmp_path: Path) -> None:
    store, identity, cache = kept
    assert cache.get(identity) is None
    found = cache.compute(store, identity)
    assert found == nar_hash(store, identity)
    assert cache.get(identity) == found
    empty = Store.open(tmp_path / "other.git")
    assert cache.compute(empty, identity) == found
    with pytest.raises(MissingObjectError):
        cache.compute(empty, identity, again=True)


def test_the_commit_counts(kept: tuple[Store, Identity, HashCache]) -> None:
    store, identity, cache = kept
    cache.compute(store, identity)
    assert cache.get(Identity(tree=identity.tree, commit="1" * 40)) is None


def test_a_damaged_file_is_not_believed(
    kept: tuple[Store, Identity, HashCache], tmp_path: Path
) -> None:
    store, identity, cache = kept
    found = cache.compute(store, identity)
    (file,) = (tmp_path / "nar").iterdir()
    for text in (b"", b"{", file.read_bytes().replace(identity.tree.encode(), b"0" * 40)):
        file.write_bytes(text)
        assert cache.get(identity) is None
        assert cache.compute(store, identity) == found


def test_an_unwritable_cache(kept: tuple[Store, Identity, HashCache], tmp_path: Path) -> None:
    store, identity, _ = kept
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match="write to the cache"):
        HashCache(tmp_path / "file").compute(store, identity)
