"""A patch repository over a small real upstream."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.commands import support

if TYPE_CHECKING:
    from pathlib import Path

    from tests.builders import PatchRepository


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> PatchRepository:
    """Made once; every test has a copy."""
    return support.make_repository(tmp_path_factory.mktemp("original"))


@pytest.fixture
def desk(
    original: PatchRepository, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> support.Desk:
    """A repository of the test's own, and the command line."""
    return support.Desk(repository=support.copied(original, tmp_path), capsys=capsys)
