"""OpenPGP's outer forms, as far as telling which keys a keyring holds; pure.

ASCII armour and packet headers as in RFC 9580 (4.2, 6) and RFC 4880, fingerprints as in
RFC 9580 (5.5.4). What is cryptography is left to gpgv.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_BLOCK = re.compile(
    rb"-----BEGIN PGP PUBLIC KEY BLOCK-----[ \t]*\r?\n(?P<body>.*?)"
    rb"-----END PGP PUBLIC KEY BLOCK-----",
    re.DOTALL,
)
_SIGNATURE, _PUBLIC_KEY, _PUBLIC_SUBKEY = 2, 6, 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key of a keyring by its fingerprint, and the primary key that it belongs to.

    `is_revoked` says that the keyring has a revocation of it or of its primary key. Nobody has
    checked that revocation: trusting too little does no harm.
    """

    fingerprint: str
    primary: str
    is_revoked: bool = False


def binary_keys(text: bytes) -> bytes:
    """The keys of a file, armoured or binary, as the binary keyring that gpgv reads.

    Raises `ValueError` for what is no public keys.
    """
    blocks = [_unarmoured(match["body"]) for match in _BLOCK.finditer(text)]
    keys = b"".join(blocks) if blocks else text
    if not listed_keys(keys):
        raise ValueError("there is no OpenPGP public key in it")
    return keys


def listed_keys(keys: bytes) -> tuple[Key, ...]:
    """The keys of a binary keyring.

    Raises `ValueError` for what is not made of packets.
    """
    found: list[Key] = []
    revoked: set[str] = set()
    for tag, body in _packets(keys):
        if tag in (_PUBLIC_KEY, _PUBLIC_SUBKEY):
            name = _fingerprint(body)
            primary = found[-1].primary if tag == _PUBLIC_SUBKEY and found else name
            found.append(Key(fingerprint=name, primary=primary))
        elif tag == _SIGNATURE and found:
            match _signature_type(body):
                case 0x20:  # of the primary key
                    revoked.add(found[-1].primary)
                case 0x28:  # of the subkey before it
                    revoked.add(found[-1].fingerprint)
    return tuple(
        replace(key, is_revoked=not revoked.isdisjoint((key.fingerprint, key.primary)))
        for key in found
    )


def _fingerprint(body: bytes) -> str:
    """A key's fingerprint; for a version without one that is known here, the body's digest."""
    if body[:1] == b"\x04":
        digest = hashlib.sha1(b"\x99" + len(body).to_bytes(2) + body)  # noqa: S324 - a name
        return digest.hexdigest().upper()
    return hashlib.sha256(b"\x9b" + len(body).to_bytes(4) + body).hexdigest().upper()


def _signature_type(body: bytes) -> int:
    """A signature packet's type; version 3 has a length before it."""
    place = 2 if body[:1] == b"\x03" else 1
    return body[place] if len(body) > place else 0


def _unarmoured(body: bytes) -> bytes:
    """The bytes of an armoured block: headers end at an empty line, `=` begins a checksum."""
    lines = [line.strip() for line in body.splitlines()]
    if b"" in lines:
        lines = lines[lines.index(b"") + 1 :]
    text = b"".join(line for line in lines if not line.startswith(b"="))
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"its armour is damaged ({error})") from error


def _packets(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Every packet's tag and body."""
    at = 0
    while at < len(data):
        head = data[at]
        if not head & 0x80:
            raise ValueError("it is not made of OpenPGP packets")
        if head & 0x40:
            tag, (start, length) = head & 0x3F, _new_length(data, at + 1)
        else:
            tag, octets = head >> 2 & 0x0F, 1 << (head & 0x03)
            if octets == 8:
                raise ValueError("a packet has no length")
            start = at + 1 + octets
            length = int.from_bytes(data[at + 1 : start])
        if start + length > len(data):
            raise ValueError("it is cut short")
        yield tag, data[start : start + length]
        at = start + length


def _new_length(data: bytes, at: int) -> tuple[int, int]:
    """Where a packet's body begins and how long it is, in the current format."""
    first = data[at] if at < len(data) else 0
    if first < 192:
        return at + 1, first
    if first < 224:
        second = data[at + 1] if at + 1 < len(data) else 0
        return at + 2, ((first - 192) << 8) + second + 192
    if first == 255:
        return at + 5, int.from_bytes(data[at + 1 : at + 5])
    raise ValueError("a packet comes in parts, which keys never do")
