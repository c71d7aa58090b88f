"""Bodies of URLs as kept on disk, and how to ask a server for news of them."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from patchkit import documents
from patchkit.wholefile import atomic_write

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Cached:
    """A body that is kept: its file and its SHA-256 (hexadecimal)."""

    path: Path
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is known of a body: `checked` is when the server last spoke of it, in Unix time.

    `etag` and `modified` are the server's words (RFC 9110, 8.8), to be given back to it.
    """

    url: str
    sha256: str
    checked: float
    etag: str | None = None
    modified: str | None = None

    @property
    def conditions(self) -> dict[str, str]:
        """The headers that ask for the body only if it changed (RFC 9110, 13.1)."""
        given = {"If-None-Match": self.etag, "If-Modified-Since": self.modified}
        return {name: value for name, value in given.items() if value}

    def serves(self, sha256: str | None, fresh_for: float) -> bool:
        """Whether it can be used unasked: it is the one of `sha256`, or still fresh (seconds)."""
        if sha256 is not None:
            return sha256 == self.sha256
        return 0 <= time.time() - self.checked < fresh_for


class BodyCache:
    """The folder of kept bodies. Methods raise `OSError`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, url: str) -> Kept | None:
        """What is kept of a URL, if it is all there."""
        try:
            kept = documents.decode(self._card(url).read_bytes(), Kept)
        except (OSError, documents.MalformedDocument):
            return None
        return kept if kept.url == url and self._body(kept).is_file() else None

    def cached(self, kept: Kept) -> Cached:
        """The body itself."""
        return Cached(path=self._body(kept), sha256=kept.sha256)

    def put(self, kept: Kept, body: Path) -> Cached:
        """Move a body in, in the place of what was kept of its URL before."""
        before = self.get(kept.url)
        body.replace(self._body(kept))
        atomic_write(self._card(kept.url), documents.encode(kept).encode())
        if before and before.sha256 != kept.sha256:
            self._body(before).unlink(missing_ok=True)
        return self.cached(kept)

    def confirm(self, kept: Kept) -> Cached:
        """Note that the server still stands by a body."""
        now = replace(kept, checked=time.time())
        atomic_write(self._card(kept.url), documents.encode(now).encode())
        return self.cached(kept)

    def _card(self, url: str) -> Path:
        return self._folder / f"{hashlib.sha256(url.encode()).hexdigest()[:32]}.json"

    def _body(self, kept: Kept) -> Path:
        key = hashlib.sha256(f"{kept.url} {kept.sha256}".encode()).hexdigest()
        return self._folder / f"{key}.body"
