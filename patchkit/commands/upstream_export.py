"""`patchkit upstream-export`: a patch as it would be proposed upstream, with what it has cost."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from patchkit.console import Tone
from patchkit.errors import ExitCode, StorageError, UnavailableError, UsageError
from patchkit.proc import SystemRunner
from patchkit.rebase.culprit import finder
from patchkit.rebase.decisions import WAITS, Decisions
from patchkit.rebase.engine import rebase_series
from patchkit.rebase.landing import landed, written
from patchkit.rebase.outcome import Outcome
from patchkit.rebase.tree import TreeView
from patchkit.releases import Release
from patchkit.report.patch_age import first_seen
from patchkit.report.rebase import conflict_lines, evidence_lines, report_rebase
from patchkit.report.upstream_export import ExportReport, Ground, cost_of, export_lines
from patchkit.series.patch import Series
from patchkit.upstream.sources import Origin, SourceKind, UpstreamTree
from patchkit.workspace.layout import patch_name
from patchkit.workspace.memory import remembered
from patchkit.workspace.provenance import provenance
from patchkit.writeplan import atomic_write

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from patchkit.commands.invocation import Invocation
    from patchkit.rebase.culprit import Culprit
    from patchkit.rebase.outcome import PatchResult, RebaseResult
    from patchkit.report.rebase import RebaseReport
    from patchkit.upstream.upstreams import Upstream
    from patchkit.workspace.config import SeriesConfig
    from patchkit.workspace.layout import Workspace
    from patchkit.workspace.lock import Lock

_EXAMPLES = """\
examples:
  patchkit upstream-export manager -o manager.patch    onto upstream's main branch
  patchkit upstream-export manager --onto v262         onto a release
  patchkit upstream-export manager | git am            in a clone of upstream
  patchkit upstream-export manager --upstream ~/systemd --json
                                                       how it stands, for machines

