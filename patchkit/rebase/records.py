"""A file of facts by git's ids, kept between runs.

A fact about an object's id never changes. So the file needs no care: one that cannot be read, is
of another version or is damaged is the same as none, and one that cannot be written is not missed.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from patchkit.errors import PatchkitError
from patchkit.writeplan import atomic_write

if TYPE_CHECKING:
    from pathlib import Path

_LARGEST = 16 * 1024 * 1024
"""From this size on (bytes), the file keeps only what the latest run used."""

_ID = 40
"""Characters of a hexadecimal id."""


@dataclass(slots=True)
class Records:
    """Facts by id; without a path, they last for this run only.

    On disk: the version and a newline, a checksum (CRC-32, eight hexadecimal digits), then for
    each object its id, its fact and a NUL.
    """

    version: bytes
    path: Path | None = None
    _facts: dict[bytes, bytes] = field(default_factory=dict)
    _used: set[bytes] = field(default_factory=set)
    _has_new: bool = False

    @classmethod
    def open(cls, path: Path, version: bytes) -> Records:
        """The facts in a file; none where there is no such file, or no sound one."""
        try:
            found, _, rest = path.read_bytes().partition(b"\n")
        except OSError:
            return cls(version, path)
        checksum, body = rest[:8], rest[8:]
        if found != version or checksum != _checksum(body):
            return cls(version, path)
        return cls(version, path, {record[:_ID]: record for record in body.split(b"\0")[:-1]})

    def get(self, id: str) -> bytes | None:  # noqa: A002 - git's word
        """The fact about an object, or None."""
        name = id.encode()
        record = self._facts.get(name)
        if record is None:
            return None
        self._used.add(name)
        return record[_ID:]

    def put(self, id: str, fact: bytes) -> None:  # noqa: A002 - git's word
        """Remember a fact about an object. Raises `ValueError` when it has a NUL."""
        if b"\0" in fact:
            raise ValueError("a fact has a NUL")
        name = id.encode()
        self._facts[name] = name + fact
        self._used.add(name)
        self._has_new = True

    def keep(self) -> None:
        """Write what is new to the file, if that can be done."""
        if self.path is None or not self._has_new:
            return
        kept = sorted(self._facts)
        if sum(map(len, self._facts.values())) > _LARGEST:
            kept = sorted(self._used)
        body = b"".join(self._facts[name] + b"\0" for name in kept)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            atomic_write(self.path, self.version + b"\n" + _checksum(body) + body)
        except (OSError, PatchkitError):
            return
        self._has_new = False


def _checksum(body: bytes) -> bytes:
    return b"%08x" % zlib.crc32(body)
