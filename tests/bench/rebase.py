"""The rebase beside its peers, in one run: patchkit, git's way, and quilt's.

    python -m tests.bench.rebase --from v261.2 --to v262

Run in a patch repository; the two releases come from its sources or from `--upstream`, and are
in the cache before anything is timed. The fastest of `--rounds` runs counts:

- engine: from parsed series to rendered series, with everything that `series.toml` has checked,
  in one process, objects at hand, what earlier runs know of headers read anew;
- command: `patchkit rebase`, a whole process that writes patches and lock;
- git: `git worktree add` of the target, `git am -3`, `git format-patch`;
- quilt: the target unpacked with `git archive | tar`, then per patch `quilt push` (with fuzz,
  as quilt does by itself) and `quilt refresh`.

A peer that stops at a conflict is timed up to there, and the table says so.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from patchkit.console import Cell, Console, Table
from patchkit.rebase.engine import rebase_series
from patchkit.rebase.facts import Facts
from patchkit.rebase.outcome import Outcome
from patchkit.rebase.tree import TreeView
from patchkit.releases import Release
from patchkit.upstream.sources import GitSource
from patchkit.upstream.store import Store
from patchkit.upstream.upstreams import Upstream
from patchkit.workspace.layout import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable

    from patchkit.series.patch import Series


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds by the clock, and of processor time, that of finished child processes included."""

    seconds: float
    busy: float

    @classmethod
    def so_far(cls) -> Spent:
        """Since some moment in the past."""
        used = [resource.getrusage(of) for of in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return cls(time.perf_counter(), sum(each.ru_utime + each.ru_stime for each in used))

    def until_now(self) -> Spent:
        """What was spent since."""
        now = Spent.so_far()
        return Spent(now.seconds - self.seconds, now.busy - self.busy)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """The fastest run in seconds, the least processor time of a run, and how it ended."""

    name: str
    seconds: float
    busy: float
    ended: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """What everyone is given: the same patches, the same two trees."""

    workspace: Workspace
    cache: Path
    upstream: Upstream
    location: str | None
    base: Release
    target: Release
    scratch: Path
    rounds: int

    @property
    def patches(self) -> list[Path]:
        """The base's patch files, in order."""
        return sorted((self.workspace.root / self.workspace.folder(self.base)).glob("*.patch"))

    @property
    def series(self) -> Series:
        """The base's series."""
        return self.workspace.series(self.base, self.workspace.config())

    def fastest(self, name: str, run: Callable[[], tuple[Spent, str]]) -> Timed:
        """The fastest of several runs."""
        runs = [run() for _ in range(self.rounds)]
        return Timed(
            name=name,
            seconds=min(spent.seconds for spent, _ in runs),
            busy=min(spent.busy for spent, _ in runs),
            ended=runs[0][1],
        )


def main() -> int:
    """Run all and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--from", dest="base", required=True)
    parser.add_argument("--to", dest="target", required=True)
    parser.add_argument("--repo", type=Path, default=Path.cwd())
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "patchkit")
    parser.add_argument("--upstream")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    workspace = Workspace(given.repo.resolve())
    sources = workspace.config().sources
    if given.upstream:
        sources = (GitSource(name="override", location=given.upstream),)
    upstream = Upstream(
        store=Store.open(given.cache / "upstream.git"),
        sources=sources,
        cache=given.cache,
        console=Console(verbosity=-1),
    )
    with tempfile.TemporaryDirectory(prefix="patchkit-bench-") as scratch:
        contest = Contest(
            workspace=workspace,
            cache=given.cache.resolve(),
            upstream=upstream,
            location=given.upstream,
            base=Release.parse(given.base),
            target=Release.parse(given.target),
            scratch=Path(scratch),
            rounds=given.rounds,
        )
        clone = _clone(contest)
        rows = [_engine(contest), _command(contest), _git(contest, clone), _quilt(contest, clone)]
    _print(rows, contest)
    return 0


def _engine(contest: Contest) -> Timed:
    locks = contest.workspace.lock()
    trees = []
    for release in (contest.base, contest.target):
        locked = locks.get(release)
        trees.append(contest.upstream.tree(release, expected=locked.tree if locked else None).tree)
    series, checks = contest.series, contest.workspace.config().checks

    def run() -> tuple[Spent, str]:
        started = Spent.so_far()
        facts = Facts.open(contest.cache / "headers")
        before, after = (TreeView(source=contest.upstream.store, tree=tree) for tree in trees)
        result = rebase_series(
            series,
            base=before,
            target=after,
            base_name=contest.base.tag,
            target_name=contest.target.tag,
            checks=checks,
            facts=facts,
        )
        facts.keep()
        took = started.until_now()
        outcomes = [patch.outcome for patch in result.results]
        counts = [f"{outcomes.count(o)} {o}" for o in Outcome if o in outcomes]
        return took, ", ".join(counts)

    return contest.fastest("patchkit, the engine alone", run)


def _command(contest: Contest) -> Timed:
    place = contest.scratch / "workspace"
    argv = [sys.executable, "-m", "patchkit", "--repo", str(place), "--cache", str(contest.cache)]
    argv += ["rebase", contest.target.tag, "--from", contest.base.tag]
    argv += ["--upstream", contest.location] if contest.location else []

    def run() -> tuple[Spent, str]:
        shutil.rmtree(place, ignore_errors=True)
        folder = place / "patches" / contest.base.tag
        folder.mkdir(parents=True)
        shutil.copy(contest.workspace.root / "patches" / "series.toml", place / "patches")
        shutil.copy(contest.workspace.root / "patches" / "lock.json", place / "patches")
        for patch in contest.patches:
            shutil.copy(patch, folder)
        started = Spent.so_far()
        code = subprocess.run(argv, capture_output=True, check=False).returncode
        return started.until_now(), f"exit code {code}"

    return contest.fastest("patchkit rebase", run)


def _clone(contest: Contest) -> Path:
    """A bare repository of its own with both releases as commits, and the base's patched files.

    `git am -3` needs the files that a patch was made from; upstream's history would have the
    first ones only, so the series is applied once beforehand, untimed.
    """
    clone = contest.scratch / "clone.git"
    store = contest.cache / "upstream.git"
    _do("git", "clone", "-q", "--bare", "--shared", str(store), str(clone))
    if contest.location and Path(contest.location).is_dir():
        objects = Path(contest.location).resolve() / "objects"
        alternates = clone / "objects" / "info" / "alternates"
        alternates.write_text(alternates.read_text() + f"{objects}\n")
    for release in (contest.base, contest.target):
        locked = contest.workspace.lock().get(release)
        tree = contest.upstream.tree(release, expected=locked.tree if locked else None).tree
        commit = _do("git", "-C", str(clone), "commit-tree", "-m", release.tag, tree).strip()
        _do("git", "-C", str(clone), "tag", "-f", release.tag, commit)
    tree_folder = contest.scratch / "base"
    _do("git", "-C", str(clone), "worktree", "add", "-q", str(tree_folder), contest.base.tag)
    _do("git", "-C", str(tree_folder), "am", "-q", *map(str, contest.patches))
    _do("git", "-C", str(clone), "worktree", "remove", "--force", str(tree_folder))
    return clone


def _git(contest: Contest, clone: Path) -> Timed:
    tree, out = contest.scratch / "worktree", contest.scratch / "formatted"

    def run() -> tuple[Spent, str]:
        started = Spent.so_far()
        _do("git", "-C", str(clone), "worktree", "add", "-q", str(tree), contest.target.tag)
        whole = _try("git", "-C", str(tree), "am", "-q", "-3", *map(str, contest.patches))
        _do(
            *("git", "-C", str(tree), "format-patch", "-q", "--zero-commit", "--no-signature"),
            *("--no-numbered", "-o", str(out), f"{contest.target.tag}..HEAD"),
        )
        took = started.until_now()
        count = len(list(out.glob("*.patch")))
        shutil.rmtree(out)
        _do("git", "-C", str(clone), "worktree", "remove", "--force", str(tree))
        return took, _told(count, contest, whole=whole)

    return contest.fastest("git worktree add + am -3 + format-patch", run)


def _quilt(contest: Contest, clone: Path) -> Timed:
    tree = contest.scratch / "unpacked"

    def run() -> tuple[Spent, str]:
        shutil.rmtree(tree, ignore_errors=True)
        patches = tree / "patches"
        patches.mkdir(parents=True)
        for patch in contest.patches:
            shutil.copy(patch, patches)
        (patches / "series").write_text("".join(f"{p.name}\n" for p in contest.patches))
        started = Spent.so_far()
        archive = subprocess.Popen(
            ["git", "-C", str(clone), "archive", contest.target.tag], stdout=subprocess.PIPE
        )
        subprocess.run(["tar", "-x", "-C", str(tree)], stdin=archive.stdout, check=True)
        archive.wait()
        count = 0
        while count < len(contest.patches) and _try("quilt", "push", "-q", cwd=tree):
            _do("quilt", "refresh", cwd=tree)
            count += 1
        took = started.until_now()
        return took, _told(count, contest, whole=count == len(contest.patches))

    return contest.fastest("quilt push + refresh", run)


def _told(count: int, contest: Contest, *, whole: bool) -> str:
    return f"{count} of {len(contest.patches)} patches" + ("" if whole else ", then a conflict")


def _print(rows: list[Timed], contest: Contest) -> None:
    ours = rows[1].seconds
    console = Console()
    console.say(f"{contest.base} -> {contest.target}, fastest of {contest.rounds}")
    console.table(
        Table(
            headings=("What", "Seconds", "Processor", "Beside the command", "Ended"),
            rows=tuple(
                (
                    Cell(row.name),
                    Cell(f"{row.seconds:.3f}"),
                    Cell(f"{row.busy:.2f}"),
                    Cell(f"{row.seconds / ours:.1f} x"),
                    Cell(row.ended),
                )
                for row in rows
            ),
        )
    )


def _environment() -> dict[str, str]:
    named = {"NAME": "bench", "EMAIL": "bench@example.org"}
    roles = {f"GIT_{role}_{k}": v for role in ("AUTHOR", "COMMITTER") for k, v in named.items()}
    return {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LC_ALL": "C.UTF-8", **roles}


def _do(*argv: str, cwd: Path | None = None) -> str:
    done = subprocess.run(argv, cwd=cwd, env=_environment(), capture_output=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(argv)} failed: {done.stderr.decode(errors='replace')}")
    return done.stdout.decode()


def _try(*argv: str, cwd: Path | None = None) -> bool:
    done = subprocess.run(argv, cwd=cwd, env=_environment(), capture_output=True, check=False)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
