"""Whatever a rebase writes is taken strictly by git am, patch and quilt: no fuzz, no offset."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import event, given
from hypothesis import strategies as st

from patchkit.rebase.outcome import Outcome
from patchkit.rebase.strict import apply_series
from patchkit.series.parse import parse_patch
from patchkit.series.render import render_patch
from tests.builders import EXECUTABLE, PLAIN, files_at, git
from tests.depth import examples
from tests.rebase import support
from tests.rebase.histories import History, Tree, histories

if TYPE_CHECKING:
    from patchkit.series.patch import Series
    from tests.rebase.support import World

_INEXACT = re.compile(rb"offset|fuzz|reversed|ignored|malformed|garbage", re.IGNORECASE)


@examples(15)
@given(histories(), st.booleans())
def test_every_tool_takes_what_is_written(history: History, three_way: bool) -> None:
    with support.world(history.before, history.after, *history.changes) as world:
        result = world.rebase(three_way=three_way)
        for each in result.results:
            event(f"outcome {each.outcome}")
        wanted = expected(history.after, result.series, world)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "patches").mkdir()
            files = support.written(result.series, folder / "patches")
            if files:
                assert by_git_am(world, files, folder / "am") == wanted
                assert by_patch(history.after, files, folder / "patch") == wanted
                assert by_quilt(history.after, folder / "patches", folder / "quilt") == wanted


@examples(15)
@given(histories())
def test_what_is_written_is_canonical_and_stays_so(history: History) -> None:
    with support.world(history.before, history.after, *history.changes) as world:
        result = world.rebase()
        assert world.rebase().series == result.series
        for patch in result.series.patches:
            again = parse_patch(patch.content, name=patch.name, file_name=patch.file_name)
            assert render_patch(again.message, again.files) == patch.content
        if result.conflict is None and result.series.patches:
            onto_itself = support.rebase_onto_itself(world, result.series)
            assert [r.outcome for r in onto_itself.results] == [Outcome.UNCHANGED] * len(
                result.series.patches
            )
            twice = support.rebase_onto_itself(world, onto_itself.series)
            assert [p.content for p in twice.series.patches] == [
                p.content for p in onto_itself.series.patches
            ]


@examples(10)
@given(histories())
def test_a_canonical_series_is_what_git_writes(history: History) -> None:
    """A series onto its own base comes back as format-patch wrote it."""
    with support.world(history.before, history.after, *history.changes) as world:
        again = world.rebase(target="v260")
        assert [p.content for p in again.series.patches] == [
            p.content for p in world.series.patches
        ]


def expected(after: Tree, series: Series, world: World) -> Tree:
    tree = dict(after)
    for path, state in apply_series(series, world.view("v261")).changes.items():
        if state is None:
            tree.pop(path, None)
        else:
            tree[path] = (state.mode, state.content)
    return tree


def by_git_am(world: World, files: list[Path], folder: Path) -> Tree:
    git(world.folder, "worktree", "add", "-q", "--detach", str(folder), "v261")
    git(folder, "am", "-q", *map(str, files))
    try:
        return files_at(folder, "HEAD")
    finally:
        git(world.folder, "worktree", "remove", "--force", str(folder))


def by_patch(after: Tree, files: list[Path], folder: Path) -> Tree:
    lay_out(after, folder)
    for file in files:
        run(["patch", "-p1", "--fuzz=0", "--no-backup-if-mismatch", "-i", str(file)], folder)
    return laid_out(folder)


def by_quilt(after: Tree, patches: Path, folder: Path) -> Tree:
    lay_out(after, folder)
    run(["quilt", "push", "-a", "--fuzz=0"], folder, {"QUILT_PATCHES": str(patches)})
    shutil.rmtree(folder / ".pc")
    return laid_out(folder)


def run(argv: list[str], folder: Path, more: dict[str, str] | None = None) -> None:
    environment = {**os.environ, "LC_ALL": "C", "QUILTRC": "/dev/null", **(more or {})}
    done = subprocess.run(argv, cwd=folder, env=environment, capture_output=True, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said.decode()
    assert not _INEXACT.search(said), said.decode()


def lay_out(tree: Tree, folder: Path) -> None:
    for path, (mode, content) in tree.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        place.chmod(mode & 0o777)


def laid_out(folder: Path) -> Tree:
    return {
        path.relative_to(folder).as_posix(): (
            EXECUTABLE if path.stat().st_mode & 0o100 else PLAIN,
            path.read_bytes(),
        )
        for path in folder.rglob("*")
        if path.is_file()
    }
