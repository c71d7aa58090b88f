"""scripts/dockerd: a private engine that starts, answers, stops and leaves nothing."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from patchkit.engine.connection import Engine

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPT = Path(__file__).parent.parent / "scripts" / "dockerd"
BRIDGE = "pkself0"


def call(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([SCRIPT, *words], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ((), 2, "start|stop|status"),
        (("--help",), 0, "DOCKER_HOST|eval"),
        (("begin",), 2, "start|stop|status"),
        (("start", "--dir"), 2, "start|stop|status"),
        (("start", "--bridge", "a/b"), 2, "cannot be a bridge's name"),
        (("start", "--dir", "/tmp/" + "x" * 62), 2, "too long a path"),
    ],
)
def test_mistakes(words: tuple[str, ...], code: int, message: str) -> None:
    done = call(*words)
    assert done.returncode == code
    assert any(part in done.stderr for part in message.split("|"))
    assert done.stdout == ""


def test_status_without_an_engine(folder: Path) -> None:
    done = call("status", "--dir", str(folder))
    assert (done.returncode, done.stdout) == (3, "")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path: sockets have no room for pytest's."""
    with tempfile.TemporaryDirectory(prefix="pk-") as name:
        yield Path(name, "d")


@pytest.fixture
def place(folder: Path) -> Iterator[tuple[str, ...]]:
    words = ("--dir", str(folder), "--bridge", BRIDGE)
    yield words
    call("stop", *words, "--purge")


@pytest.mark.docker
@pytest.mark.skipif(os.geteuid() != 0, reason="an engine is started by root")
def test_it_starts_answers_and_stops(place: tuple[str, ...], folder: Path) -> None:
    started = call("start", *place, "--subnet", "10.213.231.1/24")
    assert started.returncode == 0, started.stderr
    host = f"unix://{folder}/docker.sock"
    assert started.stdout == f"export DOCKER_HOST={host}\n"
    with Engine.connect({"DOCKER_HOST": host}) as engine:
        facts = engine.describe()
    assert facts.cgroup_version == 2
    again = call("start", *place)
    assert (again.returncode, again.stdout) == (0, started.stdout)
    assert "runs already" in again.stderr
    assert call("status", *place).returncode == 0
    assert call("stop", *place, "--purge").returncode == 0
    assert not folder.exists()
    assert not Path("/sys/class/net", BRIDGE).exists()
    assert call("status", *place).returncode == 3
