"""A patch repository to report on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.report import support

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path, PurePosixPath

    from patchkit.report.gathering import Gathered


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> support.Shelf:
    """Made once; not to be changed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        for name, value in {
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_AUTHOR_NAME": "A Tester",
            "GIT_AUTHOR_EMAIL": "tester@example.org",
            "GIT_COMMITTER_NAME": "A Tester",
            "GIT_COMMITTER_EMAIL": "tester@example.org",
        }.items():
            patch.setenv(name, value)
        return support.make(tmp_path_factory.mktemp("library"))


@pytest.fixture
def shelf(library: support.Shelf, tmp_path: Path) -> support.Shelf:
    """A repository of the test's own."""
    return support.copied(library, tmp_path)


@pytest.fixture(scope="session")
def gathered(library: support.Shelf) -> Gathered:
    """What is known of the library."""
    return library.gather()


@pytest.fixture(scope="session")
def pages(gathered: Gathered) -> Mapping[PurePosixPath, bytes]:
    """The library's report as a folder."""
    from patchkit.report.page import render_folder  # noqa: PLC0415

    return render_folder(gathered)
