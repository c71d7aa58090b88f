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

    `checks` are the failing ones in words, empty where only their number is known.
    """

    patch: str
    counts: tuple[int, ...]
    checks: tuple[str, ...]

    @property
    def total(self) -> int:
        """How many checks fail."""
        return sum(self.counts)


@dataclass(frozen=True, slots=True, kw_only=True)
class AblationMatrix:
    """What fails without each patch, of the checks that pass with all of them."""

    scenarios: tuple[str, ...]
    rows: tuple[AblationRow, ...]


def ablation_matrix(release: ReleaseReport) -> AblationMatrix | None:
    """The matrix, or None where nothing was left out."""
    evidence, counted = release.verification, release.ablation
    if evidence is None or not counted:
        return None
    scenarios = tuple(evidence.scenarios)
    return AblationMatrix(
        scenarios=scenarios,
        rows=tuple(
            AblationRow(
                patch=patch.name,
                counts=tuple(counted[patch.name].get(name, 0) for name in scenarios),
                checks=evidence.ablation.get(patch.name, ()),
            )
            for patch in release.patches
            if patch.name in counted
        ),
    )
