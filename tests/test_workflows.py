"""The CI definitions: of the right form, pinned, with few rights, and calling what there is."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from patchkit.parser import build_parser

ROOT = Path(__file__).parent.parent
NAMES = ("ci.yml", "bump.yml")
GITHUB = [ROOT / ".github" / "workflows" / name for name in NAMES]
FORGEJO = [ROOT / ".forgejo" / "workflows" / name for name in NAMES]
ALL = GITHUB + FORGEJO
_EXPANSION = r'\$\{(\w+):\+((?:"[^"]*"|[^}"])*)\}'
"""The shell's `${NAME:+WORDS}`."""
_WRITES = {"contents": "write", "pull-requests": "write", "issues": "write"}

every = pytest.mark.parametrize("path", ALL, ids=lambda path: "/".join(path.parts[-3:]))


def _read(path: Path) -> dict[str, Any]:
    document = YAML(typ="safe").load(path)  # `on` is a word in YAML 1.2
    assert isinstance(document, dict)
    return document


def _steps(path: Path) -> list[dict[str, Any]]:
    return [step for job in _read(path)["jobs"].values() for step in job["steps"]]


@every
def test_it_is_of_the_published_form(path: Path) -> None:
    """The schema is SchemaStore's, which check-jsonschema carries."""
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows",
         str(path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(shutil.which("actionlint") is None, reason="actionlint is not installed")
@pytest.mark.parametrize("path", GITHUB, ids=lambda path: path.name)
def test_actionlint_finds_nothing(path: Path) -> None:
    done = subprocess.run(["actionlint", str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@every
def test_actions_are_pinned_by_commit(path: Path) -> None:
    lines = [line for line in path.read_text().split("\n") if "uses:" in line]
    assert lines
    for line in lines:
        assert re.search(r"uses: \S+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line


@every
def test_rights_are_few(path: Path) -> None:
    workflow = _read(path)
    if path.name == "ci.yml" or path in GITHUB:
        assert workflow["permissions"] == {"contents": "read"}
    else:
        assert workflow["permissions"] == _WRITES
    for name, job in workflow["jobs"].items():
        allowed = {"bump": _WRITES, "forecast": {"contents": "read", "issues": "write"}}
        assert job.get("permissions", {}) in ({}, allowed.get(name)), name
        assert job["timeout-minutes"] <= 120
    checkouts = [step for step in _steps(path) if "checkout@" in step.get("uses", "")]
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


@every
def test_runs_do_not_trip_over_each_other(path: Path) -> None:
    concurrency = _read(path)["concurrency"]
    assert concurrency["group"]
    assert concurrency["cancel-in-progress"] is (path.name == "ci.yml")


@every
def test_nothing_from_outside_becomes_part_of_a_script(path: Path) -> None:
    for step in _steps(path):
        assert "${{" not in step.get("run", ""), step


@every
def test_secrets_reach_only_the_step_that_delivers(path: Path) -> None:
    assert "secrets." not in str({**_read(path), "jobs": None})
    for job in _read(path)["jobs"].values():
        assert "secrets." not in str({**job, "steps": None})
        for step in job["steps"]:
            if "secrets." in str(step):
                assert "--pr" in step["run"]


@every
def test_what_they_call_is_there(path: Path) -> None:
    """Every call of patchkit is one that its parser takes."""
    called = set()
    for step in _steps(path):
        for line in step.get("run", "").split("\n"):
            if "scripts/patchkit" not in line:
                continue
            plain = re.sub(_EXPANSION, _given, line.partition(" > ")[0])
            words = shlex.split(plain.replace("$RELEASE", "v262").replace("$WITHOUT", "main"))
            words = words[words.index("scripts/patchkit") + 1 :]
            build_parser({words[0]}).parse_args(words)
            called.add(words[0])
    wanted = {
        "ci.yml": {"check"},
        "bump.yml": {"plan", "rebase", "verify", "bump", "forecast"},
    }[path.name]
    if path in FORGEJO:
        wanted -= {"plan", "rebase", "verify"}
    assert called == wanted


def _given(match: re.Match[str]) -> str:
    """`${NAME:+WORDS}` where NAME is set."""
    return match[2]


def test_the_bump_runs_daily_and_the_forecast_weekly() -> None:
    for path in (GITHUB[1], FORGEJO[1]):
        workflow = _read(path)
        daily, weekly = (entry["cron"] for entry in workflow["on"]["schedule"])
        assert daily.split()[2:] == ["*", "*", "*"]
        assert weekly.split()[2:] == ["*", "*", "1"]
        assert weekly in workflow["jobs"]["forecast"]["if"]
        assert "release" in workflow["on"]["workflow_dispatch"]["inputs"]
