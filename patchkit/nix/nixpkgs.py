"""Where nixpkgs is read from: a channel or a revision over HTTP, or a checkout on disk."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from patchkit.errors import InconsistentError, StorageError, UnavailableError, UsageError
from patchkit.nix.derivation import FILE, LayoutError
from patchkit.upstream.problems import NotThereError

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from patchkit.upstream.http import Web

CHANNELS = "https://channels.nixos.org"
"""Each channel has a file `git-revision` there (NixOS wiki, "Nix channels")."""

FILES = "https://raw.githubusercontent.com/NixOS/nixpkgs"
"""Files by revision and path."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_REVISION = re.compile(r"[0-9a-f]{40}")
_LARGEST = 4 << 20
"""The most that is read of a file, in bytes."""

_FOLDER = FILE.rpartition("/")[0]


class Nixpkgs(Protocol):
    """A state of nixpkgs that can be read."""

    @property
    def name(self) -> str:
        """How people call it."""

    @property
    def revision(self) -> str | None:
        """Its commit, where it is known."""

    def derivation(self) -> str:
        """The text of systemd's derivation."""

    def patch(self, path: str) -> bytes:
        """A patch by its path in the derivation's folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """A checkout on disk."""

    folder: Path
    revision: None = None

    @property
    def name(self) -> str:
        """The folder."""
        return str(self.folder)

    def derivation(self) -> str:
        """The derivation's text. Raises `LayoutError`, `UsageError`, `StorageError`."""
        if not self.folder.is_dir():
            raise UsageError(
                f"{self.folder} is not a folder", hint="name a checkout of nixpkgs with --path"
            )
        content = self._read(FILE)
        if content is None:
            raise LayoutError.missing("systemd's derivation")
        return _text(content, FILE)

    def patch(self, path: str) -> bytes:
        """A patch's bytes. Raises `InconsistentError` when it is not there."""
        content = self._read(f"{_FOLDER}/{path}")
        if content is None:
            raise _absent(path)
        return content

    def _read(self, path: str) -> bytes | None:
        place = self.folder / path
        try:
            return place.read_bytes() if place.is_file() else None
        except OSError as error:
            raise StorageError.from_os_error(f"read {place}", error) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """A revision, read file by file; what a revision holds never changes, so it is kept."""

    name: str
    revision: str
    web: Web
    files: str = FILES

    def derivation(self) -> str:
        """The derivation's text. Raises `LayoutError`, `UnavailableError`."""
        try:
            return _text(self._get(FILE), FILE)
        except NotThereError as error:
            raise LayoutError.missing(f"systemd's derivation in {self.name}") from error

    def patch(self, path: str) -> bytes:
        """A patch's bytes. Raises `InconsistentError` when it is not there."""
        try:
            return self._get(f"{_FOLDER}/{path}")
        except NotThereError as error:
            raise _absent(path) from error

    def _get(self, path: str) -> bytes:
        url = f"{self.files}/{self.revision}/{path}"
        return _read(self.web, url, fresh_for=math.inf)


def channel(web: Web, name: str, *, channels: str = CHANNELS, files: str = FILES) -> Remote:
    """What a channel is now.

    Raises `UsageError` for what is no channel's name, `NotThereError` for a channel that is not
    there, `UnavailableError`.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(f"'{name}' is not a channel's name", hint="such as nixos-unstable")
    url = f"{channels}/{name}/git-revision"
    text = _read(web, url, fresh_for=0).decode("ascii", "replace").strip()
    if not _REVISION.fullmatch(text):
        raise UnavailableError(f"{url} does not hold a revision but {text[:60]!r}")
    return Remote(name=name, revision=text, web=web, files=files)


def revision(web: Web, name: str, *, files: str = FILES) -> Remote:
    """Nixpkgs at a commit. Raises `UsageError` for anything but a full commit id."""
    if not _REVISION.fullmatch(name):
        raise UsageError(
            f"'{name}' is not a full commit id",
            hint="40 hexadecimal digits; a branch is a channel: --channel nixos-unstable",
        )
    return Remote(name=name[:12], revision=name, web=web, files=files)


def usual_channels(today: date) -> tuple[tuple[str, ...], ...]:
    """The channels to look at unasked; of a group the first that is there.

    Stable ones come in May and November (NixOS manual, "Release Notes"); the newest may be late.
    """
    halves = [(today.year, month) for month in (11, 5)] + [(today.year - 1, 11)]
    out = [(year, month) for year, month in halves if (year, month) <= (today.year, today.month)]
    stable = tuple(f"nixos-{year % 100}.{month:02}" for year, month in out)
    return (("nixos-unstable",), ("nixpkgs-unstable",), stable)


def _read(web: Web, url: str, *, fresh_for: float) -> bytes:
    kept = web.get_cached(url, limit=_LARGEST, fresh_for=fresh_for)
    try:
        return kept.path.read_bytes()
    except OSError as error:
        raise StorageError.from_os_error("read the cache", error) from error


def _text(content: bytes, path: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise LayoutError.missing(f"UTF-8 in {path}") from error


def _absent(path: str) -> InconsistentError:
    return InconsistentError(f"nixpkgs names the patch {path}, which is not there")
