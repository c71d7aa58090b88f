"""What was found out about a signature, as the lock records it; pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum


class SignatureKind(StrEnum):
    """What signed: an OpenPGP key, an SSH key, or Debian's archive over its indices."""

    OPENPGP = "openpgp"
    SSH = "ssh"
    DEBIAN = "debian-archive"
    NONE = "none"


class SignatureStatus(StrEnum):
    """How a signature stands; the values are written for people."""

    VERIFIED = "verified"
    BAD = "bad"
    """It does not belong to what it stands under: somebody changed one of the two."""
    UNSIGNED = "unsigned"
    UNTRUSTED = "signer not trusted"
    KEY_MISSING = "key missing"
    OUTSIDE = "signer not trusted for this release"
    EXPIRED = "made after the key expired"
    REVOKED = "key revoked"
    UNUSABLE = "made with a weak or unknown algorithm"
    UNCHECKED = "not checked"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureRecord:
    """What was checked of where a release comes from, and how it came out.

    `signer` is the name in `series.toml` (for Debian's archive: the key's own name), and
    `fingerprint` that of the key, OpenPGP's in capitals or SSH's as `SHA256:…`. `signed` is when
    the signature was made by its own account (UTC, ISO 8601; SSH's have no time, so it is the
    tag's). `keyring_sha256` is the digest of the keys that it was checked with. `chain` has the
    digests (SHA-256) of what the signature covers on the way to the tarball, by name; empty for a
    tag, which covers its commit itself. `note` says what else is to be known.
    """

    kind: SignatureKind
    status: SignatureStatus
    signer: str | None = None
    fingerprint: str | None = None
    signed: str | None = None
    keyring_sha256: str | None = None
    chain: dict[str, str] = field(default_factory=dict)
    note: str | None = None

    @property
    def is_verified(self) -> bool:
        """Whether a trusted signer vouches for the release."""
        return self.status is SignatureStatus.VERIFIED

    @property
    def sentence(self) -> str:
        """It in a few words."""
        if self.is_verified:
            text = f"signed by {self.signer}" + (f" on {self.signed[:10]}" if self.signed else "")
            return text + (f" ({self.note})" if self.note else "")
        whose = f" ({self.signer or self.fingerprint})" if self.signer or self.fingerprint else ""
        return f"signature: {self.status}{whose}" + (f": {self.note}" if self.note else "")


def instant(seconds: int) -> str:
    """A time in seconds since 1970 as the record writes it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
