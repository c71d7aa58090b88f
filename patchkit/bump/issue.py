"""What an issue says, in Markdown: what broke, why, and how to go on; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from patchkit.bump.blocks import LIMIT, fenced, joined, mark
from patchkit.bump.body import verdict_text
from patchkit.bump.steps import Step
from patchkit.bump.wording import scenario_verdicts
from patchkit.console import clean
from patchkit.rebase.outcome import Outcome
from patchkit.report.markdown import escaped
from patchkit.report.rebase import conflict_lines, evidence_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from patchkit.bump.ended import Failure, Findings
    from patchkit.report.rebase import RebaseReport
    from patchkit.report.verify_evidence import Evidence

_FAIL = "FAIL: "
"""How the evidence begins a check that did not pass."""


def issue_title(release: str, failure: Failure, findings: Findings) -> str:
    """An issue's title: what broke."""
    what = failure.message
    match failure.step:
        case Step.REBASE if findings.rebase is not None and not findings.rebase.complete:
            stopped = findings.rebase.patches[-1]
            what = f"'{stopped.name}' no longer applies"
            if has_proposal(findings.rebase):
                what = f"'{stopped.name}' has a proposal that a person must accept"
        case Step.BUILD:
            what = "it does not build"
        case Step.VERIFY if findings.verify is not None:
            verdicts = scenario_verdicts(findings.verify)
            short = [name for name, verdict in verdicts.items() if verdict.falls_short]
            what = f"verification {findings.verify.verdict}" + (
                f" ({', '.join(short)})" if short else ""
            )
        case _:
            what = failure.message
    return " ".join(clean(f"systemd {release}: {what}").split())[:200]


def issue_body(release: str, failure: Failure, findings: Findings, *, branch: str) -> str:
    """An issue's text: what broke, why, and how to go on."""
    where = f"at **{failure.step}**" if failure.step else "before its first step"
    parts = [f"`patchkit bump {release}` stopped {where}."]
    told = findings.rebase
    stopped = failure.step is Step.REBASE and told is not None and not told.complete
    hint = None if stopped else failure.hint  # that of a conflict is about the machine it is on
    parts.append(fenced("\n".join(filter(None, (failure.message, hint))), ""))
    if failure.step is Step.REBASE and told is not None:
        shown = _stopped_lines(told)
        if shown:
            parts.append("### The conflict\n\n" + fenced("\n".join(shown), ""))
    if failure.step is Step.VERIFY and findings.verify is not None:
        parts.append(verdict_text(release, findings.verify, findings.voids))
        parts.append(_faults(findings.verify))
    if told is not None and told.complete:
        rows = [f"- {escaped(p.name)}: {escaped(str(p.outcome))}" for p in told.patches]
        parts.append("### The patches\n\n" + "\n".join(rows))
    proposed = told.patches[-1].name if told and has_proposal(told) else None
    ways = "\n".join(_ways(release, failure, branch, proposed))
    parts.append(f"### How to go on\n\n{ways}")
    parts.append("The next run that succeeds closes this issue.")
    parts.append(mark(release))
    text = joined(parts)
    if len(text) > LIMIT:
        cut = joined([parts[0], *parts[-3:]])
        text = joined([parts[0], "(the rest is too long for this page: see the log)", *parts[-3:]])
        text = text if len(text) <= LIMIT else cut[:LIMIT]
    return text


def _faults(told: Evidence) -> str:
    lines = [
        f"{scenario}/{name}: {text.removeprefix(_FAIL)}"
        for scenario, cases in told.scenarios.items()
        for name, case in cases.items()
        for text in (*case.checks, *([_FAIL + case.reason] if case.verdict.falls_short else []))
        if text.startswith(_FAIL)
    ]
    if not lines:
        return ""
    more = [f"... and {len(lines) - 40} more"] if len(lines) > 40 else []
    return "### What failed\n\n" + fenced("\n".join(lines[:40] + more), "")


def has_proposal(told: RebaseReport) -> bool:
    """Whether the patch that waits can be accepted as it is proposed."""
    return bool(told.patches) and told.patches[-1].outcome is Outcome.PROPOSED


def _stopped_lines(told: RebaseReport) -> list[str]:
    """The conflict with its sides; what is proposed, and what speaks for it."""
    return [text for text, _ in (*conflict_lines(told), *evidence_lines(told))]


def _ways(release: str, failure: Failure, branch: str, proposed: str | None) -> Iterator[str]:
    match failure.step:
        case None:
            yield f"Mend that, then: `patchkit bump {release}`"
        case Step.REBASE:
            yield "In a clone of this repository, on its main branch:"
            yield ""
            settle = (
                f"patchkit rebase --accept {proposed}    # or edit, and --continue\n"
                if proposed
                else "patchkit rebase --continue    # when no markers are left\n"
            )
            yield fenced(
                f"git switch -c {branch}\n"
                f"patchkit rebase {release}    # names the files to edit\n"
                f"{settle}"
                f"git add patches && git commit -m 'systemd {release}: by hand'\n"
                f"git push -u origin {branch}",
                "sh",
            )
            yield ""
            yield "The next bump goes on from that branch; your commits on it stay."
        case Step.BUILD | Step.VERIFY:
            yield fenced(f"patchkit rebase {release}\npatchkit {failure.step} {release}", "sh")
            yield ""
            yield f"Mend the patches in `patches/{release}/`, or those of the base, and commit."
        case Step.OVERLAY | Step.REPORT | Step.COMMIT | Step.PR:
            yield fenced(f"patchkit bump {release} --from {failure.step}", "sh")
        case other:
            assert_never(other)


def forecast_title(base: str, broken: tuple[RebaseReport, ...]) -> str:
    """The title of the issue about what is to come."""
    names = dict.fromkeys(told.patches[-1].name for told in broken)
    where = ", ".join(told.release.partition("@")[0] for told in broken)
    return f"systemd {where}: {', '.join(names)} of {base} will no longer apply"[:200]


def forecast_body(base: str, broken: tuple[RebaseReport, ...], name: str) -> str:
    """The text of that issue."""
    parts = [
        f"No release is broken yet: this is what `patchkit forecast` finds when it moves the "
        f"series of {base} onto what upstream prepares."
    ]
    for told in broken:
        shown = _stopped_lines(told)
        parts.append(f"### {escaped(told.release)}\n\n{fenced(chr(10).join(shown), '')}")
    parts.append("The forecast that finds nothing closes this issue.")
    parts.append(mark(name))
    text = joined(parts)
    if len(text) > LIMIT:
        text = joined([parts[0], "(too long for this page: see the log)", *parts[-2:]])
    return text
