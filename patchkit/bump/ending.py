"""The last two steps of a bump: the commits on its branch, and what the forge shows."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from patchkit.bump import body as pages
from patchkit.bump.branch import changed, commit_on
from patchkit.bump.commits import plan_commits
from patchkit.bump.delivery import close_issues, show_pull_request
from patchkit.bump.ended import BumpedRelease, Delivered, Failure, StepEnd
from patchkit.bump.facts import gather_facts
from patchkit.bump.remote import PushRaceError
from patchkit.bump.steps import Status, Step
from patchkit.bump.telling import Teller, Told
from patchkit.bump.wording import verify_detail
from patchkit.errors import PatchkitError, StorageError
from patchkit.releases import Release
from patchkit.workspace.layout import LOCK
from patchkit.writeplan import atomic_write

if TYPE_CHECKING:
    from collections.abc import Mapping

    from patchkit.bump.branch import Ground
    from patchkit.bump.task import Task
    from patchkit.bump.walk import Walk
    from patchkit.series.patch import Patch

_SHARED = (LOCK, PurePosixPath("overlays"))
"""What every release's bump writes, beside what is the release's own."""


@dataclass(slots=True, kw_only=True)
class Ending:
    """The last two steps: the branch, and the forge."""

    task: Task
    ground: Ground
    walk: Walk
    teller: Teller
    remote_end: str | None
    commit: str | None = None
    changed: bool = False
    delivered: Delivered = field(default_factory=Delivered)

    def __post_init__(self) -> None:
        self.commit = self.ground.tip

    def run(self) -> Failure | None:
        """Do them, as far as they are wanted; why one failed, or None."""
        works = {Step.COMMIT: self._commit, Step.PR: self._deliver}
        for step, work in works.items():
            if step not in self.task.manner.steps:
                continue
            begun = time.monotonic()
            try:
                with self.teller.under_way(step):
                    status, detail = work()
            except PushRaceError:
                raise
            except PatchkitError as error:
                self._tell(step, Status.FAILED, begun, error.message)
                return Failure(
                    step=step, exit_code=error.exit_code, message=error.message, hint=error.hint
                )
            self._tell(step, status, begun, detail)
        return None

    def _tell(self, step: Step, status: Status, begun: float, detail: str) -> None:
        seconds = round(time.monotonic() - begun, 1)
        end = StepEnd(step=step, status=status, seconds=seconds, detail=detail)
        self.walk.ends.append(end)
        self.teller.ended(Told(step=step, status=status, seconds=seconds, detail=detail))

    # The branch

    def _commit(self) -> tuple[Status, str]:
        task, told = self.task, self.walk.findings.rebase
        if told is None or task.author is None:
            return Status.LEFT_OUT, "nothing was rebased"
        writes = changed(self.ground.files, self._ours())
        starts = {
            patch.name: patch.content
            for patch in self._base_patches()
            if not any(path in self.ground.files for path in self._paths_of(patch.name))
        }
        verify = self.walk.findings.verify
        commits = plan_commits(
            told,
            writes=writes,
            starts=starts,
            summary=verify_detail(verify) if verify else "Not verified.",
            merges=self.ground.merges,
        )
        if not commits:
            return Status.KEPT, f"nothing new for {task.branch}"
        self.commit = commit_on(
            task.checkout, task.bench.release, self.ground, commits, task.author
        )
        self.changed = True
        count = len(commits)
        return Status.DONE, f"{count} commit{'s' * (count != 1)} on {task.branch}"

    def _ours(self) -> Mapping[PurePosixPath, bytes]:
        """The copy's files that a bump writes, and the rest as it was."""
        workspace, release = self.task.bench.workspace, self.task.bench.release
        ours = (workspace.folder(release), workspace.evidence_path(release), *_SHARED)
        files = {path: stored.content for path, stored in self.ground.files.items()}
        mine = self.task.bench.files()
        kept = {path: content for path, content in files.items() if not _is_within(path, ours)}
        return {**kept, **{path: c for path, c in mine.items() if _is_within(path, ours)}}

    def _base_patches(self) -> tuple[Patch, ...]:
        told, workspace = self.walk.findings.rebase, self.task.bench.workspace
        assert told is not None  # noqa: S101 - the caller has looked
        if told.base == told.release:
            return ()
        return workspace.series(Release.parse(told.base), workspace.config()).patches

    def _paths_of(self, name: str) -> tuple[PurePosixPath, ...]:
        told = self.walk.findings.rebase
        folder = PurePosixPath("patches") / self.task.bench.release.tag
        files = [p.file for p in told.patches if p.name == name] if told else []
        return tuple(folder / file for file in files if file is not None)

    # The forge

    def _deliver(self) -> tuple[Status, str]:
        target, task = self.task.target, self.task
        told = self.walk.findings.rebase
        if target is None or told is None:
            return Status.LEFT_OUT, "nothing to deliver"
        if self.commit is None:
            return Status.LEFT_OUT, "there is no branch"
        pushed = self.commit != self.remote_end
        if pushed:
            target.remote.push(task.branch)
        facts = gather_facts(task.bench, self.walk.findings, task.upstream)
        said = show_pull_request(
            target.forge,
            release=told.release,
            branch=task.branch,
            base=target.base,
            title=pages.title(facts),
            body=pages.body(facts),
        )
        self.delivered = Delivered(pull_request=said.url, pushed=pushed)
        closed = close_issues(
            target.forge, told.release, why=f"`patchkit bump` went through: {said.url}"
        )
        done = Status.DONE if pushed or said.changed or closed else Status.KEPT
        return done, said.url

    # The end

    def ended(self, failure: Failure | None) -> BumpedRelease:
        """What came of it; a failure that a person must see becomes an issue."""
        task, findings = self.task, self.walk.findings
        if failure is not None:
            self.delivered = replace(self.delivered, issue=task.raise_issue(failure, findings))
        elif findings.rebase is not None and (self._is_news or not task.bench.page.is_file()):
            self._write_page()
        report = task.bench.report
        return BumpedRelease(
            release=task.bench.release.tag,
            base=findings.rebase.base if findings.rebase else None,
            verdict=findings.verify.verdict if findings.verify else None,
            changed=self.changed,
            branch=task.branch if self.commit else None,
            commit=self.commit,
            report=str(report) if report.is_dir() else None,
            steps=tuple(self.walk.ends),
            failure=failure,
            delivered=self.delivered,
        )

    @property
    def _is_news(self) -> bool:
        return any(end.status is Status.DONE for end in self.walk.ends)

    def _write_page(self) -> None:
        """The pull request's text as a file, for those who open theirs by hand."""
        path = self.task.bench.page
        facts = gather_facts(self.task.bench, self.walk.findings, self.task.upstream)
        try:
            atomic_write(path, pages.body(facts).encode())
        except OSError as error:
            raise StorageError.from_os_error(f"write {path}", error) from error


def _is_within(path: PurePosixPath, places: tuple[PurePosixPath, ...]) -> bool:
    return any(path.is_relative_to(place) for place in places)
