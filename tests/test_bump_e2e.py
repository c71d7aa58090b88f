"""From a real release to a pull request: Debian's tarballs, Docker, a forge of either kind.

`PATCHKIT_TEST_CACHE` names a cache to keep between runs, as a CI system does.
"""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from patchkit.cli import main
from patchkit.forge.address import ForgeKind
from patchkit.releases import Release
from patchkit.upstream.store import Store
from tests.builders import git
from tests.forge.server import TOKEN, ForgeServer, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.e2e, pytest.mark.docker]

ROOT = Path(__file__).parent.parent
SUPPORTED = "v261.2"
SOURCES = '[[sources]]\nkind = "debian"\nname = "debian"\nsuites = ["sid", "forky"]\n'


@dataclasses.dataclass(frozen=True, kw_only=True)
class Maintainer:
    """A clone of the patch repository, and the command line over it."""

    root: Path
    cache: Path
    capsys: pytest.CaptureFixture[str]

    def run(self, *words: str) -> int:
        return main(["--repo", str(self.root), "--cache", str(self.cache), *words])

    def document(self, *words: str) -> tuple[int, dict[str, object]]:
        self.capsys.readouterr()
        code = self.run(*words, "--json")
        said = self.capsys.readouterr()
        self.say(said.err.rstrip())
        assert TOKEN not in said.out + said.err
        found = json.loads(said.out)
        assert isinstance(found, dict)
        return code, found

    def say(self, text: str) -> None:
        """What people who run it want to know."""
        with self.capsys.disabled():
            sys.stdout.write(f"{text}\n")

    def commit(self, message: str) -> None:
        git(self.root, "add", "-A")
        git(self.root, "commit", "-q", "-m", message)


@pytest.fixture
def maintainer(tmp_path: Path, real_cache: Path, capsys: pytest.CaptureFixture[str]) -> Maintainer:
    """A repository whose series is written for v261.2 and that supports nothing else."""
    root = tmp_path / "repository"
    shutil.copytree(ROOT / "patches" / SUPPORTED, root / "patches" / SUPPORTED)
    (root / "patches" / SUPPORTED / "verification.json").unlink(missing_ok=True)
    text = (ROOT / "patches" / "series.toml").read_text()
    text = re.sub(r"\[\[sources\]\]\n(?:(?!\[).*\n)*", "", text)
    text = re.sub(r'(?m)^base = ".*"$', f'base = "{SUPPORTED}"', text)
    (root / "patches" / "series.toml").write_text(text + SOURCES)
    # the tree's id vouches for a tarball that no index of Debian's lists any more
    lock = json.loads((ROOT / "patches" / "lock.json").read_bytes())
    lock["releases"] = {SUPPORTED: lock["releases"][SUPPORTED]}
    (root / "patches" / "lock.json").write_text(json.dumps(lock))
    found = Maintainer(root=root, cache=real_cache, capsys=capsys)
    assert found.run("rebase", SUPPORTED) == 0
    assert found.run("overlay") == 0
    git(root, "init", "-q", "-b", "main")
    git(root, "config", "user.name", "A Maintainer")
    git(root, "config", "user.email", "maintainer@example.org")
    found.commit("start")
    return found


@contextmanager
def forge_for(
    maintainer: Maintainer, kind: ForgeKind, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ForgeServer]:
    bare = folder / f"{kind}" / "patches.git"
    bare.parent.mkdir()
    git(folder, "clone", "-q", "--bare", str(maintainer.root), str(bare))
    git(bare, "config", "http.receivepack", "true")
    with serving(kind, bare) as server:
        git(maintainer.root, "remote", "add", str(kind), server.remote)
        monkeypatch.setenv("PATCHKIT_TOKEN", TOKEN)
        yield server


