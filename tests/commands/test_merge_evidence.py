"""`patchkit merge-evidence`, and a bump that rests on the evidence of jobs elsewhere."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from patchkit import documents
from patchkit.verify.verdict import Verdict
from tests.builders import git
from tests.bump.support import evidence, without

if TYPE_CHECKING:
    from pathlib import Path

    from patchkit.report.verify import VerifyReport
    from tests.commands.support import Desk

PATCHES = ("mount-setup", "main", "manager")


@pytest.fixture
def ready(desk: Desk) -> Desk:
    desk.done("rebase", "v260")
    desk.done("rebase", "v261")
    return desk


def jobs(desk: Desk, folder: Path, verdict: Verdict = Verdict.PASSED) -> list[str]:
    """What the jobs of a matrix print: the whole, and one for each patch."""
    series = desk.lock()["releases"]["v261"]["series_sha256"]
    reports = {"whole": evidence("v261", series=series, verdict=verdict)} | {
        name: evidence("v261", series=series, ablation=(without(name),)) for name in PATCHES
    }
    return [_written(folder / f"{name}.json", report) for name, report in reports.items()]


def _written(path: Path, report: VerifyReport) -> str:
    path.parent.mkdir(exist_ok=True)
    path.write_text(documents.encode(report))
    return str(path)


def test_jobs_become_one_record(ready: Desk, tmp_path: Path) -> None:
    told = ready.done("merge-evidence", *jobs(ready, tmp_path / "jobs"), "--json").document
    (merged,) = told["releases"]
    assert merged["verdict"] == "passed"
    assert set(merged["ablated"]) == set(PATCHES)
    record = ready.lock()["releases"]["v261"]["verification"]
    assert set(record["ablation"]) == set(PATCHES)
    content = (ready.patches / "evidence" / "v261.json").read_bytes()
    assert hashlib.sha256(content).hexdigest() == record["evidence_sha256"]
    ready.done("check", "v261")
    again = ready.done("merge-evidence", *jobs(ready, tmp_path / "jobs"), "--json").document
    assert again["written"] == []


def test_nothing_is_written_when_anything_does_not_fit(ready: Desk, tmp_path: Path) -> None:
    files = jobs(ready, tmp_path / "jobs")
    before = ready.snapshot()
    assert ready.done("merge-evidence", *files, "--check").code == 0
    assert ready.snapshot() == before
    other = _written(tmp_path / "jobs" / "other.json", evidence("v260"))
    ran = ready.run("merge-evidence", *files, other)
    assert ran.code == 7
    assert "another series" in ran.err
    assert ready.snapshot() == before
    absent = _written(tmp_path / "jobs" / "absent.json", evidence("v262"))
    assert ready.run("merge-evidence", absent).code == 2
    void = replace(evidence("v261", verdict=Verdict.VOID), series_sha256=_series(ready))
    ran = ready.run("merge-evidence", _written(tmp_path / "jobs" / "void.json", void))
    assert (ran.code, "void" in ran.err) == (7, True)
    assert ready.snapshot() == before


def _series(desk: Desk) -> str:
    return str(desk.lock()["releases"]["v261"]["series_sha256"])


def test_a_verdict_that_fell_short_is_recorded_and_is_4(ready: Desk, tmp_path: Path) -> None:
    ran = ready.run("merge-evidence", *jobs(ready, tmp_path / "jobs", Verdict.FAILED)[:1])
    assert ran.code == 4
    assert ready.lock()["releases"]["v261"]["verification"]["verdict"] == "failed"


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"\xff\xfe", b'{"release": 3}'])
def test_a_file_that_is_no_evidence_is_named(ready: Desk, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "odd.json").write_bytes(content)
    ran = ready.run("merge-evidence", str(tmp_path / "odd.json"))
    assert ran.code == 2
    assert "odd.json is not evidence" in ran.err


def test_evidence_that_does_not_name_its_images_is_none(ready: Desk, tmp_path: Path) -> None:
    report = replace(evidence("v261", series=_series(ready)), images={"patched": "sha256:p"})
    ran = ready.run("merge-evidence", _written(tmp_path / "odd.json", report))
    assert ran.code == 2
    assert "odd.json is not evidence: it does not name both images" in ran.err


def committed(desk: Desk) -> None:
    root = desk.repository.root
    git(root, "init", "-q", "-b", "main")
    git(root, "config", "user.name", "A")
    git(root, "config", "user.email", "a@example.org")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "start")


def test_a_bump_takes_the_evidence_of_jobs_for_its_own(ready: Desk, tmp_path: Path) -> None:
    files = tmp_path / "jobs"
    jobs(ready, files)
    # what a job leaves that failed early, and another release's
    (files / "early.json").write_text('{"schema": "patchkit.error/1", "error": "no engine"}')
    (files / "empty.json").write_text("")
    _written(files / "other.json", evidence("v262"))
    for path in sorted((ready.patches / "v261").iterdir()):
        path.unlink()
    (ready.patches / "v261").rmdir()
    lock = ready.lock()
    del lock["releases"]["v261"]
    (ready.patches / "lock.json").write_text(json.dumps(lock))
    committed(ready)
    told = ready.done("bump", "v261", "--evidence", str(files), "--json").document["releases"][0]
    steps = {step["step"]: step for step in told["steps"]}
    assert told["verdict"] == "passed"
    assert steps["build"]["detail"] == "evidence is given"
    assert "3 of 3 patches" in steps["verify"]["detail"]
    shown = git(ready.repository.root, "show", "patchkit/v261:patches/lock.json")
    assert json.loads(shown)["releases"]["v261"]["verification"]["verdict"] == "passed"
    page = (ready.repository.state / "bump/v261/pull-request.md").read_text()
    assert page.startswith("## systemd v261: passed in unprivileged Docker")
    # and a run without the files goes on from what the branch proves
    told = ready.done("bump", "v261", "--json").document["releases"][0]
    assert told["verdict"] == "passed"
    assert {s["status"] for s in told["steps"]} <= {"as before", "left out"}


def test_a_failed_job_keeps_the_release_from_the_branch(ready: Desk, tmp_path: Path) -> None:
    files = tmp_path / "jobs"
    jobs(ready, files, Verdict.FAILED)
    committed(ready)
    ran = ready.run("bump", "v261", "--evidence", str(files), "--json")
    assert ran.code == 4
    (told,) = ran.document["releases"]
    assert told["failure"]["step"] == "verify"
    assert "boot fell short" in told["failure"]["message"]
    assert git(ready.repository.root, "branch", "--list", "patchkit/*") == b""
