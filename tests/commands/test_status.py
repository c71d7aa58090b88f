"""`patchkit status` says how things stand and what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from patchkit import documents
from patchkit.verify.verdict import Verdict
from tests.bump.support import evidence
from tests.commands.support import MAIN, MANAGER, code
from tests.upstream.support import free_port

if TYPE_CHECKING:
    from pathlib import Path

    from tests.commands.support import Desk


def steps(desk: Desk) -> list[str]:
    lines = desk.done("status").out.splitlines()
    return [line.removeprefix("next: ") for line in lines if line.startswith("next: ")]


def test_before_anything_the_newest_is_next(desk: Desk) -> None:
    assert "support v262: patchkit rebase v262" in steps(desk)
    assert "base v260, newest stable upstream v262" in desk.done("status").out


def test_a_waiting_rebase_is_first(desk: Desk) -> None:
    desk.run("rebase", "v262")
    assert steps(desk)[0] == (
        "finish the rebase onto v262 at 'main': patchkit rebase --continue, --skip or --abort"
    )
    assert desk.done("status", "--json").document["waiting"] == "v262: main"


def test_a_supported_release_is_shown_with_its_outcomes(desk: Desk) -> None:
    desk.done("rebase", "v261")
    row = next(line for line in desk.done("status").out.splitlines() if line.startswith("v261"))
    assert row.split()[:5] == ["v261", "consistent", "not", "yet", "v260"]
    assert "1 unchanged, 1 clean, 1 merged" in row


def test_what_was_settled_by_hand_is_named(desk: Desk) -> None:
    desk.run("rebase", "v262")
    desk.edited("main", MAIN, code("main", above=4, line="    goto keep;"))
    desk.run("rebase", "--continue")
    desk.edited("manager", MANAGER, code("manager", above=2, line="    poweroff();"))
    desk.done("rebase", "--continue")
    document = desk.done("status", "--json").document
    assert document["releases"][0]["by_hand"] == ["main", "manager"]
    assert not any("rebase v262" in step for step in document["next"])


@pytest.mark.parametrize("verdict", [Verdict.PASSED, Verdict.FAILED])
def test_what_was_seen_in_docker_is_shown(desk: Desk, tmp_path: Path, verdict: Verdict) -> None:
    desk.done("rebase", "v261")
    assert "prove v261 in Docker: patchkit verify v261" in steps(desk)
    series = desk.lock()["releases"]["v261"]["series_sha256"]
    seen = tmp_path / "seen.json"
    seen.write_text(documents.encode(evidence("v261", series=series, verdict=verdict)))
    desk.run("merge-evidence", str(seen))
    assert desk.done("status", "--json").document["releases"][0]["verdict"] == verdict
    asked = any(step.startswith("prove v261") for step in steps(desk))
    assert asked is (verdict is Verdict.FAILED)
    file = desk.patches / "evidence" / "v261.json"
    file.write_bytes(file.read_bytes() + b" ")
    assert any("its evidence has been changed): patchkit verify v261" in s for s in steps(desk))


def test_a_stale_release_is_to_be_mended(desk: Desk) -> None:
    desk.done("rebase", "v261")
    (file,) = (desk.patches / "v260").glob("*-main-*")
    file.write_bytes(file.read_bytes().replace(b"Else", b"Or else"))
    assert any("rebase v261 again" in step for step in steps(desk))
    assert "stale" in desk.done("status").out


def test_json_is_one_document(desk: Desk) -> None:
    document = desk.done("status", "--json").document
    assert document["schema"] == "patchkit.status/1"
    assert (document["base"], document["newest"], document["waiting"]) == ("v260", "v262", None)


def test_no_network_is_no_failure(desk: Desk) -> None:
    url = f"git://127.0.0.1:{free_port()}/x.git"
    ran = desk.done("status", "--upstream", url)
    assert "newest stable upstream not known" in ran.out
    assert "127.0.0.1" in ran.err
