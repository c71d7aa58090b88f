"""Git's tag objects: what of one is signed, and by whom it is said to be; pure.

A tag's signature stands at the end of its message (git's gitformat-signature(5)).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from patchkit.trust.signature import SignatureKind

_BEGINS = {
    b"-----BEGIN PGP SIGNATURE-----": SignatureKind.OPENPGP,
    b"-----BEGIN PGP MESSAGE-----": SignatureKind.OPENPGP,
    b"-----BEGIN SSH SIGNATURE-----": SignatureKind.SSH,
}
_TAGGED = re.compile(rb"[^\n]* (?P<when>\d{1,12}) [+-]\d{4}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TagObject:
    """A tag object: what it names, and its two parts.

    `object`, `type` and `name` are its headers; `tagged` is the tagger's time in seconds since
    1970. Everything but `signature` is signed.
    """

    object: str
    type: str
    name: str
    tagged: int
    kind: SignatureKind
    payload: bytes
    signature: bytes


def read_tag(raw: bytes) -> TagObject:
    """Take a tag object apart. Raises `ValueError` for what is none."""
    at = _signature_start(raw)
    headers: dict[bytes, bytes] = {}
    for line in raw[:at].split(b"\n\n", 1)[0].split(b"\n"):
        name, space, value = line.partition(b" ")
        if not space or name in headers:
            raise ValueError("it is not a tag object")
        headers[name] = value
    if not {b"object", b"type", b"tag"} <= set(headers):
        raise ValueError("it is not a tag object")
    tagged = _TAGGED.fullmatch(headers.get(b"tagger", b""))
    first = raw[at:].split(b"\n", 1)[0].rstrip()
    return TagObject(
        object=headers[b"object"].decode("ascii", "replace"),
        type=headers[b"type"].decode("ascii", "replace"),
        name=headers[b"tag"].decode("utf-8", "replace"),
        tagged=int(tagged["when"]) if tagged else 0,
        kind=_BEGINS.get(first, SignatureKind.NONE),
        payload=raw[:at],
        signature=raw[at:],
    )


def _signature_start(raw: bytes) -> int:
    """Where the last line begins that begins a signature, as git looks for it; else the end."""
    at, found = 0, len(raw)
    while at < len(raw):
        end = raw.find(b"\n", at)
        end = len(raw) if end < 0 else end
        if raw[at:end].rstrip() in _BEGINS:
            found = at
        at = end + 1
    return found
