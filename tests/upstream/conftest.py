"""Hermetic surroundings, and servers on loopback."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pygit2
import pytest
from pygit2.enums import ConfigLevel

from patchkit.upstream.store import Store
from tests.upstream import support

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def hermetic(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A private home, no configuration from outside, fixed names and dates, no proxy."""
    home = tmp_path_factory.mktemp("home")
    for name in ("http_proxy", "https_proxy", "all_proxy", "GIT_DIR", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    fixed = {
        "HOME": str(home),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_TERMINAL_PROMPT": "0",
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


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def store(cache: Path) -> Store:
    return Store.open(cache / "upstream.git")


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    """A bare repository with releases."""
    return support.repository(tmp_path / "origin" / "systemd.git")


@pytest.fixture
def site() -> Iterator[support.Site]:
    with support.serving(support.Site()) as site:
        yield site


@pytest.fixture
def archive(site: support.Site) -> support.Archive:
    return support.Archive(site)
