"""Which mirror of Debian this machine uses, from its apt configuration; pure but for reading it.

Both formats of sources.list(5) are read: one line per source, and deb822.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PUBLIC_MIRROR = "https://deb.debian.org/debian"

_SUITES = frozenset(
    {"stretch", "buster", "bullseye", "bookworm", "trixie", "forky", "duke", "sid"}
    | {"oldoldstable", "oldstable", "stable", "testing", "unstable", "experimental"}
)
"""Debian's names for its suites (https://www.debian.org/releases/)."""

_POCKETS = re.compile(r"-(?:updates|backports|backports-sloppy|proposed-updates)$")

_OTHER = re.compile(r"security|ubuntu|debug|ports|^(?:snapshot|archive)\.debian\.org/")
"""Archives beside Debian's main one, and those that keep what it once was."""

_LINE = re.compile(r"deb(?:-src)?\s+(?:\[(?P<options>[^]]*)\]\s+)?(?P<uri>\S+)\s+(?P<rest>.+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class AptSource:
    """One archive that apt is told of. `keyring` is its Signed-By, empty when there is none."""

    uri: str
    suite: str
    components: tuple[str, ...]
    keyring: str = ""


def mirror(folder: Path) -> str:
    """The base URL of the first mirror of Debian itself in `folder` (/etc/apt).

    Debian's public one when there is none, or when the configuration cannot be read.
    """
    candidates = [
        (rank, source.uri.rstrip("/"))
        for source in sources(folder)
        if (rank := _rank(source)) is not None
    ]
    return min(candidates, key=lambda candidate: candidate[0])[1] if candidates else PUBLIC_MIRROR


def sources(folder: Path) -> Iterator[AptSource]:
    """The archives that the configuration in `folder` names, in apt's order."""
    parts = folder / "sources.list.d"
    try:
        inner = sorted(parts.iterdir()) if parts.is_dir() else []
    except OSError:
        inner = []
    for path in (folder / "sources.list", *inner):
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        if path.suffix == ".list":
            yield from parse_lines(text)
        elif path.suffix == ".sources":
            yield from parse_deb822(text)


def parse_lines(text: str) -> Iterator[AptSource]:
    """Read the one-line format: `deb [options] uri suite component…`."""
    for line in text.splitlines():
        match = _LINE.fullmatch(line.split("#", 1)[0].strip())
        if match is None:
            continue
        suite, *components = match["rest"].split()
        options = re.search(r"(?:^|\s)signed-by=(\S+)", match["options"] or "", re.I)
        yield AptSource(
            uri=match["uri"],
            suite=suite,
            components=tuple(components),
            keyring=options[1] if options else "",
        )


def parse_deb822(text: str) -> Iterator[AptSource]:
    """Read the deb822 format: stanzas of fields, some with several values."""
    for stanza in re.split(r"\n(?:[ \t]*\n)+", text.replace("\r\n", "\n")):
        fields = _fields(stanza)
        if fields.get("enabled", "yes").lower() in (
            "no",
            "false",
            "0",
            "off",
            "without",
            "disable",
        ):
            continue
        for uri in fields.get("uris", "").split():
            for suite in fields.get("suites", "").split():
                yield AptSource(
                    uri=uri,
                    suite=suite,
                    components=tuple(fields.get("components", "").split()),
                    keyring=fields.get("signed-by", ""),
                )


def _fields(stanza: str) -> dict[str, str]:
    """Field names in lower case; continuation lines joined by newlines, comments left out."""
    fields: dict[str, str] = {}
    name = ""
    for line in stanza.splitlines():
        if line.startswith("#"):
            continue
        if line[:1] in (" ", "\t"):
            if name:
                fields[name] += "\n" + line.strip()
        elif ":" in line:
            name, value = line.split(":", 1)
            name = name.strip().lower()
            fields[name] = value.strip()
    return fields


def _rank(source: AptSource) -> int | None:
    """How surely this is Debian itself: 0 is best, None is not at all.

    Third parties use Debian's suite names and paths that end in `debian` too, but with a key or
    components of their own.
    """
    try:
        parts = urlsplit(source.uri)
        host = parts.hostname or ""
    except ValueError:
        return None
    path = parts.path.rstrip("/").lower()
    third = "main" not in source.components or (source.keyring and "debian" not in source.keyring)
    if parts.scheme not in ("http", "https") or not host or third or _OTHER.search(host + path):
        return None
    if _POCKETS.sub("", source.suite) in _SUITES:
        sure = path.endswith("/debian") or host.endswith(".debian.org")
        return 0 if sure else 1
    return 2 if path == "/debian" else None
