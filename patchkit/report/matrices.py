"""The page's matrices as values: outcome and churn by release, and what fails without a patch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from patchkit.rebase.outcome import Outcome
    from patchkit.report.series_report import ReleasePatch, ReleaseReport, SeriesReport

LEVELS = (1, 10, 50, 200)
"""The least churn (in lines) of the levels 1 to 4 of the heat map; level 0 is none at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatCell:
    """One patch at one release. `level` and `near` are None where the churn is not known."""

    tag: str
    outcome: Outcome | None
    near: int | None
    level: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatRow:
    """One patch over the releases, oldest first."""

    patch: str
    cells: tuple[HeatCell, ...]


def heat_map(report: SeriesReport) -> tuple[HeatRow, ...]:
    """One row a patch, in the series' order."""
    releases = tuple(reversed(report.releases))
    return tuple(
        HeatRow(
            patch=purpose.name,
            cells=tuple(_cell(release, purpose.name) for release in releases),
        )
        for purpose in report.patches
    )


def _cell(release: ReleaseReport, name: str) -> HeatCell:
    patch = patch_of(release, name)
    near = patch.churn.near if patch and patch.churn else None
    return HeatCell(
        tag=release.tag,
        outcome=patch.outcome if patch else None,
        near=near,
        level=None if near is None else sum(near >= least for least in LEVELS),
    )


def patch_of(release: ReleaseReport, name: str) -> ReleasePatch | None:
    """A release's patch by its name."""
    return next((patch for patch in release.patches if patch.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class AblationRow:
    """The series without `patch`: how many checks fail, by scenario in the matrix' order.

    None is a scenario that was not looked at. `problem` says why nothing can be told; `checks`
    are the failing ones in words, empty where only their number is known.
    """

    patch: str
    counts: tuple[int | None, ...]
    total: int
    checks: tuple[str, ...] = ()
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AblationMatrix:
    """What fails without each patch, of the checks that pass with all of them."""

    scenarios: tuple[str, ...]
    rows: tuple[AblationRow, ...]


def ablation_matrix(release: ReleaseReport) -> AblationMatrix | None:
    """The matrix, or None where nothing was left out."""
    evidence = release.verification
    if evidence is None:
        return None
    scenarios = tuple(scenario.name for scenario in evidence.scenarios)
    if evidence.ablation:
        rows = tuple(
            AblationRow(
                patch=item.patch,
                counts=tuple(
                    item.counts.get(name, 0) if name in item.scenarios else None
                    for name in scenarios
                ),
                total=len(item.failing),
                checks=tuple(f"{f.case}: {f.check}: {f.fault}" for f in item.failing),
                problem=item.problem,
            )
            for item in evidence.ablation
        )
        return AblationMatrix(scenarios=scenarios, rows=rows)
    if not release.ablation:
        return None
    order = [patch.name for patch in release.patches if patch.name in release.ablation]
    rows = tuple(
        AblationRow(
            patch=name,
            counts=tuple(release.ablation[name].get(scenario, 0) for scenario in scenarios),
            total=sum(release.ablation[name].values()),
        )
        for name in order
    )
    return AblationMatrix(scenarios=scenarios, rows=rows)
