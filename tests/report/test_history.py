"""Reading git's log for when files came."""

from __future__ import annotations

from typing import TYPE_CHECKING

from patchkit.proc import Completed, SystemRunner
from patchkit.report.history import Milestones, milestones, read_log
from tests import builders

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.report.support import Shelf

SERIES, EVIDENCE = {"patches/v260/series": "v260"}, {"patches/evidence/v261.json": "v261"}


def test_the_first_commit_that_adds_a_path_counts() -> None:
    log = "\x0010\n\na\nb\n\x0020\n\x0030\n\na\nc d\n"
    assert read_log(log) == {"a": 10, "b": 10, "c d": 30}


def test_nothing_is_read_from_nothing() -> None:
    assert read_log("") == {}


def test_a_repository_tells(library: Shelf) -> None:
    found = milestones(library.root, SystemRunner(), series=SERIES, evidence=EVIDENCE)
    assert found == Milestones(supported={"v260": 1768187045}, proven={"v261": 1768194245})


def test_a_repository_below_the_top_of_another_tells_too(tmp_path: Path) -> None:
    below = tmp_path / "sub" / "deep"
    (below / "patches" / "v260").mkdir(parents=True)
    (below / "patches" / "v260" / "series").write_text("x", encoding="utf-8")
    builders.git(tmp_path, "init", "-q", "--template=")
    builders.git(tmp_path, "add", "-A")
    builders.git(tmp_path, "commit", "-qm", "one")
    found = milestones(below, SystemRunner(), series=SERIES, evidence={})
    assert found.supported == {"v260": 1767323045}


def test_no_repository_tells_nothing(tmp_path: Path) -> None:
    found = milestones(tmp_path, SystemRunner(), series=SERIES, evidence=EVIDENCE)
    assert found == Milestones()


def test_a_machine_without_git_tells_nothing(library: Shelf, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    runner = SystemRunner()

    def bare(argv: Sequence[str], *, cwd: Path | None = None, **_: object) -> Completed:
        return runner(argv, cwd=cwd, env={"PATH": str(tmp_path / "bin")})

    assert milestones(library.root, bare, series=SERIES, evidence=EVIDENCE) == Milestones()
