"""Whether PID 1 can be sent a signal yet: by what /proc says of real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from patchkit.verify.listening import await_init, blocks

if TYPE_CHECKING:
    from collections.abc import Iterator

SLOW = """
import signal, time
time.sleep(0.5)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
time.sleep(60)
"""
STATUS = "Name:\tsystemd\nPid:\t4711\n{ns}SigBlk:\t{mask:016x}\n"


@contextmanager
def namespace(program: str) -> Iterator[int]:
    """A program as PID 1 of a pid namespace; its number outside."""
    words = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child"]
    with subprocess.Popen([*words, sys.executable, "-c", program]) as outer:
        try:
            yield child(outer)
        finally:
            outer.terminate()


def child(outer: subprocess.Popen[bytes]) -> int:
    children = Path(f"/proc/{outer.pid}/task/{outer.pid}/children")
    while outer.poll() is None:
        if found := children.read_text().split():
            return int(found[0])
        time.sleep(0.01)
    pytest.skip("this user may not make pid namespaces")


def blocked(pid: int) -> bool:
    return blocks(Path(f"/proc/{pid}/status").read_text(), signal.SIGTERM)


def test_a_program_that_begins_late_is_waited_for() -> None:
    with namespace(SLOW) as pid:
        assert not blocked(pid)
        await_init(pid, timeout=20)
        assert blocked(pid)


def test_the_wait_has_an_end() -> None:
    with namespace("import time; time.sleep(60)") as pid:
        await_init(pid, timeout=0.05)
        assert not blocked(pid)


def test_who_is_no_init_or_is_gone_is_not_waited_for() -> None:
    await_init(os.getpid(), timeout=600)
    await_init(0, timeout=600)


@pytest.mark.parametrize(
    ("ns", "mask", "expected"),
    [
        ("NSpid:\t4711\t1\n", 1 << 14, True),
        ("NSpid:\t9\t4711\t1\n", 0xFFFFFFFF, True),
        ("NSpid:\t4711\t1\n", 0xFFFFFFFF & ~(1 << 14), False),
        ("NSpid:\t4711\n", 1 << 14, False),
        ("NSpid:\t1\t12\n", 1 << 14, False),
        ("", 1 << 14, False),
    ],
)
def test_only_a_pid_1_that_blocks_it_counts(ns: str, mask: int, expected: bool) -> None:
    assert blocks(STATUS.format(ns=ns, mask=mask), signal.SIGTERM) is expected


def test_what_is_no_status_says_no() -> None:
    assert not blocks("SigBlk:\tnonsense\nNSpid:\t4\t1\n", signal.SIGTERM)
