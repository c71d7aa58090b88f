"""A merge that is clean and rests on what the target lacks is proposed; a person takes it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from patchkit import documents
from patchkit.workspace.resolutions import KeptResolution
from tests import builders
from tests.builders import Change
from tests.commands.support import MAIN, Desk, code

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "src/core/fds.h"
PATCHED = code("main", line="    return keep(r);")


def including(content: bytes) -> bytes:
    return b'#include "fds.h"\n' + content


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    """v261 is v260 without the header that declares what the patch calls."""
    with_header = {MAIN: including(code("main")), HEADER: b"int keep(int r);\n"}
    without = {MAIN: including(code("main", above=2)), "src/core/other.h": b"int other(void);\n"}
    change = Change(
        message="main: keep the console\n\nElse docker logs is empty.\n",
        files={MAIN: including(PATCHED)},
    )
    later = {**without, "README": b"later\n"}
    releases = {"v260": with_header, "v261": without, "v261.1": later}
    repository = builders.patch_repository(tmp_path, releases, {"main": change})
    return Desk(repository=repository, capsys=capsys)


def test_it_waits_and_says_why(desk: Desk) -> None:
    ran = desk.run("rebase", "v261")
    assert ran.code == 3
    assert "main: against: src/core/main.c: the target does not know keep" in ran.out
    assert "+    return keep(r);" in ran.out
    assert "patchkit rebase --accept main" in ran.out
    assert not (desk.patches / "v261").exists()


def test_accepting_takes_it_and_records_that(desk: Desk) -> None:
    desk.run("rebase", "v261")
    desk.done("rebase", "--accept", "main")
    (locked,) = desk.lock()["releases"]["v261"]["patches"]
    assert locked["accepted"]
    before = desk.snapshot()
    assert "nothing to write" in desk.done("rebase", "v261").out
    assert desk.snapshot() == before


def test_only_what_is_proposed_can_be_accepted(desk: Desk) -> None:
    assert desk.run("rebase", "--accept", "main").code == 2
    desk.run("rebase", "v261")
    ran = desk.run("rebase", "--accept", "other")
    assert ran.code == 2
    assert "nothing is proposed for 'other'" in ran.err


def test_a_person_may_decide_otherwise(desk: Desk) -> None:
    desk.run("rebase", "v261")
    desk.done("rebase", "--skip")
    assert desk.lock()["releases"]["v261"]["patches"][0]["outcome"] == "skipped"


def test_the_document_has_the_evidence(desk: Desk) -> None:
    document = desk.run("rebase", "v261", "--dry-run", "--json").document
    (patch,) = document["patches"]
    assert patch["outcome"] == "proposed"
    assert any("does not know keep" in text for text in patch["speaks_against"])
    assert patch["proposal"].startswith("diff --git a/src/core/main.c")


def test_another_release_takes_what_was_accepted(desk: Desk) -> None:
    desk.run("rebase", "v261")
    desk.done("rebase", "--accept", "main")
    (file,) = (desk.patches / "resolutions").iterdir()
    kept = json.loads(file.read_bytes())
    assert kept["accepted"]
    assert kept["doubts"] == ["src/core/main.c: the target does not know keep"]
    ran = desk.done("rebase", "v261.1", "--from", "v260")
    assert "resolved (remembered)" in ran.out
    assert "a person took what was proposed for the same conflict on 2026-01-02" in ran.out
    assert not desk.lock()["releases"]["v261.1"]["patches"][0]["accepted"]
    before = desk.snapshot()
    assert "nothing to write" in desk.done("rebase", "v261.1", "--from", "v260").out
    assert desk.snapshot() == before


def test_what_was_accepted_counts_no_more_when_more_speaks_against_it(desk: Desk) -> None:
    desk.run("rebase", "v261")
    desk.done("rebase", "--accept", "main")
    (file,) = (desk.patches / "resolutions").iterdir()
    kept = documents.decode(file.read_bytes(), KeptResolution)
    less = replace(kept, doubts=()).sealed()
    file.write_text(documents.encode(less))
    ran = desk.run("rebase", "v261.1", "--from", "v260")
    assert ran.code == 3
    assert "the target does not know keep did not speak against it then" in ran.out
