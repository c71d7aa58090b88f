"""A verification's report for people: tables, and the lines that say why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from patchkit.console import Cell, Table, Tone
from patchkit.verify.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from patchkit.report.verify import CaseReport, ScenarioReport, VerifyReport
    from patchkit.verify.ablation import Ablation
    from patchkit.verify.spread import Spread

TONES = {
    Verdict.PASSED: Tone.GOOD,
    Verdict.FAILED: Tone.BAD,
    Verdict.VOID: Tone.CARE,
    Verdict.NOT_RUN: Tone.NOTE,
}


def scenario_table(report: VerifyReport) -> Table:
    """One row a scenario."""
    return Table(
        headings=("Scenario", "Verdict", "Containers", "Checks", "Why"),
        rows=tuple(_scenario_row(scenario) for scenario in report.scenarios),
    )


def _scenario_row(scenario: ScenarioReport) -> tuple[Cell, ...]:
    passed = sum(check.passed for case in scenario.cases for check in case.checks)
    short = [case for case in scenario.cases if case.verdict is not Verdict.PASSED]
    run = [case for case in scenario.cases if case.verdict is not Verdict.NOT_RUN]
    why = f"{short[0].name}: {short[0].reason}" if short else "-"
    more = f" (and {len(short) - 1} more)" if len(short) > 1 else ""
    return (
        Cell(scenario.name, Tone.STRONG),
        Cell(scenario.verdict, TONES[scenario.verdict]),
        Cell(f"{len(run)} of {len(scenario.cases)}"),
        Cell(f"{passed} of {scenario.check_count}"),
        Cell(why + more),
    )


def time_table(milliseconds: dict[str, Spread]) -> Table:
    """One row a measured time."""
    return Table(
        headings=("Time (ms)", "Count", "Lowest", "Median", "95 %", "Highest"),
        rows=tuple(
            (
                Cell(name, Tone.STRONG),
                *(Cell(str(value)) for value in (s.count, s.lowest, s.median, s.p95, s.highest)),
            )
            for name, s in milliseconds.items()
        ),
    )


def ablation_table(ablation: tuple[Ablation, ...]) -> Table:
    """One row a patch: what fails without it."""
    return Table(
        headings=("Without", "Looked at", "Fails", "First"),
        rows=tuple(_ablation_row(item) for item in ablation),
    )


def _ablation_row(item: Ablation) -> tuple[Cell, ...]:
    if item.problem is not None:
        fails, first = Cell("cannot be told", Tone.CARE), item.problem
    elif item.failing:
        counts = ", ".join(f"{count} in {name}" for name, count in item.counts.items())
        check = item.failing[0]
        fails = Cell(counts, Tone.GOOD)
        first = f"{check.case}: {check.check}: {check.fault}"
    else:
        fails, first = Cell("nothing", Tone.BAD), "no scenario shows what this patch is for"
    return Cell(item.patch, Tone.STRONG), Cell(", ".join(item.scenarios) or "-"), fails, Cell(first)


def detail_lines(report: VerifyReport) -> Iterator[tuple[str, Tone]]:
    """What people want to know beyond the tables."""
    for what in report.voids:
        yield f"void: {what}", Tone.CARE
    for result in report.control:
        words = " ".join(("docker run -d", *result.options))
        yield f"stock, {words}: {result.measured}", Tone.FAINT
    for scenario in report.scenarios:
        for case in scenario.cases:
            yield from _case_lines(scenario.name, case)


def _case_lines(scenario: str, case: CaseReport) -> Iterator[tuple[str, Tone]]:
    if case.verdict.falls_short:
        yield f"{scenario}/{case.name}: {case.verdict}", Tone.BAD
        for check in case.checks:
            for fault in check.faults:
                yield f"  {check.name}: {fault}", Tone.PLAIN
        for what in case.conditions:
            if what != "as declared":
                yield f"  not as it must be: {what}", Tone.CARE
        if case.unreached:
            yield f"  not reached: {'; '.join(case.unreached)}", Tone.FAINT
        if case.kept:
            yield f"  its log, inspect output and unit states: {case.kept}", Tone.NOTE
    for name, text in case.records.items():
        lines = text.splitlines() or ["nothing"]
        yield f"{scenario}/{case.name}: {name}: {lines[0]}", Tone.FAINT
        yield from ((f"    {line}", Tone.FAINT) for line in lines[1:])
