"""`[[signers]]` in `series.toml`: whom the patch repository trusts to sign releases."""

from __future__ import annotations

import base64
import difflib
from typing import TYPE_CHECKING, TypeVar

from patchkit.trust import signers
from patchkit.trust.signers import KeyKind, Signer

if TYPE_CHECKING:
    from collections.abc import Callable

    from patchkit.toml.table import Table

_Read = TypeVar("_Read")


def read_signer(table: Table) -> Signer | None:
    """One entry; None after a problem, which is told."""
    table.only(("name", "kind", "fingerprint", "key", "since", "until"))
    name, kind = table.text("name"), table.text("kind")
    since, until = (_optional(table, key, signers.bound) for key in ("since", "until"))
    if kind == KeyKind.OPENPGP:
        found = _needed(table, "fingerprint", signers.openpgp_fingerprint)
        if not name or not found:
            return None
        return Signer(name=name, kind=KeyKind.OPENPGP, fingerprint=found, since=since, until=until)
    if kind == KeyKind.SSH:
        key = _needed(table, "key", signers.ssh_key)
        if not name or not key:
            return None
        shown = signers.ssh_fingerprint(base64.b64decode(key.split(" ")[1]))
        return Signer(
            name=name, kind=KeyKind.SSH, fingerprint=shown, ssh_key=key, since=since, until=until
        )
    if kind:
        near = difflib.get_close_matches(kind, list(KeyKind), n=1)
        meant = f"; did you mean '{near[0]}'?" if near else ""
        table.problem("kind", f"a signer's kind is 'openpgp' or 'ssh', not '{kind}'{meant}")
    return None


def _needed(table: Table, key: str, read: Callable[[str], _Read]) -> _Read | None:
    text = table.text(key)
    return _parsed(table, key, text, read) if text else None


def _optional(table: Table, key: str, read: Callable[[str], _Read]) -> _Read | None:
    return _needed(table, key, read) if key in table.values else None


def _parsed(table: Table, key: str, text: str, read: Callable[[str], _Read]) -> _Read | None:
    try:
        return read(text)
    except ValueError as error:
        table.problem(key, str(error))
        return None
