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


def test_why_a_patch_waits_and_what_the_words_mean(desk: Desk) -> None:
    ran = desk.run("replay", "--upstream", str(desk.repository.upstream))
    lines = ran.said.splitlines()
    assert any(line.split()[:2] == ["v262", "1"] for line in lines)
    assert "conflict: needs a person" in lines
    assert "main, v262: src/core/main.c: both sides changed the same lines" in lines
    assert not any(line.startswith("skipped:") for line in lines)


def test_neighbours_with_the_same_outcomes_share_a_row(desk: Desk) -> None:
    argv = ["replay", "--to", "v261-rc1", "--pre", "--upstream", str(desk.repository.upstream)]
    assert "v259 … v261-rc1  3 " in desk.done(*argv).said
    each = desk.done("-v", *argv).said.splitlines()
    assert [line.split()[:2] for line in each if line.startswith("v2")] == [
        ["v259", "1"],
        ["v260", "1"],
        ["v261-rc1", "1"],
    ]


def test_step_by_step_from_where_the_whole_series_got(desk: Desk) -> None:
    argv = ["replay", "--pre", "--upstream", str(desk.repository.upstream), "--json"]
    stepwise, direct = desk.run(*argv, "--stepwise").document, desk.run(*argv).document
    assert {row["start"] for row in direct["replayed"]} == {"v260"}
    assert [(row["start"], row["release"]) for row in stepwise["replayed"]] == [
        ("v260", "v259"),
        ("v260", "v260"),
        ("v260", "v261-rc1"),
        ("v261-rc1", "v261"),
        ("v261", "v262"),
    ]
    assert (direct["stepwise"], stepwise["stepwise"]) == (False, True)


def test_another_run_reads_what_the_first_found_out(desk: Desk) -> None:
    argv = ["replay", "--upstream", str(desk.repository.upstream), "--json"]
    assert desk.run(*argv).document == desk.run(*argv).document
    (desk.repository.cache / "headers").write_bytes(b"damaged")
    assert desk.run(*argv).document == desk.run(*argv, "--to", "v262").document
