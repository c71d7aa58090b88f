"""What other tools make of a case: libgit2 and git's ort on whole trees, GNU patch, wiggle."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from patchkit.proc import ProgramFailedError, SystemRunner
from patchkit.rebase.objects import blob_id
from patchkit.upstream.store import MissingObjectError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.bench.history import Case, History

Found = dict[str, str | None]
"""A peer's result: the blob of each path asked for, None where it is gone."""

_AUTHOR = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "bench"), ("EMAIL", "bench@localhost"), ("DATE", "@1 +0000"))
}


@dataclass(frozen=True, slots=True)
class Peer:
    """A tool: its name, and what it makes of a case on some paths (None when it refuses)."""

    name: str
    merge: Callable[[History, Case, set[str]], Found | None]


def peers() -> Iterator[Peer]:
    """The tools that are on this machine."""
    yield Peer("libgit2", libgit2)
    if shutil.which("git") and _git_version() >= (2, 38):
        yield Peer("git merge-tree (ort)", ort)
    if shutil.which("patch"):
        yield Peer("patch --fuzz=2", patch_fuzz)
    if shutil.which("wiggle"):
        yield Peer("wiggle, by words", wiggle)


def _git_version() -> tuple[int, ...]:
    words = SystemRunner()(["git", "version"]).text.split()
    return tuple(int(part) for part in words[2].split(".")[:2])


def libgit2(history: History, case: Case, paths: set[str]) -> Found | None:
    """`git_merge_trees` with its own options: renames are followed up to its limit."""
    old, new = history.parent(case.original), history.commit(case.original)
    target = history.parent(case.backport)
    index = history.repository.merge_trees(old.tree, target.tree, new.tree)
    if index.conflicts is not None:
        return None
    return {path: str(index[path].id) if path in index else None for path in paths}


def ort(history: History, case: Case, paths: set[str]) -> Found | None:
    """Git's own merge, on commits made for it in a passing object folder.

    `git merge-tree --write-tree` takes trees and a base from git 2.40 on; a history of three
    commits tells older ones the same.
    """
    repository = Path(history.repository.path)
    with tempfile.TemporaryDirectory() as folder:
        env = {
            **_AUTHOR,
            "GIT_DIR": str(repository),
            "GIT_OBJECT_DIRECTORY": folder,
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(repository / "objects"),
            "GIT_CONFIG_NOSYSTEM": "1",
        }
        run = SystemRunner()

        def commit(tree: str, *parents: str) -> str:
            argv = ["git", "commit-tree", tree, "-m", "bench"]
            for parent in parents:
                argv += ["-p", parent]
            return run(argv, env=env).check().text.strip()

        base = commit(str(history.parent(case.original).tree_id))
        patch = commit(str(history.commit(case.original).tree_id), base)
        target = commit(str(history.parent(case.backport).tree_id), base)
        done = run(["git", "merge-tree", "--write-tree", target, patch], env=env)
        if done.returncode != 0:
            return None
        listed = run(["git", "ls-tree", "-z", done.text.split()[0], "--", *sorted(paths)], env=env)
        found: Found = dict.fromkeys(paths)
        for item in listed.check().text.split("\0"):
            if item:
                head, _, path = item.partition("\t")
                found[path] = head.split()[2]
        return found


def patch_fuzz(history: History, case: Case, paths: set[str]) -> Found | None:
    """GNU patch with its default fuzz, on the touched files of the target."""
    old, new = history.parent(case.original), history.commit(case.original)
    target = str(history.parent(case.backport).tree_id)
    try:
        text = old.tree.diff_to_tree(new.tree).patch or ""
    except KeyError:
        return None  # a large file that the mirror lacks
    with tempfile.TemporaryDirectory() as folder:
        for path in paths:
            _put(Path(folder), path, history, target)
        argv = ["patch", "-p1", "--fuzz=2", "--force", "--no-backup-if-mismatch", "--silent"]
        done = SystemRunner()(argv, cwd=Path(folder), stdin=text.encode("utf-8", "replace"))
        if done.returncode != 0:
            return None
        return {path: _got(Path(folder), path) for path in paths}


def _put(folder: Path, path: str, history: History, tree: str) -> None:
    state = history.file(tree, path)
    if state is not None:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(state.content)


def _got(folder: Path, path: str) -> str | None:
    file = folder / path
    return blob_id(file.read_bytes()) if file.is_file() else None


def wiggle(history: History, case: Case, paths: set[str]) -> Found | None:
    """Wiggle's merge of each file, by words; files that come or go are taken as they are."""
    old, new = history.parent(case.original), history.commit(case.original)
    target = str(history.parent(case.backport).tree_id)
    base, patch = str(old.tree_id), str(new.tree_id)
    found: Found = {}
    for path in paths:
        try:
            sides = [history.file(tree, path) for tree in (target, base, patch)]
        except MissingObjectError:
            return None
        there, before, after = (side.content if side else None for side in sides)
        if before == after:
            found[path] = blob_id(there) if there is not None else None
        elif before is None and after is not None and there in (None, after):
            found[path] = blob_id(after)
        elif after is None and there in (None, before):
            found[path] = None
        elif there is None or before is None or after is None:
            return None
        else:
            merged = _wiggled(there, before, after)
            if merged is None:
                return None
            found[path] = blob_id(merged)
    return found


def _wiggled(target: bytes, base: bytes, patch: bytes) -> bytes | None:
    with tempfile.TemporaryDirectory() as folder:
        names = []
        for name, content in (("target", target), ("base", base), ("patch", patch)):
            (Path(folder) / name).write_bytes(content)
            names.append(name)
        try:
            done = SystemRunner()(["wiggle", "--merge", *names], cwd=Path(folder), timeout=20)
        except ProgramFailedError:  # it can take minutes over one large file
            return None
        return done.stdout if done.returncode == 0 else None
