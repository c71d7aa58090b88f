"""A patch repository with everything that a report tells, made by patchkit and git themselves."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from patchkit.cli import main
from patchkit.commands.invocation import Invocation
from patchkit.console import Console
from patchkit.proc import SystemRunner
from patchkit.report.gathering import Gathered, gather
from patchkit.workspace.layout import Workspace
from tests import builders
from tests.builders import Change, numbered, text
from tests.report.evidence import record, verification

if TYPE_CHECKING:
    from pathlib import Path

    from tests.builders import Files

HOSTILE = (
    "</pre></code><script>document.title='owned'</script><img src=x onerror=alert(1)>"
    "\"'& {{ 7 * 7 }} \x1b[31m\x0c \u202e\ufffe"
)
"""What must never be anything but text on a page."""

CORE, LOG = "src/core/main.c", "src/basic/log.c"
SCENARIOS = ("boot", "shutdown", "logs")


def source(name: str, *, above: int = 0, line: str = "    return r;", more: int = 0) -> bytes:
    """A C file with a function of 40 lines, of which the middle one is `line`."""
    return text(
        *[f"#include <header_{n}.h>" for n in range(above)],
        f"int {name}(void) {{",
        *numbered(more, start=900),
        *numbered(18),
        line,
        *numbered(18, start=19),
        "}",
    )


def release(*, above: int = 0, more: int = 0) -> Files:
    """Both files of a release; `more` is upstream's churn in the first."""
    return {CORE: source("main", above=above, more=more), LOG: source("log_open", above=above)}


RELEASES: dict[str, Files] = {
    "v260": release(),
    "v261": release(above=3),
    "v261.1": release(above=3, more=4),
    "v262": release(above=9, more=4),
}

SERIES = {
    "main": Change(
        message=f"main: keep the console\n\nElse no log: {HOSTILE[:60]}\n\n- one\n- two\n",
        files={CORE: source("main", line=f'    return keep("{HOSTILE}");')},
    ),
    "log": Change(
        message="log: reopen it\n\nElse the last lines are lost.\n",
        files={LOG: source("log_open", line="    return reopen(r); /* at last */")},
    ),
}


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """A patch repository, with its cache."""

    root: Path
    cache: Path

    @property
    def workspace(self) -> Workspace:
        return Workspace(self.root)

    def gather(self) -> Gathered:
        given = Invocation(start=self.root, cache=self.cache, console=Console(verbosity=-1))
        upstream = given.upstream(self.workspace.config())
        return gather(self.workspace, upstream=upstream, run=SystemRunner())

    def argv(self, *words: str) -> list[str]:
        return ["--repo", str(self.root), "--cache", str(self.cache), *words]

    def commit(self, when: str) -> None:
        """Commit everything at a time."""
        stamp = {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}
        before = {name: os.environ.get(name) for name in stamp}
        os.environ.update(stamp)
        try:
            if not (self.root / ".git").exists():
                builders.git(self.root, "init", "-q", "--template=")
            builders.git(self.root, "add", "-A")
            builders.git(self.root, "commit", "-qm", "releases")
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name)
                else:
                    os.environ[name] = value

    def verified(self, tag: str, **how: object) -> None:
        """Record a verification of a release."""
        series = self.workspace.lock().releases[tag].series_sha256
        names: dict[str, object] = {"names": SCENARIOS, "ablated": tuple(SERIES), **how}
        record(self.root, verification(tag, series, **names))  # type: ignore[arg-type]


def make(folder: Path) -> Shelf:
    """A repository with four releases: not verified, proven, failed, proven."""
    made = builders.patch_repository(folder, RELEASES, SERIES)
    config = made.root / "patches" / "series.toml"
    known = config.read_text(encoding="utf-8")
    known = known.replace('why = "because"', "why = 'Without `docker run` <b>nothing</b>.'")
    config.write_text(known, encoding="utf-8")
    shelf = Shelf(root=made.root, cache=made.cache)
    for tag in RELEASES:
        assert main(shelf.argv("-q", "rebase", tag)) == 0
    shelf.commit("2026-01-12T03:04:05+00:00")
    shelf.verified("v261", boot=0.7)
    shelf.verified("v261.1", faults=(f"expected 0 {HOSTILE}",), boot=0.68)
    shelf.verified("v262", text=f"Startup finished {HOSTILE}")
    shelf.commit("2026-01-12T05:04:05+00:00")
    return shelf


def copied(shelf: Shelf, folder: Path) -> Shelf:
    """A repository of one's own, with the same cache."""
    shutil.copytree(shelf.root, folder / "repo")
    return Shelf(root=folder / "repo", cache=shelf.cache)
