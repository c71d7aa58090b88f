"""Run the merge engine alone on a list of backports: one JSON object a line per case.

`python -m tests.bench.backports --repo GITDIR --cases FILE --json OUT`. The engine sees three
trees (the original's parent, the original, the backport's parent) and never the answer; what it
finds out about headers serves the cases after, as a cache does between runs. Nothing is
written to the repository. `tests.bench.judge` compares.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from patchkit.rebase.facts import Facts
from patchkit.rebase.filemerge import FileMerge, ThreeSides
from patchkit.rebase.files import FileMerger
from patchkit.rebase.objects import Labels, ObjectSpace, blob_id
from patchkit.rebase.outcome import FileState, Outcome
from patchkit.rebase.strategies.ladder import climb
from patchkit.rebase.strategies.settling import Grade
from patchkit.rebase.tree import TreeView
from patchkit.upstream.store import MissingObjectError
from tests.bench.history import Case, History

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pygit2

    from patchkit.series.patch import FileChange

_LABELS = Labels(target="target", base="base", patch="patch")


def read_cases(path: Path, branches: Iterable[str] = ()) -> list[Case]:
    """The cases of a JSON-lines file; with `branches`, of these only."""
    wanted = set(branches)
    cases = []
    for line in path.read_text(encoding="utf-8").splitlines():
        fields = json.loads(line)
        case = Case(fields["original"], fields["backport"], fields.get("branch", ""))
        if not wanted or case.branch in wanted:
            cases.append(case)
    return cases


def run_case(history: History, case: Case, facts: Facts | None = None) -> dict[str, object]:
    """What the engine makes of one case, as the object that is written."""
    old, new = history.parent(case.original), history.commit(case.original)
    target = history.parent(case.backport)
    started, spent = time.perf_counter(), time.process_time()
    try:
        found = _merge(history, old, new, str(target.tree_id), facts or Facts())
    except MissingObjectError as error:
        found = {"outcome": Outcome.CONFLICT, "strategy": None, "evidence": [f"- {error.message}"]}
    took, used = time.perf_counter() - started, time.process_time() - spent
    return {
        "original": case.original,
        "backport": case.backport,
        "branch": case.branch,
        "ms": round(took * 1000, 2),
        "cpu_ms": round(used * 1000, 2),
        **found,
    }


def _merge(
    history: History, old: pygit2.Commit, new: pygit2.Commit, target: str, facts: Facts
) -> dict[str, object]:
    base, patch = str(old.tree_id), str(new.tree_id)
    there = TreeView(source=history, tree=target)
    before_it = TreeView(source=history, tree=base)
    merger = FileMerger(space=ObjectSpace(), base=before_it, target=there)
    merges: list[FileMerge] = []
    large: dict[str, str | None] = {}
    for change in history.changes(old, new):
        try:
            before = history.file(base, change.old_path) if change.old_path else None
            after = history.file(patch, change.new_path) if change.new_path else None
            sides = ThreeSides(change=change, before=before, after=after.content if after else b"")
            merges.append(merger.merge(sides, _LABELS))
        except MissingObjectError:
            large.update(_by_name(history, change, (base, patch, target)))
    verdict = climb(merges, base=merger.base, target=there, facts=facts)
    conflicts = any(merge.conflict for merge in merges)
    if not conflicts and (verdict is None or verdict.grade is Grade.RESOLVED):
        return _merged(merges, there, large)
    if verdict is None:
        return {"outcome": Outcome.CONFLICT, "strategy": None}
    said = {
        "strategy": ", ".join(verdict.strategies),
        "evidence": [("+ " if e.favours else "- ") + e.text for e in verdict.evidence],
        "left_out": len(verdict.left_out),
    }
    if verdict.grade is Grade.PROPOSED:
        return {"outcome": Outcome.PROPOSED, **said, "proposed": _ids(verdict.changes) | large}
    outcome = Outcome.RELOCATED if verdict.is_move else Outcome.RESOLVED
    return {"outcome": outcome, **said, "accepted": _ids(verdict.changes) | large}


def _by_name(
    history: History, change: FileChange, trees: tuple[str, str, str]
) -> dict[str, str | None]:
    """Merge a file that the mirror lacks by the names of its contents alone.

    Raises `MissingObjectError` when that does not settle it.
    """
    path = change.path
    base, patch, target = (history.entry(tree, path) for tree in trees)
    if change.old_path != change.new_path or target not in (base, patch):
        raise MissingObjectError(path)
    return {path: patch.id if patch else None}


def _merged(
    merges: list[FileMerge], target: TreeView, large: dict[str, str | None]
) -> dict[str, object]:
    changes: dict[str, FileState | None] = {}
    for merge in merges:
        changes.update(merge.changes)
    found: dict[str, object] = {"strategy": None, "accepted": _ids(changes) | large}
    if not large and all(target.read(path) == state for path, state in changes.items()):
        return {"outcome": Outcome.UPSTREAM, **found}
    if any(merge.path != merge.change.path for merge in merges):
        return {"outcome": Outcome.RELOCATED, **found, "strategy": "file renamed upstream"}
    same = all(target.read(m.path) == m.before for m in merges if m.before is not None)
    return {"outcome": Outcome.UNCHANGED if same else Outcome.MERGED, **found}


def _ids(changes: Mapping[str, FileState | None]) -> dict[str, str | None]:
    return {
        path: blob_id(state.content) if state is not None else None
        for path, state in sorted(changes.items())
    }


def main() -> int:
    """Run the list, write the lines, say how long it took."""
    parser = argparse.ArgumentParser(prog="tests.bench.backports", description=__doc__)
    parser.add_argument("--repo", type=Path, required=True, help="a git directory")
    parser.add_argument("--cases", type=Path, required=True, help="a JSON-lines file")
    parser.add_argument("--json", type=Path, required=True, dest="out", help="what to write")
    parser.add_argument("--branch", action="append", default=[], help="these branches only")
    arguments = parser.parse_args()
    history = History(arguments.repo)
    cases = read_cases(arguments.cases, arguments.branch)
    facts = Facts()
    times: list[float] = []
    busy: list[float] = []
    with arguments.out.open("w", encoding="utf-8") as out:
        for case in cases:
            found = run_case(history, case, facts)
            times.append(float(str(found["ms"])))
            busy.append(float(str(found["cpu_ms"])))
            out.write(json.dumps(found, ensure_ascii=False) + "\n")
    times.sort()
    busy.sort()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    if times:
        print(
            f"{len(times)} cases, median {times[len(times) // 2]:.1f} ms "
            f"(of processor time {busy[len(busy) // 2]:.1f}), "
            f"90 % within {times[len(times) * 9 // 10]:.1f} ms, longest {times[-1]:.0f} ms, "
            f"{peak} MiB at most"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
