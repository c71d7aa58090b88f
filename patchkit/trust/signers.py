"""Whom a patch repository trusts to sign releases, and for which; pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeAlias

from patchkit.releases import Release

_FINGERPRINT = re.compile(r"[0-9A-F]{40}|[0-9A-F]{64}")
"""Of an OpenPGP key of version 4, or of 5 and 6 (RFC 4880 12.2, RFC 9580 5.5.4)."""

_SSH_KEY = re.compile(r"(?P<type>(?:sk-)?(?:ssh|ecdsa)-[a-z0-9@.-]+) (?P<key>[A-Za-z0-9+/]+={0,2})")

Bound: TypeAlias = Release | int
"""A release, or a year."""


class KeyKind(StrEnum):
    """The kinds of key that sign tags; the values are what people write."""

    OPENPGP = "openpgp"
    SSH = "ssh"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Somebody who is trusted to sign releases.

    `fingerprint` is that of the OpenPGP key (its primary key or the one that signs, in capitals),
    or of the SSH key as `ssh-keygen -l` shows it; `ssh_key` is the latter's type and Base64 text.
    `since` and `until` are the first and the last release or year that the trust holds for.
    """

    name: str
    kind: KeyKind
    fingerprint: str
    ssh_key: str | None = None
    since: Bound | None = None
    until: Bound | None = None

    def vouches_for(self, release: Release, signed: int) -> bool:
        """Whether the trust holds for a release signed then (seconds since 1970)."""
        year = datetime.fromtimestamp(signed, UTC).year
        return not (_before(release, year, self.since) or _after(release, year, self.until))

    @property
    def span(self) -> str:
        """What the trust holds for, in words."""
        first = f"from {self.since}" if self.since is not None else ""
        last = f"to {self.until}" if self.until is not None else ""
        return " ".join(filter(None, (first, last))) or "every release"


def openpgp_fingerprint(text: str) -> str:
    """A fingerprint without spaces, in capitals. Raises `ValueError` for anything else."""
    plain = text.replace(" ", "").removeprefix("0x").upper()
    if not _FINGERPRINT.fullmatch(plain):
        raise ValueError(f"'{text}' is not the whole fingerprint of an OpenPGP key (40 digits)")
    return plain


def ssh_key(text: str) -> str:
    """An SSH public key as a line of a `.pub` file has it, without the comment.

    Raises `ValueError` for anything else.
    """
    match = _SSH_KEY.match(text.strip())
    if match is None:
        raise ValueError(f"'{text[:40]}' is not an SSH public key (ssh-ed25519 AAAA…)")
    try:
        raw = base64.b64decode(match["key"], validate=True)
    except binascii.Error as error:
        raise ValueError("the SSH public key is cut short or damaged") from error
    kind = match["type"].encode()
    if raw[:4] != len(kind).to_bytes(4) or raw[4 : 4 + len(kind)] != kind:
        raise ValueError(f"the SSH public key is not of the type {match['type']}")
    return f"{match['type']} {match['key']}"


def ssh_fingerprint(blob: bytes) -> str:
    """The fingerprint of a key's bytes, as `ssh-keygen -l` shows it."""
    digest = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    return f"SHA256:{digest}"


def bound(text: str) -> Bound:
    """A release or a year. Raises `ValueError`."""
    if re.fullmatch(r"20\d\d", text):
        return int(text)
    release = Release.from_tag(text)
    if release is None:
        raise ValueError(f"'{text}' is neither a release (such as v262) nor a year (such as 2026)")
    return release


def _before(release: Release, year: int, first: Bound | None) -> bool:
    match first:
        case None:
            return False
        case int():
            return year < first
        case _:
            return release < first and not _is_line(release, first)


def _after(release: Release, year: int, last: Bound | None) -> bool:
    match last:
        case None:
            return False
        case int():
            return year > last
        case _:
            return release > last and not _is_line(release, last)


def _is_line(release: Release, bound: Release) -> bool:
    """Whether a bound such as v261 names the line of a release: candidates, point releases."""
    return bound.point == 0 and bound.is_stable and release.major == bound.major
