"""One release's bump, from the ground that it stands on to what the forge shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from patchkit.bump.branch import find_ground, find_tip
from patchkit.bump.ended import BumpedRelease, Delivered, Failure, Findings
from patchkit.bump.ending import Ending
from patchkit.bump.remote import PushRaceError
from patchkit.bump.telling import Teller
from patchkit.bump.walk import Walk
from patchkit.errors import PatchkitError, UsageError
from patchkit.writeplan import held

if TYPE_CHECKING:
    from patchkit.bump.task import Task

_RACES = 3
"""How often a bump goes on from what somebody else pushed meanwhile."""


@dataclass(frozen=True, slots=True)
class Journey:
    """A task under way."""

    task: Task

    def run(self) -> BumpedRelease:
        """Go all the way; a failure is in what is returned, and in an issue where it is wanted."""
        try:
            self.task.bench.prepare()
            with held(self.task.bench.place, doing=f"bump {self.task.bench.release}"):
                return self._patiently()
        except PatchkitError as error:
            failure = Failure(
                step=None, exit_code=error.exit_code, message=error.message, hint=error.hint
            )
        return BumpedRelease(
            release=self.task.bench.release.tag,
            failure=failure,
            delivered=Delivered(issue=self.task.raise_issue(failure, Findings())),
        )

    def _patiently(self) -> BumpedRelease:
        """Go on from what somebody else pushed meanwhile, a few times."""
        for _ in range(_RACES):
            try:
                return self._once()
            except PushRaceError as error:
                self.task.console.warn(f"{error.message}; going on from there")
        return self._once()

    def _once(self) -> BumpedRelease:
        remote_end = self._remote_end()
        tip = find_tip(self.task.checkout, self.task.bench.release, remote_end)
        ground = find_ground(self.task.checkout, self.task.bench.release, tip)
        book = self.task.bench.book()
        start = self.task.bench.lay(ground.files, book)
        if self.task.manner.again is not None:
            book.forget(self.task.manner.again)
        teller = Teller(
            console=self.task.console,
            surroundings=self.task.surroundings,
            release=self.task.bench.release,
            steps=self.task.manner.steps,
        )
        walk = Walk(
            bench=self.task.bench,
            book=book,
            teller=teller,
            verbs=self.task.verbs,
            manner=self.task.manner,
            touched=ground.touched,
        )
        with teller.shown():
            last = Ending(
                task=self.task, ground=ground, walk=walk, teller=teller, remote_end=remote_end
            )
            failure = walk.run(start)
            if failure is None:
                failure = last.run()
        return last.ended(failure)

    def _remote_end(self) -> str | None:
        """Where the branch ends on the remote; without delivery, where it ended when last seen."""
        task, target = self.task, self.task.target
        if target is None:
            name = f"refs/remotes/{task.remote_name}/{task.branch}"
            known = task.checkout.repository.references.get(name)
            return str(known.target) if known is not None else None
        ends = target.remote.ends(task.branch, target.base)
        if ends.base is None:
            raise UsageError(
                f"the remote has no branch {target.base}", hint="name it: --base BRANCH"
            )
        if not task.checkout.is_in(task.checkout.head, ends.base):
            raise UsageError(
                f"HEAD has commits that {target.base} on the remote has not",
                hint=f"push them, or git switch to {target.base}: a pull request is to show "
                "the bump and nothing else",
            )
        return ends.branch
