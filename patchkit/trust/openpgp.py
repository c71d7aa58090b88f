"""OpenPGP signatures, checked by gpgv in a private home with the given keys and no others.

gpgv's status lines are described in GnuPG's doc/DETAILS, "Format of the --status-fd output".
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from patchkit.errors import StorageError
from patchkit.trust.packets import listed_keys
from patchkit.trust.signature import SignatureStatus

if TYPE_CHECKING:
    from patchkit.proc import Runner

PROGRAM = "gpgv"

_LIMIT = 120.0
"""How long gpgv may take, in seconds; 200 kB of InRelease take it a few milliseconds."""

_WEAK = ("MD5", "SHA1", "RIPEMD160")
"""Digests that do not count for a signature any more."""

_NO_KEY = "9"
"""ERRSIG's reason when the key is not in the keyring."""

_VERDICTS = {
    "GOODSIG": SignatureStatus.VERIFIED,
    "EXPSIG": SignatureStatus.EXPIRED,
    "EXPKEYSIG": SignatureStatus.EXPIRED,
    "REVKEYSIG": SignatureStatus.REVOKED,
    "BADSIG": SignatureStatus.BAD,
}


@dataclass(slots=True, kw_only=True)
class Seal:
    """One signature as gpgv judged it.

    `key` is the fingerprint of the key that made it (its short id where gpgv knows no more),
    `primary` that of the key it belongs to, `made` is in seconds since 1970, `owner` is the
    key's first user id. `note` says what else is to be known.
    """

    status: SignatureStatus = SignatureStatus.UNUSABLE
    key: str = ""
    primary: str = ""
    owner: str = ""
    made: int = 0
    key_expired: int = 0
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What was signed, and by whom. `content` is empty unless some signature is good."""

    content: bytes
    seals: tuple[Seal, ...]


def check_detached(payload: bytes, signature: bytes, keys: bytes, run: Runner) -> tuple[Seal, ...]:
    """Judge a detached signature, armoured or binary, over `payload`.

    `keys` is a binary keyring. No seal at all means that this is no signature. Raises
    `MissingToolError` without gpgv, `ProgramFailedError`, `StorageError`.
    """
    return _gpgv(keys, {"payload": payload, "signature": signature}, ("signature", "payload"), run)[
        0
    ]


def open_clearsigned(text: bytes, keys: bytes, run: Runner) -> Opened:
    """Judge a clear-signed text (such as InRelease), and take from it only what is signed.

    What stands before or after the signed part is not in `content`. Raises as `check_detached`.
    """
    seals, content = _gpgv(keys, {"text": text}, ("text",), run)
    is_good = any(seal.status is SignatureStatus.VERIFIED for seal in seals)
    return Opened(content=content if is_good else b"", seals=seals)


def _gpgv(
    keys: bytes, files: dict[str, bytes], arguments: tuple[str, ...], run: Runner
) -> tuple[tuple[Seal, ...], bytes]:
    """The seals that gpgv finds, and the signed text of a clear-signed file."""
    try:
        with tempfile.TemporaryDirectory(prefix="patchkit-gpgv-") as folder:
            home = Path(folder)
            for name, content in {"keys": keys, **files}.items():
                (home / name).write_bytes(content)
            opened = home / "opened"
            weak = [word for name in _WEAK for word in ("--weak-digest", name)]
            done = run(
                [PROGRAM, "--homedir", folder, "--keyring", str(home / "keys"), *weak]
                + ["--status-fd", "1", "--output", str(opened)]
                + [str(home / name) for name in arguments],
                cwd=home,
                env={"HOME": folder, "GNUPGHOME": folder, "TMPDIR": folder},
                timeout=_LIMIT,
            )
            content = opened.read_bytes() if opened.exists() else b""
    except OSError as error:
        raise StorageError.from_os_error("check a signature", error) from error
    return _without_revoked(read_status(done.text), keys), content


def _without_revoked(seals: tuple[Seal, ...], keys: bytes) -> tuple[Seal, ...]:
    """gpgv says of a key that is expired and revoked only that it is expired."""
    try:
        revoked = {key.fingerprint for key in listed_keys(keys) if key.is_revoked}
    except ValueError:  # then gpgv cannot have found a key either
        return seals
    for seal in seals:
        if seal.status is SignatureStatus.VERIFIED and {seal.key, seal.primary} & revoked:
            seal.status, seal.note = SignatureStatus.REVOKED, None
    return seals


def read_status(text: str) -> tuple[Seal, ...]:
    """The signatures that gpgv's status lines tell of; pure."""
    seals: list[Seal] = []
    for line in text.splitlines():
        match line.removeprefix("[GNUPG:] ").split(" ") if line.startswith("[GNUPG:] ") else []:
            case ["NEWSIG", *_]:
                seals.append(Seal())
            case [("GOODSIG" | "EXPSIG" | "EXPKEYSIG" | "REVKEYSIG" | "BADSIG") as word, key, *who]:
                seal = _last(seals)
                seal.status, seal.owner = _VERDICTS[word], " ".join(who)
                seal.key = seal.key or key
            case ["KEYEXPIRED", when, *_] if when.isdecimal():
                _last(seals).key_expired = int(when)
            case ["ERRSIG", key, _, _, _, made, reason, *more]:
                seal = _last(seals)
                seal.key = more[0] if more and more[0] != "-" else key
                seal.made = int(made) if made.isdecimal() else 0
                if reason == _NO_KEY:
                    seal.status = SignatureStatus.KEY_MISSING
            case ["VALIDSIG", key, _, made, *more]:
                seal = _last(seals)
                seal.key, seal.primary = key, more[6] if len(more) > 6 else key
                seal.made = int(made) if made.isdecimal() else 0
            case _:
                """Nothing that decides."""
    return tuple(map(_judged, seals))


def _last(seals: list[Seal]) -> Seal:
    if not seals:
        seals.append(Seal())
    return seals[-1]


def _judged(seal: Seal) -> Seal:
    """A seal that gpgv did not confirm whole is none; one made in the key's days stays good."""
    if seal.status is SignatureStatus.VERIFIED and not (seal.primary and seal.made):
        seal.status = SignatureStatus.UNUSABLE
    if seal.status is SignatureStatus.EXPIRED and seal.primary and 0 < seal.made < seal.key_expired:
        seal.status = SignatureStatus.VERIFIED
        seal.note = "the key has expired since"
    return seal
