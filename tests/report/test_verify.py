"""A verification's report: for people, for machines, for CI systems, for the repository."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from patchkit import documents
from patchkit.report.junit import junit
from patchkit.report.verify import (
    EngineReport,
    VerifyReport,
    report_control,
    report_repetition,
    report_scenarios,
)
from patchkit.report.verify_evidence import evidence, lock_verification
from patchkit.report.verify_tables import ablation_table, detail_lines, scenario_table
from patchkit.verify.ablation import Ablation, FailingCheck
from patchkit.verify.verdict import (
    CaseResult,
    CheckResult,
    ControlOutcome,
    ControlResult,
    ScenarioResult,
    Verdict,
    Verification,
)

ENGINE = EngineReport(
    name="docker", version="28", api="1.50", runtime="runc 1.2", containerd="2", kernel="6",
    os="Debian", architecture="x86_64", cgroup_version=2, storage_driver="overlay2",
    security=("name=seccomp",), rootless=False,
)  # fmt: skip


def verification(*cases: CaseResult) -> Verification:
    return Verification(
        scenarios=(ScenarioResult(name="logs", summary="The logs", cases=cases),),
        control=(
            ControlResult(
                name="boot",
                options=("-t",),
                outcome=ControlOutcome.REFUSED,
                measured="exit code 255: Read-only file system",
                proven=True,
            ),
        ),
    )


def case(name: str = "run", *, fault: str | None = None, kept: str | None = None) -> CaseResult:
    faults = (fault,) if fault else ()
    check = CheckResult(name="it talks", measured="exit 0 in 0.10 s", faults=faults)
    return CaseResult(scenario="logs", name=name, checks=(check,), proven=True, kept=kept)


def report(found: Verification) -> VerifyReport:
    return VerifyReport(
        release="v262",
        version="systemd 262",
        series_sha256="c" * 64,
        verdict=found.verdict,
        voids=found.voids,
        whole=True,
        images={"patched": "sha256:p", "stock": "sha256:s"},
        engine=ENGINE,
        control=report_control(found.control),
        scenarios=report_scenarios(found),
        milliseconds={},
    )


BAD = report(verification(case(), case("other", fault="it is mute", kept="/somewhere/else")))
FAILING = FailingCheck(scenario="logs", case="run", check="it talks", fault="it is mute")


def test_junit_counts_what_failed() -> None:
    ablation = (
        Ablation(patch="main", failing=(FAILING,)),
        Ablation(patch="idle"),
        Ablation(patch="odd", problem="it does not build"),
    )
    root = ET.fromstring(junit(replace(BAD, ablation=ablation)))
    suites = {suite.get("name"): suite for suite in root}
    assert suites["logs"].attrib == {
        "name": "logs", "tests": "2", "failures": "1", "errors": "0", "skipped": "0",
    }  # fmt: skip
    failure = suites["logs"].find("testcase[@classname='logs.other']/failure")
    assert failure is not None
    assert failure.get("message") == "it is mute"
    assert suites["negative control"].get("failures") == "0"
    assert (suites["ablation"].get("failures"), suites["ablation"].get("errors")) == ("1", "1")


@given(st.text())
def test_junit_is_xml_whatever_a_container_says(text: str) -> None:
    found = report(verification(case(fault=text or "x")))
    root = ET.fromstring(junit(found))
    assert root.find("testsuite[@name='logs']/testcase/failure") is not None
    assert junit(found) == junit(found)


def test_junit_tells_void_and_not_run() -> None:
    void = replace(case("void"), violations=("Privileged is True",))
    absent = CaseResult(scenario="logs", name="podman", not_run="podman is not here")
    root = ET.fromstring(junit(report(verification(void, absent))))
    suite = root.find("testsuite[@name='logs']")
    assert suite is not None
    assert (suite.get("errors"), suite.get("skipped")) == ("1", "1")


def test_evidence_has_every_check_and_no_place_of_this_machine() -> None:
    content = evidence(BAD)
    assert b"/somewhere/else" not in content
    document = json.loads(content)
    assert document["schema"] == "patchkit.evidence/1"
    assert document["scenarios"]["logs"]["other"]["checks"] == [
        "FAIL: it talks: exit 0 in 0.10 s; it is mute"
    ]
    assert evidence(BAD) == content


def test_the_lock_binds_to_the_evidence() -> None:
    content = evidence(BAD)
    record = lock_verification(BAD, content, None)
    assert record.evidence_sha256 == hashlib.sha256(content).hexdigest()
    assert record.series_sha256 == BAD.series_sha256
    assert record.verdict == "failed"
    assert record.scenarios["logs"].failed == ("other: it talks",)
    assert record.ablation is None


def test_an_ablation_stays_with_its_series() -> None:
    with_it = replace(BAD, ablation=(Ablation(patch="main", failing=(FAILING, FAILING)),))
    known = lock_verification(with_it, b"", None)
    assert known.ablation == {"main": {"logs": 2}}
    assert lock_verification(BAD, b"", known).ablation == known.ablation
    other = replace(BAD, series_sha256="d" * 64)
    assert lock_verification(other, b"", known).ablation is None


def test_what_falls_short() -> None:
    good = report(verification(case()))
    assert not good.falls_short
    assert BAD.falls_short
    assert replace(good, ablation=(Ablation(patch="idle"),)).falls_short
    assert not replace(good, ablation=(Ablation(patch="main", failing=(FAILING,)),)).falls_short
    assert replace(good, repetition=report_repetition((case(fault="x"),))).falls_short


def test_tables_and_lines_for_people() -> None:
    row = scenario_table(BAD).plain().splitlines()[1]
    assert row.split()[:2] == ["logs", "failed"]
    assert "other: it talks: it is mute" in row
    lines = [line for line, _ in detail_lines(BAD)]
    assert "stock, docker run -d -t: exit code 255: Read-only file system" in lines
    assert "  its log, inspect output and unit states: /somewhere/else" in lines
    table = ablation_table((Ablation(patch="main", failing=(FAILING,)), Ablation(patch="idle")))
    assert "1 in logs" in table.plain()
    assert "no scenario shows what this patch is for" in table.plain()


def test_the_document_is_plain_json() -> None:
    document = json.loads(documents.encode(BAD))
    assert document["schema"] == "patchkit.verify/1"
    assert document["verdict"] == Verdict.FAILED
    assert document["scenarios"][0]["cases"][1]["kept"] == "/somewhere/else"
