"""Writing git objects as one pack: thousands of loose files would be slow to write and to read.

The format is git's own, version 2 of both pack and index (Documentation/gitformat-pack.txt).
Objects are stored whole, without deltas.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import struct
import tempfile
import zlib
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

TEMPORARY = "tmp_patchkit_"
"""How unfinished files in a pack folder are called; git's own housekeeping clears `tmp_*` too."""

_LEVEL = 1
"""zlib's fastest: a cache need not be small."""


class Kind(IntEnum):
    """Object types, by their number in a pack."""

    COMMIT = 1
    TREE = 2
    BLOB = 3


_NAMES = {Kind.COMMIT: b"commit", Kind.TREE: b"tree", Kind.BLOB: b"blob"}


class PackWriter:
    """A pack under way in a pack folder; nothing is seen of it until `finish`.

    A context manager: leaving it without `finish` removes what was written. `known` tells
    whether the repository has an object already, which is then left out. Methods raise
    `OSError`.
    """

    def __init__(self, folder: Path, *, known: Callable[[bytes], bool] = lambda _: False) -> None:
        self._folder = folder
        self._known = known
        self._seen: dict[bytes, tuple[int, int] | None] = {}  # id -> (offset, crc) or known
        handle, name = tempfile.mkstemp(prefix=TEMPORARY, dir=folder)
        self._path = Path(name)
        self._stream = os.fdopen(handle, "w+b")
        self._stream.write(self._header(0))

    def __enter__(self) -> PackWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # what it still would write is no loss
            self._stream.close()

    def add(self, kind: Kind, content: bytes) -> bytes:
        """Write an object unless it is there already; returns its id as 20 bytes."""
        name = hashlib.sha1(b"%s %d\0" % (_NAMES[kind], len(content)), usedforsecurity=False)
        name.update(content)
        identity = name.digest()
        if identity in self._seen:
            return identity
        if self._known(identity):
            self._seen[identity] = None
            return identity
        record = _entry_header(kind, len(content)) + zlib.compress(content, _LEVEL)
        self._seen[identity] = (self._stream.tell(), zlib.crc32(record))
        self._stream.write(record)
        return identity

    def finish(self) -> None:
        """Put pack and index in place, synced; the index last, since it makes the pack seen."""
        written = sorted((key, place) for key, place in self._seen.items() if place is not None)
        if not written:
            return
        checksum = self._seal(len(written))
        index = self._path.with_name(self._path.name + ".idx")
        try:
            with index.open("wb") as stream:
                stream.write(_index(written, checksum))
                stream.flush()
                os.fsync(stream.fileno())
            name = hashlib.sha1(b"".join(key for key, _ in written), usedforsecurity=False)
            place = self._folder / f"pack-{name.hexdigest()}"
            self._path.chmod(0o444)
            index.chmod(0o444)
            self._path.replace(place.with_suffix(".pack"))
            index.replace(place.with_suffix(".idx"))
        finally:
            index.unlink(missing_ok=True)

    def _seal(self, count: int) -> bytes:
        """Write the count, which comes first, and the checksum, which comes last."""
        self._stream.seek(0)
        self._stream.write(self._header(count))
        self._stream.flush()
        self._stream.seek(0)
        digest = hashlib.file_digest(self._stream, "sha1").digest()
        self._stream.seek(0, os.SEEK_END)
        self._stream.write(digest)
        self._stream.flush()
        os.fsync(self._stream.fileno())
        return digest

    @staticmethod
    def _header(count: int) -> bytes:
        return struct.pack(">4sII", b"PACK", 2, count)


def _entry_header(kind: Kind, size: int) -> bytes:
    """Type and size: four bits of size beside the type, then seven to a byte, lowest first."""
    first, size = (kind << 4) | (size & 15), size >> 4
    encoded = bytearray()
    while size:
        encoded.append(first | 0x80)
        first, size = size & 0x7F, size >> 7
    encoded.append(first)
    return bytes(encoded)


def _index(written: list[tuple[bytes, tuple[int, int]]], checksum: bytes) -> bytes:
    """Version 2: fan-out, ids, CRCs, offsets, checksums. Offsets stay below 2 GiB."""
    fanout = [0] * 256
    for key, _ in written:
        fanout[key[0]] += 1
    for number in range(1, 256):
        fanout[number] += fanout[number - 1]
    count = len(written)
    body = b"".join(
        (
            struct.pack(">4sI256I", b"\377tOc", 2, *fanout),
            *(key for key, _ in written),
            struct.pack(f">{count}I", *(crc for _, (_, crc) in written)),
            struct.pack(f">{count}I", *(offset for _, (offset, _) in written)),
            checksum,
        )
    )
    return body + hashlib.sha1(body, usedforsecurity=False).digest()
