"""Reading .gz and .xz files that come from elsewhere: streaming, and never more than a bound."""

from __future__ import annotations

import lzma
import zlib
from typing import IO, TYPE_CHECKING, Protocol

from patchkit.errors import InconsistentError, StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHUNK = 1 << 20
"""How much is read, and at most decompressed, at a time, in bytes."""

_LZMA_MEMORY = 256 << 20
"""What a stream may ask of the decoder, in bytes; `xz -9` asks for 65 MiB (man 1 xz)."""

_GZIP = 31
"""zlib's window bits for the gzip format (zlib manual, inflateInit2)."""


class _Decoder(Protocol):
    """One compressed member: what zlib's and lzma's decompressors are made to have in common."""

    def feed(self, data: bytes) -> bytes:
        """Decompress at most one chunk."""

    @property
    def pending(self) -> bool:
        """Whether it can give more without being fed."""

    @property
    def ended(self) -> bool:
        """Whether the member is complete."""

    @property
    def rest(self) -> bytes:
        """What was fed beyond the member's end."""


class _Gzip:
    def __init__(self) -> None:
        self._inner = zlib.decompressobj(_GZIP)

    def feed(self, data: bytes) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, CHUNK)

    @property
    def pending(self) -> bool:
        return bool(self._inner.unconsumed_tail)

    @property
    def ended(self) -> bool:
        return self._inner.eof

    @property
    def rest(self) -> bytes:
        return self._inner.unused_data


class _Xz:
    def __init__(self) -> None:
        self._inner = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_LZMA_MEMORY)

    def feed(self, data: bytes) -> bytes:
        return self._inner.decompress(data, CHUNK)

    @property
    def pending(self) -> bool:
        return not self._inner.needs_input and not self._inner.eof

    @property
    def ended(self) -> bool:
        return self._inner.eof

    @property
    def rest(self) -> bytes:
        return self._inner.unused_data


def chunks(
    path: Path, *, limit: int, compression: str | None = None, name: str | None = None
) -> Iterator[bytes]:
    """The content of a compressed file, at most `CHUNK` bytes at a time.

    `compression` is "gz" or "xz", else the file's suffix; `name` is for messages. Raises
    `InconsistentError` when the file is truncated, damaged, or holds more than `limit` bytes;
    `StorageError` when it cannot be read.
    """
    total = 0
    name = name or path.name
    compression = compression or path.suffix[1:]
    try:
        with path.open("rb") as stream:
            for chunk in _members(stream, compression, name):
                total += len(chunk)
                if total > limit:
                    raise InconsistentError(
                        f"{name} holds more than {limit >> 20} MiB when decompressed; "
                        "it is not read further"
                    )
                yield chunk
    except (zlib.error, lzma.LZMAError) as error:
        raise InconsistentError(f"{name} is corrupted: {error}") from error
    except OSError as error:
        raise StorageError.from_os_error(f"read {path}", error) from error


def _members(stream: IO[bytes], compression: str, name: str) -> Iterator[bytes]:
    """Members follow one another in both formats (RFC 1952 2.2; the .xz format 2)."""
    decoder = _decoder(compression)
    began = False  # whether the current member has had any input
    while data := stream.read(CHUNK):
        while data or decoder.pending:
            began = True
            chunk = decoder.feed(data)
            data = b""
            if chunk:
                yield chunk
            if decoder.ended:
                data = decoder.rest.lstrip(b"\0")  # padding between or after members
                decoder, began = _decoder(compression), False
    if began or not stream.tell():
        raise InconsistentError(f"{name} is truncated")


def _decoder(compression: str) -> _Decoder:
    return _Xz() if compression == "xz" else _Gzip()


class ChunkReader:
    """A file-like view of chunks, for readers that want `read(size)`."""

    def __init__(self, source: Iterator[bytes]) -> None:
        self._source = source
        self._buffer = bytearray()

    def read(self, size: int) -> bytes:
        """Up to `size` bytes; fewer only at the end."""
        while len(self._buffer) < size:
            chunk = next(self._source, None)
            if chunk is None:
                break
            self._buffer += chunk
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken
