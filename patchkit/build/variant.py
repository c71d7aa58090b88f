"""What a release is built as: stock, patched, or without one patch."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from patchkit.errors import UsageError

_UNSAFE = re.compile(r"[^a-z0-9._-]")


class VariantKind(StrEnum):
    """The kinds of variant; the values are what the command line takes."""

    STOCK = "stock"
    PATCHED = "patched"
    WITHOUT = "without"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A release without the series, with it, or with all of it but the patch `without`."""

    kind: VariantKind
    without: str | None = None

    def __post_init__(self) -> None:
        if (self.kind is VariantKind.WITHOUT) != (self.without is not None):
            raise ValueError("`without` names a patch for the kind `without`, and for it only")

    @classmethod
    def parse(cls, text: str) -> Variant:
        """Read `stock`, `patched` or `without:NAME`. Raises `UsageError`."""
        kind, colon, name = text.partition(":")
        if kind == VariantKind.WITHOUT and name:
            return cls(kind=VariantKind.WITHOUT, without=name)
        if kind in (VariantKind.STOCK, VariantKind.PATCHED) and not colon:
            return cls(kind=VariantKind(kind))
        raise UsageError(
            f"'{text}' is not a variant",
            hint="variants are: stock, patched, without:NAME (NAME is a patch of the series)",
        )

    @property
    def tag_text(self) -> str:
        """The variant as part of a file name or a Docker tag: `without-cgroup`."""
        return _UNSAFE.sub("-", str(self).replace(":", "-"))

    def __str__(self) -> str:
        return self.kind if self.without is None else f"{self.kind}:{self.without}"


STOCK = Variant(kind=VariantKind.STOCK)
PATCHED = Variant(kind=VariantKind.PATCHED)
