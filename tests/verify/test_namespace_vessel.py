"""An ordinary user's namespace: made, proven, ended, and nothing of it left."""

from __future__ import annotations

import os
import tempfile
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from patchkit.build.layer import FileSpec
from patchkit.verify.case_run import run_case
from patchkit.verify.ground import unpack
from patchkit.verify.namespace_vessel import (
    PREFIX,
    NamespaceHarbour,
    namespace_absence,
    sweep_namespaces,
)
from patchkit.verify.verdict import Verdict
from tests.verify.support import parsed, run, stand_in

if TYPE_CHECKING:
    from patchkit.verify.verdict import CaseResult

# the stand-in mounts what PID 1 would
MOUNTS = "mkdir -p /sys/fs/cgroup\nmount -t cgroup2 cgroup2 /sys/fs/cgroup\n"
GOOD = """
trap 'echo STOPPING; exit 0' TERM
echo running >/run/state
while :; do sleep 0.05; done
"""


@pytest.fixture(autouse=True)
def possible() -> None:
    """A person's machine may forbid it; CI must not."""
    reason = namespace_absence()
    if reason is not None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


def lived(tmp_path: Path, behaviour: str, *steps: str) -> CaseResult:
    layers = stand_in(tmp_path / "image").layers
    files = {"/behaviour": FileSpec.file(behaviour), "/usr/bin/mount": FileSpec.link("busybox")}
    harbour = NamespaceHarbour(unpack=partial(unpack, layers, files), init="/usr/sbin/init")
    head = 'schema = "patchkit.scenario/1"\nsummary = "A test"\nplace = "namespace"\n'
    case = parsed(run(*steps), head=head).cases[0]
    return run_case(
        case,
        lambda: harbour.vessel(case),
        scenario="test",
        words={},
        keep=tmp_path / "kept",
        stopping=threading.Event(),
    )


def folders() -> list[Path]:
    return list(Path(tempfile.gettempdir()).glob(f"{PREFIX}{os.getpid()}-*"))


WAIT = 'wait = "running", timeout = 5'


def test_a_good_one(tmp_path: Path) -> None:
    case = lived(
        tmp_path,
        MOUNTS + GOOD,
        WAIT,
        'exec = "cat /proc/self/uid_map", says = "0 +[1-9][0-9]* +1$"',
        'exec = "cat /proc/1/comm", says = "init"',
        'stop = 5, logs = "STOPPING"',
    )
    assert (case.verdict, case.reason) == (Verdict.PASSED, "")
    assert folders() == []


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        ("echo 'it cannot go on'\nexit 3\n", "it ended with exit code 3: it cannot go on"),
        ("while :; do sleep 0.1; done\n", "after 5 s it still says"),
    ],
)
def test_a_bad_one(tmp_path: Path, behaviour: str, reason: str) -> None:
    case = lived(tmp_path, behaviour, WAIT)
    assert case.verdict is Verdict.FAILED
    assert reason in case.reason
    assert folders() == []


def test_one_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    deaf = "trap '' TERM\necho running >/run/state\nwhile :; do sleep 0.1; done\n"
    case = lived(tmp_path, deaf, WAIT, "stop = 1")
    assert "it was killed (exit code 137)" in case.reason


def test_folders_of_the_dead_are_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    dead, alive = tmp_path / f"{PREFIX}999999999-x", tmp_path / f"{PREFIX}{os.getpid()}-x"
    dead.mkdir()
    alive.mkdir()
    assert sweep_namespaces() == (dead.name,)
    assert alive.is_dir()
