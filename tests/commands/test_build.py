"""`patchkit build` and `patchkit image` on a small project, by the command line."""

from __future__ import annotations

import json
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from patchkit.cli import main
from patchkit.engine.connection import Engine
from patchkit.errors import ExitCode
from tests.build.support import TAG, Yard, yard

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Yard:
    made = yard(tmp_path_factory.mktemp("yard"))
    made.build("patched")
    return made


def run(made: Yard, *words: str) -> int:
    return main(
        [*words, "--repo", str(made.repository.root), "--cache", str(made.repository.cache)]
    )


def document(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_build(built: Yard, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(built, "build", TAG) == ExitCode.DONE
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "v300 patched: systemd 300 (300), as built before"
    assert said[1].endswith("/builds/v300/variants/patched/prefix")


def test_build_json(built: Yard, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(built, "build", TAG, "--variant", "stock", "--json") == ExitCode.DONE
    report = document(capsys)
    assert report["schema"] == "patchkit.build/1"
    assert (report["release"], report["variant"], report["reused"]) == ("v300", "stock", False)
    assert report["series_sha256"] is None
    assert report["version"] == "systemd 300 (300)"


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("v300", "--variant", "half"), ExitCode.USAGE, "'half' is not a variant"),
        (("v300", "--variant", "without:x"), ExitCode.USAGE, "has no patch 'x'"),
        (("v301",), ExitCode.USAGE, "there is no series for v301"),
        (("v301", "--variant", "stock"), ExitCode.UNAVAILABLE, "no source has a release v301"),
        (("new",), ExitCode.USAGE, "is not a systemd release"),
        (("v300", "--builder", "make"), ExitCode.USAGE, "invalid"),
    ],
)
def test_what_cannot_be_built(
    built: Yard,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    code: ExitCode,
    message: str,
) -> None:
    assert run(built, "build", *words) == code
    assert message in capsys.readouterr().err


def test_a_machine_without_tools(
    built: Yard, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert run(built, "build", TAG) == ExitCode.MISSING_TOOL
    assert "apt-get install meson ninja-build" in capsys.readouterr().err


def test_image_as_a_file(built: Yard, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    files = [tmp_path / "one.tar", tmp_path / "two.tar"]
    reports = []
    for file in files:
        assert run(built, "image", TAG, "-o", str(file), "--json") == ExitCode.DONE
        reports.append(document(capsys))
    assert files[0].read_bytes() == files[1].read_bytes()
    assert reports[0]["digest"] == reports[1]["digest"]
    assert reports[0]["id"] is None
    with tarfile.open(files[0]) as tar:
        assert "manifest.json" in tar.getnames()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["one.tar", "two.tar"]


def test_image_into_a_folder_that_is_not_there(
    built: Yard, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(built, "image", TAG, "-o", str(tmp_path / "no" / "x.tar")) == ExitCode.USAGE
    assert "there is no folder" in capsys.readouterr().err


def test_image_without_an_engine(
    built: Yard, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none")
    assert run(built, "image", TAG) == ExitCode.MISSING_TOOL
    assert "scripts/dockerd start" in capsys.readouterr().err


@pytest.mark.docker
def test_image_into_the_engine(
    built: Yard, capsys: pytest.CaptureFixture[str], engine_host: str
) -> None:
    del engine_host
    name = "patchkit-tests/command:v300"
    assert run(built, "image", TAG, "--tag", name, "--json") == ExitCode.DONE
    report = document(capsys)
    with Engine.connect() as engine:
        client = engine._client()
        try:
            found = client.inspect_image(name)
            assert found["Id"] == report["id"]
            assert found["Config"]["Labels"]["org.patchkit.variant"] == "patched"
            assert not found["Config"].get("StopSignal")
            made = client.create_container_from_config({"Image": name, "Labels": engine._labels()})
            client.start(made["Id"])
            client.wait(made["Id"])
            assert b"systemd 300 (300)\n11 12 3\n" in client.logs(made["Id"])
        finally:
            client.remove_image(name, force=True)
