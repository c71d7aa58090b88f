"""Repositories, and servers on loopback."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from patchkit.upstream.store import Store
from tests.upstream import support

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


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
