"""A patch as it would be proposed upstream: how it stands there, its age, and what it has cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from patchkit.console import Tone
from patchkit.rebase.culprit import Culprit
from patchkit.rebase.decisions import BY_HAND, WAITS
from patchkit.rebase.outcome import Outcome
from patchkit.report.rebase import PatchReport, notice_text
from patchkit.workspace.tombstones import culprit_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from patchkit.workspace.lock import Lock


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What a patch is exported onto: a branch or a release; ids are git's, hexadecimal.

    `commit` is None for a tree made from a tarball.
    """

    name: str
    commit: str | None
    tree: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Age:
    """When a patch came into the repository: the first commit's date (ISO 8601, in UTC) and id.

    `days` are the whole days since then.
    """

    since: str
    commit: str
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a patch has cost so far, by the lock.

    Of `releases` that were rebased onto, in how many its text had to be `merged`, was `settled`
    beyond git's merge, or was decided on `by_hand`; `outcomes` are by the releases' tags.
    """

    releases: int
    merged: int
    settled: int
    by_hand: int
    outcomes: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportReport:
    """What `patchkit upstream-export --json` prints.

    `series` is the release whose text was taken, `needs` are patches of the series without which
    it does not apply. `content` is the patch in git's mail format; None where there is nothing
    to propose, or where it is not UTF-8, as JSON has to be. `landed` are the upstream commits
    that have it already, `file` is where it was written.
    """

    schema: str = "patchkit.upstream-export/1"
    name: str
    subject: str
    series: str
    onto: Ground
    patch: PatchReport
    needs: tuple[str, ...]
    age: Age | None
    cost: Cost
    landed: tuple[Culprit, ...] = ()
    content: str | None = None
    file: str | None = None


def cost_of(name: str, lock: Lock) -> Cost:
    """What a patch has cost, by the record of each release that it was moved onto."""
    outcomes: dict[str, str] = {}
    merged = settled = by_hand = 0
    for release in lock.supported:
        locked = lock.releases[release.tag]
        patch = next((p for p in locked.patches if p.name == name), None)
        if patch is None or locked.base.release == locked.tag:
            continue
        outcomes[locked.tag] = str(patch.outcome)
        merged += patch.outcome is Outcome.MERGED
        hand = patch.strategy == BY_HAND or patch.accepted or patch.outcome is Outcome.SKIPPED
        by_hand += hand
        settled += patch.outcome in (Outcome.RESOLVED, Outcome.RELOCATED) and not hand
    return Cost(
        releases=len(outcomes), merged=merged, settled=settled, by_hand=by_hand, outcomes=outcomes
    )


def export_lines(report: ExportReport) -> Iterator[tuple[str, Tone]]:
    """What a person wants to know before they propose it."""
    onto = report.onto
    where = f"{onto.name} ({(onto.commit or onto.tree)[:12]})"
    yield f"{report.name}: {report.subject}", Tone.STRONG
    yield _standing(report, where)
    yield from ((f"  {culprit_text(commit)}", Tone.NOTE) for commit in report.landed)
    if report.needs:
        yield f"needs {', '.join(report.needs)} of the series before it", Tone.CARE
    yield f"age: {_age(report.age)}", Tone.PLAIN
    yield f"cost: {_cost(report.cost)}", Tone.PLAIN
    yield from ((f"look at {notice_text(notice)}", Tone.CARE) for notice in report.patch.look_at)


def _standing(report: ExportReport, where: str) -> tuple[str, Tone]:
    outcome = report.patch.outcome
    if outcome is Outcome.UPSTREAM:
        return f"{where} has it already: there is nothing to propose", Tone.GOOD
    if outcome in WAITS:
        return f"does not apply to {where}: {outcome}", Tone.BAD
    how = f" ({report.patch.strategy})" if report.patch.strategy else ""
    return f"from {report.series} onto {where}: {outcome}{how}, {report.patch.meaning}", Tone.GOOD


def _age(age: Age | None) -> str:
    if age is None:
        return "not known: there is no git history of it here"
    return f"{_counted(age.days, 'day')}, since {age.since[:10]} (commit {age.commit[:12]})"


def _cost(cost: Cost) -> str:
    if not cost.releases:
        return "it was moved onto no release yet"
    parts = (
        (cost.merged, "merged"),
        (cost.settled, "settled beyond git's merge"),
        (cost.by_hand, "decided on by hand"),
    )
    told = ", ".join(f"{what} in {count}" for count, what in parts if count)
    return f"moved onto {_counted(cost.releases, 'release')}: {told or 'it applied to all of them'}"


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}{'s' * (count != 1)}"
