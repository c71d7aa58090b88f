"""Does a tag of a release bear the signature of somebody who is trusted for it?"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from patchkit.errors import MissingToolError
from patchkit.trust import openpgp, ssh
from patchkit.trust.packets import listed_keys
from patchkit.trust.signature import SignatureKind, SignatureRecord, SignatureStatus, instant
from patchkit.trust.signers import KeyKind
from patchkit.trust.tags import read_tag

if TYPE_CHECKING:
    from patchkit.proc import Runner
    from patchkit.releases import Release
    from patchkit.trust.signers import Signer
    from patchkit.trust.tags import TagObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Who is trusted, and the keys to check them with.

    `keys` is a binary OpenPGP keyring (SSH keys are the signers' own); `archive_keys` is that of
    Debian's archive, None where there is none; `archive_place` says where it was looked for.
    """

    signers: tuple[Signer, ...]
    keys: bytes
    archive_keys: bytes | None
    archive_place: str
    run: Runner

    def missing(self) -> tuple[Signer, ...]:
        """The trusted signers whose OpenPGP key is not in the keyring."""
        at_hand = {key.fingerprint for key in listed_keys(self.keys)} if self.keys else set()
        return tuple(
            signer
            for signer in self.signers
            if signer.kind is KeyKind.OPENPGP and signer.fingerprint not in at_hand
        )


def judge_tag(raw: bytes, *, release: Release, commit: str, trust: Trust) -> SignatureRecord:
    """Judge the tag object `raw`, found where the release's tag leads on to `commit`.

    Raises `ProgramFailedError`, `StorageError`.
    """
    try:
        tag = read_tag(raw)
    except ValueError as error:
        return _record(SignatureKind.NONE, SignatureStatus.BAD, note=str(error))
    if tag.kind is SignatureKind.NONE:
        return _record(tag.kind, SignatureStatus.UNSIGNED)
    # a genuine tag of another release, put in this one's place, has a genuine signature
    if (tag.name, tag.type, tag.object) != (release.tag, "commit", commit):
        note = f"the tag object is that of '{tag.name}' for {tag.type} {tag.object[:12]}"
        return _record(tag.kind, SignatureStatus.BAD, note=note)
    try:
        if tag.kind is SignatureKind.SSH:
            return _ssh(tag, release, trust)
        return _openpgp(tag, release, trust)
    except MissingToolError as error:
        return _record(tag.kind, SignatureStatus.UNCHECKED, note=error.message)


def _openpgp(tag: TagObject, release: Release, trust: Trust) -> SignatureRecord:
    seals = openpgp.check_detached(tag.payload, tag.signature, trust.keys, trust.run)
    if not seals:
        note = "gpgv cannot read it as a signature"
        return _record(SignatureKind.OPENPGP, SignatureStatus.BAD, note=note)
    records = [_of_seal(seal, release, trust) for seal in seals]
    return next((record for record in records if record.is_verified), records[0])


def _of_seal(seal: openpgp.Seal, release: Release, trust: Trust) -> SignatureRecord:
    ids = {seal.key, seal.primary} - {""}
    signer = next((s for s in trust.signers if _is_his(s, ids)), None)
    status, note = seal.status, seal.note
    may_be_missing = status is SignatureStatus.KEY_MISSING and trust.missing()
    if signer is None and not may_be_missing and status is not SignatureStatus.BAD:
        status, note = SignatureStatus.UNTRUSTED, None
    if signer and status is SignatureStatus.VERIFIED and not signer.vouches_for(release, seal.made):
        status, note = SignatureStatus.OUTSIDE, f"trusted {signer.span}"
    return SignatureRecord(
        kind=SignatureKind.OPENPGP,
        status=status,
        signer=signer.name if signer else None,
        fingerprint=seal.key or None,
        signed=instant(seal.made) if seal.made else None,
        keyring_sha256=hashlib.sha256(trust.keys).hexdigest(),
        note=note,
    )


def _is_his(signer: Signer, ids: set[str]) -> bool:
    """Whether a signature's key is a signer's; gpgv knows subkeys only with the key at hand."""
    return signer.kind is KeyKind.OPENPGP and signer.fingerprint in ids


def _ssh(tag: TagObject, release: Release, trust: Trust) -> SignatureRecord:
    kind = SignatureKind.SSH
    try:
        seal = ssh.read_seal(tag.signature)
    except ValueError as error:
        return _record(kind, SignatureStatus.BAD, note=str(error))
    signer = next((s for s in trust.signers if s.ssh_key == seal.key), None)
    status, note = SignatureStatus.UNTRUSTED, None
    if seal.namespace != ssh.NAMESPACE:
        status, note = SignatureStatus.BAD, f"it was made for '{seal.namespace}', not for git"
    elif signer is not None and signer.ssh_key is not None:
        if not ssh.is_good(tag.payload, tag.signature, signer.ssh_key, trust.run):
            status = SignatureStatus.BAD
        elif signer.vouches_for(release, tag.tagged):
            status = SignatureStatus.VERIFIED
        else:
            status, note = SignatureStatus.OUTSIDE, f"trusted {signer.span}"
    return SignatureRecord(
        kind=kind,
        status=status,
        signer=signer.name if signer else None,
        fingerprint=seal.fingerprint,
        signed=instant(tag.tagged) if tag.tagged else None,
        keyring_sha256=hashlib.sha256(signer.ssh_key.encode()).hexdigest()
        if signer and signer.ssh_key
        else None,
        note=note,
    )


def _record(
    kind: SignatureKind, status: SignatureStatus, *, note: str | None = None
) -> SignatureRecord:
    return SignatureRecord(kind=kind, status=status, note=note)
