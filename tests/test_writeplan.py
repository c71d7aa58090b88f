"""A plan happens whole or not at all, wherever the process dies."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
from collections import Counter
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchkit.errors import BusyError, ExitCode, InconsistentError, StorageError, UsageError
from patchkit.writeplan import STATE, WritePlan, atomic_write, commit, held, settle
from tests.builders import snapshot
from tests.depth import examples

if TYPE_CHECKING:
    from collections.abc import Callable

BEFORE = {
    "patches/lock.json": b"old lock\n",
    "patches/v260/0001-a.patch": b"old a\n",
    "patches/v260/0002-b.patch": b"old b\n",
    "patches/v259/0001-a.patch": b"goes, and its folder\n",
    "README": b"stays\n",
}
PLAN = WritePlan(
    writes={
        PurePosixPath("patches/lock.json"): b"new lock\n",
        PurePosixPath("patches/v260/0001-a.patch"): b"new a\n",
        PurePosixPath("patches/v260/0002-b.patch"): b"old b\n",
        PurePosixPath("patches/v261/0001-a.patch"): b"a\n",
        PurePosixPath("patches/v261/deep/0002-b.patch"): b"b\n",
    },
    removals=frozenset({PurePosixPath("patches/v259/0001-a.patch"), PurePosixPath("not/there")}),
)
AFTER = {
    "patches/lock.json": b"new lock\n",
    "patches/v260/0001-a.patch": b"new a\n",
    "patches/v260/0002-b.patch": b"old b\n",
    "patches/v261/0001-a.patch": b"a\n",
    "patches/v261/deep/0002-b.patch": b"b\n",
    "README": b"stays\n",
}


def lay_out(root: Path, files: dict[str, bytes]) -> Path:
    for path, content in files.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return root


def tree(root: Path) -> dict[str, bytes]:
    """The repository without patchkit's own folder."""
    return {p: c for p, c in snapshot(root).items() if not p.startswith(STATE + "/")}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return lay_out(tmp_path / "repo", BEFORE)


def test_a_plan_is_carried_out(root: Path) -> None:
    with held(root, doing="a test"):
        changed = commit(root, PLAN)
    assert [str(path) for path in changed] == [
        "patches/lock.json",
        "patches/v259/0001-a.patch",
        "patches/v260/0001-a.patch",
        "patches/v261/0001-a.patch",
        "patches/v261/deep/0002-b.patch",
    ]
    assert tree(root) == AFTER
    assert not (root / "patches/v259").exists()
    assert sorted(snapshot(root / STATE)) == [".gitignore", "held"]


def test_what_is_as_planned_is_not_touched(root: Path) -> None:
    with held(root, doing="a test"):
        commit(root, PLAN)
        untouched = (root / "patches/lock.json").stat()
        assert commit(root, PLAN) == ()
    assert (root / "patches/lock.json").stat() == untouched


_PATHS = st.sampled_from([f"{folder}/{name}" for folder in "abc" for name in "xyz"])
_FILES = st.dictionaries(_PATHS, st.binary(max_size=3))


@examples(25)
@given(_FILES, _FILES, st.frozensets(_PATHS))
def test_any_plan_gives_what_it_says(
    before: dict[str, bytes], writes: dict[str, bytes], removals: frozenset[str]
) -> None:
    removals = removals - writes.keys()
    plan = WritePlan(
        writes={PurePosixPath(path): content for path, content in writes.items()},
        removals=frozenset(map(PurePosixPath, removals)),
    )
    with tempfile.TemporaryDirectory() as name:
        folder = lay_out(Path(name), before)
        with held(folder, doing="a test"):
            changed = commit(folder, plan)
        wanted = {p: c for p, c in {**before, **writes}.items() if p not in removals}
        assert tree(folder) == wanted
        differing = {p for p in {*before, *wanted} if before.get(p) != wanted.get(p)}
        assert {str(path) for path in changed} == differing


# Death


def dies_at(event: int, work: Callable[[], object]) -> bool:
    """Do the work in a child that kills itself at its nth step on files; whether it did."""
    process = os.fork()
    if process == 0:
        seen = 0

        def count(name: str, _: object) -> None:
            nonlocal seen
            if name in {"open", "os.rename", "os.remove", "os.rmdir", "os.mkdir"}:
                seen += 1
                if seen == event:
                    os.kill(os.getpid(), signal.SIGKILL)

        try:
            sys.addaudithook(count)
            work()
        finally:
            os._exit(0)
    _, status = os.waitpid(process, 0)
    return os.WIFSIGNALED(status)


def committing(root: Path) -> None:
    with held(root, doing="a test"):
        commit(root, PLAN)


def opening(root: Path) -> None:
    with held(root, doing="a test"):
        """Recovery is part of it."""


