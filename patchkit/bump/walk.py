"""Walking a release's steps on its bench: what is missing or has changed is done, the rest kept."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from patchkit.bump.ended import Failure, Findings, StepEnd
from patchkit.bump.steps import Record, Status, Step, files_digest, inputs_digest
from patchkit.bump.telling import StepConsole, Told
from patchkit.bump.wording import conflict_detail, read_evidence, step_detail
from patchkit.errors import ExitCode, InconsistentError, PatchkitError, StorageError
from patchkit.verify.verdict import Verdict
from patchkit.workspace import session as sessions
from patchkit.workspace.audit import audit_base, audit_record, audit_verification

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path, PurePosixPath

    from patchkit.bump.bench import Bench
    from patchkit.bump.steps import Book
    from patchkit.bump.telling import Teller
    from patchkit.console import Console
    from patchkit.report.verify_evidence import Evidence
    from patchkit.workspace.lock import LockedRelease

MADE_HERE = (Step.REBASE, Step.OVERLAY, Step.BUILD, Step.VERIFY, Step.REPORT)
"""The steps that work on the bench; what comes after them is about git and the forge."""


class Verbs(Protocol):
    """Patchkit's own commands: each step is one that a person could type."""

    def __call__(self, words: Sequence[str], *, root: Path, console: Console) -> ExitCode:
        """Run a command over the patch repository `root`. Raises `PatchkitError`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How to walk: `steps` are those to be done, `verify` is False where that is not wanted.

    `trust` are the rebase's options about signatures. From the step `again` on everything is done
    again, whatever is there. Where `evidence` of jobs elsewhere is given, nothing is built or
    verified here.
    """

    steps: tuple[Step, ...]
    upstream: str | None = None
    trust: tuple[str, ...] = ()
    verify: bool = True
    again: Step | None = None
    evidence: tuple[Path, ...] = ()

    @property
    def given(self) -> tuple[str, ...]:
        """The digests of the evidence that is given, in order. Raises `StorageError`."""
        try:
            return tuple(
                hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(self.evidence)
            )
        except OSError as error:
            raise StorageError.from_os_error("read the evidence", error) from error

    def words(self, step: Step, bench: Bench, base: str | None) -> tuple[tuple[str, ...], ...]:
        """The commands of a step; `base` is the release to rebase from, None for the nearest."""
        tag = bench.release.tag
        upstream = ("--upstream", self.upstream) if self.upstream else ()
        commands: dict[Step, tuple[tuple[str, ...], ...]] = {
            Step.REBASE: (
                ("rebase", tag, *(("--from", base) if base else ()), *upstream, *self.trust),
            ),
            Step.OVERLAY: (("overlay", *upstream),),
            Step.BUILD: (
                ("build", tag, "--variant", "stock", *upstream),
                ("build", tag, *upstream),
            ),
            Step.VERIFY: (
                ("merge-evidence", "--only", tag, *map(str, self.evidence))
                if self.evidence
                else ("verify", tag, "--ablate", *upstream),
            ),
            Step.REPORT: (
                ("report", "-o", str(bench.report), "--history", str(bench.root), *upstream),
            ),
        }
        return commands[step]


