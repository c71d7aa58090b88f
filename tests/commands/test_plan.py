"""`patchkit plan`: the matrix that a CI system takes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from patchkit.parser import build_parser

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.commands.support import Desk


def test_the_matrix_has_the_whole_and_every_patch(desk: Desk) -> None:
    desk.done("rebase", "v260")
    told = desk.done("plan", "--json").document
    assert told["schema"] == "patchkit.plan/1"
    assert told["releases"] == ["v262"]
    assert [cell["variant"] for cell in told["matrix"]["include"]] == [
        "patched", "without:mount-setup", "without:main", "without:manager"
    ]  # fmt: skip
    names = [cell["name"] for cell in told["matrix"]["include"]]
    assert len(set(names)) == told["count"] == 4
    assert all(name.replace("-", "").replace(".", "").isalnum() for name in names)


def test_its_commands_are_patchkits_own(desk: Desk) -> None:
    said = desk.done("plan", "v261", "v262").out
    commands = [line.partition("patchkit ")[2] for line in said.splitlines() if "patchkit" in line]
    assert len(commands) == 8
    for command in commands:
        arguments = build_parser({"verify"}).parse_args(command.split())
        assert arguments.command == "verify"


def test_nothing_to_do_is_a_count_of_none(desk: Desk) -> None:
    config = desk.patches / "series.toml"
    config.write_text(config.read_text() + '\n[follow]\nignore = ["v261", "v262"]\n')
    desk.done("rebase", "v260")
    told = desk.done("plan", "--json").document
    assert (told["count"], told["matrix"]) == (0, {"include": []})


def test_ci_gets_outputs(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    told = desk.done("plan", "v262", "--no-ablate", "--json").document
    lines = (tmp_path / "output").read_text().split("\n")
    values = {
        line.partition("<<")[0]: lines[number + 1]
        for number, line in enumerate(lines)
        if "<<" in line
    }
    assert json.loads(values["matrix"]) == told["matrix"]
    assert values["count"] == "1"
    assert json.loads(values["releases"]) == ["v262"]
