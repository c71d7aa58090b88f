"""One rebase, from what was asked for to what is written: patches and lock, or a conflict."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from patchkit import releases as release_names
from patchkit.commands.rebase_telling import tell
from patchkit.commands.supply import newest_known, source_notes
from patchkit.commands.trusting import Ground, read_trust, wishes
from patchkit.errors import (
    ExitCode,
    InconsistentError,
    UnavailableError,
    UsageError,
    without_logins,
)
from patchkit.rebase.decisions import Decisions
from patchkit.rebase.engine import rebase_series
from patchkit.rebase.outcome import Outcome
from patchkit.rebase.strict import apply_series
from patchkit.rebase.tree import TreeView
from patchkit.releases import Release
from patchkit.report import rebase as report
from patchkit.workspace import session as sessions
from patchkit.workspace.audit import edited_by_hand
from patchkit.workspace.finished import FinishedRebase
from patchkit.workspace.memory import remembered, skipped
from patchkit.workspace.session import Session
from patchkit.writeplan import commit

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from patchkit.commands.invocation import Invocation
    from patchkit.rebase.outcome import PatchResult, RebaseResult
    from patchkit.report.rebase import RebaseReport
    from patchkit.series.patch import Series
    from patchkit.upstream.sources import UpstreamTree
    from patchkit.upstream.upstreams import Upstream
    from patchkit.workspace.config import SeriesConfig
    from patchkit.workspace.layout import Workspace
    from patchkit.workspace.lock import Lock, LockedRelease


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebase:
    """A rebase with everything at hand that it needs."""

    invocation: Invocation
    workspace: Workspace
    config: SeriesConfig
    lock: Lock
    base: Release
    series: Series
    base_tree: UpstreamTree | None
    target: UpstreamTree
    upstream: Upstream
    decisions: Decisions
    session: Session

    @classmethod
    def begin(
        cls, arguments: argparse.Namespace, invocation: Invocation, workspace: Workspace
    ) -> Rebase:
        """Find out what is to be rebased onto what."""
        config = workspace.config()
        upstream = invocation.upstream(config, arguments.upstream)
        wanted = (
            Release.parse(arguments.release)
            if arguments.release
            else newest_known(upstream, invocation.console)
        )
        named = Release.parse(arguments.base) if arguments.base else None
        base = named or _default_base(wanted, workspace, config.base)
        session = Session(
            target=wanted.tag,
            base=base.tag,
            upstream=arguments.upstream and without_logins(arguments.upstream),
            series_sha256="",
            patch="",
            paths={},
            relock=arguments.relock,
            overwrite=arguments.overwrite,
            trust=wishes(arguments, default=False),
        )
        if arguments.cross_check:
            upstream.cross_check(wanted)
        return cls._prepare(session, config, upstream, invocation, workspace)

    @classmethod
    def resume(cls, session: Session, invocation: Invocation, workspace: Workspace) -> Rebase:
        """Take up a rebase that waited. Raises `InconsistentError` when its input changed."""
        config = workspace.config()
        upstream = invocation.upstream(config, session.upstream)
        return cls._prepare(session, config, upstream, invocation, workspace)

    @classmethod
    def _prepare(
        cls,
        session: Session,
        config: SeriesConfig,
        upstream: Upstream,
        invocation: Invocation,
        workspace: Workspace,
    ) -> Rebase:
        lock = workspace.lock()
        base, wanted = Release.parse(session.base), Release.parse(session.target)
        series = workspace.series(base, config)
        locked = lock.get(wanted)
        if locked is not None and base != wanted and not session.overwrite:
            _require_unedited(locked, base, workspace)
        ground = Ground(upstream=upstream, workspace=workspace, console=invocation.console)
        trust = read_trust(workspace, config, session.trust)
        target = ground.recorded(wanted, locked, relocking=session.relock is not None)
        target = ground.vouched(target, locked, trust, required=session.trust.required)
        if session.series_sha256 and session.series_sha256 != series.sha256:
            raise InconsistentError(
                f"the series of {base} has changed since the rebase onto {wanted} began",
                hint="forget the rebase and begin again: patchkit rebase --abort",
            )
        base_tree = _tree_or_none(upstream, base, lock, invocation)
        decisions = replace(session.decisions, remembered=remembered(workspace))
        if not session.series_sha256 and base != wanted:
            decisions = replace(decisions, skipped=skipped(locked, series, target.tree))
        return cls(
            invocation=invocation,
            workspace=workspace,
            config=config,
            lock=lock,
            base=base,
            series=series,
            base_tree=base_tree,
            target=target,
            upstream=upstream,
            decisions=decisions,
            session=replace(session, series_sha256=series.sha256),
        )

    def run(self, *, dry_run: bool) -> ExitCode:
        """Rebase in memory, then write all of it or nothing."""
        target = _view(self.upstream, self.target)
        facts = self.invocation.facts()
        result = rebase_series(
            self.series,
            base=_view(self.upstream, self.base_tree) if self.base_tree else None,
            target=target,
            base_name=self.base.tag,
            target_name=self.target.release.tag,
            decisions=self.decisions,
            checks=self.config.checks,
            facts=facts,
        )
        facts.keep()
        stopped = result.conflict
        if stopped is not None:
            return self._stop(result, stopped, dry_run=dry_run)
        apply_series(result.series, target)
        finished = self._finished(result)
        locked = finished.locked()
        plan = finished.plan(locked)
        changed = plan.changed(self.workspace.root)
        if not dry_run:
            changed = commit(self.workspace.root, plan)
            sessions.forget(self.workspace.root)
        written = tuple(str(path) for path in changed)
        told = self._report(result, dry_run=dry_run, written=written)
        told = replace(told, dropped=locked.dropped)
        tell(self.invocation.console, told, source_notes(self.target))
        for name in self._forgotten(result):
            self.invocation.console.warn(
                f"what you made of {name} cannot be kept for the next time: it is not UTF-8, "
                "or an edit in it has no place of its own"
            )
        return ExitCode.DONE

    def _forgotten(self, result: RebaseResult) -> list[str]:
        """The patches that a person decided on, and whose conflict could not be described."""
        mine = {*self.decisions.resolutions, *self.decisions.accepted}
        return [
            each.original.name
            for each in result.results
            if each.original.name in mine and each.lesson is None
        ]

    def _finished(self, result: RebaseResult) -> FinishedRebase:
        return FinishedRebase(
            workspace=self.workspace,
            config=self.config,
            lock=self.lock,
            upstream=self.upstream,
            base=self.base,
            series=self.series,
            base_tree=self.base_tree,
            target=self.target,
            result=result,
            accepted=self.decisions.accepted,
            decided=self.session.decided,
            relock=self.session.relock,
        )

    def _stop(self, result: RebaseResult, stopped: PatchResult, *, dry_run: bool) -> ExitCode:
        edit: Path | None = None
        if stopped.conflict is not None and not dry_run:
            session = replace(
                self.session,
                patch=stopped.original.name,
                paths=sessions.modes(stopped.conflict.draft),
                resolutions=sessions.kept(self.decisions),
                skipped=tuple(sorted(self.decisions.skipped)),
                accepted=tuple(sorted(self.decisions.accepted)),
                proposed=stopped.outcome is Outcome.PROPOSED,
            )
            edit = sessions.save(self.workspace.root, session, stopped.conflict)
        told = self._report(result, dry_run=dry_run, edit=str(edit) if edit else None)
        tell(self.invocation.console, told, source_notes(self.target))
        return ExitCode.CONFLICT

    def _report(
        self,
        result: RebaseResult,
        *,
        dry_run: bool,
        written: tuple[str, ...] = (),
        edit: str | None = None,
    ) -> RebaseReport:
        return report.report_rebase(
            result, tree=self.target, base=self.base, dry_run=dry_run, written=written, edit=edit
        )


def _require_unedited(locked: LockedRelease, base: Release, workspace: Workspace) -> None:
    """Refuse to write over a person's work. Raises `InconsistentError`."""
    edited = edited_by_hand(locked, workspace)
    if edited:
        raise InconsistentError(
            f"{', '.join(edited)} has been edited since it was written, and a rebase would write"
            " it anew",
            hint=f"to keep the change, make it in {workspace.folder(base)}/ and rebase again; "
            "to drop it, run it again with --overwrite",
        )


def _default_base(wanted: Release, workspace: Workspace, written_for: Release) -> Release:
    """The series to start from: the nearest earlier one; the base is rebased onto itself."""
    known = [r for r in {*workspace.lock().supported, written_for} if workspace.has_series(r)]
    if wanted == written_for and wanted in known:
        return wanted
    found = release_names.predecessor(wanted, known)
    if found is None:
        raise UsageError(
            f"there is no series to start from: patches/{written_for}/ is empty",
            hint=f"write the series for {written_for} there first",
        )
    return found


def _tree_or_none(
    upstream: Upstream, base: Release, lock: Lock, invocation: Invocation
) -> UpstreamTree | None:
    locked = lock.get(base)
    try:
        return upstream.tree(base, expected=locked.tree if locked else None)
    except UnavailableError as error:
        invocation.console.warn(
            f"the tree of {base} cannot be had ({error.message}): no three-way merge is "
            "possible, only the patches' own context was used"
        )
        return None


def _view(upstream: Upstream, tree: UpstreamTree) -> TreeView:
    return TreeView(source=upstream.store, tree=tree.tree)
