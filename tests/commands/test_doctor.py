"""`patchkit doctor`: what is there, what is not, and how to get it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from patchkit.errors import ExitCode
from tests.upstream.support import free_port

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.commands.support import Desk


def test_all_is_well(desk: Desk) -> None:
    ran = desk.done("doctor")
    assert "source upstream" in ran.out
    document = desk.done("doctor", "--json").document
    assert document["schema"] == "patchkit.doctor/1"
    assert document["healthy"] is True
    by_name = {finding["name"]: finding for finding in document["findings"]}
    assert by_name["git"]["state"] == "good"
    assert by_name["repository"]["detail"].endswith("3 patches written for v260")


def test_a_missing_program_is_named_with_its_package(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    ran = desk.run("doctor", "--offline")
    assert "quilt: apt-get install quilt" in ran.out


def test_a_repository_that_is_none_is_told(
    desk: Desk, tmp_path_factory: pytest.TempPathFactory
) -> None:
    ran = desk.run("doctor", "--offline", "--repo", str(tmp_path_factory.mktemp("empty")))
    assert ran.code == ExitCode.MISSING_TOOL
    assert "run patchkit inside a patch repository" in ran.out


def test_a_broken_cache_is_told(desk: Desk) -> None:
    desk.repository.cache.mkdir()
    (desk.repository.cache / "upstream.git").mkdir()
    ran = desk.run("doctor", "--offline")
    assert ran.code == ExitCode.MISSING_TOOL
    assert "--rebuild-cache" in ran.out


def test_no_source_at_all_is_told(desk: Desk) -> None:
    config = desk.patches / "series.toml"
    url = f"git://127.0.0.1:{free_port()}/x.git"
    config.write_text(config.read_text().replace(str(desk.repository.upstream), url))
    ran = desk.run("doctor")
    assert ran.code == ExitCode.MISSING_TOOL
    assert "one source that answers is enough" in ran.out
    desk.done("doctor", "--offline")
