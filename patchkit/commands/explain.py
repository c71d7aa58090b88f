"""`patchkit explain`: a patch on a release, as a page that can be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from patchkit.errors import ExitCode, UsageError
from patchkit.rebase.checks.judging import broken
from patchkit.rebase.culprit import Touching, finder
from patchkit.rebase.decisions import WAITS, Decisions
from patchkit.rebase.engine import rebase_series
from patchkit.rebase.journeys import breaker, journeys
from patchkit.rebase.landing import Written, landed
from patchkit.rebase.neighbourhood import function_text
from patchkit.rebase.outcome import ConflictReason, Outcome
from patchkit.rebase.strict import apply_strictly
from patchkit.rebase.tree import TreeView
from patchkit.releases import Release
from patchkit.report.explain import Explained, ExplainReport, Neighbour, Rule, page
from patchkit.report.explain_markdown import explain_markdown
from patchkit.report.rebase import report_rebase
from patchkit.workspace.memory import remembered

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping

    from patchkit.commands.invocation import Invocation
    from patchkit.rebase.checks.intent import Intent
    from patchkit.rebase.facts import Facts
    from patchkit.rebase.landing import Find
    from patchkit.rebase.lesson import Memory
    from patchkit.rebase.outcome import Notice, PatchResult, RebaseResult
    from patchkit.series.patch import Series
    from patchkit.upstream.sources import UpstreamTree
    from patchkit.upstream.store import Store
    from patchkit.workspace.config import PatchEntry, SeriesConfig

_EXAMPLES = """\
examples:
  patchkit explain v261                     every patch of the series on v261
  patchkit explain v261 main                one of them
  patchkit explain v261 main --markdown     the same page for a pull request
  patchkit explain v261 --upstream ~/systemd
                                            with history: names the upstream commit of a break
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = _EXAMPLES
    parser.add_argument("release", metavar="RELEASE", help="the release to explain")
    parser.add_argument("name", nargs="?", metavar="NAME", help="one patch (default: all)")
    parser.add_argument("--from", dest="base", metavar="RELEASE", help="the series to start from")
    parser.add_argument("--markdown", action="store_true", help="as Markdown on standard output")
    parser.add_argument("--upstream", metavar="URL|PATH", help="take upstream's git from here")


def run(arguments: argparse.Namespace, invocation: Invocation) -> ExitCode:
    """Rebase in memory, and tell what became of each hunk."""
    workspace, console = invocation.workspace(), invocation.console
    config = workspace.config()
    names = [patch.name for patch in config.patches]
    if arguments.name and arguments.name not in names:
        raise UsageError(f"there is no patch '{arguments.name}'", hint=f"known: {', '.join(names)}")
    base = Release.parse(arguments.base) if arguments.base else config.base
    upstream = invocation.upstream(config, arguments.upstream)
    old, new = upstream.tree(base), upstream.tree(Release.parse(arguments.release))
    series = workspace.series(base, config)
    if arguments.name and arguments.name not in series.names:
        raise UsageError(
            f"the series of {base} goes without the patch '{arguments.name}'",
            hint="name a release that has it with --from",
        )
    explaining = _Explaining(
        config=config, series=series, store=upstream.store, old=old, new=new, wanted=arguments.name
    )
    facts = invocation.facts()
    result = explaining.rebased(remembered(workspace), facts)
    facts.keep()
    told = report_rebase(result, tree=new, base=base, dry_run=True)
    report = ExplainReport(
        rebase=told,
        history=explaining.find is not None,
        patches=tuple(explaining.explained(result)),
    )
    if arguments.markdown:
        console.say(explain_markdown(report).rstrip("\n"))
    else:
        for text, tone in page(report):
            console.say(text, tone)
    console.document(report)
    return ExitCode.DONE if told.complete else ExitCode.CONFLICT


@dataclass(frozen=True, slots=True, kw_only=True)
class _Explaining:
    """Two releases, the series of the older one, and the name of the one patch that is wanted."""

    config: SeriesConfig
    series: Series
    store: Store
    old: UpstreamTree
    new: UpstreamTree
    wanted: str | None

    @property
    def find(self) -> Find | None:
        """How to find the commit of a break; None where a release is a tree without history."""
        return finder(self.store.repository, self.old.commit, self.new.commit)

    def rebased(self, memories: Mapping[str, Memory], facts: Facts) -> RebaseResult:
        """What becomes of the series; a patch that stops it does not hide the wanted one."""
        skipped: frozenset[str] = frozenset()
        while True:
            result = rebase_series(
                self.series,
                base=self._view(self.old),
                target=self._view(self.new),
                base_name=self.old.release.tag,
                target_name=self.new.release.tag,
                decisions=Decisions(skipped=skipped, remembered=memories),
                checks=self.config.checks,
                facts=facts,
            )
            stopped = result.conflict
            reached = {one.original.name for one in result.results}
            if stopped is None or self.wanted is None or self.wanted in reached:
                return result
            skipped |= {stopped.original.name}

    def explained(self, result: RebaseResult) -> Iterator[Explained]:
        """A page for every patch that is wanted and was reached."""
        entries = {entry.name: entry for entry in self.config.patches}
        before, after = self._view(self.old), self._view(self.new)
        for done in result.results:
            now = after
            if done.patch is not None:
                now = after.with_changes(apply_strictly(done.patch, after))
            name = done.original.name
            if self.wanted in (None, name):
                yield self._explained(entries[name], done, Views(before, after, now))
            before = before.with_changes(apply_strictly(done.original, before))
            after = now

    def _explained(self, entry: PatchEntry, done: PatchResult, views: Views) -> Explained:
        ways = journeys(
            done.original, base=views.base, target=views.target, find=self.find, outcome=done.patch
        )
        upstream = done.outcome is Outcome.UPSTREAM
        written = Written(patch=done.original, base=views.base)
        return Explained(
            name=entry.name,
            summary=entry.summary,
            why=entry.why,
            hunks=() if upstream else tuple(ways),
            rules=tuple(self._rule(intent, done, views) for intent in entry.intents),
            watch=tuple(pattern.text for pattern in entry.watch),
            neighbours=tuple(map(self._neighbour, done.notices)),
            landed=landed(written, self.find) if upstream else (),
        )

    def _rule(self, intent: Intent, done: PatchResult, views: Views) -> Rule:
        if done.outcome in WAITS:
            said = [each.text for each in done.evidence if intent.function in each.text]
            conflict = done.conflict.files if done.conflict else ()
            if not said or all(file.reason is not ConflictReason.BROKEN for file in conflict):
                return Rule(text=intent.text)
            draft = dict(done.conflict.draft) if done.conflict else {}
            why = broken(intent, views.target.with_changes(draft))
        else:
            why = broken(intent, views.now)
        if why is None:
            return Rule(text=intent.text, holds=True)
        culprit = breaker(intent, done.original, views.base, self.find)
        return Rule(text=intent.text, holds=False, why=why, culprit=culprit)

    def _neighbour(self, notice: Notice) -> Neighbour:
        base, target = self.old.commit, self.new.commit
        if base is None or target is None or not notice.function:
            return Neighbour(notice=notice)
        search = Touching(self.store.repository, base=base, target=target)
        commits = search.commits(notice.path, lambda text: function_text(text, notice.function))
        return Neighbour(notice=notice, commits=commits)

    def _view(self, tree: UpstreamTree) -> TreeView:
        return TreeView(source=self.store, tree=tree.tree)


@dataclass(frozen=True, slots=True)
class Views:
    """Where a patch stands: the base and the target before it, and the target with it."""

    base: TreeView
    target: TreeView
    now: TreeView
