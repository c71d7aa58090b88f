"""SSH signatures, checked by ssh-keygen against one trusted key.

The form of a signature is OpenSSH's PROTOCOL.sshsig; the namespace of git's is "git".
"""

from __future__ import annotations

import base64
import binascii
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from patchkit.errors import StorageError
from patchkit.trust.signers import ssh_fingerprint

if TYPE_CHECKING:
    from patchkit.proc import Runner

PROGRAM = "ssh-keygen"
NAMESPACE = "git"

_BLOCK = re.compile(
    rb"-----BEGIN SSH SIGNATURE-----\s+(?P<body>[A-Za-z0-9+/=\s]+?)-----END SSH SIGNATURE-----"
)
_MAGIC = b"SSHSIG"
_WHO = "signer"


@dataclass(frozen=True, slots=True, kw_only=True)
class SshSeal:
    """Whose signature it claims to be: the key inside, and what it was made for."""

    key: str
    fingerprint: str
    namespace: str


def read_seal(signature: bytes) -> SshSeal:
    """The key that a signature names. Raises `ValueError` for what is no signature."""
    match = _BLOCK.search(signature)
    if match is None:
        raise ValueError("it is not an SSH signature")
    try:
        raw = base64.b64decode(b"".join(match["body"].split()), validate=True)
    except binascii.Error as error:
        raise ValueError(f"its armour is damaged ({error})") from error
    if raw[:6] != _MAGIC or raw[6:10] != b"\0\0\0\1":
        raise ValueError("it is not an SSH signature of version 1")
    blob, rest = _string(raw[10:])
    namespace, _ = _string(rest)
    kind, _ = _string(blob)
    return SshSeal(
        key=f"{kind.decode('ascii', 'replace')} {base64.b64encode(blob).decode()}",
        fingerprint=ssh_fingerprint(blob),
        namespace=namespace.decode("utf-8", "replace"),
    )


def is_good(payload: bytes, signature: bytes, key: str, run: Runner) -> bool:
    """Whether the key (its type and Base64 text) made this signature over `payload` for git.

    Raises `MissingToolError` without ssh-keygen, `ProgramFailedError`, `StorageError`.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="patchkit-ssh-") as folder:
            home = Path(folder)
            (home / "signature").write_bytes(signature)
            (home / "allowed").write_text(f'{_WHO} namespaces="{NAMESPACE}" {key}\n', "ascii")
            who = ("-f", str(home / "allowed"), "-I", _WHO, "-n", NAMESPACE)
            done = run(
                [PROGRAM, "-Y", "verify", *who, "-s", str(home / "signature")],
                cwd=home,
                env={"HOME": folder},
                stdin=payload,
            )
    except OSError as error:
        raise StorageError.from_os_error("check a signature", error) from error
    return done.returncode == 0


def _string(raw: bytes) -> tuple[bytes, bytes]:
    """A length-prefixed string, and what follows it (RFC 4251, section 5)."""
    size = int.from_bytes(raw[:4])
    if len(raw) < 4 + size:
        raise ValueError("it is cut short")
    return raw[4 : 4 + size], raw[4 + size :]
