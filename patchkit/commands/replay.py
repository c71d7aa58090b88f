"""`patchkit replay`: the series on every release at hand, as a matrix of outcomes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from patchkit.commands.supply import known_releases
from patchkit.console import Cell, Table, Tone
from patchkit.errors import ExitCode, UnavailableError, UsageError
from patchkit.rebase.engine import Decisions, rebase_series
from patchkit.rebase.outcome import Outcome
from patchkit.rebase.tree import TreeView
from patchkit.releases import Release
from patchkit.report.rebase import TONES
from patchkit.workspace.memory import remembered

if TYPE_CHECKING:
    import argparse

    from patchkit.commands.invocation import Invocation
    from patchkit.rebase.checks.judging import PatchChecks
    from patchkit.rebase.lesson import Memory
    from patchkit.series.patch import Series
    from patchkit.upstream.upstreams import Upstream

_EXAMPLES = """\
examples:
  patchkit replay --upstream ~/systemd               every stable release of a local repository
  patchkit replay --from v256 --to v261 --pre        pre-releases too, between two releases

Nothing is fetched and nothing is written: releases that are not at hand are left out and named.
A patch that would need a person is left out for the ones after it. The exit code is 3 when one
would.
"""
_WAITS = (Outcome.CONFLICT, Outcome.PROPOSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """One patch on one release."""

    patch: str
    outcome: Outcome
    strategy: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """The series on one release."""

    release: str
    casts: tuple[Cast, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayReport:
    """What `patchkit replay --json` prints; `absent` are releases that are not at hand."""

    schema: str = "patchkit.replay/1"
    base: str
    replayed: tuple[Replayed, ...]
    absent: tuple[str, ...]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = _EXAMPLES
    parser.add_argument("--from", dest="first", metavar="RELEASE", help="the first release")
    parser.add_argument("--to", dest="last", metavar="RELEASE", help="the last release")
    parser.add_argument("--pre", action="store_true", help="pre-releases too")
    parser.add_argument("--series", metavar="RELEASE", help="the series to replay (the base's)")
    parser.add_argument("--upstream", metavar="URL|PATH", help="take upstream's git from here")


def run(arguments: argparse.Namespace, invocation: Invocation) -> ExitCode:
    """Rebase in memory onto each release, and print the matrix."""
    workspace, console = invocation.workspace(), invocation.console
    config = workspace.config()
    base = Release.parse(arguments.series) if arguments.series else config.base
    upstream = invocation.upstream(config, arguments.upstream)
    base_tree = upstream.at_hand(base)
    if base_tree is None:
        raise UnavailableError(
            f"the tree of {base} is not at hand",
            hint="name a repository that has it: --upstream PATH, or get it: patchkit rebase",
        )
    wanted = _between(arguments, known_releases(upstream.listings(), console))
    replay = _Replay(
        series=workspace.series(base, config),
        base=base,
        base_tree=base_tree.tree,
        upstream=upstream,
        checks=config.checks,
        remembered=remembered(workspace),
    )
    rows: list[Replayed] = []
    absent: list[str] = []
    with console.progress("replaying", unit="releases") as progress:
        for count, release in enumerate(wanted):
            progress.update(count, len(wanted))
            row = replay.onto(release)
            if row is None:
                absent.append(release.tag)
            else:
                rows.append(row)
    report = ReplayReport(base=base.tag, replayed=tuple(rows), absent=tuple(absent))
    console.table(_table(report, tuple(patch.name for patch in replay.series.patches)))
    if absent:
        console.note(f"not at hand: {', '.join(absent)}")
    console.document(report)
    waits = any(cast.outcome in _WAITS for row in rows for cast in row.casts)
    return ExitCode.CONFLICT if waits else ExitCode.DONE


def _between(arguments: argparse.Namespace, known: frozenset[Release]) -> list[Release]:
    first = Release.parse(arguments.first) if arguments.first else min(known)
    last = Release.parse(arguments.last) if arguments.last else max(known)
    if last < first:
        raise UsageError(f"{first} comes after {last}")
    return [
        release
        for release in sorted(known)
        if not release < first and not last < release and (release.is_stable or arguments.pre)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Replay:
    """The series, and the release that it was written for."""

    series: Series
    base: Release
    base_tree: str
    upstream: Upstream
    checks: dict[str, PatchChecks]
    remembered: dict[str, Memory]

    def onto(self, release: Release) -> Replayed | None:
        """The outcomes on a release; None when its tree is not at hand."""
        tree = self.upstream.at_hand(release)
        if tree is None:
            return None
        casts: dict[str, Cast] = {}
        decisions = Decisions(remembered=self.remembered)
        while True:
            result = rebase_series(
                self.series,
                base=TreeView(source=self.upstream.store, tree=self.base_tree),
                target=TreeView(source=self.upstream.store, tree=tree.tree),
                base_name=self.base.tag,
                target_name=release.tag,
                decisions=decisions,
                checks=self.checks,
            )
            for one in result.results:
                name = one.original.name
                if name not in decisions.skipped:
                    casts[name] = Cast(patch=name, outcome=one.outcome, strategy=one.strategy)
            if result.conflict is None:
                return Replayed(release=release.tag, casts=tuple(casts.values()))
            stopped = result.conflict.original.name
            decisions = replace(decisions, skipped=decisions.skipped | {stopped})


def _table(report: ReplayReport, names: tuple[str, ...]) -> Table:
    rows = []
    for row in report.replayed:
        by_name = {cast.patch: cast for cast in row.casts}
        cells = [
            Cell(by_name[name].outcome, TONES[by_name[name].outcome])
            if name in by_name
            else Cell("-")
            for name in names
        ]
        rows.append((Cell(row.release, Tone.STRONG), *cells))
    return Table(headings=("Release", *names), rows=tuple(rows))
