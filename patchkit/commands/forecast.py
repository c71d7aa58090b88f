"""`patchkit forecast`: what would break, on pre-releases and on upstream's main branch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from patchkit.bump import follow
from patchkit.bump.checkout import Checkout
from patchkit.bump.delivery import close_issues, show_issue
from patchkit.bump.issue import forecast_body, forecast_title
from patchkit.bump.surroundings import Surroundings
from patchkit.commands.bump import add_forge_arguments, open_target
from patchkit.commands.supply import known_releases
from patchkit.console import Cell, Table, Tone
from patchkit.errors import ExitCode, UnavailableError, UsageError
from patchkit.rebase.decisions import Decisions
from patchkit.rebase.engine import rebase_series
from patchkit.rebase.tree import TreeView
from patchkit.releases import Release
from patchkit.report import rebase as pages
from patchkit.report.rebase import RebaseReport, report_rebase
from patchkit.upstream.sources import Origin, SourceKind, UpstreamTree
from patchkit.workspace.memory import remembered

if TYPE_CHECKING:
    import argparse

    from patchkit.commands.invocation import Invocation
    from patchkit.rebase.checks.judging import PatchChecks
    from patchkit.rebase.lesson import Memory
    from patchkit.series.patch import Series
    from patchkit.upstream.sources import Tip
    from patchkit.upstream.upstreams import Upstream

FORECAST = "forecast"
"""What the forecast's issue is told by, in the place of a release."""

_EXAMPLES = """\
examples:
  patchkit forecast            the newest series on each pre-release and on upstream's main
  patchkit forecast --pr       and one issue that says what would break; closed when nothing would
  patchkit forecast --no-main  pre-releases only: no branch is fetched

Nothing in patches/ is written. The exit code is 3 when something would break.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """One thing to come: a pre-release or a branch. `problem` says why it cannot be told."""

    name: str
    rebase: RebaseReport | None = None
    problem: str | None = None

    @property
    def breaks(self) -> bool:
        """Whether a person would be needed."""
        return self.rebase is not None and not self.rebase.complete


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastReport:
    """What `patchkit forecast --json` prints; `base` is the release whose series was tried."""

    schema: str = "patchkit.forecast/1"
    base: str
    breaks: bool
    ahead: tuple[Ahead, ...]
    issue: str | None = None


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = _EXAMPLES
    parser.add_argument("--branch", default="main", metavar="NAME", help="upstream's branch (main)")
    parser.add_argument("--no-main", action="store_true", help="pre-releases only")
    parser.add_argument("--from", dest="base", metavar="RELEASE", help="the series to try (newest)")
    parser.add_argument("--refresh", action="store_true", help="ask the sources again now")
    parser.add_argument("--upstream", metavar="URL|PATH", help="take upstream's git from here")
    add_forge_arguments(parser)


def run(arguments: argparse.Namespace, invocation: Invocation) -> ExitCode:
    """Rebase in memory, tell what would break, and open or close the issue about it."""
    workspace, console = invocation.workspace(), invocation.console
    config, lock = workspace.config(), workspace.lock()
    base = _base(arguments.base, lock.supported, config.base)
    upstream = invocation.upstream(config, arguments.upstream)
    known = known_releases(upstream.listings(refresh=arguments.refresh), console)
    locked = lock.get(base)
    trial = _Trial(
        base=base,
        series=workspace.series(base, config),
        base_tree=upstream.tree(base, expected=locked.tree if locked else None).tree,
        checks=config.checks,
        upstream=upstream,
        remembered=remembered(workspace),
    )
    ahead = [trial.release(r) for r in follow.forecast(supported=lock.supported, known=known)]
    if not arguments.no_main:
        ahead.append(trial.branch(arguments.branch))
    breaks = any(each.breaks for each in ahead)
    report = ForecastReport(base=base.tag, breaks=breaks, ahead=tuple(ahead))
    if arguments.pr:
        report = replace(report, issue=_deliver(report, arguments, invocation))
    _tell(report, invocation)
    return (
        ExitCode.CONFLICT
        if breaks and not (arguments.exit_zero and report.issue)
        else (ExitCode.DONE)
    )


def _base(named: str | None, supported: tuple[Release, ...], written_for: Release) -> Release:
    if named is None:
        return supported[-1] if supported else written_for
    base = Release.parse(named)
    if base not in supported and base != written_for:
        raise UsageError(
            f"{base} is not supported here",
            hint=f"supported: {', '.join(map(str, supported)) or 'none yet'}",
        )
    return base


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trial:
    """The series that is tried, and what it was written for."""

    base: Release
    series: Series
    base_tree: str
    checks: dict[str, PatchChecks]
    upstream: Upstream
    remembered: dict[str, Memory]

    def release(self, release: Release) -> Ahead:
        """Try a pre-release."""
        try:
            tree = self.upstream.tree(release)
        except UnavailableError as error:
            return Ahead(name=release.tag, problem=error.message)
        return Ahead(name=release.tag, rebase=self._rebase(tree, release.tag))

    def branch(self, name: str) -> Ahead:
        """Try a branch's end."""
        try:
            tip = self.upstream.tip(name)
        except UnavailableError as error:
            return Ahead(name=name, problem=error.message)
        return Ahead(name=name, rebase=self._rebase(self._tree(tip), f"{name}@{tip.commit[:12]}"))

    def _tree(self, tip: Tip) -> UpstreamTree:
        return UpstreamTree(
            release=self.base,  # a branch has no release; the report gets the branch's name
            tree=tip.tree,
            commit=tip.commit,
            tag_object=None,
            origin=Origin(kind=SourceKind.GIT, source=tip.source),
        )

    def _rebase(self, tree: UpstreamTree, name: str) -> RebaseReport:
        store = self.upstream.store
        result = rebase_series(
            self.series,
            base=TreeView(source=store, tree=self.base_tree),
            target=TreeView(source=store, tree=tree.tree),
            base_name=self.base.tag,
            target_name=name,
            decisions=Decisions(remembered=self.remembered),
            checks=self.checks,
        )
        told = report_rebase(result, tree=tree, base=self.base, dry_run=True)
        return replace(told, release=name)


