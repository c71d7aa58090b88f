"""The matrices of the page."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from patchkit.report.churn import Churn
from patchkit.report.matrices import ablation_matrix, heat_map

if TYPE_CHECKING:
    from patchkit.report.gathering import Gathered


def test_the_heat_map_has_a_row_a_patch_and_the_oldest_release_first(gathered: Gathered) -> None:
    rows = heat_map(gathered.report)
    assert [row.patch for row in rows] == ["main", "log"]
    assert [cell.tag for cell in rows[0].cells] == ["v260", "v261", "v261.1", "v262"]
    assert [cell.near for cell in rows[0].cells] == [None, 0, 4, 0]
    assert [cell.level for cell in rows[0].cells] == [None, 0, 1, 0]


@pytest.mark.parametrize(
    ("near", "level"), [(0, 0), (1, 1), (9, 1), (10, 2), (50, 3), (199, 3), (200, 4), (9999, 4)]
)
def test_levels_grow_with_the_churn(gathered: Gathered, near: int, level: int) -> None:
    newest = gathered.report.releases[0]
    patch = replace(newest.patches[0], churn=Churn(near=near, files=near, places=()))
    report = replace(gathered.report, releases=(replace(newest, patches=(patch,)),))
    assert heat_map(report)[0].cells[0].level == level
    assert heat_map(report)[1].cells[0].outcome is None  # the release has no such patch


def test_what_fails_without_each_patch(gathered: Gathered) -> None:
    matrix = ablation_matrix(gathered.report.releases[0])
    assert matrix is not None
    assert matrix.scenarios == ("boot", "logs", "shutdown")
    assert [(row.patch, row.counts, row.total) for row in matrix.rows] == [
        ("main", (0, 0, 0), 0),
        ("log", (1, 0, 0), 1),
    ]
    assert matrix.rows[1].checks[0].startswith("boot/boot, plain: ")


def test_counts_of_an_earlier_ablation_need_no_words(gathered: Gathered) -> None:
    newest = gathered.report.releases[0]
    assert newest.verification is not None
    bare = replace(newest, verification=replace(newest.verification, ablation={}))
    matrix = ablation_matrix(bare)
    assert matrix is not None
    assert [(row.total, row.checks) for row in matrix.rows] == [(0, ()), (1, ())]


def test_no_ablation_no_matrix(gathered: Gathered) -> None:
    assert ablation_matrix(replace(gathered.report.releases[0], ablation=None)) is None
    assert ablation_matrix(gathered.report.releases[-1]) is None
