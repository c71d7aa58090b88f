"""Killed, interrupted, out of room, not allowed: nothing is lost and nothing is half-written."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from patchkit.cli import main
from patchkit.errors import ExitCode
from tests import builders
from tests.commands import support
from tests.commands.support import MAIN, MANAGER, SOURCE, code
from tests.depth import DEPTH

if TYPE_CHECKING:
    from pathlib import Path

    from tests.commands.support import Desk

KILLS = 20 * DEPTH

needs_namespaces = pytest.mark.skipif(
    subprocess.run(
        ["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"],
        capture_output=True,
        check=False,
    ).returncode
    != 0,
    reason="mount namespaces are not for this user",
)


def timed(desk: Desk, fresh: Path, *words: str) -> float:
    """How long a run in a child takes, in seconds: the quickest of three with a warm cache."""
    taken = []
    for _ in range(3):
        reset(desk, fresh)
        start = time.perf_counter()
        with support.child(desk.argv(*words)) as process:
            os.waitpid(process, 0)
        taken.append(time.perf_counter() - start)
    return min(taken)


def killed(desk: Desk, moment: float, number: int, *words: str) -> int | None:
    """Run in a child that gets a signal after `moment` seconds; its exit code, None if killed."""
    with support.child(desk.argv(*words)) as process:
        time.sleep(moment)
        os.kill(process, number)
        _, status = os.waitpid(process, 0)
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else None


def reset(desk: Desk, to: Path) -> None:
    shutil.rmtree(desk.repository.root)
    shutil.copytree(to, desk.repository.root)


def test_killed_at_any_moment_the_next_run_finds_all_or_nothing(desk: Desk, tmp_path: Path) -> None:
    fresh = tmp_path / "fresh"
    shutil.copytree(desk.repository.root, fresh)
    before = desk.snapshot()
    desk.done("rebase", "v261")
    after = desk.snapshot()
    whole = timed(desk, fresh, "rebase", "v261")
    chance = random.Random(20260102)
    seen: Counter[str] = Counter()
    for _ in range(KILLS):
        reset(desk, fresh)
        killed(desk, chance.uniform(0, whole * 1.1), signal.SIGKILL, "rebase", "v261")
        as_left = desk.snapshot()
        desk.done("rebase", "--abort")  # the next run completes or clears away
        found = desk.snapshot()
        assert found in (before, after)
        seen["after" if found == after else "before"] += 1
        seen["between"] += as_left not in (before, after)
        desk.done("rebase", "v261")
        assert desk.snapshot() == after
        assert sorted(builders.snapshot(desk.repository.state)) == [".gitignore", "held"]
    print(f"{KILLS} kills: {dict(seen)}")


def test_killed_while_it_continues_nothing_of_the_person_s_work_is_lost(
    desk: Desk, tmp_path: Path
) -> None:
    assert desk.run("rebase", "v262").code == ExitCode.CONFLICT
    desk.edited("main", MAIN, code("main", above=4, line="    goto keep;"))
    assert desk.run("rebase", "--continue").code == ExitCode.CONFLICT
    desk.edited("manager", MANAGER, code("manager", above=2, line="    poweroff();"))
    edited = tmp_path / "edited"
    shutil.copytree(desk.repository.root, edited)
    before = desk.snapshot()
    desk.done("rebase", "--continue")
    after = desk.snapshot()
    whole = timed(desk, edited, "rebase", "--continue")
    chance = random.Random(20260103)
    for _ in range(KILLS // 2):
        reset(desk, edited)
        killed(desk, chance.uniform(0, whole * 1.1), signal.SIGKILL, "rebase", "--continue")
        ran = desk.run("rebase", "--continue")
        if ran.code == ExitCode.USAGE:  # it had come to its end
            assert "no rebase waits" in ran.err
        else:
            assert ran.code == 0, ran.said
        assert desk.snapshot() == after
        assert before != after


def test_killed_while_it_sets_up_a_conflict_it_can_be_begun_again(
    desk: Desk, tmp_path: Path
) -> None:
    fresh = tmp_path / "fresh"
    shutil.copytree(desk.repository.root, fresh)
    before = desk.snapshot()
    whole = timed(desk, fresh, "rebase", "v262")
    chance = random.Random(20260104)
    for _ in range(KILLS // 2):
        reset(desk, fresh)
        killed(desk, chance.uniform(0, whole * 1.1), signal.SIGKILL, "rebase", "v262")
        assert desk.run("rebase", "v262").code == ExitCode.CONFLICT
        assert desk.snapshot() == before
        desk.edited("main", MAIN, code("main", above=4, line="    goto keep;"))
        ran = desk.run("rebase", "--continue")
        assert ran.code == ExitCode.CONFLICT
        assert "manager" in ran.out


def test_ctrl_c_at_any_moment_ends_in_130_or_in_the_end(desk: Desk, tmp_path: Path) -> None:
    fresh = tmp_path / "fresh"
    shutil.copytree(desk.repository.root, fresh)
    before = desk.snapshot()
    desk.done("rebase", "v261")
    after = desk.snapshot()
    whole = timed(desk, fresh, "rebase", "v261")
    chance = random.Random(20260105)
    codes: Counter[int | None] = Counter()
    for _ in range(KILLS):
        reset(desk, fresh)
        moment = chance.uniform(0, whole * 1.1)
        codes[killed(desk, moment, signal.SIGINT, "rebase", "v261")] += 1
        desk.done("rebase", "--abort")
        assert desk.snapshot() in (before, after)
    print(f"exit codes: {dict(codes)}")
    assert set(codes) <= {ExitCode.INTERRUPTED, 0}


def test_ctrl_c_says_so_and_that_nothing_is_half_written(desk: Desk) -> None:
    """A real process, which waits for a server that never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        words = desk.argv("rebase", "v261", "--upstream", f"git://127.0.0.1:{port}/x.git")
        with subprocess.Popen(
            [sys.executable, "-m", "patchkit", *words],
            cwd=SOURCE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            connection, _ = server.accept()
            with connection:
                process.send_signal(signal.SIGINT)
                connection.recv(1)
            out, err = process.communicate(timeout=60)
    assert process.returncode == ExitCode.INTERRUPTED
    assert b"interrupted" in err
    assert b"Traceback" not in out + err
    desk.done("rebase", "v261")


def test_of_two_at_once_one_works_and_the_other_says_so(desk: Desk) -> None:
    """Both are real processes; the kernel decides which comes first."""
    argv = [sys.executable, "-m", "patchkit", *desk.argv("rebase", "v261")]
    running = [
        subprocess.Popen(argv, cwd=SOURCE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    said = [process.communicate(timeout=120)[1].decode() for process in running]
    codes = [process.returncode for process in running]
    assert 0 in codes
    for ended, words in zip(codes, said, strict=True):
        assert ended in (0, ExitCode.BUSY), words
        if ended == ExitCode.BUSY:
            assert "another patchkit is at work on this repository (process " in words
    assert "nothing to write" in desk.done("rebase", "v261").out


# No room, no right


@pytest.mark.parametrize("limit", [0, 1, 100, 600, 900, 1200, 3000, 10_000])
@pytest.mark.parametrize("words", [("rebase", "v261"), ("rebase", "v262")])
def test_a_file_that_cannot_grow_is_told_and_nothing_is_half_written(
    desk: Desk, limit: int, words: tuple[str, ...]
) -> None:
    desk.done("rebase", "v261-rc1")  # the cache is there, and a lock
    before = desk.snapshot()

    def limited() -> int:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        return main(desk.argv(*words))

    process = support.forked(limited)
    _, status = os.waitpid(process, 0)
    usual = 0 if words[1] == "v261" else ExitCode.CONFLICT
    assert os.WEXITSTATUS(status) in (ExitCode.STORAGE, usual)
    if os.WEXITSTATUS(status) == ExitCode.STORAGE:
        assert desk.snapshot() == before
        assert desk.run(*words).code == usual


@needs_namespaces
def test_a_full_disk_is_told_and_nothing_is_half_written(desk: Desk, tmp_path: Path) -> None:
    """The repository is on a small file system, filled so far that so many kilobytes are left."""
    desk.done("rebase", "v261-rc1")
    before = desk.snapshot()
    script = """
set -e
mount -t tmpfs -o size=256k,mode=755 none "$1"
cp -r "$2/." "$1"
dd if=/dev/zero of="$1/filler" bs=4k count="$(( $(stat -f -c %a "$1") - $3 ))" status=none
set +e
"$4" -m patchkit --repo "$1" --cache "$5" rebase v261
echo "code $?" >&2
cp -r "$1/patches" "$6"
rm "$1/filler"
"$4" -m patchkit --repo "$1" --cache "$5" rebase v261 -q
echo "again $?" >&2
"""
    for left in range(0, 12, 3):
        mount, kept = tmp_path / f"mount-{left}", tmp_path / f"kept-{left}"
        mount.mkdir()
        arguments = [mount, desk.repository.root, left, sys.executable, desk.repository.cache, kept]
        done = subprocess.run(
            ["unshare", "--mount", "bash", "-c", script, "bash", *map(str, arguments)],
            cwd=SOURCE,
            capture_output=True,
            check=False,
            text=True,
        )
        assert "Traceback" not in done.stderr
        if "code 8" in done.stderr:
            assert "No space left on device" in done.stderr
            assert builders.snapshot(kept) == before
        else:
            assert "code 0" in done.stderr, done.stderr
        assert "again 0" in done.stderr


@needs_namespaces
@pytest.mark.parametrize("place", ["repository", "patches"])
def test_a_read_only_disk_is_told_and_reading_still_works(desk: Desk, place: str) -> None:
    desk.done("rebase", "v261-rc1")
    before = builders.snapshot(desk.repository.root)
    where = desk.repository.root if place == "repository" else desk.patches
    script = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@"'
    below = ("unshare", "--mount", "bash", "-c", script, "bash", str(where))
    ran = support.program(desk.argv("rebase", "v261"), *below)
    assert ran.code == ExitCode.STORAGE, ran.said
    assert "Read-only file system" in ran.err
    assert "Traceback" not in ran.err
    assert support.program(desk.argv("rebase", "v261", "--dry-run"), *below).code == 0
    assert support.program(desk.argv("status"), *below).code == 0
    left = builders.snapshot(desk.repository.root)
    assert {p: c for p, c in left.items() if p in before and p != ".patchkit/held"} == {
        p: c for p, c in before.items() if p != ".patchkit/held"
    }
    desk.done("rebase", "v261")


@needs_namespaces
def test_a_cache_that_cannot_be_written_is_told(desk: Desk) -> None:
    desk.repository.cache.mkdir()
    script = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@"'
    below = ("unshare", "--mount", "bash", "-c", script, "bash", str(desk.repository.cache))
    ran = support.program(desk.argv("rebase", "v261"), *below)
    assert ran.code == ExitCode.STORAGE, ran.said
    assert "Read-only file system" in ran.err
