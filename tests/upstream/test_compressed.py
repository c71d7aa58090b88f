from __future__ import annotations

import gzip
import lzma
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from patchkit.errors import InconsistentError, StorageError
from patchkit.upstream import compressed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

COMPRESS: dict[str, Callable[[bytes], bytes]] = {"gz": gzip.compress, "xz": lzma.compress}


def read(path: Path, limit: int = 1 << 30) -> bytes:
    return b"".join(compressed.chunks(path, limit=limit))


@pytest.mark.parametrize("suffix", ["gz", "xz"])
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(members=st.lists(st.binary(max_size=3000), min_size=1, max_size=4), data=st.data())
def test_members_are_read_one_after_another(
    tmp_path: Path, suffix: str, members: list[bytes], data: st.DataObject
) -> None:
    path = tmp_path / f"file.{suffix}"
    content = b"".join(COMPRESS[suffix](member) for member in members)
    path.write_bytes(content + bytes(4 * data.draw(st.integers(0, 3))))
    assert read(path) == b"".join(members)


@pytest.mark.parametrize("suffix", ["gz", "xz"])
def test_any_truncation_is_told(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"file.{suffix}"
    content = COMPRESS[suffix](b"content" * 30)
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(InconsistentError):
            read(path)


@pytest.mark.parametrize("suffix", ["gz", "xz"])
def test_a_bomb_is_not_read_to_its_end(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"file.{suffix}"
    path.write_bytes(COMPRESS[suffix](bytes(64 << 20)))
    got = 0
    with pytest.raises(InconsistentError, match="more than 8 MiB"):
        for chunk in compressed.chunks(path, limit=8 << 20):
            assert len(chunk) <= compressed.CHUNK
            got += len(chunk)
    assert got <= 8 << 20


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        read(tmp_path / "absent.gz")


def test_reads_in_pieces_of_any_size() -> None:
    reader = compressed.ChunkReader(iter([b"abc", b"", b"de"]))
    assert [reader.read(2), reader.read(2), reader.read(2), reader.read(2)] == [
        b"ab",
        b"cd",
        b"e",
        b"",
    ]
