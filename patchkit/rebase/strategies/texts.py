"""The three texts of a file that a merge is made of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from patchkit.rebase.strategies.renaming import rename

if TYPE_CHECKING:
    from collections.abc import Mapping

_C = (".c", ".h")


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """A file at its base, in the target, and as the patch makes it; `path` tells the language."""

    path: str
    base: bytes
    target: bytes
    patch: bytes

    @property
    def is_c(self) -> bool:
        """Whether tree-sitter's C grammar can say something of it."""
        return self.path.endswith(_C)

    def renamed(self, names: Mapping[bytes, bytes]) -> Texts:
        """The same with upstream's renamed names in the base and in the patch."""
        return replace(self, base=rename(self.base, names), patch=rename(self.patch, names))