def _deliver(
    report: ForecastReport, arguments: argparse.Namespace, invocation: Invocation
) -> str | None:
    """Open, refresh or close the one issue; its page while it is open."""
    target = open_target(arguments, Checkout.open(invocation.workspace().root))
    broken = tuple(each.rebase for each in report.ahead if each.rebase and each.breaks)
    if not broken:
        if not any(each.problem for each in report.ahead):
            why = f"The series of {report.base} fits everything that is ahead now."
            close_issues(target.forge, FORECAST, why=why)
        return None
    title, body = forecast_title(report.base, broken), forecast_body(report.base, broken, FORECAST)
    return show_issue(target.forge, release=FORECAST, title=title, body=body).url


def _tell(report: ForecastReport, invocation: Invocation) -> None:
    console = invocation.console
    console.table(
        Table(
            headings=("Ahead", "Series of " + report.base, "Patches"),
            rows=tuple(_row(each) for each in report.ahead),
        )
    )
    if not report.ahead:
        console.say("nothing is ahead: no pre-release is newer than every release", Tone.GOOD)
    for each in report.ahead:
        if each.rebase is not None and each.breaks:
            console.say(f"{each.rebase.release}:", Tone.BAD)
            for text, tone in pages.conflict_lines(each.rebase):
                console.say(text, tone)
    if report.issue:
        console.say(report.issue, Tone.STRONG)
    Surroundings().put_outputs({"breaks": "true" if report.breaks else "false"})
    console.document(report)


def _row(each: Ahead) -> tuple[Cell, ...]:
    if each.rebase is None:
        return (
            Cell(each.name, Tone.STRONG),
            Cell("cannot be told", Tone.CARE),
            Cell(each.problem or ""),
        )
    told = each.rebase
    state = Cell("would break", Tone.BAD) if each.breaks else Cell("fits", Tone.GOOD)
    patches = ", ".join(f"{patch.name} {patch.outcome}" for patch in told.patches)
    return Cell(told.release, Tone.STRONG), state, Cell(patches)
