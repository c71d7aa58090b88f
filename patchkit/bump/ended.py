"""How the bump of a release ended: the value that JSON, the job's summary and outputs show."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from patchkit import documents
from patchkit.bump.steps import Status, Step
from patchkit.errors import ExitCode
from patchkit.report.rebase import RebaseReport
from patchkit.report.verify import VerifyReport
from patchkit.report.verify_evidence import Evidence, evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a bump stopped: at which step, None before the first.

    `log` is the file that has what the step said.
    """

    step: Step | None
    exit_code: int
    message: str
    hint: str | None = None
    log: str | None = None

    @property
    def is_about_series(self) -> bool:
        """Whether it is the series that needs a person, and not this machine or the network."""
        return self.exit_code in _ABOUT_SERIES


_ABOUT_SERIES = frozenset(
    {ExitCode.CONFLICT, ExitCode.VERIFICATION, ExitCode.INCONSISTENT, ExitCode.UNEXPECTED}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepEnd:
    """A step that ended; `seconds` is how long it took when it was done."""

    step: Step
    status: Status
    seconds: float
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What came of it on the forge: pages for people, None where there is none."""

    pull_request: str | None = None
    issue: str | None = None
    pushed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BumpedRelease:
    """One release. `commit` is the branch's end; `changed` whether commits were made.

    `verdict` is that of the verification, None where there was none.
    """

    release: str
    base: str | None = None
    verdict: str | None = None
    changed: bool = False
    branch: str | None = None
    commit: str | None = None
    report: str | None = None
    steps: tuple[StepEnd, ...] = ()
    failure: Failure | None = None
    delivered: Delivered = Delivered()

    @property
    def is_news(self) -> bool:
        """Whether anything was done, or failed."""
        return self.failure is not None or any(s.status is Status.DONE for s in self.steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class BumpReport:
    """What `patchkit bump --json` prints. Without releases there was nothing to do."""

    schema: str = "patchkit.bump/1"
    dry_run: bool = False
    changed: bool = False
    releases: tuple[BumpedRelease, ...] = ()


@dataclass(slots=True, kw_only=True)
class Findings:
    """What the steps of a release found out so far; `voids` say why a verdict is void."""

    rebase: RebaseReport | None = None
    verify: Evidence | None = None
    voids: tuple[str, ...] = ()
    results: dict[Step, dict[str, Any] | None] = field(default_factory=dict)

    def take(self, step: Step, result: dict[str, Any] | None) -> None:
        """Keep the document of a step's command. Raises `MalformedDocument`."""
        self.results[step] = result
        if result is None:
            return
        text = documents.encode(result).encode()
        if step is Step.REBASE:
            self.rebase = documents.decode(text, RebaseReport)
        elif step is Step.VERIFY and str(result.get("schema")).startswith("patchkit.evidence/"):
            self.verify = documents.decode(text, Evidence)
        elif step is Step.VERIFY:
            report = documents.decode(text, VerifyReport)
            self.verify = documents.decode(evidence(report), Evidence)
            self.voids = report.voids
