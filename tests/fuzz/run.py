"""`python -m tests.fuzz.run --minutes N`: fuzz every target for a while; counts as a table."""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from pathlib import Path
from typing import Any

from patchkit.console import Cell, Table
from tests.fuzz.commands import COMMANDS
from tests.fuzz.engine import Finding, fuzz
from tests.fuzz.servers import SERVERS
from tests.fuzz.targets import READERS, Target

TARGETS = (*READERS, *SERVERS, *COMMANDS)
_SLICE = 15.0
"""How long a target has its turn, in seconds."""


def main() -> int:
    """Take turns until the time is up; 1 when anything was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--target", action="append", default=[], metavar="NAME")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--record", type=Path, metavar="FILE", help="add the counts to this file")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-findings"), metavar="DIR")
    given = parser.parse_args()
    chosen = [t for t in TARGETS if not given.target or t.name in given.target]
    if not chosen:
        parser.error(f"targets are: {', '.join(t.name for t in TARGETS)}")
    totals, findings = _run(chosen, given)
    print(_table(totals).plain())
    for target, finding in findings:
        print(f"{target}: {finding.where}: {finding.what} ({finding.input})")
    if given.record:
        _record(given.record, totals)
    return 1 if findings else 0


def _run(
    chosen: list[Target], given: argparse.Namespace
) -> tuple[dict[str, dict[str, float]], list[tuple[str, Finding]]]:
    chance = random.Random(given.seed)
    totals = {t.name: {"executions": 0.0, "refused": 0.0, "seconds": 0.0} for t in chosen}
    found: dict[tuple[str, str], Finding] = {}
    end = time.monotonic() + given.minutes * 60
    while (left := end - time.monotonic()) > 0:
        turn = min(_SLICE, max(0.5, left / len(chosen)))
        for target in chosen:
            outcome = fuzz(target, seconds=turn, seed=chance.getrandbits(32), kept=given.keep)
            for name in totals[target.name]:
                totals[target.name][name] += getattr(outcome, name)
            for finding in outcome.findings:
                if (target.name, finding.where) not in found:
                    print(f"{target.name}: {finding.where}: {finding.what}", flush=True)
                found.setdefault((target.name, finding.where), finding)
    for name, _ in found:
        totals[name]["findings"] = totals[name].get("findings", 0) + 1
    return totals, [(name, finding) for (name, _), finding in found.items()]


def _table(totals: dict[str, Any]) -> Table:
    rows = list(totals.items())
    whole = {key: sum(c.get(key, 0) for _, c in rows) for key in ("executions", "refused",
             "seconds", "findings")}  # fmt: skip
    return Table(
        headings=("Target", "Executions", "Refused", "Seconds", "Findings"),
        rows=tuple(
            (
                Cell(name),
                Cell(f"{counts['executions']:.0f}"),
                Cell(f"{counts['refused']:.0f}"),
                Cell(f"{counts['seconds']:.0f}"),
                Cell(f"{counts.get('findings', 0):.0f}"),
            )
            for name, counts in [*rows, ("together", whole)]
        ),
    )


def _record(path: Path, totals: dict[str, Any]) -> None:
    """Add counts to what earlier runs recorded."""
    known: dict[str, dict[str, float]] = {}
    if path.exists():
        known = json.loads(path.read_text(encoding="utf-8"))
    for name, counts in totals.items():
        before = known.setdefault(name, {})
        for key, value in counts.items():
            before[key] = round(before.get(key, 0) + value)
    path.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    print(_table(known).plain())


if __name__ == "__main__":
    sys.exit(main())
