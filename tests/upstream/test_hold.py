from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from patchkit.errors import BusyError, StorageError
from patchkit.upstream.hold import held
from tests.upstream import support

if TYPE_CHECKING:
    from pathlib import Path


def test_one_at_a_time(cache: Path) -> None:
    console, err = support.console()
    with (
        held(cache, doing="fetching v261"),
        pytest.raises(BusyError, match="fetching v261"),
        held(cache, doing="another", console=console, patience=0.2),
    ):
        raise AssertionError
    assert err.getvalue().count("waiting for another patchkit") == 1


def test_one_after_another(cache: Path) -> None:
    for _ in range(2):
        with held(cache, doing="a test", patience=0):
            pass


def test_an_error_lets_go(cache: Path) -> None:
    with pytest.raises(KeyboardInterrupt), held(cache, doing="a test"):
        raise KeyboardInterrupt
    with held(cache, doing="a test", patience=0):
        pass


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError), held(tmp_path / "file", doing="a test"):
        raise AssertionError
