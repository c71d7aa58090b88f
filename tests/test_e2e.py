"""The main job on real releases, as a machine does it that reaches only Debian's mirror."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from patchkit.cli import main
from patchkit.releases import Release
from patchkit.upstream.store import Store
from patchkit.workspace.layout import Workspace

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parent.parent
BASE, TARGET = "v261.2", "v262"

# Upstream's git is out of it: what Debian carries must be enough.
SOURCES = """
[[sources]]
kind = "debian"
name = "debian"
suites = ["sid", "forky", "trixie"]
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """The project's own patches, with Debian as the only source."""
    shutil.copytree(ROOT / "patches", tmp_path / "repository" / "patches")
    config = tmp_path / "repository" / "patches" / "series.toml"
    text = config.read_text()
    kept = re.sub(r"\[\[sources\]\]\n(?:(?!\[).*\n)*", "", text)
    assert kept != text
    config.write_text(kept + SOURCES)
    return tmp_path / "repository"


def run(repository: Path, cache: Path, *words: str) -> int:
    return main(["--repo", str(repository), "--cache", str(cache), *words])


def test_a_real_release_is_rebased_from_tarballs_alone(
    repository: Path, real_cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = {path.name: path.read_bytes() for path in (ROOT / "patches" / TARGET).iterdir()}
    shutil.rmtree(repository / "patches" / TARGET)
    code = run(repository, real_cache, "rebase", TARGET, "--from", BASE, "--json")
    report = json.loads(capsys.readouterr().out)
    assert code == 0
    assert report["three_way"] and report["complete"]
    assert report["origin"]["kind"] == "debian"
    got = {path.name: path.read_bytes() for path in (repository / "patches" / TARGET).iterdir()}
    assert got == wanted
    assert run(repository, real_cache, "check", TARGET) == 0


def test_the_newest_release_is_found(
    repository: Path, real_cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(repository, real_cache, "releases", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    tags = [row["tag"] for row in report["releases"]]
    assert tags == [r.tag for r in sorted(map(Release.parse, tags), reverse=True)]
    assert [row["newest_stable"] for row in report["releases"]].count(True) == 1


@pytest.mark.parametrize("tag", [BASE, TARGET])
def test_every_tool_takes_the_patches_as_they_are(
    repository: Path, real_cache: Path, tmp_path: Path, tag: str
) -> None:
    """`git am`, `patch --fuzz=0` and `quilt push --fuzz=0`, none with an offset."""
    assert run(repository, real_cache, "check", tag) == 0  # brings the tree into the cache
    release = Release.parse(tag)
    workspace = Workspace(repository)
    locked = workspace.lock().get(release)
    assert locked is not None
    series = workspace.series(release, workspace.config())
    store = Store.open(real_cache / "upstream.git")
    patches = [repository / "patches" / tag / patch.file_name for patch in series.patches]
    for tool in ("am", "patch", "quilt"):
        tree = tmp_path / tool
        for path in sorted({path for patch in series.patches for path in patch.paths}):
            entry = store.entry(locked.tree, path)
            if entry is not None:
                (tree / path).parent.mkdir(parents=True, exist_ok=True)
                (tree / path).write_bytes(store.blob(entry.id))
        _take(tool, tree, patches)


def _take(tool: str, tree: Path, patches: list[Path]) -> None:
    if tool == "am":
        for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "base"]):
            _ok(["git", *words], tree)
        told = _ok(["git", "am", *map(str, patches)], tree)
    elif tool == "patch":
        told = "".join(_ok(["patch", "-p1", "--fuzz=0", "-i", str(p)], tree) for p in patches)
    else:
        folder = tree / "patches"
        shutil.copytree(patches[0].parent, folder)
        told = _ok(["quilt", "push", "-a", "--fuzz=0"], tree)
    assert "offset" not in told
    assert "fuzz" not in told


def _ok(argv: list[str], folder: Path) -> str:
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (argv, done.stdout, done.stderr)
    return done.stdout + done.stderr
