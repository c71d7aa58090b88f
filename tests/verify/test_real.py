"""The whole way on a real release, from Debian's tarball to the verdict; many minutes."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from patchkit.cli import main

pytestmark = [pytest.mark.e2e, pytest.mark.docker]

ROOT = Path(__file__).parents[2]
RELEASE = "v262"
SOURCES = '[[sources]]\nkind = "debian"\nname = "debian"\nsuites = ["sid", "forky", "trixie"]\n'


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """The project's own patches, with Debian as the only source."""
    shutil.copytree(ROOT / "patches", tmp_path / "repository" / "patches")
    config = tmp_path / "repository" / "patches" / "series.toml"
    text = re.sub(r"\[\[sources\]\]\n(?:(?!\[).*\n)*", "", config.read_text())
    config.write_text(text + SOURCES)
    return tmp_path / "repository"


def test_a_release_is_verified_with_ablation(
    repository: Path,
    tmp_path: Path,
    real_cache: Path,
    engine_host: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert engine_host is not None
    junit = tmp_path / "junit.xml"
    common = ["--repo", str(repository), "--cache", str(real_cache)]
    asked = ["--ablate", "--repeat", "5", "--junit", str(junit), "--json"]
    code = main([*common, "verify", RELEASE, *asked])
    out, err = capsys.readouterr()
    report = json.loads(out)
    short = "\n".join(line for line in err.splitlines() if not line.startswith("passed"))
    assert (report["verdict"], report["voids"], code) == ("passed", [], 0), short
    assert {c["outcome"] for c in report["control"]} <= {"refused", "silent"}
    assert report["repetition"]["failures"] == []
    assert all(item["failing"] for item in report["ablation"])
    assert junit.read_bytes().startswith(b"<?xml")
    lock = json.loads((repository / "patches/lock.json").read_bytes())
    assert lock["releases"][RELEASE]["verification"]["verdict"] == "passed"

    patch = next((repository / "patches" / RELEASE).glob("0005-*.patch"))
    patch.write_bytes(patch.read_bytes().replace(b"Container", b"container", 1))
    assert main([*common, "check"]) == 7
    assert "its verification is void" in capsys.readouterr().out
