"""Opening the forge at an address, by a token's right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from patchkit.forge.address import ForgeKind
from patchkit.forge.forgejo import Forgejo
from patchkit.forge.github import GitHub

if TYPE_CHECKING:
    from patchkit.forge.address import ForgeAddress
    from patchkit.forge.forge import Forge
    from patchkit.forge.wire import Patience


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Where, and by what right."""

    address: ForgeAddress
    token: str

    def __repr__(self) -> str:
        return f"Account({self.address!r}, token=***)"


def open_forge(account: Account, *, patience: Patience | None = None) -> Forge:
    """The forge at an address."""
    match account.address.kind:
        case ForgeKind.GITHUB:
            return GitHub(account.address, account.token, patience=patience)
        case ForgeKind.FORGEJO:
            return Forgejo(account.address, account.token, patience=patience)
        case other:
            assert_never(other)
