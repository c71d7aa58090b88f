"""When a release came to be supported and proven, by the patch repository's own git history."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from patchkit.errors import MissingToolError

if TYPE_CHECKING:
    from pathlib import Path

    from patchkit.proc import Runner

_SERIES, _EVIDENCE = "series", "verification.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestones:
    """The times of commits, in seconds since 1970, by a release's tag."""

    supported: dict[str, int] = field(default_factory=dict)
    proven: dict[str, int] = field(default_factory=dict)


def milestones(root: Path, run: Runner) -> Milestones:
    """When `patches/<tag>/` first had a series, and when it first had evidence.

    Empty where there is no git history to ask, or only the end of one (a shallow clone).
    """
    try:
        shallow = run(["git", "rev-parse", "--is-shallow-repository"], cwd=root)
        if shallow.returncode != 0 or shallow.text.strip() != "false":
            return Milestones()
        log = run(
            ["git", "-c", "core.quotePath=false", "log", "--reverse", "--relative"]
            + ["--format=%x00%ct", "--diff-filter=A", "--no-renames", "--name-only"]
            + ["--", "patches"],
            cwd=root,
        )
    except MissingToolError:
        return Milestones()
    return read_log(log.text) if log.returncode == 0 else Milestones()


def read_log(text: str) -> Milestones:
    """Read git's log, oldest commit first: NUL, the commit's time, the paths that it adds."""
    found = Milestones()
    for entry in text.split("\0")[1:]:
        when, *paths = entry.split("\n")
        for path in map(PurePosixPath, paths):
            if len(path.parts) != 3 or path.parts[0] != "patches":
                continue
            times = {_SERIES: found.supported, _EVIDENCE: found.proven}.get(path.name)
            if times is not None:
                times.setdefault(path.parts[1], int(when))
    return found
