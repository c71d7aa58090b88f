"""Hermetic surroundings for every test."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pygit2
import pytest
from hypothesis import settings
from pygit2.enums import ConfigLevel

from tests import docker_engine
from tests.depth import PROFILE

if TYPE_CHECKING:
    from collections.abc import Iterator


def pytest_configure() -> None:
    """Take SIGINT as a program in the foreground does.

    What a shell starts in the background ignores it, and so would every process that the tests
    start to interrupt it.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    settings.register_profile("patchkit", PROFILE)
    settings.load_profile("patchkit")


@pytest.fixture(autouse=True)
def hermetic(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A private home, no configuration from outside, fixed names and dates, no proxy."""
    home = tmp_path_factory.mktemp("home")
    dropped = ("http_proxy", "https_proxy", "all_proxy", "GIT_DIR", "GIT_INDEX_FILE")
    for name in (*dropped, "XDG_CACHE_HOME", "PATCHKIT_CACHE", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    fixed = {
        "HOME": str(home),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_TERMINAL_PROMPT": "0",
        "SOURCE_DATE_EPOCH": "1767323045",
    }
    for role in ("AUTHOR", "COMMITTER"):
        fixed |= {
            f"GIT_{role}_NAME": "A Tester",
            f"GIT_{role}_EMAIL": "tester@example.org",
            f"GIT_{role}_DATE": "2026-01-02T03:04:05+00:00",
        }
    for name, value in fixed.items():
        monkeypatch.setenv(name, value)
    for level in (ConfigLevel.GLOBAL, ConfigLevel.XDG, ConfigLevel.SYSTEM):
        pygit2.settings.search_path[level] = str(home)


@pytest.fixture(scope="session")
def real_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache for all tests of real releases: what is fetched and built serves every one.

    `PATCHKIT_TEST_CACHE` names a folder to keep between runs, as a CI system does.
    """
    named = os.environ.get("PATCHKIT_TEST_CACHE")
    return Path(named) if named else tmp_path_factory.mktemp("real-cache")


@pytest.fixture(scope="session")
def engine_host() -> Iterator[str]:
    """Where a Docker engine answers: the one at hand, else one started for these tests.

    The tests in need of one are skipped on a person's machine that cannot have it, and fail in
    CI (where the variable CI is set).
    """
    with docker_engine.at_hand(os.environ.get("PYTEST_XDIST_WORKER", "main")) as host:
        yield host
