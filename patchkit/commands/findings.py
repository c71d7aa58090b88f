"""What a look at this machine finds: one thing, how it stands, and how to get it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How a thing stands."""

    GOOD = "good"
    ABSENT = "absent"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at. `remedy` says how to get it; `needed` whether anything fails without."""

    name: str
    state: State
    detail: str
    used_by: str
    needed: bool = False
    remedy: str | None = None
