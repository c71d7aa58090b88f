"""`patchkit merge-evidence`: bring the evidence of parallel jobs into the lock."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from patchkit import documents
from patchkit.bump import evidence as evidence_of
from patchkit.console import Tone
from patchkit.errors import ExitCode, InconsistentError, StorageError, UsageError
from patchkit.releases import Release
from patchkit.report.verify import VerifyReport
from patchkit.report.verify_evidence import evidence, lock_verification
from patchkit.report.verify_tables import ablation_table, scenario_table
from patchkit.verify.verdict import Verdict
from patchkit.workspace.audit import audit_record
from patchkit.writeplan import WritePlan, commit, held

if TYPE_CHECKING:
    import argparse

    from patchkit.commands.invocation import Invocation
    from patchkit.workspace.layout import Workspace

_EXAMPLES = """\
examples:
  patchkit merge-evidence jobs/*.json          what `patchkit verify --no-record --json` printed
  patchkit merge-evidence jobs/*.json --check  would it fit? writes nothing
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedRelease:
    """What the files say of a release together."""

    release: str
    verdict: Verdict
    ablated: tuple[str, ...]
    files: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeReport:
    """What `patchkit merge-evidence --json` prints; `written` are paths in the repository."""

    schema: str = "patchkit.merge-evidence/1"
    releases: tuple[MergedRelease, ...]
    written: tuple[str, ...]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = _EXAMPLES
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="evidence, as JSON")
    parser.add_argument("--only", metavar="RELEASE", help="pass over files about other releases")
    parser.add_argument("--check", action="store_true", help="write nothing")


def run(arguments: argparse.Namespace, invocation: Invocation) -> ExitCode:
    """Merge, and write all of it or nothing; 4 when a verdict falls short."""
    workspace, console = invocation.workspace(), invocation.console
    found = [(str(path), _read(path)) for path in sorted(set(arguments.files))]
    only = Release.parse(arguments.only).tag if arguments.only else None
    found = [(path, report) for path, report in found if only in (None, report.release)]
    if not found:
        raise UsageError(f"no file is about {only}", hint="name its evidence, too")
    merged = evidence_of.merged(found)
    written: list[str] = []
    with held(workspace.root, doing="merge-evidence"):
        for report in merged.values():
            _require_fit(report, workspace)
        if merged and not arguments.check:
            written += map(str, commit(workspace.root, _plan(tuple(merged.values()), workspace)))
    for report in merged.values():
        console.say(f"{report.release}: {report.verdict}", Tone.STRONG)
        console.table(scenario_table(report))
        if report.ablation:
            console.table(ablation_table(report.ablation))
    for path in written:
        console.note(f"wrote {path}")
    counts = {tag: sum(report.release == tag for _, report in found) for tag in merged}
    console.document(
        MergeReport(
            releases=tuple(
                MergedRelease(
                    release=tag,
                    verdict=report.verdict,
                    ablated=tuple(item.patch for item in report.ablation),
                    files=counts[tag],
                )
                for tag, report in merged.items()
            ),
            written=tuple(written),
        )
    )
    short = any(report.verdict is not Verdict.PASSED for report in merged.values())
    return ExitCode.VERIFICATION if short else ExitCode.DONE


def _read(path: Path) -> VerifyReport:
    try:
        report = documents.decode(path.read_bytes(), VerifyReport)
    except OSError as error:
        raise StorageError.from_os_error(f"read {path}", error) from error
    except documents.MalformedDocument as error:
        raise _no_evidence(path, str(error)) from error
    if not {"stock", "patched"} <= report.images.keys():
        raise _no_evidence(path, "it does not name both images")
    return report


def _no_evidence(path: Path, why: str) -> UsageError:
    return UsageError(
        f"{path} is not evidence: {why}",
        hint="give what `patchkit verify RELEASE --no-record --json` printed",
    )


def _require_fit(report: VerifyReport, workspace: Workspace) -> None:
    """The evidence must be about what is in the repository, and prove something."""
    release = Release.parse(report.release)
    locked = workspace.lock().get(release)
    if locked is None:
        raise UsageError(
            f"{release} is not supported here", hint=f"patchkit rebase {release} comes first"
        )
    problems = audit_record(locked, workspace, workspace.config())
    if problems or locked.series_sha256 != report.series_sha256:
        raise InconsistentError(
            f"the evidence of {release} is about another series than patches/{release}/",
            hint=problems[0] if problems else "run the jobs anew",
        )
    if report.verdict is Verdict.VOID:
        raise InconsistentError(
            f"the verdict on {release} is void: {'; '.join(report.voids)}",
            hint="a void verdict proves nothing: mend the conditions and run the jobs anew",
        )


def _plan(reports: tuple[VerifyReport, ...], workspace: Workspace) -> WritePlan:
    """All evidence and the lock, to be written together."""
    lock = workspace.lock()
    writes: dict[PurePosixPath, bytes] = {}
    for report in reports:
        release, content = Release.parse(report.release), evidence(report)
        locked = lock.releases[release.tag]
        record = lock_verification(report, content, locked.verification)
        lock = lock.with_release(replace(locked, verification=record))
        writes |= workspace.plan_verification(release, content, lock).writes
    return WritePlan(writes=writes)
