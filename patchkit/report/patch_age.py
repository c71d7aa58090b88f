"""Since when a patch is in the patch repository, by its own git history."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from patchkit.errors import PatchkitError
from patchkit.report.upstream_export import Age

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from patchkit.proc import Runner

_LOG = (
    *("git", "-c", "core.quotePath=false", "log", "--reverse", "--relative"),
    *("--format=%x00%H %ct", "--diff-filter=A", "--no-renames", "--name-only"),
    *("--", ":(glob)patches/*/*.patch"),
)


def first_seen(
    root: Path, run: Runner, is_it: Callable[[str], bool], *, now: datetime
) -> Age | None:
    """The first commit with a file of the patch; `is_it` tells by a file's name.

    None where there is no git history to ask, only the end of one (a shallow clone), or nothing
    of the patch in it.
    """
    try:
        shallow = run(["git", "rev-parse", "--is-shallow-repository"], cwd=root)
        if shallow.returncode != 0 or shallow.text.strip() != "false":
            return None
        log = run(_LOG, cwd=root)
    except PatchkitError:  # no git, or it does not answer
        return None
    for entry in log.text.split("\0")[1:] if log.returncode == 0 else ():
        heading, *paths = entry.split("\n")
        if any(is_it(path.rpartition("/")[2]) for path in paths if path):
            commit, when = heading.split()
            since = datetime.fromtimestamp(int(when), UTC)
            days = max(0, (now - since).days)
            return Age(since=since.isoformat(), commit=commit, days=days)
    return None
