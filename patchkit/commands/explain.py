"""`patchkit explain`: a patch on a release, as a page that can be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from patchkit.console import Tone
from patchkit.errors import ExitCode, UsageError
from patchkit.rebase.culprit import Culprit, Search
from patchkit.rebase.engine import Decisions, rebase_series
from patchkit.rebase.journeys import Journey, journeys
from patchkit.rebase.strict import apply_strictly
from patchkit.rebase.tree import TreeView
from patchkit.releases import Release
from patchkit.report.rebase import (
    PatchReport,
    RebaseReport,
    conflict_lines,
    notice_text,
    report_rebase,
)

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

    from patchkit.commands.invocation import Invocation
    from patchkit.upstream.sources import UpstreamTree
    from patchkit.upstream.store import Store
    from patchkit.workspace.config import PatchEntry

_EXAMPLES = """\
examples:
  patchkit explain v261                     every patch of the series on v261
  patchkit explain v261 main                one of them
  patchkit explain v261 main --markdown     the same page for a pull request
  patchkit explain v261 --upstream ~/systemd
                                            with history: names the upstream commit of a break
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """One patch: what it is for, its hunks' ways, what its rules are."""

    name: str
    summary: str
    why: str
    intents: tuple[str, ...]
    watch: tuple[str, ...]
    hunks: tuple[Journey, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainReport:
    """What `patchkit explain --json` prints. `history` tells whether commits could be searched."""

    schema: str = "patchkit.explain/1"
    rebase: RebaseReport
    history: bool
    patches: tuple[Explained, ...]


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
    source, target = upstream.store, TreeView(source=upstream.store, tree=new.tree)
    skipped: frozenset[str] = frozenset()
    facts = invocation.facts()
    while True:  # a patch that stops the series must not hide the one that was asked for
        result = rebase_series(
            series,
            base=TreeView(source=source, tree=old.tree),
            target=target,
            base_name=base.tag,
            target_name=new.release.tag,
            decisions=Decisions(skipped=skipped),
            checks=config.checks,
            facts=facts,
        )
        reached = {one.original.name for one in result.results}
        stopped = result.conflict
        if stopped is None or arguments.name in reached or arguments.name is None:
            break
        skipped |= {stopped.original.name}
    facts.keep()
    find = _finder(upstream.store, old, new)
    before, after = TreeView(source=source, tree=old.tree), target
    explained: list[Explained] = []
    for entry, patch, done in zip(config.patches, series.patches, result.results, strict=False):
        if arguments.name in (None, entry.name):
            ways = tuple(journeys(patch, base=before, target=after, find=find))
            explained.append(_explained(entry, ways))
        before = before.with_changes(apply_strictly(done.original, before))
        if done.patch is not None:
            after = after.with_changes(apply_strictly(done.patch, after))
    told = report_rebase(result, tree=new, base=base, dry_run=True)
    report = ExplainReport(rebase=told, history=find is not None, patches=tuple(explained))
    for text, tone in page(report):
        console.say(_markdown(text, tone) if arguments.markdown else text, tone)
    console.document(report)
    return ExitCode.DONE if told.complete else ExitCode.CONFLICT


def _explained(entry: PatchEntry, ways: tuple[Journey, ...]) -> Explained:
    return Explained(
        name=entry.name,
        summary=entry.summary,
        why=entry.why,
        intents=tuple(intent.text for intent in entry.intents),
        watch=tuple(pattern.text for pattern in entry.watch),
        hunks=ways,
    )


def _finder(
    store: Store, old: UpstreamTree, new: UpstreamTree
) -> Callable[[str, Callable[[bytes | None], bool]], Culprit | None] | None:
    """How to find the commit of a break; None where the releases are trees without history."""
    base, target = old.commit, new.commit
    if base is None or target is None:
        return None

    def find(path: str, holds: Callable[[bytes | None], bool]) -> Culprit | None:
        search = Search(store.repository, holds)
        return search.first_broken(path, base=base, target=target)

    return find


def page(report: ExplainReport) -> Iterator[tuple[str, Tone]]:
    """The page, line by line; headings are strong."""
    told = report.rebase
    by_name = {patch.name: patch for patch in told.patches}
    for explained in report.patches:
        patch = by_name[explained.name]
        yield f"{explained.name}: {patch.outcome} on {told.release} ({patch.meaning})", Tone.STRONG
        yield explained.summary, Tone.PLAIN
        yield from ((line, Tone.FAINT) for line in explained.why.split("\n"))
        for way in explained.hunks:
            yield from _way_lines(way, report)
        yield from _judged_lines(explained, patch)
        yield "", Tone.PLAIN
    stopped = told.patches[-1]
    if not told.complete and len(report.patches) > 1:
        yield f"The patches after '{stopped.name}' wait for it: name one to see it.", Tone.NOTE
    shown = {explained.name for explained in report.patches}
    if not told.complete and told.patches[-1].name in shown:
        yield from conflict_lines(told)


def _way_lines(way: Journey, report: ExplainReport) -> Iterator[tuple[str, Tone]]:
    within = f" in {way.function}()" if way.function.isidentifier() else ""
    start = f"  {way.path}:{way.old_line}{within}"
    told = report.rebase
    if way.new_line is not None:
        yield f"{start} -> line {way.new_line}", Tone.PLAIN
        return
    yield f"{start} has no place that git's merge finds", Tone.BAD
    culprit = way.culprit
    if culprit is not None:
        pull = f", pull request #{culprit.pull}" if culprit.pull else ""
        yield f'    since {culprit.commit[:12]} "{culprit.subject}"', Tone.CARE
        yield f"    by {culprit.author}, {culprit.date[:10]}{pull}", Tone.CARE
    else:
        yield f"    upstream changed it between {told.base} and {told.release}", Tone.CARE


def _judged_lines(explained: Explained, patch: PatchReport) -> Iterator[tuple[str, Tone]]:
    if patch.strategy:
        yield f"  settled by: {patch.strategy}", Tone.CARE
    yield from ((f"  for: {text}", Tone.GOOD) for text in patch.speaks_for)
    yield from ((f"  against: {text}", Tone.BAD) for text in patch.speaks_against)
    yield from ((f"  left out: {line}", Tone.BAD) for line in patch.left_out)
    yield from ((f"  rule: {text}", Tone.NOTE) for text in explained.intents)
    yield from ((f"  look at {notice_text(notice)}", Tone.CARE) for notice in patch.look_at)


def _markdown(text: str, tone: Tone) -> str:
    if not text:
        return ""
    if tone is Tone.STRONG and not text.startswith(" "):
        return f"## {text}"
    return f"- {text.strip()}" if text.startswith("  ") else text
