"""Which Debian package a file of this machine belongs to, by dpkg's own database.

Its files are described in dpkg(1) and dpkg-query(1): `info/<package>.list` has a path a line,
`status` a stanza for each package.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ADMIN = Path("/var/lib/dpkg")
"""Where dpkg keeps its database."""

_MERGED = ("/bin/", "/sbin/", "/lib/", "/lib32/", "/lib64/", "/libx32/")
"""Folders that are links into /usr on a system of today, while packages may name either."""

_FIELD = re.compile(r"^(Package|Version|Architecture|Status): (.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class DebianPackage:
    """An installed package."""

    name: str
    version: str
    architecture: str

    @property
    def purl(self) -> str:
        """Its package URL (purl-spec, type deb)."""
        version = self.version.replace("+", "%2B").replace(":", "%3A").replace("~", "~")
        return f"pkg:deb/debian/{self.name}@{version}?arch={self.architecture}"


def owners(paths: Iterable[Path], *, admin: Path = ADMIN) -> dict[Path, DebianPackage]:
    """The packages that own files; a file that no package owns is left out.

    Where there is no database nothing is known, which is no error.
    """
    wanted: dict[str, Path] = {}
    for path in paths:
        for name in (path, path.resolve()):
            wanted |= dict.fromkeys(_spellings(str(name)), path)
    found: dict[Path, str] = {}
    try:
        for listing in sorted((admin / "info").glob("*.list")):
            lines = listing.read_text("utf-8", "surrogateescape").split("\n")
            for line in wanted.keys() & set(lines):
                found.setdefault(wanted[line], listing.stem)
        installed = {
            name: package
            for package in _installed((admin / "status").read_text("utf-8", "replace"))
            for name in (package.name, f"{package.name}:{package.architecture}")
        }
    except OSError:
        return {}
    return {path: installed[name] for path, name in sorted(found.items()) if name in installed}


def _spellings(path: str) -> Iterator[str]:
    """A path as a package may name it, with /usr before it or without."""
    yield path
    if path.startswith("/usr/") and path.removeprefix("/usr").startswith(_MERGED):
        yield path.removeprefix("/usr")
    elif path.startswith(_MERGED):
        yield f"/usr{path}"


def _installed(status: str) -> Iterator[DebianPackage]:
    for stanza in status.split("\n\n"):
        fields = dict(_FIELD.findall(stanza))
        if fields.get("Status", "").endswith(" installed") and {"Package", "Version"} <= set(
            fields
        ):
            yield DebianPackage(
                name=fields["Package"],
                version=fields["Version"],
                architecture=fields.get("Architecture", "all"),
            )
