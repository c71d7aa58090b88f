"""The report on a whole patch repository, as one value: what is supported, and what proves it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from patchkit import __version__
from patchkit.console import Cell, Table, Tone
from patchkit.rebase.outcome import Outcome
from patchkit.report.churn import Churn
from patchkit.report.range_diff import RangeKind
from patchkit.report.verify_evidence import Evidence
from patchkit.upstream.sources import Origin
from patchkit.verify.verdict import Verdict

SCHEMA = "patchkit.report/1"


class Standing(StrEnum):
    """How a supported release stands; the values are written for people."""

    PROVEN = "proven"
    FAILED = "failed"
    VOID = "void"
    """It was verified, but that says nothing of what is on disk now."""
    UNVERIFIED = "not verified"
    INCONSISTENT = "inconsistent"
    """What is on disk is not what the lock records."""

    @property
    def meaning(self) -> str:
        """What it means, in a sentence."""
        return _MEANINGS[self]


_MEANINGS = {
    Standing.PROVEN: "Every scenario passed in unprivileged Docker with exactly these patches.",
    Standing.FAILED: "A scenario failed in unprivileged Docker.",
    Standing.VOID: "There was a verification, but it proves nothing of these patches.",
    Standing.UNVERIFIED: "The patches apply; nobody has run the result in Docker yet.",
    Standing.INCONSISTENT: "The files are not what the lock records.",
}

TONES = {
    Standing.PROVEN: Tone.GOOD,
    Standing.FAILED: Tone.BAD,
    Standing.VOID: Tone.CARE,
    Standing.UNVERIFIED: Tone.NOTE,
    Standing.INCONSISTENT: Tone.BAD,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchPurpose:
    """What a patch is for, as `series.toml` has it."""

    name: str
    summary: str
    why: str
    files: tuple[str, ...]
    functions: tuple[str, ...]
    scenarios: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasePatch:
    """A patch at a release.

    `offsets` are the least and the greatest way of its hunks in lines, empty where none moved.
    `file`, `sha256` and `subject` are None where the release goes without the patch. `since` is
    what became of it since the release before, None for the first release or where a series
    cannot be read. `churn` is None where a tree is not at hand.
    """

    name: str
    outcome: Outcome
    strategy: str | None
    offsets: tuple[int, ...]
    file: str | None
    sha256: str | None
    subject: str | None = None
    hunks: int = 0
    added: int = 0
    removed: int = 0
    since: RangeKind | None = None
    churn: Churn | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How much a verification looked at."""

    scenarios: int
    containers: int
    checks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseReport:
    """A supported release.

    `problems` say why it is not proven or not consistent. `before` is the supported release
    before it, which `since` and `churn` of the patches are about. Times are UTC in the form of
    RFC 3339, None where they cannot be known: when upstream tagged it, when the patch
    repository first had a series for it, and when it first had evidence. `ablation` counts, for
    every patch, the checks that fail without it, by scenario. `verification` is the evidence;
    only that of a consistent release is here. `evidence` is the path of its file.
    """

    tag: str
    version: str
    standing: Standing
    problems: tuple[str, ...]
    stale: str | None
    base: str
    before: str | None
    tree: str
    commit: str | None
    tag_object: str | None
    nar_hash: str | None
    origin: Origin
    series_sha256: str
    evidence: str | None
    evidence_sha256: str | None
    tagged: str | None
    supported: str | None
    proven: str | None
    compare: str | None
    patches: tuple[ReleasePatch, ...]
    ablation: dict[str, dict[str, int]] | None
    verification: Evidence | None

    @property
    def median(self) -> dict[str, int]:
        """The medians of measured times in milliseconds, by name; empty without evidence."""
        if self.verification is None:
            return {}
        return {name: s.median for name, s in self.verification.milliseconds.items()}

    @property
    def tally(self) -> Tally | None:
        """How much the verification looked at; None without evidence."""
        if self.verification is None:
            return None
        scenarios = self.verification.scenarios.values()
        cases = [case for scenario in scenarios for case in scenario.values()]
        return Tally(
            scenarios=len(scenarios),
            containers=sum(case.verdict is not Verdict.NOT_RUN for case in cases),
            checks=sum(len(case.checks) for case in cases),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesReport:
    """Everything that `patchkit report` tells; releases newest first.

    `newest_proven` is a tag, None when no release is proven. `scenarios` are the summaries of
    the scenarios by their names, as far as this patchkit knows them.
    """

    schema: str = SCHEMA
    patchkit: str = __version__
    base: str
    newest_proven: str | None
    patches: tuple[PatchPurpose, ...]
    scenarios: dict[str, str]
    releases: tuple[ReleaseReport, ...]


def table(report: SeriesReport) -> Table:
    """One row a release."""
    return Table(
        headings=("Release", "State", "Patches", "Boot", "Stop", "Why"),
        rows=tuple(_row(release) for release in report.releases),
    )


def _row(release: ReleaseReport) -> tuple[Cell, ...]:
    why = (*release.problems, *((release.stale,) if release.stale else ()))
    return (
        Cell(release.tag, Tone.STRONG),
        Cell(release.standing, TONES[release.standing]),
        Cell(outcome_counts(release)),
        Cell(milliseconds(release.median.get("boot"))),
        Cell(milliseconds(release.median.get("stop"))),
        Cell(why[0] if why else "-"),
    )


def outcome_counts(release: ReleaseReport) -> str:
    """How many patches came to which outcome: `1 unchanged, 4 clean`."""
    outcomes = [patch.outcome for patch in release.patches]
    counted = ((outcome, outcomes.count(outcome)) for outcome in Outcome)
    return ", ".join(f"{count} {outcome}" for outcome, count in counted if count)


def milliseconds(value: int | None) -> str:
    """A time for people: `730 ms`, `2.4 s`, or a dash where there is none."""
    if value is None:
        return "-"
    return f"{value} ms" if value < 1000 else f"{value / 1000:.1f} s"