def test_the_newest_release_is_delivered_verified_and_then_left_alone(
    maintainer: Maintainer,
    tmp_path: Path,
    engine_host: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert engine_host
    with forge_for(maintainer, ForgeKind.GITHUB, tmp_path, monkeypatch) as forge:
        words = ("bump", *forge.words, "--remote", "github")
        begun = time.monotonic()
        code, told = maintainer.document(*words)
        maintainer.say(f"from tag to pull request: {time.monotonic() - begun:.0f} s")
        releases = told["releases"]
        assert isinstance(releases, list)
        (ended,) = releases
        assert code == 0, ended["failure"]
        assert ended["verdict"] == "passed"
        release = Release.parse(ended["release"])
        assert release > Release.parse(SUPPORTED)
        (pull,) = forge.pulls
        assert pull["body"].startswith(f"## systemd {release}: passed in unprivileged Docker")
        assert "Without it" in pull["body"]
        assert "nothing fails" not in pull["body"]  # every patch is shown to be needed
        branch = f"patchkit/{release}"
        lock = json.loads(git(forge.repository, "show", f"{branch}:patches/lock.json"))
        proof = lock["releases"][release.tag]["verification"]
        assert proof["verdict"] == "passed"
        assert set(proof["ablation"]) == {
            patch["name"] for patch in lock["releases"][release.tag]["patches"]
        }
        page = Path(ended["report"]) / "index.html"
        assert release.tag in page.read_text("utf-8")
        assert git(maintainer.root, "status", "--porcelain") == b""
        forge.seen.clear()
        begun = time.monotonic()
        code, told = maintainer.document(*words)
        maintainer.say(f"with nothing to do: {time.monotonic() - begun:.1f} s")
        assert (code, told["changed"]) == (0, False)
        assert forge.changes() == []
    # the same branch on another kind of forge: nothing is built or run again
    with forge_for(maintainer, ForgeKind.FORGEJO, tmp_path, monkeypatch) as forge:
        git(maintainer.root, "push", "-q", str(forge.repository), "main")
        code, told = maintainer.document("bump", *forge.words, "--remote", "forgejo")
        assert code == 0
        assert steps(told)["verify"] != "done"
        (pull,) = forge.pulls
        assert "passed" in pull["body"].split("\n")[0]


def steps(told: dict[str, object]) -> dict[str, str]:
    """How each step of the one release ended."""
    releases = told["releases"]
    assert isinstance(releases, list)
    return {step["step"]: step["status"] for step in releases[0]["steps"]}


@pytest.mark.parametrize("kind", list(ForgeKind))
def test_an_injected_conflict_opens_one_issue_and_a_hand_fix_closes_it(
    maintainer: Maintainer,
    tmp_path: Path,
    kind: ForgeKind,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The series is given a line that the newest release does not have."""
    _inject(maintainer)
    maintainer.commit("a patch that will not fit")
    with forge_for(maintainer, kind, tmp_path, monkeypatch) as forge:
        words = ("bump", "--no-verify", *forge.words, "--remote", str(kind))
        code, told = maintainer.document(*words)
        assert code == 3, told
        (issue,) = forge.open_issues
        assert "no longer applies" in issue["title"] or "accept" in issue["title"]
        forge.seen.clear()
        assert maintainer.document(*words)[0] == 3
        assert forge.changes() == []
        # by hand, as the issue says
        releases = told["releases"]
        assert isinstance(releases, list)
        release = releases[0]["release"]
        person = tmp_path / "person"
        git(tmp_path, "clone", "-q", "-b", "main", str(forge.repository), str(person))
        hand = dataclasses.replace(maintainer, root=person)
        git(person, "switch", "-q", "-c", f"patchkit/{release}")
        assert hand.run("rebase", release) == 3
        _settle(hand, release)
        git(person, "-c", "user.name=P", "-c", "user.email=p@x.org", "commit", "-qam", "by hand")
        git(person, "push", "-q", str(forge.repository), f"patchkit/{release}")
        code, _ = maintainer.document(*words)
        assert code == 0
        assert issue["state"] == "closed"
        assert len(forge.pulls) == 1


def _inject(maintainer: Maintainer) -> None:
    """Let the first patch also change the one line that every release changes."""
    first = next((maintainer.root / "patches" / SUPPORTED).glob("0001-*.patch"))
    lock = json.loads((maintainer.root / "patches/lock.json").read_bytes())
    store = Store.open(maintainer.cache / "upstream.git")
    entry = store.entry(lock["releases"][SUPPORTED]["tree"], "meson.version")
    assert entry is not None
    version = store.blob(entry.id).decode().rstrip("\n")
    text = first.read_text()
    change = (
        "diff --git a/meson.version b/meson.version\n"
        "--- a/meson.version\n+++ b/meson.version\n"
        f"@@ -1 +1 @@\n-{version}\n+{version}-docker\n"
    )
    head, diff = text.split("\ndiff --git ", 1)
    first.write_text(f"{head}\n{change}diff --git {diff}")
    config = maintainer.root / "patches" / "series.toml"
    config.write_text(
        config.read_text().replace(
            'files = ["src/shared/mount-setup.c"]',
            'files = ["meson.version", "src/shared/mount-setup.c"]',
        )
    )
    assert maintainer.run("rebase", SUPPORTED) == 0


def _settle(hand: Maintainer, release: str) -> None:
    waiting = next((hand.root / ".patchkit/rebase").glob("*/meson.version"))
    waiting.write_text(f"{release[1:]}-docker\n")
    assert hand.run("rebase", "--continue") == 0
    assert hand.run("overlay") == 0
    git(hand.root, "add", "-A")
