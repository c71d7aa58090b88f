"""Compare what the engine made of backports with what the maintainers made: the bench's table.

`python -m tests.bench.judge --repo GITDIR --results OUT [--peers] [--list KIND]`. The right
answer is the tree of `backport`, compared on every path that it or the original touches.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.history import Case, History
from tests.bench.peers import libgit2, peers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Mark(StrEnum):
    """How a result compares with the right answer."""

    EXACT = "exact"
    WRONG = "wrong"
    PROPOSED_EXACT = "proposed exact"
    PROPOSED_WRONG = "proposed wrong"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One case: the engine's mark and libgit2's."""

    case: Case
    mark: Mark
    libgit2: Mark
    strategy: str
    milliseconds: float
    said_left_out: bool


def right_answer(history: History, case: Case) -> dict[str, str | None]:
    """The maintainer's blob for each path that either commit touches; None where it is gone."""
    paths = history.touched(history.parent(case.original), history.commit(case.original))
    paths |= history.touched(history.parent(case.backport), history.commit(case.backport))
    tree = str(history.commit(case.backport).tree_id)
    return {path: _blob(history, tree, path) for path in paths}


def _blob(history: History, tree: str, path: str) -> str | None:
    entry = history.entry(tree, path)
    return entry.id if entry else None


def compare(
    history: History,
    case: Case,
    right: Mapping[str, str | None],
    found: Mapping[str, str | None] | None,
) -> Mark:
    """Mark a result; paths that it does not name stay as the target has them."""
    if found is None:
        return Mark.REFUSED
    target = str(history.parent(case.backport).tree_id)
    for path in {*right, *found}:
        want = right[path] if path in right else _blob(history, target, path)
        got = found[path] if path in found else _blob(history, target, path)
        if want != got:
            return Mark.WRONG
    return Mark.EXACT


def judge(history: History, result: Mapping[str, object]) -> Judged:
    """Judge one line of the engine's results."""
    case = Case(str(result["original"]), str(result["backport"]), str(result.get("branch", "")))
    right = right_answer(history, case)
    proposed, accepted = result.get("proposed"), result.get("accepted")
    mark = Mark.REFUSED
    if isinstance(accepted, dict):
        mark = compare(history, case, right, accepted)
    elif isinstance(proposed, dict):
        exact = compare(history, case, right, proposed) is Mark.EXACT
        mark = Mark.PROPOSED_EXACT if exact else Mark.PROPOSED_WRONG
    return Judged(
        case=case,
        mark=mark,
        libgit2=compare(history, case, right, libgit2(history, case, set(right))),
        strategy=str(result.get("strategy") or "-"),
        milliseconds=float(str(result["ms"])),
        said_left_out=bool(result.get("left_out")),
    )


def table(judged: Sequence[Judged]) -> str:
    """The engine beside libgit2, by what libgit2 alone makes of a case."""
    lines = [
        "| libgit2 alone | cases | exact | wrong | proposed exact | proposed wrong | refused |"
    ]
    lines.append("|---|--:|--:|--:|--:|--:|--:|")
    for kind in (Mark.EXACT, Mark.WRONG, Mark.REFUSED, None):
        of_kind = [j for j in judged if kind in (None, j.libgit2)]
        counts = Counter(j.mark for j in of_kind)
        cells = " | ".join(str(counts[mark]) for mark in Mark)
        lines.append(f"| {kind or 'all'} | {len(of_kind)} | {cells} |")
    refused = [j for j in judged if j.libgit2 is Mark.REFUSED]
    counts = Counter(j.mark for j in refused)
    more_wrong = sum(j.mark is Mark.WRONG for j in judged) - sum(
        j.libgit2 is Mark.WRONG for j in judged
    )
    if refused:
        accepted = counts[Mark.EXACT] / len(refused)
        shown = (counts[Mark.EXACT] + counts[Mark.PROPOSED_EXACT]) / len(refused)
        lines.append("")
        lines.append(
            f"Of what libgit2 refuses, {accepted:.0%} accepted exactly, {shown:.0%} with the "
            f"proposals; {more_wrong:+d} wrong accepted against libgit2 alone."
        )
    return "\n".join(lines)


def by_strategy(judged: Sequence[Judged]) -> str:
    """What each strategy (or set of them) came to."""
    counts: dict[str, Counter[Mark]] = {}
    for one in judged:
        if one.libgit2 is Mark.REFUSED:
            counts.setdefault(one.strategy, Counter())[one.mark] += 1
    lines = ["| strategy | exact | wrong | proposed exact | proposed wrong | refused |"]
    lines.append("|---|--:|--:|--:|--:|--:|")
    for strategy, marks in sorted(counts.items(), key=lambda item: -item[1].total()):
        lines.append(f"| {strategy} | " + " | ".join(str(marks[mark]) for mark in Mark) + " |")
    return "\n".join(lines)


def peers_table(history: History, cases: Sequence[Case]) -> str:
    """What the other tools make of the same cases."""
    lines = ["| tool | exact | wrong | refused |", "|---|--:|--:|--:|"]
    answers = [right_answer(history, case) for case in cases]
    for peer in peers():
        counts: Counter[Mark] = Counter()
        for case, right in zip(cases, answers, strict=True):
            found = peer.merge(history, case, set(right))
            counts[compare(history, case, right, found)] += 1
        cells = f"{counts[Mark.EXACT]} | {counts[Mark.WRONG]} | {counts[Mark.REFUSED]}"
        lines.append(f"| {peer.name} | {cells} |")
    return "\n".join(lines)


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="tests.bench.judge", description=__doc__)
    parser.add_argument("--repo", type=Path, required=True, help="a git directory")
    parser.add_argument("--results", type=Path, required=True, help="what the bench wrote")
    parser.add_argument("--branch", action="append", default=[], help="these branches only")
    parser.add_argument("--peers", action="store_true", help="run the other tools too (minutes)")
    parser.add_argument("--strategies", action="store_true", help="a table by strategy too")
    parser.add_argument("--list", metavar="MARK", help="name the cases with this mark")
    arguments = parser.parse_args()
    history = History(arguments.repo)
    lines = arguments.results.read_text(encoding="utf-8").splitlines()
    results = [json.loads(line) for line in lines]
    wanted = [r for r in results if not arguments.branch or r["branch"] in arguments.branch]
    judged = [judge(history, result) for result in wanted]
    print(table(judged))
    if arguments.strategies:
        print("\n" + by_strategy(judged))
    if arguments.peers:
        print("\n" + peers_table(history, [one.case for one in judged]))
    if arguments.list:
        for one in judged:
            if one.mark == arguments.list:
                print(one.case.branch, one.case.original, one.case.backport, one.strategy)
    return 0


if __name__ == "__main__":
    sys.exit(main())