Nothing is sent anywhere. Where no source has the branch, the newest release at hand is taken.
The exit code is 3 when the patch does not apply there.
"""
_MAIN = "main"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = _EXAMPLES
    parser.add_argument("name", metavar="NAME", help="the patch")
    parser.add_argument("--onto", metavar="REF", help="a branch or a release (main)")
    parser.add_argument("--from", dest="base", metavar="RELEASE", help="whose text (the newest)")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="write the patch there, not to stdout"
    )
    parser.add_argument("--upstream", metavar="URL|PATH", help="take upstream's git from here")


def run(arguments: argparse.Namespace, invocation: Invocation) -> ExitCode:
    """Rebase the patch alone, in memory, and hand it out."""
    workspace, console = invocation.workspace(), invocation.console
    config, lock = workspace.config(), workspace.lock()
    names = [patch.name for patch in config.patches]
    if arguments.name not in names:
        raise UsageError(f"there is no patch '{arguments.name}'", hint=f"known: {', '.join(names)}")
    upstream = invocation.upstream(config, arguments.upstream)
    base = _base(arguments.base, arguments.name, workspace, config, lock)
    export = _Export(
        name=arguments.name,
        base=base,
        series=_up_to(arguments.name, workspace.series(base, config)),
        base_tree=upstream.tree(base, expected=_tree_of(lock, base)),
        onto=_onto(arguments.onto, upstream, invocation),
        upstream=upstream,
        decisions=Decisions(remembered=remembered(workspace)),
        config=config,
    )
    result, needs = export.tried()
    mail = _mail(result.results[-1], export.onto.tree.commit)
    told = export.told(result)
    report = export.report(told, needs, mail, workspace, lock)
    if mail is not None and arguments.output is not None:
        _write(arguments.output, mail)
        report = replace(report, file=str(arguments.output))
    for text, tone in export_lines(report):
        console.note(text, tone)
    for lines in (evidence_lines(told), conflict_lines(told)):
        for text, tone in lines:
            console.note(text, tone)
    if report.file:
        console.note(f"wrote {report.file}", Tone.GOOD)
    elif mail is not None and not console.json:
        console.raw(mail)
    console.document(report)
    return ExitCode.CONFLICT if report.patch.outcome in WAITS else ExitCode.DONE


def _base(
    named: str | None, patch: str, workspace: Workspace, config: SeriesConfig, lock: Lock
) -> Release:
    """The release whose text is the newest of the patch, or the one that is named."""
    if named is not None:
        release = Release.parse(named)
        if patch not in workspace.series(release, config).names:
            raise UsageError(f"{release} goes without the patch '{patch}'")
        return release
    for release in reversed(lock.supported):
        if workspace.has_series(release) and patch in workspace.series(release, config).names:
            return release
    return config.base


def _tree_of(lock: Lock, release: Release) -> str | None:
    locked = lock.get(release)
    return locked.tree if locked else None


def _up_to(name: str, series: Series) -> Series:
    """The patch and those before it; nothing after it matters."""
    return Series(series.patches[: series.names.index(name) + 1])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Onto:
    """Where the patch is to go: its name for people, and its tree."""

    name: str
    tree: UpstreamTree


def _onto(named: str | None, upstream: Upstream, invocation: Invocation) -> _Onto:
    """A release or a branch; without a name the branch main, else the newest release at hand."""
    release = Release.from_tag(named) if named else None
    if release is not None:
        return _Onto(name=release.tag, tree=upstream.tree(release))
    try:
        tip = upstream.tip(named or _MAIN)
    except UnavailableError as error:
        held = sorted(upstream.store.releases())
        if named is not None or not held:
            raise
        invocation.console.note(f"{error.message}: {held[-1]} is taken instead", Tone.CARE)
        return _Onto(name=held[-1].tag, tree=upstream.tree(held[-1]))
    tree = UpstreamTree(
        release=Release.parse("v1"),  # a branch has no release; the report has the branch's name
        tree=tip.tree,
        commit=tip.commit,
        tag_object=None,
        origin=Origin(kind=SourceKind.GIT, source=tip.source),
    )
    return _Onto(name=tip.branch, tree=tree)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Export:
    """A patch with those before it, what they were written for, and where it is to go."""

    name: str
    base: Release
    series: Series
    base_tree: UpstreamTree
    onto: _Onto
    upstream: Upstream
    decisions: Decisions
    config: SeriesConfig

    def told(self, result: RebaseResult) -> RebaseReport:
        """The report of a rebase, with this patch alone."""
        alone = replace(result, results=result.results[-1:])
        told = report_rebase(alone, tree=self.onto.tree, base=self.base, dry_run=True)
        return replace(told, release=self.onto.name)

    def report(
        self,
        told: RebaseReport,
        needs: tuple[str, ...],
        mail: bytes | None,
        workspace: Workspace,
        lock: Lock,
    ) -> ExportReport:
        """How the patch stands, how old it is, and what it has cost."""
        tree = self.onto.tree
        when = provenance(workspace.root, SystemRunner()).date
        return ExportReport(
            name=self.name,
            subject=self.series.patches[-1].message.subject,
            series=self.base.tag,
            onto=Ground(name=self.onto.name, commit=tree.commit, tree=tree.tree),
            patch=told.patches[0],
            needs=needs,
            age=first_seen(
                workspace.root,
                SystemRunner(),
                lambda file: patch_name(file, self.config) == self.name,
                now=datetime.fromisoformat(when),
            ),
            cost=cost_of(self.name, lock),
            landed=self._landed() if told.patches[0].outcome is Outcome.UPSTREAM else (),
            content=_text(mail),
        )

    def tried(self) -> tuple[RebaseResult, tuple[str, ...]]:
        """The patch alone, else with as few as can be of those before it."""
        alone = self._rebased(())
        if alone.results[-1].outcome not in WAITS:
            return alone, ()
        for needs in self._companies():
            result = self._rebased(needs)
            last = result.results[-1]
            if last.original.name == self.name and last.outcome not in WAITS:
                return result, needs
        return alone, ()

    def _companies(self) -> Iterator[tuple[str, ...]]:
        before = self.series.names[:-1]
        yield from ((name,) for name in before)
        if len(before) > 1:
            yield before

    def _rebased(self, needs: tuple[str, ...]) -> RebaseResult:
        left = frozenset(self.series.names) - {self.name, *needs}
        return rebase_series(
            self.series,
            base=self._view(self.base_tree),
            target=self._view(self.onto.tree),
            base_name=self.base.tag,
            target_name=self.onto.name,
            decisions=replace(self.decisions, skipped=left),
            checks={self.name: self.config.checks[self.name]},
        )

    def _landed(self) -> tuple[Culprit, ...]:
        patch = written(self.series, self.name, self._view(self.base_tree))
        store = self.upstream.store
        find = finder(store.repository, self.base_tree.commit, self.onto.tree.commit)
        return landed(patch, find) if patch else ()

    def _view(self, tree: UpstreamTree) -> TreeView:
        return TreeView(source=self.upstream.store, tree=tree.tree)


def _mail(patch: PatchResult, commit: str | None) -> bytes | None:
    """The patch in git's mail format, with the commit that it is for as format-patch --base."""
    if patch.patch is None:
        return None
    return patch.patch.content + (f"\nbase-commit: {commit}\n".encode() if commit else b"")


def _text(mail: bytes | None) -> str | None:
    try:
        return mail.decode("utf-8") if mail is not None else None
    except UnicodeDecodeError:
        return None


def _write(path: Path, content: bytes) -> None:
    try:
        atomic_write(path, content)
    except OSError as error:
        raise StorageError.from_os_error(f"write {path}", error) from error