@dataclass(slots=True, kw_only=True)
class Walk:
    """One release under way."""

    bench: Bench
    book: Book
    teller: Teller
    verbs: Verbs
    manner: Manner
    touched: frozenset[PurePosixPath]
    findings: Findings = field(default_factory=Findings)
    ends: list[StepEnd] = field(default_factory=list)

    def run(self, start: str) -> Failure | None:
        """Walk the steps; `start` is the digest that they begin with. Why it stopped, or None.

        Raises `StorageError` when the book cannot be kept; `InconsistentError`.
        """
        at = start
        for step in (step for step in self.manner.steps if step in MADE_HERE):
            options = [word for words in self._words(step) for word in words]
            given = self.manner.given if step is Step.VERIFY else ()
            inputs = inputs_digest(step, at, *options, *given)
            known = self.book.valid(step, inputs)
            if known is not None and self._still_there(step):
                self._tell(step, Status.KEPT, known.seconds, known.detail)
                self.findings.take(step, known.result)
                at = known.output
                continue
            failure = self._do(step, inputs)
            if failure is not None:
                return failure
            at = files_digest(self.bench.files())
        return None

    def _words(self, step: Step) -> tuple[tuple[str, ...], ...]:
        """A step's commands. What a person settled on the branch keeps the base that it has."""
        locked = self._locked() if self.touched else None
        return self.manner.words(step, self.bench, locked.base.release if locked else None)

    def _still_there(self, step: Step) -> bool:
        return step is not Step.REPORT or (self.bench.report / "index.html").is_file()

    def _do(self, step: Step, inputs: str) -> Failure | None:
        """Do a step and record it; why it failed, or None."""
        begun = time.monotonic()
        with self.teller.under_way(step):
            status, detail, failure = self._outcome(step, inputs)
        seconds = round(time.monotonic() - begun, 1)
        result = self.findings.results.get(step)
        self.book.put(
            step,
            Record(
                inputs=inputs,
                output=files_digest(self.bench.files()),
                status=status,
                seconds=seconds,
                detail=detail,
                result=result,
            ),
        )
        self._tell(step, status, seconds, detail)
        return failure

    def _tell(self, step: Step, status: Status, seconds: float, detail: str) -> None:
        self.ends.append(StepEnd(step=step, status=status, seconds=seconds, detail=detail))
        self.teller.ended(Told(step=step, status=status, seconds=seconds, detail=detail))

    def _outcome(self, step: Step, inputs: str) -> tuple[Status, str, Failure | None]:
        log = self.bench.log(step)
        try:
            reason = self._left_out(step)
            if reason is not None:
                return Status.LEFT_OUT, reason, None
            if step is Step.VERIFY and self._adopt():
                return Status.KEPT, self._detail(step), None
            if step is Step.REBASE and self._waits(inputs):
                return Status.FAILED, *self._failed(step, ExitCode.CONFLICT, None)
            if step is Step.REBASE:
                self._keep_persons_patches()
            code = self._command(step, log)
        except PatchkitError as error:
            return Status.FAILED, *self._failed(step, error.exit_code, error)
        if code is not ExitCode.DONE:
            return Status.FAILED, *self._failed(step, code, None)
        return Status.DONE, self._detail(step), None

    def _command(self, step: Step, log: Path) -> ExitCode:
        """Run the commands of a step; the document of the last is its result."""
        code = ExitCode.DONE
        aloud = self.teller.is_loud
        try:
            log.parent.mkdir(parents=True, exist_ok=True)
            stream = log.open("w", encoding="utf-8", buffering=1)
        except OSError as error:
            raise StorageError.from_os_error(f"write {log}", error) from error
        title = f"{self.bench.release}: {step}"
        with stream, self.teller.surroundings.group(title):
            for words in self._words(step):
                console = StepConsole(self.teller, stream, aloud=aloud)
                console.note(f"$ patchkit {' '.join(words)}")
                try:
                    code = self.verbs(words, root=self.bench.workspace.root, console=console)
                except PatchkitError as error:
                    stream.write(f"{error.message}\n{error.hint or ''}\n")
                    raise
                if console.result is not None:
                    self._take(step, console.result)
                if code is not ExitCode.DONE:
                    break
        return code

    def _take(self, step: Step, result: Any) -> None:
        """Keep a command's document; merged evidence is in the copy."""
        if step is Step.VERIFY and self.manner.evidence:
            result = read_evidence(self.bench.workspace.evidence(self.bench.release))
        if result is not None:
            self.findings.take(step, _plain(result))

    # What need not be done, or must not

    def _left_out(self, step: Step) -> str | None:
        if step is Step.VERIFY and not self.manner.verify:
            return "not wanted"
        if step is not Step.BUILD:
            return None
        if not self.manner.verify:
            return "not wanted"
        if self.manner.evidence:
            return "evidence is given"
        return "verified already" if self._proof() is not None else None

    def _proof(self) -> Evidence | None:
        """The evidence that stands already for exactly these patches, ablation and all."""
        locked, workspace = self._locked(), self.bench.workspace
        if locked is None or locked.verification is None or self.manner.evidence:
            return None
        if self._is_again(Step.VERIFY):
            return None
        record, config = locked.verification, workspace.config()
        if record.verdict != Verdict.PASSED or record.ablation is None:
            return None
        if audit_verification(locked, workspace, config) or audit_record(locked, workspace, config):
            return None
        return read_evidence(workspace.evidence(locked.release))

    def _is_again(self, step: Step) -> bool:
        order = list(Step)
        again = self.manner.again
        return again is not None and order.index(step) >= order.index(again)

    def _adopt(self) -> bool:
        found = self._proof()
        if found is not None:
            self.findings.take(Step.VERIFY, _plain(found))
        return found is not None

    def _waits(self, inputs: str) -> bool:
        """Whether a conflict waits in the copy that was told of already: then it is told again."""
        waiting = sessions.load(self.bench.workspace.root)
        known = self.book.get(Step.REBASE)
        if waiting is None or known is None or known.inputs != inputs or known.result is None:
            return False
        self.findings.take(Step.REBASE, known.result)
        return True

    def _keep_persons_patches(self) -> None:
        """Refuse to make anew what a person committed on the branch."""
        locked, workspace = self._locked(), self.bench.workspace
        if locked is None or not self.touched:
            return
        config = workspace.config()
        problems = (*audit_record(locked, workspace, config), audit_base(locked, workspace, config))
        for problem in problems:
            if problem is not None:
                raise InconsistentError(
                    f"a person committed {min(self.touched)} on the branch, and {problem}",
                    hint="to keep it, on the branch: patchkit rebase "
                    f"{locked.tag} --from {locked.tag}, then commit and push",
                )

    def _locked(self) -> LockedRelease | None:
        return self.bench.workspace.lock().get(self.bench.release)

    # In words

    def _failed(
        self, step: Step, code: ExitCode, error: PatchkitError | None
    ) -> tuple[str, Failure]:
        told = self.findings.rebase
        message, hint = (error.message, error.hint) if error else (self._detail(step), None)
        if error is None and step is Step.REBASE and told is not None:
            message = conflict_detail(told)
            hint = (
                f"edit in {told.edit}, then `patchkit --repo {self.bench.workspace.root} rebase "
                "--continue` (or --accept, or --skip), then bump again"
            )
            if not told.three_way:  # a source that is down must not look like a broken series
                code = ExitCode.UNAVAILABLE
        failure = Failure(
            step=step,
            exit_code=code,
            message=message,
            hint=hint,
            log=str(self.bench.log(step)),
        )
        return message, failure

    def _detail(self, step: Step) -> str:
        return step_detail(step, self.findings, self.bench.release)


def _plain(value: Any) -> dict[str, Any]:
    plain = msgspec.to_builtins(value)
    return plain if isinstance(plain, dict) else {}
