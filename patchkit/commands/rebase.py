"""`patchkit rebase`: move the series onto a release, and go on after a conflict."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from patchkit import releases as release_names
from patchkit.commands.rebase_telling import tell
from patchkit.commands.supply import newest_known, source_notes
from patchkit.commands.trusting import (
    Ground,
    add_trust_arguments,
    read_trust,
    wishes,
)
from patchkit.errors import (
    ConflictError,
    ExitCode,
    InconsistentError,
    UnavailableError,
    UsageError,
    without_logins,
)
from patchkit.proc import SystemRunner
from patchkit.rebase.engine import Decisions, rebase_series
from patchkit.rebase.outcome import Outcome
from patchkit.rebase.strict import apply_series
from patchkit.rebase.tree import TreeView
from patchkit.releases import Release
from patchkit.report import rebase as report
from patchkit.workspace import session as sessions
from patchkit.workspace.audit import edited_by_hand
from patchkit.workspace.finished import FinishedRebase
from patchkit.workspace.memory import remembered, skipped
from patchkit.workspace.provenance import provenance
from patchkit.workspace.session import Session
from patchkit.writeplan import commit, held

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

_EXAMPLES = """\
examples:
  patchkit rebase                        onto the newest stable release
  patchkit rebase v261 --dry-run         show what would become of each patch
  patchkit rebase v261 --from v260       start from the series for v260
  patchkit rebase v261 --upstream ~/systemd
                                         use a local repository, in place
  patchkit rebase --continue             after the files of a conflict were edited
  patchkit rebase --accept cgroup        take what is proposed for that patch
  patchkit rebase --skip                 leave the patch out of this release
  patchkit rebase --abort                forget the rebase
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = _EXAMPLES
    parser.add_argument("release", nargs="?", metavar="RELEASE", help="default: newest stable")
    parser.add_argument("--from", dest="base", metavar="RELEASE", help="the series to start from")
    parser.add_argument("--upstream", metavar="URL|PATH", help="take upstream's git from here")
    parser.add_argument("--dry-run", action="store_true", help="write nothing")
    parser.add_argument(
        "--cross-check",
        action="store_true",
        help="get the release from every source that has it and refuse on a difference",
    )
    parser.add_argument(
        "--relock", metavar="REASON", help="replace what the lock has of a release that changed"
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="write patches anew that were edited by hand"
    )
    add_trust_arguments(parser, default="not refused")
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument("--continue", dest="go_on", action="store_true", help="the files are edited")
    ways.add_argument(
        "--accept", metavar="NAME", help="take what is proposed for the waiting patch"
    )
    ways.add_argument("--skip", action="store_true", help="leave the waiting patch out")
    ways.add_argument("--abort", action="store_true", help="forget the rebase that waits")


def run(arguments: argparse.Namespace, invocation: Invocation) -> ExitCode:
    """Rebase, or settle the rebase that waits."""
    workspace = invocation.workspace()
    resuming = arguments.go_on or arguments.skip or arguments.abort or arguments.accept
    if resuming and (arguments.release or arguments.base or arguments.dry_run):
        raise UsageError(
            "--continue, --accept, --skip and --abort take no release and no other option"
        )
    if arguments.dry_run:
        return _Rebase.begin(arguments, invocation, workspace).run(dry_run=True)
    with held(workspace.root, doing="rebase"):
        if arguments.abort:
            return _abort(workspace, invocation)
        waiting = sessions.load(workspace.root)
        if resuming:
            return _settle(
                waiting, workspace, invocation, skip=arguments.skip, accept=arguments.accept
            )
        if waiting is not None:
            raise _still_open(waiting, workspace)
        return _Rebase.begin(arguments, invocation, workspace).run(dry_run=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AbortReport:
    """What `patchkit rebase --abort --json` prints."""

    schema: str = "patchkit.rebase-abort/1"


def _abort(workspace: Workspace, invocation: Invocation) -> ExitCode:
    sessions.forget(workspace.root)
    invocation.console.say("The rebase is forgotten; patches/ is as it was.")
    invocation.console.document(AbortReport())
    return ExitCode.DONE


def _still_open(waiting: Session, workspace: Workspace) -> ConflictError:
    place = sessions.folder(workspace.root, waiting.patch)
    return ConflictError(
        f"a rebase onto {waiting.target} waits at the patch '{waiting.patch}'",
        hint=f"edit in {place}, then `patchkit rebase --continue` (or --skip, or --abort)",
    )


def _settle(
    waiting: Session | None,
    workspace: Workspace,
    invocation: Invocation,
    *,
    skip: bool,
    accept: str | None,
) -> ExitCode:
    """Take what the person decided, and rebase again with it."""
    if waiting is None:
        raise UsageError("no rebase waits here", hint="begin one: patchkit rebase [RELEASE]")
    signed = provenance(workspace.root, SystemRunner())
    waiting = replace(waiting, decided={**waiting.decided, waiting.patch: signed})
    if accept is not None:
        if accept != waiting.patch or not waiting.proposed:
            raise UsageError(
                f"nothing is proposed for '{accept}'",
                hint=f"the rebase waits at '{waiting.patch}': --continue, --skip or --abort",
            )
        waiting = replace(waiting, accepted=(*waiting.accepted, accept))
    elif skip:
        waiting = replace(waiting, skipped=(*waiting.skipped, waiting.patch))
    else:
        made = sessions.collect(workspace.root, waiting)
        resolutions = {**waiting.resolutions, waiting.patch: made}
        waiting = replace(waiting, resolutions=resolutions)
    return _Rebase.resume(waiting, invocation, workspace).run(dry_run=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rebase:
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
    ) -> _Rebase:
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
    def resume(cls, session: Session, invocation: Invocation, workspace: Workspace) -> _Rebase:
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
    ) -> _Rebase:
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
