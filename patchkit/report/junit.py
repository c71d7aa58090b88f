"""A verification as JUnit XML, as CI systems read it: a suite a scenario, a case a check."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from patchkit.console import clean
from patchkit.verify.verdict import ControlOutcome, Verdict

if TYPE_CHECKING:
    from patchkit.report.verify import CaseReport, ControlReport, VerifyReport
    from patchkit.verify.ablation import Ablation

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no place for (Extensible Markup Language 1.0, production 2)."""


def junit(report: VerifyReport) -> bytes:
    """The document, UTF-8, the same bytes for the same report."""
    root = ET.Element("testsuites", name=f"patchkit verify {report.release}")
    if report.control:
        _suite(root, "negative control", [_control(result) for result in report.control])
    for scenario in report.scenarios:
        cases = [item for case in scenario.cases for item in _case(scenario.name, case)]
        _suite(root, scenario.name, cases)
    if report.ablation:
        _suite(root, "ablation", [_ablated(item) for item in report.ablation])
    ET.indent(root)
    text: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _suite(root: ET.Element, name: str, cases: list[ET.Element]) -> None:
    suite = ET.SubElement(root, "testsuite", name=_safe(name), tests=str(len(cases)))
    for kind in ("failure", "error", "skipped"):
        count = sum(case.find(kind) is not None for case in cases)
        suite.set(kind if kind == "skipped" else f"{kind}s", str(count))
    suite.extend(cases)


def _element(group: str, name: str, kind: str | None = None, message: str = "") -> ET.Element:
    element = ET.Element("testcase", classname=_safe(group), name=_safe(name))
    if kind is not None:
        ET.SubElement(element, kind, message=_safe(message))
    return element


def _control(result: ControlReport) -> ET.Element:
    good = result.outcome in {ControlOutcome.REFUSED, ControlOutcome.SILENT}
    name = f"stock does not boot: {result.name}"
    return _element("control", name, None if good else "failure", result.measured)


def _case(scenario: str, case: CaseReport) -> list[ET.Element]:
    group = f"{scenario}.{case.name}"
    if case.verdict is Verdict.NOT_RUN:
        return [_element(group, case.name, "skipped", case.reason)]
    elements = [
        _element(group, check.name, None if check.passed else "failure", "; ".join(check.faults))
        for check in case.checks
    ]
    elements += [_element(group, name, "failure", "not reached") for name in case.unreached]
    if case.verdict is Verdict.VOID:
        elements.append(_element(group, "conditions", "error", case.reason))
    return elements


def _ablated(item: Ablation) -> ET.Element:
    name = f"without {item.patch} something fails"
    if item.problem is not None:
        return _element("ablation", name, "error", item.problem)
    return _element("ablation", name, None if item.needed else "failure", "nothing fails")


def _safe(text: str) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", clean(text))
