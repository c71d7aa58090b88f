"""What a look at this machine finds: one thing, how it stands, and how to get it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from patchkit.build.sandbox import find_sandbox

if TYPE_CHECKING:
    from patchkit.errors import PatchkitError
    from patchkit.proc import SystemRunner


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


def program(
    name: str, package: str, *, used_by: str, absent: str = "not on PATH", needed: bool = False
) -> Finding:
    """A program, and the Debian package that has it."""
    path = shutil.which(name)
    return Finding(
        name=name,
        state=State.GOOD if path else State.ABSENT,
        detail=path or absent,
        used_by=used_by,
        needed=needed,
        remedy=f"apt-get install {package}",
    )


def sandbox(runner: SystemRunner, *, name: str, used_by: str, absent: str) -> Finding:
    """What keeps builds apart here."""
    found = find_sandbox((), runner)
    return Finding(
        name=name,
        state=State.GOOD if found.name else State.ABSENT,
        detail=found.name or absent,
        used_by=used_by,
        remedy="apt-get install bubblewrap, and allow user namespaces",
    )


def failed(
    name: str, error: PatchkitError, *, state: State, used_by: str, needed: bool = False
) -> Finding:
    """Something that could not be looked at, for the reason that the error has."""
    return Finding(
        name=name,
        state=state,
        detail=error.message,
        used_by=used_by,
        needed=needed,
        remedy=error.hint,
    )
