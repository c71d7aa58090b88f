"""What Debian's indices say of systemd's source packages; pure.

Formats: the Sources and Release files of https://wiki.debian.org/DebianRepository/Format, whose
stanzas are deb822(5); versions as in deb-version(7).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from patchkit.releases import Release

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_STANZA_LIMIT = 4 << 20
"""A stanza larger than this, in bytes, is no stanza; the largest real ones have 200 kB."""

_TARBALL = "systemd_{version}.orig.tar.{suffix}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tarball:
    """An upstream tarball as an index lists it.

    `folder` is relative to the mirror, `size` in bytes, `sha256` hexadecimal.
    """

    release: Release
    folder: str
    file: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexFile:
    """An index file as a suite's Release file lists it; `path` is relative to the suite."""

    path: str
    sha256: str
    size: int


def upstream_version(version: str) -> str:
    """A Debian version without its epoch and its revision: `262~rc1` of `1:262~rc1-1~bpo1`."""
    return version.split(":", 1)[-1].rsplit("-", 1)[0]


def release_of(version: str) -> Release | None:
    """The upstream release of a Debian version; None when it is not one (`257+dfsg-1`, say)."""
    return Release.from_tag("v" + upstream_version(version).replace("~", "-"))


def guess(release: Release) -> tuple[str, str]:
    """Folder and file where Debian's pool keeps a release's tarball, listed or not."""
    version = release.version.replace("-", "~")
    return "pool/main/s/systemd", _TARBALL.format(version=version, suffix="gz")


def tarballs(chunks: Iterable[bytes]) -> Iterator[Tarball]:
    """systemd's tarballs in a Sources index.

    Raises `ValueError` when this is no such index.
    """
    for stanza in _stanzas(chunks, b"Package: systemd"):
        found = _tarball(_fields(stanza.decode("utf-8", "replace")))
        if found is not None:
            yield found


def listed_files(release_file: str, paths: Iterable[str]) -> Iterator[IndexFile]:
    """Those of `paths` that a Release or InRelease file lists with a SHA-256, in their order."""
    section = re.search(r"^SHA256:[ \t]*\n((?:[ \t].*\n?)+)", release_file, re.MULTILINE)
    if section is None:
        return
    known = {}
    for line in section[1].splitlines():
        match line.split():
            case [digest, size, path] if _is_digest(digest) and _is_size(size):
                known[path] = IndexFile(path=path, sha256=digest.lower(), size=int(size))
    yield from (known[path] for path in paths if path in known)


def _stanzas(chunks: Iterable[bytes], line: bytes) -> Iterator[bytes]:
    """The stanzas that have a line, without looking closer at the others (there are 40,000)."""
    rest = b"\n"
    for chunk in chunks:
        block = rest + chunk
        end = block.rfind(b"\n\n")
        if end < 0:
            if len(block) > _STANZA_LIMIT:
                raise ValueError("it is not made of stanzas")
            rest = block
            continue
        rest = block[end + 1 :]
        yield from _having(block[: end + 1], line)
    yield from _having(rest + b"\n", line)


def _having(block: bytes, line: bytes) -> Iterator[bytes]:
    wanted = b"\n" + line + b"\n"
    place = block.find(wanted)
    while place >= 0:
        start = max(block.rfind(b"\n\n", 0, place + 1) + 1, 0)
        end = block.find(b"\n\n", place + 1)
        yield block[start : end if end >= 0 else len(block)]
        place = block.find(wanted, end) if end >= 0 else -1


def _fields(stanza: str) -> dict[str, list[str]]:
    """Field names in lower case; the lines of each value."""
    fields: dict[str, list[str]] = {}
    name = ""
    for line in stanza.splitlines():
        if line[:1] in (" ", "\t"):
            fields.setdefault(name, []).append(line.strip())
        elif ":" in line:
            name, value = line.split(":", 1)
            name = name.lower()
            fields[name] = [value.strip()]
    return fields


def _tarball(fields: dict[str, list[str]]) -> Tarball | None:
    version = next(iter(fields.get("version", [])), "")
    folder = next(iter(fields.get("directory", [])), "")
    release = release_of(version)
    if release is None or not _is_plain(folder):
        return None
    names = [
        _TARBALL.format(version=upstream_version(version), suffix=suffix) for suffix in ("gz", "xz")
    ]
    for line in fields.get("checksums-sha256", []):
        match line.split():
            case [digest, size, name] if name in names and _is_digest(digest) and _is_size(size):
                return Tarball(
                    release=release,
                    folder=folder,
                    file=name,
                    sha256=digest.lower(),
                    size=int(size),
                )
    return None


def _is_digest(text: str) -> bool:
    return re.fullmatch("[0-9a-fA-F]{64}", text) is not None


def _is_size(text: str) -> bool:
    return re.fullmatch("[0-9]{1,15}", text) is not None


def _is_plain(folder: str) -> bool:
    """Whether a folder stays below the mirror's base."""
    return re.fullmatch(r"[\w.+~-]+(?:/[\w.+~-]+)*", folder) is not None and ".." not in folder
