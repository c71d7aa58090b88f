"""`patchkit replay`: the series on every release at hand, as a matrix of outcomes."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

from patchkit.commands.supply import known_releases
from patchkit.console import Cell, Table, Tone
from patchkit.errors import ExitCode, UnavailableError, UsageError
from patchkit.rebase.decisions import WAITS, Decisions
from patchkit.rebase.engine import rebase_series
from patchkit.rebase.memo import Memo
from patchkit.rebase.outcome import Outcome
from patchkit.rebase.tree import TreeView
from patchkit.releases import Release
from patchkit.report.rebase import TONES
from patchkit.workspace.memory import remembered

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from patchkit.commands.invocation import Invocation
    from patchkit.rebase.checks.judging import PatchChecks
    from patchkit.rebase.facts import Facts
    from patchkit.rebase.filemerge import FileMerge
    from patchkit.rebase.outcome import PatchResult
    from patchkit.series.patch import Series
    from patchkit.upstream.upstreams import Upstream

_EXAMPLES = """\
examples:
  patchkit replay --upstream ~/systemd               every stable release of a local repository
  patchkit replay --from v256 --to v261 --pre        pre-releases too, between two releases
  patchkit replay --stepwise                         each from its neighbour, not from the base

Nothing is fetched, and nothing is written but what is known of upstream's headers: releases that
are not at hand are left out and named. A patch that would need a person is left out for the ones
after it. The exit code is 3 when one would.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """One patch on one release. `why` says what a person would have to look at."""

    patch: str
    outcome: Outcome
    strategy: str | None
    why: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """The series on one release, from the release `start`."""

    release: str
    start: str
    casts: tuple[Cast, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayReport:
    """What `patchkit replay --json` prints; `absent` are releases that are not at hand."""

    schema: str = "patchkit.replay/1"
    base: str
    stepwise: bool
    replayed: tuple[Replayed, ...]
    absent: tuple[str, ...]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = _EXAMPLES
    parser.add_argument("--from", dest="first", metavar="RELEASE", help="the first release")
    parser.add_argument("--to", dest="last", metavar="RELEASE", help="the last release")
    parser.add_argument("--pre", action="store_true", help="pre-releases too")
    parser.add_argument("--series", metavar="RELEASE", help="the series to replay (the base's)")
    parser.add_argument(
        "--stepwise",
        action="store_true",
        help="start from the nearest release towards the base that the whole series went onto",
    )
    parser.add_argument("--upstream", metavar="URL|PATH", help="take upstream's git from here")


def run(arguments: argparse.Namespace, invocation: Invocation) -> ExitCode:
    """Rebase in memory onto each release, and print the matrix."""
    workspace, console = invocation.workspace(), invocation.console
    config = workspace.config()
    base = Release.parse(arguments.series) if arguments.series else config.base
    upstream = invocation.upstream(config, arguments.upstream)
    wanted = _between(arguments, known_releases(upstream.listings(), console))
    replay = _Replay(
        upstream=upstream,
        checks=config.checks,
        facts=invocation.facts(),
        decisions=Decisions(remembered=remembered(workspace)),
        stepwise=arguments.stepwise,
    )
    tree = replay.tree(base)
    if tree is None:
        raise UnavailableError(
            f"the tree of {base} is not at hand",
            hint="name a repository that has it: --upstream PATH, or get it: patchkit rebase",
        )
    begin = _Start(release=base, series=workspace.series(base, config), tree=tree)
    rows: dict[Release, Replayed] = {}
    with console.progress("replaying", unit="releases") as progress:
        for row in replay.outwards(begin, wanted):
            rows[Release.parse(row.release)] = row
            progress.update(len(rows), len(wanted))
    replay.facts.keep()
    report = ReplayReport(
        base=base.tag,
        stepwise=arguments.stepwise,
        replayed=tuple(rows[release] for release in sorted(rows)),
        absent=tuple(release.tag for release in wanted if release not in rows),
    )
    console.table(_table(report, begin.series.names, each=console.verbosity > 0))
    for line, tone in (*_legend(report), *_reasons(report)):
        console.say(line, tone)
    if report.absent:
        console.note(f"not at hand: {', '.join(report.absent)}")
    console.document(report)
    waits = any(cast.outcome in WAITS for row in report.replayed for cast in row.casts)
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
class _Start:
    """A release with its tree, and the series for it."""

    release: Release
    series: Series
    tree: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Replay:
    """What every rebase needs, and what they share."""

    upstream: Upstream
    checks: dict[str, PatchChecks]
    facts: Facts
    decisions: Decisions
    stepwise: bool
    memo: Memo[FileMerge] = field(default_factory=Memo)

    def tree(self, release: Release) -> str | None:
        """A release's tree, from the repository that was named or else from the cache."""
        found = self.upstream.at_hand(release) or self.upstream.store.tree(release)
        return found.tree if found else None

    def outwards(self, base: _Start, wanted: list[Release]) -> Iterator[Replayed]:
        """The releases that are at hand: from the base on, then from before it backwards."""
        later = [release for release in wanted if not release < base.release]
        earlier = [release for release in wanted if release < base.release]
        for line in (later, earlier[::-1]):
            start = base
            for release in line:
                tree = self.tree(release)
                if tree is None:
                    continue
                row, reached = self._onto(start, release, tree)
                yield row
                if self.stepwise and reached is not None:
                    start = reached

    def _onto(self, start: _Start, release: Release, tree: str) -> tuple[Replayed, _Start | None]:
        """The outcomes on a release, and where to go on from if the whole series got there."""
        store = self.upstream.store
        result = rebase_series(
            start.series,
            base=TreeView(source=store, tree=start.tree),
            target=TreeView(source=store, tree=tree),
            base_name="base",
            target_name="target",  # the same for all, so that merges can be shared
            decisions=self.decisions,
            checks=self.checks,
            facts=self.facts,
            memo=self.memo,
            onwards=True,
        )
        casts = tuple(_cast(one) for one in result.results)
        row = Replayed(release=release.tag, start=start.release.tag, casts=casts)
        if any(one.patch is None for one in result.results):
            return row, None
        return row, _Start(release=release, series=result.series, tree=tree)


def _cast(result: PatchResult) -> Cast:
    why: tuple[str, ...] = ()
    if result.outcome in WAITS:
        files = result.conflict.files if result.conflict else ()
        against = tuple(each.text for each in result.evidence if not each.favours)
        unsettled = () if result.outcome is Outcome.PROPOSED and against else files
        why = (*against, *(f"{file.path}: {file.reason}" for file in unsettled))
    return Cast(
        patch=result.original.name, outcome=result.outcome, strategy=result.strategy, why=why
    )


def _table(report: ReplayReport, names: tuple[str, ...], *, each: bool) -> Table:
    """A row for neighbouring releases with the same outcomes, or for each release."""
    rows = []
    for _, group in groupby(report.replayed, lambda row: row.release if each else _outcomes(row)):
        members = list(group)
        ends = (members[0].release, members[-1].release)
        label = " … ".join(dict.fromkeys(ends))
        cells = [Cell(outcome, TONES[outcome]) for outcome in _outcomes(members[0])]
        rows.append((Cell(label, Tone.STRONG), Cell(str(len(members))), *cells))
    return Table(headings=("Release", "Count", *names), rows=tuple(rows))


def _outcomes(row: Replayed) -> tuple[Outcome, ...]:
    return tuple(cast.outcome for cast in row.casts)


def _legend(report: ReplayReport) -> Iterator[tuple[str, Tone]]:
    """What the outcomes mean that are in the table."""
    there = {outcome for row in report.replayed for outcome in _outcomes(row)}
    for outcome in Outcome:
        if outcome in there:
            yield f"{outcome}: {outcome.meaning}", TONES[outcome]


def _reasons(report: ReplayReport) -> Iterator[tuple[str, Tone]]:
    """Why patches wait for a person, and where."""
    places: dict[tuple[str, str], list[str]] = {}
    for row in report.replayed:
        for cast in row.casts:
            for why in cast.why:
                places.setdefault((cast.patch, why), []).append(row.release)
    for (patch, why), found in places.items():
        ends = " … ".join(dict.fromkeys((found[0], found[-1])))
        yield f"{patch}, {ends}: {why}", Tone.CARE
