"""The work of a bump as a CI matrix: one cell for each release and variant; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from patchkit.releases import Release

WHOLE = "patched"
"""The variant whose job verifies everything; the others look at one patch each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A job: a release and a variant; `without` is the patch that the variant lacks, or empty.

    `name` can stand in a file's or an artefact's name.
    """

    release: str
    variant: str
    without: str
    name: str

    @property
    def words(self) -> tuple[str, ...]:
        """What the job is to do, as `patchkit` takes it."""
        without = ("--without", self.without) if self.without else ()
        return ("verify", self.release, "--no-record", "--json", *without)


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """What `strategy.matrix` takes."""

    include: tuple[Cell, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanReport:
    """What `patchkit plan --json` prints; `count` is the number of jobs, 0 for nothing to do."""

    schema: str = "patchkit.plan/1"
    count: int
    releases: tuple[str, ...]
    matrix: Matrix


def plan(releases: Iterable[Release], patches: tuple[str, ...], *, ablate: bool) -> PlanReport:
    """The jobs for these releases: the whole, and with `ablate` one for each patch."""
    wanted = tuple(releases)
    cells = tuple(
        cell
        for release in wanted
        for cell in (
            _cell(release, None),
            *(_cell(release, patch) for patch in (patches if ablate else ())),
        )
    )
    return PlanReport(
        count=len(cells),
        releases=tuple(release.tag for release in wanted),
        matrix=Matrix(include=cells),
    )


def _cell(release: Release, patch: str | None) -> Cell:
    variant = f"without:{patch}" if patch else WHOLE
    return Cell(
        release=release.tag,
        variant=variant,
        without=patch or "",
        name=f"{release}-{variant.replace(':', '-')}",
    )
