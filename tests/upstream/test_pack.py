from __future__ import annotations

import resource
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from patchkit.upstream import intake
from patchkit.upstream.pack import Kind, PackWriter
from tests.upstream import support

if TYPE_CHECKING:
    from pathlib import Path

    from patchkit.upstream.store import Store


def packs(store: Store) -> Path:
    return store.folder / "objects" / "pack"


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(contents=st.lists(st.binary(max_size=5000) | st.integers(0, 5000).map(bytes)))
def test_any_blobs_are_read_back_by_git(store: Store, contents: list[bytes]) -> None:
    with intake.pack_writer(store) as pack:
        names = [pack.add(Kind.BLOB, content).hex() for content in contents]
        pack.finish()
    for name, content in zip(names, contents, strict=True):
        assert store.blob(name) == content
    support.git(store.folder, "fsck", "--full", "--strict")


def test_nothing_is_seen_before_the_end(store: Store) -> None:
    with pytest.raises(KeyboardInterrupt), intake.pack_writer(store) as pack:
        pack.add(Kind.BLOB, b"x")
        raise KeyboardInterrupt
    assert list(packs(store).iterdir()) == []


def test_an_empty_pack_is_not_written(store: Store) -> None:
    with intake.pack_writer(store) as pack:
        pack.finish()
    assert list(packs(store).iterdir()) == []


def test_a_full_disk_leaves_nothing(store: Store) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
    try:
        with pytest.raises(OSError, match="too large"), PackWriter(packs(store)) as pack:
            for number in range(100_000):
                pack.add(Kind.BLOB, str(number).encode())
            pack.finish()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(packs(store).iterdir()) == []
