"""Who decided, and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from patchkit.errors import MissingToolError, UsageError
from patchkit.proc import SystemRunner
from patchkit.workspace.provenance import provenance
from tests.builders import git

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("config", "by"),
    [
        ({"user.name": "Ada", "user.email": "a@example.org"}, "Ada <a@example.org>"),
        ({"user.name": "Ada"}, "Ada"),
        ({"user.email": "a@example.org"}, "a@example.org"),
        ({}, None),
    ],
)
def test_a_person_is_who_git_says(tmp_path: Path, config: dict[str, str], by: str | None) -> None:
    git(tmp_path, "init", "-q")
    for key, value in config.items():
        git(tmp_path, "config", key, value)
    assert provenance(tmp_path, SystemRunner()).by == by


def test_without_git_nobody_is_known(tmp_path: Path) -> None:
    def run(*_: Any, **__: Any) -> Any:
        raise MissingToolError("the program 'git' is not on this machine")

    assert provenance(tmp_path, run).by is None


def test_the_time_is_what_source_date_epoch_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert provenance(tmp_path, SystemRunner()).date == "1970-01-02T00:00:00+00:00"
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    told = datetime.fromisoformat(provenance(tmp_path, SystemRunner()).date)
    assert abs(datetime.now(UTC) - told) < timedelta(minutes=5)


@pytest.mark.parametrize("told", ["", "soon", "1e9", "9" * 40])
def test_what_is_no_time_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: str
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", told)
    with pytest.raises(UsageError, match="is no number of seconds"):
        provenance(tmp_path, SystemRunner())
