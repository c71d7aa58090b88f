"""The bench itself, on a small history with one backport."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from tests import builders
from tests.bench import backports, judge
from tests.bench.history import History
from tests.builders import Commit, git

if TYPE_CHECKING:
    from pathlib import Path

BODY = "".join(f"        step_{n}(m);\n" for n in range(12))


def source(condition: str, call: str) -> bytes:
    return f"int f(M *m) {{\n        {call}\n        {condition}\n{BODY}}}\n".encode()


@pytest.fixture
def case(tmp_path: Path) -> tuple[Path, Path]:
    """A repository, and a list with one case that git's merge refuses."""
    folder = builders.repository(
        tmp_path / "git",
        [
            Commit(files={"a.c": source("if (r)", "old();")}, tag="v1"),
            Commit(files={"a.c": source("if (r)", "renewed();")}, tag="base"),
            Commit(files={"a.c": source("if (!r)", "renewed();")}, tag="original"),
        ],
    )
    backport = [Commit(files={"a.c": source("if (!r)", "old();")}, tag="backport")]
    builders.append(folder, backport, branch="stable", start="v1^{commit}")
    named = {
        name: git(folder, "rev-parse", f"{name}^{{commit}}").decode().strip()
        for name in ("original", "backport")
    }
    cases = tmp_path / "cases.jsonl"
    cases.write_text(json.dumps({"branch": "stable", **named}) + "\n")
    return folder, cases


def test_a_case_is_run_and_judged(
    case: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    repository, cases = case
    before = sorted(path.name for path in repository.rglob("*"))
    out = tmp_path / "out.jsonl"
    argv = ["x", "--repo", str(repository), "--cases", str(cases), "--json", str(out)]
    monkeypatch.setattr(sys, "argv", argv)
    assert backports.main() == 0
    assert "1 cases, median" in capsys.readouterr().out
    (line,) = out.read_text().splitlines()
    found = json.loads(line)
    assert found["outcome"] == "resolved"
    assert found["strategy"] == "adjacent lines"
    blob = git(repository, "rev-parse", "backport:a.c").decode().strip()
    assert found["accepted"] == {"a.c": blob}
    assert sorted(path.name for path in repository.rglob("*")) == before

    argv = ["x", "--repo", str(repository), "--results", str(out), "--peers", "--strategies"]
    monkeypatch.setattr(sys, "argv", argv)
    assert judge.main() == 0
    told = capsys.readouterr().out
    assert "| refused | 1 | 1 | 0 | 0 | 0 | 0 |" in told
    assert "| libgit2 | 0 | 0 | 1 |" in told
    assert "100% accepted exactly" in told


def test_a_wrong_result_is_called_wrong(case: tuple[Path, Path]) -> None:
    repository, cases = case
    history = History(repository)
    (one,) = backports.read_cases(cases)
    right = judge.right_answer(history, one)
    assert set(right) == {"a.c"}
    assert judge.compare(history, one, right, {"a.c": "0" * 40}) is judge.Mark.WRONG
    assert judge.compare(history, one, right, {}) is judge.Mark.WRONG
    assert judge.compare(history, one, right, {**right, "b.c": "0" * 40}) is judge.Mark.WRONG
    assert judge.compare(history, one, right, right) is judge.Mark.EXACT
    assert judge.compare(history, one, right, None) is judge.Mark.REFUSED


def test_only_the_wanted_branches_are_read(case: tuple[Path, Path]) -> None:
    assert backports.read_cases(case[1], ["other"]) == []
    assert len(backports.read_cases(case[1], ["stable"])) == 1
