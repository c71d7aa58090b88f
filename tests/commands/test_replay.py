"""`patchkit replay` gives the matrix of outcomes, and writes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.commands.support import Desk


def test_the_series_on_every_release(desk: Desk) -> None:
    before = desk.snapshot()
    ran = desk.run("replay", "--upstream", str(desk.repository.upstream), "--json")
    assert ran.code == 3  # v262 needs a person
    rows = {row["release"]: row["casts"] for row in ran.document["replayed"]}
    assert set(rows) == {"v259", "v260", "v261", "v262"}
    assert {cast["outcome"] for cast in rows["v260"]} == {"unchanged"}
    assert "conflict" in {cast["outcome"] for cast in rows["v262"]}
    assert desk.snapshot() == before


def test_pre_releases_and_bounds(desk: Desk) -> None:
    ran = desk.done(
        *("replay", "--from", "v260", "--to", "v261", "--pre"),
        *("--upstream", str(desk.repository.upstream), "--json"),
    )
    assert [row["release"] for row in ran.document["replayed"]] == ["v260", "v261-rc1", "v261"]
