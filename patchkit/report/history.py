"""When a release came to be supported and proven, by the patch repository's own git history."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from patchkit.errors import MissingToolError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from patchkit.proc import Runner


_LOG = (
    *("git", "-c", "core.quotePath=false", "log", "--reverse", "--relative"),
    *("--format=%x00%ct", "--diff-filter=A", "--no-renames", "--name-only", "--", "patches"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestones:
    """The times of commits, in seconds since 1970, by a release's tag."""

    supported: dict[str, int] = field(default_factory=dict)
    proven: dict[str, int] = field(default_factory=dict)


def milestones(
    root: Path, run: Runner, *, series: Mapping[str, str], evidence: Mapping[str, str]
) -> Milestones:
    """When each release first had a series, and when it first had evidence.

    `series` and `evidence` name the file that tells, relative to `root`, and the release's tag.
    Empty where there is no git history to ask, or only the end of one (a shallow clone).
    """
    try:
        shallow = run(["git", "rev-parse", "--is-shallow-repository"], cwd=root)
        if shallow.returncode != 0 or shallow.text.strip() != "false":
            return Milestones()
        log = run(_LOG, cwd=root)
    except MissingToolError:
        return Milestones()
    if log.returncode != 0:
        return Milestones()
    added = read_log(log.text)
    return Milestones(
        supported={tag: added[path] for path, tag in series.items() if path in added},
        proven={tag: added[path] for path, tag in evidence.items() if path in added},
    )


def read_log(text: str) -> dict[str, int]:
    """When each path was added first, from git's log, oldest commit first.

    An entry of it is a NUL and the commit's time, then the paths, a line each.
    """
    found: dict[str, int] = {}
    for entry in text.split("\0")[1:]:
        when, *paths = entry.split("\n")
        for path in filter(None, paths):
            found.setdefault(path, int(when))
    return found
