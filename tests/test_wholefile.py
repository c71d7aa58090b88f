"""Files appear whole; what the dead leave is swept, what the living hold is not."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from patchkit.wholefile import atomic_write, probe, scratch_folder, sweep, whole_file
from tests.builders import snapshot

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    place = tmp_path / "a" / "b"
    atomic_write(place, b"one")
    with whole_file(place) as stream:
        stream.write(b"tw")
        stream.flush()
        assert place.read_bytes() == b"one"
        stream.write(b"o")
    assert snapshot(tmp_path) == {"a/b": b"two"}


def test_what_goes_wrong_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    place = tmp_path / "b"
    atomic_write(place, b"one")
    with pytest.raises(ZeroDivisionError), whole_file(place) as stream:
        stream.write(b"tw")
        raise ZeroDivisionError
    assert snapshot(tmp_path) == {"b": b"one"}


def dying(work: Path) -> None:
    """Begin a file and a folder in a child, which is killed over it."""
    process = os.fork()
    if process == 0:
        try:
            with whole_file(work / "b") as stream, scratch_folder(work, ".new-") as folder:
                stream.write(b"half")
                stream.flush()
                (folder / "x").write_bytes(b"x")
                os.kill(os.getpid(), signal.SIGKILL)
        finally:
            os._exit(1)
    os.waitpid(process, 0)


def test_what_the_dead_left_is_swept_by_the_next(tmp_path: Path) -> None:
    dying(tmp_path)
    assert len(snapshot(tmp_path)) == 2
    atomic_write(tmp_path / "b", b"whole")
    with scratch_folder(tmp_path, ".new-") as folder:
        assert sorted(p.name for p in tmp_path.iterdir()) == sorted([folder.name, "b"])
    assert snapshot(tmp_path) == {"b": b"whole"}


def test_what_the_living_hold_stays(tmp_path: Path) -> None:
    ready, end = os.pipe(), os.pipe()
    process = os.fork()
    if process == 0:
        try:
            with whole_file(tmp_path / "b") as stream, scratch_folder(tmp_path, ".new-"):
                stream.write(b"theirs")
                os.write(ready[1], b".")
                os.read(end[0], 1)
            os._exit(0)
        finally:
            os._exit(1)
    os.read(ready[0], 1)
    before = sorted(p.name for p in tmp_path.iterdir())
    atomic_write(tmp_path / "b", b"mine")
    sweep(tmp_path, ".new-")
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([*before, "b"])
    os.write(end[1], b".")
    assert os.waitpid(process, 0)[1] == 0
    assert snapshot(tmp_path) == {"b": b"theirs"}


def test_two_who_write_and_sweep_all_the_time_do_not_disturb_each_other(tmp_path: Path) -> None:
    processes = []
    for name in "abcd":
        process = os.fork()
        if process == 0:
            code = 1
            try:
                until = time.monotonic() + 1
                while time.monotonic() < until:
                    atomic_write(tmp_path / "same", name.encode() * 1000)
                    with scratch_folder(tmp_path, ".new-") as folder:
                        (folder / name).write_bytes(b"")
                code = 0
            finally:
                os._exit(code)
        processes.append(process)
    assert [os.waitpid(process, 0)[1] for process in processes] == [0] * 4
    (content,) = snapshot(tmp_path).values()
    assert content in {name.encode() * 1000 for name in "abcd"}


def test_a_name_that_only_looks_alike_stays(tmp_path: Path) -> None:
    for name in (".b.7.keep", "b.7.tmp", ".c.7.tmp"):
        (tmp_path / name).write_bytes(b"")
    atomic_write(tmp_path / "b", b"")
    assert len(snapshot(tmp_path)) == 4


def test_a_probe_gives_the_system_s_reason(tmp_path: Path) -> None:
    probe(tmp_path)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(FileNotFoundError):
        probe(tmp_path / "absent")
