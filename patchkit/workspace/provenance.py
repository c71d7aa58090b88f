"""Who decides something in a repository, and when."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from patchkit.errors import PatchkitError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from patchkit.proc import Runner

_EPOCH = "SOURCE_DATE_EPOCH"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """A person as `Name <address>`, None where git knows none; a date in ISO 8601, in UTC."""

    by: str | None
    date: str


def provenance(root: Path, run: Runner) -> Provenance:
    """Who works in `root`, by git's `user.name` and `user.email` there, and the time.

    The time is that of SOURCE_DATE_EPOCH (reproducible-builds.org/specs/source-date-epoch) where
    it is set, else now. Raises `UsageError` for one that is no number of seconds.
    """
    name, address = _git_config(root, run, "user.name"), _git_config(root, run, "user.email")
    person = f"{name} <{address}>" if name and address else name or address
    return Provenance(by=person or None, date=_now().isoformat(timespec="seconds"))


def _git_config(root: Path, run: Runner, key: str) -> str:
    try:
        return run(["git", "config", "--get", key], cwd=root).text.strip()
    except PatchkitError:  # git is not there, or does not answer: nobody is known
        return ""


def _now() -> datetime:
    told = os.environ.get(_EPOCH)
    if told is None:
        return datetime.now(UTC)
    try:
        return datetime.fromtimestamp(int(told), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise UsageError(f"{_EPOCH} is '{told}', which is no number of seconds") from error
