"""A real Docker engine for tests: the one at hand, or one that scripts/dockerd starts."""

from __future__ import annotations

import os
import re
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPT = Path(__file__).parent.parent / "scripts" / "dockerd"


@contextmanager
def at_hand(worker: str) -> Iterator[str]:
    """The value for DOCKER_HOST (empty: the engine at its usual place), set while it lasts."""
    if _answers():
        yield os.environ.get("DOCKER_HOST", "")
        return
    number = int(re.sub(r"\D", "", worker) or 99) + 100
    place = ["--dir", f"/var/tmp/patchkit-tests-{worker}", "--bridge", f"pktest{number}"]
    started = subprocess.run(
        [SCRIPT, "start", *place, "--subnet", f"10.213.{number}.1/24"],
        capture_output=True,
        text=True,
        check=False,
    )
    if started.returncode != 0:
        absent = pytest.fail if os.environ.get("CI") else pytest.skip
        absent(f"no Docker engine: {started.stderr.strip().splitlines()[-1]}")
    host = started.stdout.strip().removeprefix("export DOCKER_HOST=")
    before = os.environ.get("DOCKER_HOST")
    os.environ["DOCKER_HOST"] = host
    try:
        yield host
    finally:
        if before is None:
            del os.environ["DOCKER_HOST"]
        else:
            os.environ["DOCKER_HOST"] = before
        subprocess.run([SCRIPT, "stop", *place, "--purge"], capture_output=True, check=True)


def _answers() -> bool:
    # here, not above: every test run loads this module, few need the SDK
    from patchkit.engine.connection import Engine  # noqa: PLC0415
    from patchkit.engine.problems import NoEngineError  # noqa: PLC0415

    try:
        with Engine.connect(timeout=10):
            return True
    except NoEngineError:
        return False
