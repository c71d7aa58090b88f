"""Debian's chain: archive key, InRelease, Sources, tarball; each covers the next by digest."""

from __future__ import annotations

import hashlib
import re
import time
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from patchkit.errors import MissingToolError
from patchkit.trust.openpgp import open_clearsigned
from patchkit.trust.signature import SignatureKind, SignatureRecord, SignatureStatus, instant

if TYPE_CHECKING:
    from patchkit.trust.judging import Trust

_VALID_UNTIL = re.compile(r"^Valid-Until:[ \t]*(?P<when>[^\n]+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRelease:
    """An InRelease file as its signature leaves it.

    `text` is what is signed and nothing else; empty where no archive key vouches for it. `record`
    says who does, or why nobody.
    """

    text: str
    record: SignatureRecord = field(
        default_factory=lambda: SignatureRecord(
            kind=SignatureKind.DEBIAN, status=SignatureStatus.UNSIGNED
        )
    )


def open_release(content: bytes, trust: Trust, *, suite: str) -> SignedRelease:
    """Judge an InRelease file. Raises `ProgramFailedError`, `StorageError`."""
    if trust.archive_keys is None:
        note = f"there is no keyring of Debian's archive at {trust.archive_place}"
        return _refused(SignatureStatus.KEY_MISSING, note)
    keyring = hashlib.sha256(trust.archive_keys).hexdigest()
    try:
        opened = open_clearsigned(content, trust.archive_keys, trust.run)
    except MissingToolError as error:
        return _refused(SignatureStatus.UNCHECKED, error.message)
    if not opened.seals:
        return _refused(SignatureStatus.UNSIGNED, f"InRelease of {suite} bears no signature")
    good = [seal for seal in opened.seals if seal.status is SignatureStatus.VERIFIED]
    best = good[0] if good else opened.seals[0]
    text = opened.content.decode("utf-8", "replace")
    record = SignatureRecord(
        kind=SignatureKind.DEBIAN,
        status=best.status,
        signer=best.owner or None,
        fingerprint=best.key or None,
        signed=instant(best.made) if best.made else None,
        keyring_sha256=keyring,
        chain={f"InRelease of {suite}": hashlib.sha256(content).hexdigest()} if good else {},
        note=(_outdated(text, suite) or best.note) if good else f"InRelease of {suite}",
    )
    return SignedRelease(text=text, record=record)


def unsigned(note: str) -> SignatureRecord:
    """The record of a tarball that no signature covers."""
    return SignatureRecord(kind=SignatureKind.DEBIAN, status=SignatureStatus.UNSIGNED, note=note)


def contradicted(record: SignatureRecord) -> SignatureRecord:
    """The record where a signed index has another digest than the tarball that was taken."""
    note = "the signed index has another digest for this file"
    return replace(record, status=SignatureStatus.BAD, note=note)


def _refused(status: SignatureStatus, note: str) -> SignedRelease:
    return SignedRelease(
        text="", record=SignatureRecord(kind=SignatureKind.DEBIAN, status=status, note=note)
    )


def _outdated(text: str, suite: str) -> str | None:
    """What to say of an InRelease file whose days are over: somebody may hold newer ones back.

    What it lists is Debian's all the same (https://wiki.debian.org/DebianRepository/Format,
    "Date, Valid-Until").
    """
    match = _VALID_UNTIL.search(text)
    if match is None:
        return None
    try:
        until = parsedate_to_datetime(match["when"].strip()).timestamp()
    except ValueError:
        return f"the Valid-Until of {suite} cannot be read"
    if until >= time.time():
        return None
    return f"the index of {suite} was valid until {instant(int(until))[:10]}: the mirror is behind"
