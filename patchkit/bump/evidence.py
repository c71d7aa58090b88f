"""Bringing the evidence of parallel jobs together; pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from patchkit.errors import InconsistentError, UsageError, VerificationError
from patchkit.verify.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from patchkit.report.verify import VerifyReport
    from patchkit.verify.ablation import Ablation


_SEVERITY = {Verdict.FAILED: 0, Verdict.VOID: 1, Verdict.NOT_RUN: 2, Verdict.PASSED: 3}


def merged(found: Iterable[tuple[str, VerifyReport]]) -> Mapping[str, VerifyReport]:
    """One verification for each release; `found` are file names with what the files say.

    Of each release at least one file has every scenario; where several have, the worst verdict
    counts. The others add what the series is without a patch. Raises `UsageError` when none has
    every scenario, `InconsistentError` when files are not about the same, `VerificationError`
    when a part failed that passed in the whole.
    """
    by_release: dict[str, list[tuple[str, VerifyReport]]] = defaultdict(list)
    for name, report in found:
        by_release[report.release].append((name, report))
    return {tag: _one(tag, files) for tag, files in sorted(by_release.items())}


def _one(tag: str, files: list[tuple[str, VerifyReport]]) -> VerifyReport:
    wholes = [(name, report) for name, report in files if report.whole]
    if not wholes:
        raise UsageError(
            f"no file has every scenario of {tag}",
            hint=f"one job must run: patchkit verify {tag} --no-record --json",
        )
    first, whole = min(
        wholes, key=lambda item: (_SEVERITY[item[1].verdict], bool(item[1].ablation), item[0])
    )
    for name, report in files:
        for what, mine, other in (
            ("another series", whole.series_sha256, report.series_sha256),
            ("another systemd", whole.version, report.version),
        ):
            if mine != other:
                raise InconsistentError(
                    f"{name} is about {what} of {tag} than {first}",
                    hint="evidence of different bytes proves nothing together: run the jobs anew",
                )
        if _SEVERITY[report.verdict] < _SEVERITY[whole.verdict]:
            raise VerificationError(
                f"{name} is {report.verdict} for {tag}, but {first} is {whole.verdict}",
                hint="the same conditions gave two verdicts: look at both, then run them anew",
            )
    return replace(whole, ablation=_ablations(tag, files))


def _ablations(tag: str, files: list[tuple[str, VerifyReport]]) -> tuple[Ablation, ...]:
    """What each patch is for, every one once; a job that could tell goes before one that not."""
    found: dict[str, tuple[str, Ablation]] = {}
    for name, report in files:
        for item in report.ablation:
            before = found.get(item.patch)
            if before is None or before[1].problem is not None:
                found[item.patch] = (name, item)
            elif item.problem is None and item.failing != before[1].failing:
                raise InconsistentError(
                    f"{name} and {before[0]} disagree on what {tag} is without '{item.patch}'",
                    hint="run that job anew, and give one of the files",
                )
    return tuple(item for _, item in found.values())