def test_killed_at_every_step_the_next_one_finds_all_or_nothing(tmp_path: Path) -> None:
    counts: Counter[str] = Counter()
    for event in range(1, 200):
        root = lay_out(tmp_path / str(event), BEFORE)
        if not dies_at(event, partial(committing, root)):
            assert tree(root) == AFTER
            break
        committed = (root / STATE / "journal.json").exists()
        left = tree(root)
        if not committed:  # nothing has happened yet, or all of it has
            assert left in (BEFORE, AFTER)
        opening(root)
        wanted = AFTER if committed or left == AFTER else BEFORE
        assert tree(root) == wanted
        assert sorted(snapshot(root / STATE)) == [".gitignore", "held"]
        assert not (root / STATE / "journal.json").exists()
        counts["after" if wanted == AFTER else "before"] += 1
        counts["between"] += left not in (BEFORE, AFTER)
    else:
        pytest.fail("it never came to its end")
    print(f"killed at each of {event - 1} steps: {dict(counts)}")
    assert counts["before"] > 5
    assert counts["between"] > 2


def test_killed_again_while_it_recovers_it_still_comes_to_the_end(tmp_path: Path) -> None:
    root = lay_out(tmp_path / "repo", BEFORE)
    middle = next(
        event for event in range(1, 200) if _journal_stands_after(event, tmp_path / f"find-{event}")
    )
    deaths = 0
    for again in range(1, 200):
        shutil.rmtree(root)
        lay_out(root, BEFORE)
        assert dies_at(middle, lambda: committing(root))
        died = dies_at(again, lambda: opening(root))
        opening(root)
        assert tree(root) == AFTER
        if not died:
            break
        deaths += 1
    assert deaths > 5
    print(f"killed at each of {deaths} steps of the recovery")


def _journal_stands_after(event: int, root: Path) -> bool:
    lay_out(root, BEFORE)
    dies_at(event, lambda: committing(root))
    return (root / STATE / "journal.json").exists()


# Refusals


def test_one_at_a_time(root: Path) -> None:
    with (
        held(root, doing="the first"),
        pytest.raises(BusyError, match="the first") as caught,
        held(root, doing="the second"),
    ):
        pytest.fail("both had it")
    assert caught.value.exit_code is ExitCode.BUSY
    assert str(os.getpid()) in caught.value.message
    with held(root, doing="the third"):
        """Free again."""


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a/../../x", "."])
def test_a_path_that_leads_out_is_refused(path: str) -> None:
    with pytest.raises(UsageError, match="leads out of the repository"):
        WritePlan(writes={PurePosixPath(path): b""})
    with pytest.raises(UsageError, match="leads out of the repository"):
        WritePlan(removals=frozenset({PurePosixPath(path)}))


@pytest.mark.parametrize("link", ["patches", "patches/v260", "patches/lock.json"])
def test_a_link_on_the_way_is_refused(root: Path, tmp_path: Path, link: str) -> None:
    outside = tmp_path / "outside"
    place = root / link
    place.rename(outside)
    place.symlink_to(outside)
    before = snapshot(outside) if outside.is_dir() else {"": outside.read_bytes()}
    with held(root, doing="a test"), pytest.raises(InconsistentError, match="symbolic link"):
        commit(root, PLAN)
    assert (snapshot(outside) if outside.is_dir() else {"": outside.read_bytes()}) == before
    assert sorted(snapshot(root / STATE)) == [".gitignore", "held"]


@pytest.mark.parametrize("path", ["patches/lock.json", "patches/v259/0001-a.patch"])
def test_a_folder_in_a_file_s_place_is_refused_before_anything_happens(
    root: Path, path: str
) -> None:
    (root / path).unlink()
    (root / path).mkdir()
    before = tree(root)
    with held(root, doing="a test"), pytest.raises(StorageError, match="Is a directory"):
        commit(root, PLAN)
    assert tree(root) == before
    opening(root)


def test_a_file_in_a_folder_s_place_is_refused_before_anything_happens(root: Path) -> None:
    (root / "patches/v261").write_bytes(b"")
    before = tree(root)
    with held(root, doing="a test"), pytest.raises(StorageError, match="Not a directory"):
        commit(root, PLAN)
    assert tree(root) == before
    opening(root)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"schema": "patchkit.journal/1", "stage": "x", "writes": {"../x": "0"}, "removals": []}',
        '{"schema": "patchkit.journal/1", "stage": "x", "writes": {}, "removals": ["/etc/passwd"]}',
    ],
)
def test_a_journal_that_patchkit_did_not_write_is_refused(root: Path, text: str) -> None:
    opening(root)
    (root / STATE / "journal.json").write_text(text)
    with pytest.raises(InconsistentError, match="is not a journal"), held(root, doing="a test"):
        pytest.fail("it was taken")
    assert tree(root) == BEFORE


def test_a_file_is_put_in_place_whole(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b"
    atomic_write(path, b"one")
    atomic_write(path, b"two")
    assert snapshot(tmp_path) == {"a/b": b"two"}


def test_a_file_that_cannot_be_put_in_place_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    with pytest.raises(IsADirectoryError):
        atomic_write(tmp_path / "x", b"one")
    assert snapshot(tmp_path) == {}


def test_reading_completes_what_a_dead_process_committed(tmp_path: Path) -> None:
    middle = next(
        event for event in range(1, 200) if _journal_stands_after(event, tmp_path / f"find-{event}")
    )
    root = lay_out(tmp_path / "repo", BEFORE)
    dies_at(middle, partial(committing, root))
    settle(root)
    assert tree(root) == AFTER
    settle(root)
    assert not (lay_out(tmp_path / "other", BEFORE) / STATE).exists()
