"""`patchkit bump`: small real upstreams, a real git remote, and a forge of either kind."""

from __future__ import annotations

import dataclasses
import json
import os
import resource
import time
from typing import TYPE_CHECKING

import pygit2
import pytest

from patchkit.forge.address import ForgeKind
from tests.builders import git
from tests.commands import support
from tests.commands.support import MAIN, MANAGER, MOUNT, Desk, code
from tests.forge.server import TOKEN, Fault, ForgeServer, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.builders import PatchRepository

BRANCH = "patchkit/v261"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Site(Desk):
    """A patch repository in git, which supports v260."""

    @property
    def root(self) -> Path:
        return self.repository.root

    def git(self, *words: str) -> str:
        return git(self.root, *words).decode().strip()

    def commit(self, message: str = "by hand") -> None:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)

    def bump(self, *words: str) -> support.Run:
        """Without Docker; v262 is one that only a person can settle."""
        return self.run("bump", "--no-verify", *words)

    def files(self, revision: str, folder: str = "patches") -> set[str]:
        return set(self.git("ls-tree", "-r", "--name-only", revision, folder).split())

    def state(self) -> tuple[str, bytes, str]:
        """What a bump must not touch: HEAD, the index, the work tree."""
        index = (self.root / ".git" / "index").read_bytes()
        return self.git("symbolic-ref", "HEAD"), index, self.git("status", "--porcelain")

    def ignore(self, *tags: str) -> None:
        config = self.patches / "series.toml"
        listed = ", ".join(f'"{tag}"' for tag in tags)
        config.write_text(config.read_text() + f"\n[follow]\nignore = [{listed}]\n")


@pytest.fixture
def site(original: PatchRepository, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Site:
    """v262 is ignored: v261 is what is new."""
    made = Site(repository=support.copied(original, tmp_path), capsys=capsys)
    made.done("rebase", "v260")
    made.done("overlay")
    made.ignore("v262")
    made.git("init", "-q", "-b", "main")
    made.git("config", "user.name", "A Maintainer")
    made.git("config", "user.email", "maintainer@example.org")
    made.commit("start")
    return made


@pytest.fixture(params=list(ForgeKind))
def forge(
    request: pytest.FixtureRequest, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ForgeServer]:
    """The site's remote on a forge, the token in the environment."""
    bare = tmp_path / "forge" / "patches.git"
    bare.parent.mkdir()
    git(tmp_path, "clone", "-q", "--bare", str(site.root), str(bare))
    git(bare, "config", "http.receivepack", "true")
    for name in ("GITHUB_TOKEN", "GH_TOKEN", "GITHUB_ACTIONS", "GITHUB_OUTPUT"):
        monkeypatch.delenv(name, raising=False)
    with serving(request.param, bare) as server:
        site.git("remote", "add", "origin", server.remote)
        monkeypatch.setenv("PATCHKIT_TOKEN", TOKEN)
        yield server


# Without a forge


def test_a_new_release_becomes_a_branch_and_nothing_else_is_touched(site: Site) -> None:
    before = site.state()
    ran = site.done("bump", "--no-verify", "--json")
    assert site.state() == before
    assert site.git("rev-parse", "main") == site.git("rev-parse", f"{BRANCH}~3")
    assert not (site.patches / "v261").exists()
    files = site.files(BRANCH)
    assert {"patches/lock.json", "patches/v261/series"} <= files
    assert len([path for path in files if path.startswith("patches/v261/")]) == 4
    (told,) = ran.document["releases"]
    assert ran.document["schema"] == "patchkit.bump/1"
    assert (told["release"], told["branch"]) == ("v261", BRANCH)
    assert told["commit"] == site.git("rev-parse", BRANCH)
    lock = json.loads(site.git("show", f"{BRANCH}:patches/lock.json"))
    assert set(lock["releases"]) == {"v260", "v261"}
    assert "v261" in site.git("show", f"{BRANCH}:overlays/releases.nix")


def test_commits_show_review_what_matters(site: Site) -> None:
    site.done("bump", "--no-verify")
    subjects = site.git("log", "--reverse", "--format=%s", f"main..{BRANCH}").split("\n")
    assert subjects == [
        "systemd v261: the patches as they were for v260",
        "systemd v261: new text for manager",
        "systemd v261: lock, overlay and evidence",
    ]
    moved, text, record = site.git("rev-list", "--reverse", f"main..{BRANCH}").split()
    assert all(line.startswith("A\tpatches/v261/") for line in _changed(site, moved))
    (changed,) = _changed(site, text)
    assert changed.startswith("M\tpatches/v261/")
    assert changed.endswith("-manager-power-off-on-SIGTERM.patch")
    shown = site.git("show", "--format=", "-U0", text).split("\n")
    lines = [line for line in shown if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    # the patch's context is all that is new: neither ids nor line numbers
    assert lines == ["-     statement_9();", "+     statement_nine();"]
    assert not any("patches/v261/0" in line for line in _changed(site, record))
    for commit in (moved, text, record):
        message = site.git("show", "-s", "--format=%B", commit)
        assert "manager      merged" in message
        tree = site.git("rev-parse", f"{commit}^{{tree}}")
        assert message.rstrip().endswith(f"Patchkit-Tree: {tree}")


def _changed(site: Site, commit: str) -> list[str]:
    return site.git("show", "--format=", "--name-status", "--no-renames", commit).split("\n")


def test_the_branch_holds_what_the_rebase_alone_would_write(site: Site) -> None:
    site.done("bump", "--no-verify")
    site.done("rebase", "v261")
    site.done("overlay")
    for path in sorted(site.files(BRANCH) | site.files(BRANCH, "overlays")):
        assert (site.root / path).read_bytes() == git(site.root, "show", f"{BRANCH}:{path}"), path


def test_run_again_it_does_nothing_and_says_nothing(site: Site) -> None:
    site.done("bump", "--no-verify")
    tip = site.git("rev-parse", BRANCH)
    again = site.done("bump", "--no-verify")
    assert again.said == ""
    assert site.git("rev-parse", BRANCH) == tip
    told = site.done("bump", "--no-verify", "--json").document
    assert told["changed"] is False
    steps = {step["step"]: step["status"] for step in told["releases"][0]["steps"]}
    assert set(steps.values()) == {"as before", "left out"}


def test_nothing_to_do_is_quick_and_silent(site: Site) -> None:
    site.done("rebase", "v261")
    site.commit()
    before = _processor_time()
    ran = site.process("bump", **os.environ)
    assert _processor_time() - before < 2
    assert (ran.code, ran.said) == (0, "")
    assert site.done("bump", "--json").document["releases"] == []


def _processor_time() -> float:
    """Of all processes that ended, in seconds: the machine may be busy with something else."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_only_what_changed_is_done_again(site: Site) -> None:
    site.done("bump", "--no-verify")
    (site.root / ".patchkit/bump/v261/steps.json").unlink()
    told = site.done("bump", "--no-verify", "--json").document["releases"][0]
    assert _statuses(told)["rebase"] == "done"
    assert _statuses(told)["commit"] == "as before"
    told = site.done("bump", "--no-verify", "--from", "overlay", "--json").document["releases"][0]
    assert _statuses(told)["rebase"] == "as before"
    assert _statuses(told)["overlay"] == "done"


def _statuses(told: dict[str, object]) -> dict[str, str]:
    steps = told["steps"]
    assert isinstance(steps, list)
    return {step["step"]: step["status"] for step in steps}


def test_until_stops_there(site: Site) -> None:
    told = site.done("bump", "--until", "overlay", "--json").document["releases"][0]
    assert list(_statuses(told)) == ["rebase", "overlay"]
    assert "patchkit" not in site.git("branch", "--list")
    told = site.done("bump", "--no-verify", "--json").document["releases"][0]
    assert _statuses(told)["rebase"] == "as before"
    assert _statuses(told)["commit"] == "done"


def test_a_dry_run_writes_nothing(site: Site) -> None:
    before = site.state(), sorted(site.root.rglob("*"))
    ran = site.done("bump", "--dry-run")
    assert "would run rebase, overlay, build, verify, report, commit" in ran.out
    assert "v260 -> v261" in ran.out
    assert (site.state(), sorted(site.root.rglob("*"))) == before


def test_changes_that_are_not_committed_are_refused(site: Site) -> None:
    (site.patches / "notes").write_text("later")
    ran = site.bump()
    assert ran.code == 7
    assert "patches/notes" in ran.err
    (site.patches / "notes").unlink()
    (site.root / "elsewhere").write_text("is none of its business")
    assert site.bump().code == 0


def test_the_branch_that_is_checked_out_is_left_alone(site: Site) -> None:
    site.git("switch", "-q", "-c", BRANCH)
    before = site.state()
    ran = site.bump()
    assert ran.code == 7
    assert "checked out" in ran.err
    assert site.state() == before


def test_a_conflict_is_told_once_and_again_and_can_be_finished_on_the_bench(site: Site) -> None:
    ran = site.bump("v262", "--json")
    assert ran.code == 3
    (told,) = ran.document["releases"]
    assert told["failure"]["step"] == "rebase"
    assert told["branch"] is None
    bench = site.root / ".patchkit/bump/v262/bench"
    edit = bench / ".patchkit/rebase/mount-setup"
    again = site.bump("v262", "--json")
    assert again.code == 3
    if not edit.is_dir():
        edit = bench / ".patchkit/rebase/main"
    assert edit.is_dir()
    for _ in range(3):
        waiting = next((bench / ".patchkit/rebase").glob("*/"))
        name = waiting.name
        path, line = {
            "main": (MAIN, "    goto keep;"),
            "manager": (MANAGER, "    poweroff();"),
            "mount-setup": (MOUNT, "    return 0; "),
        }[name]
        (waiting / path).write_bytes(code(name.replace("-", "_"), line=line))
        ran = site.run("--repo", str(bench), "rebase", "--continue")
        if ran.code == 0:
            break
    assert ran.code == 0, ran.said
    ran = site.bump("v262", "--json")
    assert ran.code == 0, ran.said
    lock = json.loads(site.git("show", "patchkit/v262:patches/lock.json"))
    assert "by hand" in {p["strategy"] for p in lock["releases"]["v262"]["patches"]}
    assert not (site.patches / "v262").exists()


def test_a_source_that_is_down_does_not_look_like_a_broken_series(site: Site) -> None:
    """Without the base's tree there is no three-way merge, and more conflicts than there are."""
    fewer = site.root.parent / "fewer.git"
    git(site.root.parent, "clone", "-q", "--bare", str(site.repository.upstream), str(fewer))
    git(fewer, "tag", "-d", "v260")
    ran = site.bump("v262", "--upstream", str(fewer), "--json")
    (told,) = ran.document["releases"]
    assert ran.code == told["failure"]["exit_code"] == 5
    assert "the tree of v260 cannot be had" in told["failure"]["message"]


def test_an_author_is_needed_and_can_be_named(site: Site) -> None:
    site.git("config", "--unset", "user.name")
    ran = site.bump()
    assert ran.code == 2
    assert "--author" in ran.err
    site.done("bump", "--no-verify", "--author", "A Bot <bot@example.org>")
    assert site.git("log", "-1", "--format=%an <%ae>", BRANCH) == "A Bot <bot@example.org>"


def test_several_releases_at_once(site: Site) -> None:
    config = site.patches / "series.toml"
    config.write_text(config.read_text() + "every = true\n")
    text = config.read_text().replace('ignore = ["v262"]\n', "")
    config.write_text(text)
    site.commit()
    ran = site.bump("--jobs", "2", "--json", "--author", "A <a@example.org>")
    releases = {told["release"]: told for told in ran.document["releases"]}
    assert ran.code == 3
    assert list(releases) == ["v261", "v262"]
    assert releases["v261"]["failure"] is None
    assert releases["v262"]["failure"]["step"] == "rebase"
    assert site.git("rev-parse", BRANCH) == releases["v261"]["commit"]


def test_ci_gets_groups_a_summary_and_outputs(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary"))
    ran = site.done("bump", "--no-verify")
    lines = ran.err.split("\n")
    assert lines.index("::group::v261: rebase") < lines.index("::endgroup::")
    assert lines.count("::endgroup::") == sum(line.startswith("::group::") for line in lines)
    summary = (tmp_path / "summary").read_text()
    assert "## systemd v261: not verified" in summary
    assert "| commit | done |" in summary
    assert _outputs(tmp_path / "output") == {
        "changed": "true", "release": "v261", "verdict": "", "releases": '["v261"]'
    }  # fmt: skip
    (tmp_path / "output").unlink()
    site.done("bump", "--no-verify")
    assert _outputs(tmp_path / "output")["changed"] == "false"


def _outputs(path: Path) -> dict[str, str]:
    """Read them as a runner does."""
    lines, found = iter(path.read_text().split("\n")), {}
    for line in lines:
        name, fence, end = line.partition("<<")
        if fence:
            found[name] = "\n".join(iter(lambda: next(lines), end))
    return found


# With a forge


def test_the_pull_request_is_opened_and_then_left_alone(site: Site, forge: ForgeServer) -> None:
    ran = site.done("bump", "--no-verify", *forge.words)
    (pull,) = forge.pulls
    assert (pull["head"], pull["base"], pull["state"]) == (BRANCH, "main", "open")
    assert pull["title"] == "systemd v261: new text for manager"
    assert pull["body"].startswith("## systemd v261: not verified")
    assert "range-diff of manager" in pull["body"]
    assert "statement\\_nine" not in pull["body"] and "+     statement_nine();" in pull["body"]
    assert f"/{pull['number']}" in ran.said
    assert git(forge.repository, "rev-parse", BRANCH).decode().strip() == site.git(
        "rev-parse", BRANCH
    )
    forge.seen.clear()
    again = site.done("bump", "--no-verify", *forge.words)
    assert forge.changes() == []
    assert again.out == ""


def test_a_clone_that_has_nothing_knows_that_all_is_done(
    site: Site, forge: ForgeServer, tmp_path: Path
) -> None:
    """As in CI: no branch, no state, only what the forge has."""
    site.done("bump", "--no-verify", *forge.words)
    tip = git(forge.repository, "rev-parse", BRANCH)
    fresh = _fresh(site, forge, tmp_path)
    forge.seen.clear()
    told = fresh.done("bump", "--no-verify", *forge.words, "--json").document
    assert told["changed"] is False
    assert forge.changes() == []
    assert git(forge.repository, "rev-parse", BRANCH) == tip


def _fresh(site: Site, forge: ForgeServer, tmp_path: Path) -> Site:
    folder = tmp_path / f"fresh-{time.monotonic_ns()}"
    git(tmp_path, "clone", "-q", "-b", "main", str(forge.repository), str(folder))
    git(folder, "remote", "set-url", "origin", forge.remote)
    for name in [r for r in git(folder, "branch", "-r").decode().split() if "patchkit" in r]:
        git(folder, "update-ref", "-d", f"refs/remotes/{name}")
    git(folder, "config", "user.name", "A Runner")
    git(folder, "config", "user.email", "runner@example.org")
    repository = dataclasses.replace(site.repository, root=folder)
    return Site(repository=repository, capsys=site.capsys)


def test_a_persons_commits_on_the_branch_stay(
    site: Site, forge: ForgeServer, tmp_path: Path
) -> None:
    site.done("bump", "--no-verify", *forge.words)
    person = _fresh(site, forge, tmp_path)
    git(person.root, "fetch", "-q", str(forge.repository), f"{BRANCH}:{BRANCH}")
    git(person.root, "switch", "-q", BRANCH)
    (person.root / "patches" / "NOTES").write_text("what I found\n")
    person.commit("a word of mine")
    git(person.root, "push", "-q", str(forge.repository), BRANCH)
    mine = person.git("rev-parse", "HEAD")
    told = site.done("bump", "--no-verify", *forge.words, "--json").document
    assert told["changed"] is False
    assert git(forge.repository, "rev-parse", BRANCH).decode().strip() == mine
    # and when there is something new, it is added to theirs
    config = site.patches / "series.toml"
    config.write_text(config.read_text() + "\n# main moves on\n")
    site.commit("main moves on")
    git(site.root, "push", "-q", str(forge.repository), "main")
    site.done("bump", "--no-verify", *forge.words)
    tip = git(forge.repository, "rev-parse", BRANCH).decode().strip()
    assert tip != mine
    git(forge.repository, "merge-base", "--is-ancestor", mine, tip)
    git(forge.repository, "merge-base", "--is-ancestor", "main", tip)
    assert git(forge.repository, "show", f"{tip}:patches/NOTES") == b"what I found\n"
    assert b"main moves on" in git(forge.repository, "show", f"{tip}:patches/series.toml")


def _reword_base(site: Site, forge: ForgeServer) -> None:
    """The maintainer changes what the series says for v260, on main."""
    path = next((site.patches / "v260").glob("*-manager-*"))
    path.write_bytes(path.read_bytes().replace(b"poweroff(r)", b"poweroff(r, NOW)"))
    site.done("rebase", "v260")
    site.done("overlay")
    site.commit("manager: now")
    git(site.root, "push", "-q", str(forge.repository), "main")


def test_a_series_that_changed_on_main_is_moved_again(site: Site, forge: ForgeServer) -> None:
    site.done("bump", "--no-verify", *forge.words)
    before = site.git("rev-parse", BRANCH)
    _reword_base(site, forge)
    site.done("bump", "--no-verify", *forge.words)
    tip = git(forge.repository, "rev-parse", BRANCH).decode().strip()
    for ancestor in (before, "main"):
        git(forge.repository, "merge-base", "--is-ancestor", ancestor, tip)
    manager = next(p for p in site.files(BRANCH, "patches/v261") if "-manager-" in p)
    assert "poweroff(r, NOW)" in site.git("show", f"{BRANCH}:{manager}")
    lock = json.loads(site.git("show", f"{BRANCH}:patches/lock.json"))
    assert set(lock["releases"]) == {"v260", "v261"}
    assert len(forge.pulls) == 1
    forge.seen.clear()
    site.done("bump", "--no-verify", *forge.words)
    assert forge.changes() == []


def test_patches_that_a_person_committed_are_not_made_anew(
    site: Site, forge: ForgeServer, tmp_path: Path
) -> None:
    site.done("bump", "--no-verify", *forge.words)
    person = _fresh(site, forge, tmp_path)
    git(person.root, "fetch", "-q", str(forge.repository), f"{BRANCH}:{BRANCH}")
    git(person.root, "switch", "-q", BRANCH)
    path = next((person.patches / "v261").glob("*-manager-*"))
    path.write_bytes(path.read_bytes().replace(b"poweroff(r)", b"poweroff(-r)"))
    person.commit("better")
    git(person.root, "push", "-q", str(forge.repository), BRANCH)
    mine = git(forge.repository, "rev-parse", BRANCH)
    ran = site.bump(*forge.words)
    assert ran.code == 7
    assert "a person committed" in ran.err
    assert git(forge.repository, "rev-parse", BRANCH) == mine
    (issue,) = forge.open_issues
    assert "a person committed" in issue["body"]
    # done as the hint says, it goes on with their patch
    assert "patchkit rebase v261 --from v261" in issue["body"]
    person.done("rebase", "v261", "--from", "v261")
    person.commit("mine, recorded")
    git(person.root, "push", "-q", str(forge.repository), BRANCH)
    site.done("bump", "--no-verify", *forge.words)
    assert issue["state"] == "closed"
    kept = git(forge.repository, "show", f"{BRANCH}:{path.relative_to(person.root)}")
    assert b"poweroff(-r)" in kept


def test_what_cannot_be_merged_is_a_persons_and_nothing_is_lost(
    site: Site, forge: ForgeServer, tmp_path: Path
) -> None:
    site.done("bump", "--no-verify", *forge.words)
    person = _fresh(site, forge, tmp_path)
    git(person.root, "fetch", "-q", str(forge.repository), f"{BRANCH}:{BRANCH}")
    git(person.root, "switch", "-q", BRANCH)
    for clone, word in ((person, "theirs"), (site, "ours")):
        config = clone.patches / "series.toml"
        text = config.read_text()
        config.write_text(text.replace('summary = "about main"', f'summary = "{word}"'))
        clone.commit(word)
    git(person.root, "push", "-q", str(forge.repository), BRANCH)
    git(site.root, "push", "-q", str(forge.repository), "main")
    mine = git(forge.repository, "rev-parse", BRANCH)
    ran = site.bump(*forge.words)
    assert ran.code == 7
    assert "both changed patches/series.toml" in ran.err
    (issue,) = forge.open_issues
    assert "both changed" in issue["title"]
    assert git(forge.repository, "rev-parse", BRANCH) == mine


def test_a_base_that_is_not_there_is_told(site: Site, forge: ForgeServer) -> None:
    ran = site.bump(*forge.words, "--base", "trunk")
    assert ran.code == 2
    assert "no branch trunk" in ran.err


def test_a_pull_request_that_a_person_wrote_in_keeps_their_words(
    site: Site, forge: ForgeServer
) -> None:
    site.done("bump", "--no-verify", *forge.words)
    (pull,) = forge.pulls
    whole = pull["body"]
    pull["body"] = "outdated <!-- patchkit bump v261 -->\r\n\r\nReviewed by me."
    pull["title"] = "Hold: see below"
    site.done("bump", "--no-verify", *forge.words)
    assert pull["body"] == whole.rstrip("\n") + "\n\nReviewed by me."
    assert pull["title"] == "Hold: see below"


def test_a_conflict_opens_one_issue_and_the_run_that_succeeds_closes_it(
    site: Site, forge: ForgeServer, tmp_path: Path
) -> None:
    other = forge.add_issue("somebody else's", "v262 is nice")
    ran = site.bump("v262", *forge.words)
    assert ran.code == 3
    assert forge.pulls == []
    (issue,) = [item for item in forge.open_issues if item is not other]
    assert "no longer applies" in issue["title"] or "proposal" in issue["title"]
    assert "v262 has:" in issue["body"]
    assert "patchkit rebase v262" in issue["body"]
    forge.seen.clear()
    assert site.bump("v262", *forge.words, "--exit-zero").code == 0
    assert forge.changes() == []  # the same is not said twice
    # by hand, in a clone, as the issue says
    person = _fresh(site, forge, tmp_path)
    git(person.root, "switch", "-q", "-c", "patchkit/v262")
    assert person.run("rebase", "v262").code == 3
    _settled(person)
    git(person.root, "push", "-q", str(forge.repository), "patchkit/v262")
    mine = person.git("rev-parse", "HEAD")
    site.done("bump", "v262", "--no-verify", *forge.words)
    assert issue["state"] == "closed"
    assert other["state"] == "open"
    (pull,) = forge.pulls
    assert pull["head"] == "patchkit/v262"
    git(forge.repository, "merge-base", "--is-ancestor", mine, "patchkit/v262")
    text = git(forge.repository, "show", "patchkit/v262:patches/lock.json")
    assert b'"by hand"' in text


def _settled(person: Site) -> None:
    for _ in range(3):
        waiting = next((person.root / ".patchkit/rebase").glob("*/"))
        path, line = {
            "main": (MAIN, "    goto keep;"),
            "manager": (MANAGER, "    poweroff();"),
            "mount-setup": (MOUNT, "    return 0; "),
        }[waiting.name]
        (waiting / path).write_bytes(code(waiting.name.replace("-", "_"), line=line))
        if person.run("rebase", "--continue").code == 0:
            break
    person.done("overlay")
    person.commit("systemd v262: by hand")


def test_an_issue_is_closed_when_its_release_is_supported_on_main(
    site: Site, forge: ForgeServer
) -> None:
    assert site.bump("v262", *forge.words).code == 3
    (issue,) = forge.open_issues
    assert site.run("rebase", "v262").code == 3
    _settled(site)
    git(site.root, "push", "-q", str(forge.repository), "main")
    site.done("bump", "--no-verify", *forge.words)
    assert issue["state"] == "closed"
    assert forge.comments


def test_commits_that_main_on_the_forge_lacks_are_not_smuggled_in(
    site: Site, forge: ForgeServer
) -> None:
    (site.root / "private").write_text("not yet")
    site.commit("unfinished")
    ran = site.bump(*forge.words)
    assert ran.code == 2
    assert "HEAD has commits" in ran.err
    assert forge.changes() == []


# What goes wrong


def test_busy_servers_and_rate_limits_are_waited_for(
    site: Site, forge: ForgeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    forge.faults.append(Fault(method="GET", part="/pulls", status=503, times=2))
    forge.faults.append(
        Fault(method="POST", part="/pulls", status=429, headers={"Retry-After": "7"})
    )
    site.done("bump", "--no-verify", *forge.words)
    assert len(forge.pulls) == 1
    assert [wait for wait in waits if wait >= 1] == [1.0, 2.0, 7.0]


def test_a_limit_that_lasts_loses_nothing(site: Site, forge: ForgeServer) -> None:
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time()) + 3000)}
    forge.faults.append(Fault(method="POST", part="/pulls", status=403, headers=headers))
    ran = site.bump(*forge.words)
    assert ran.code == 5
    assert "rate limit" in ran.err
    assert forge.has_branch(BRANCH)
    site.done("bump", "--no-verify", *forge.words)
    assert len(forge.pulls) == 1


def test_an_answer_that_got_lost_makes_no_second_pull_request(
    site: Site, forge: ForgeServer
) -> None:
    forge.faults.append(Fault(method="POST", part="/pulls", status=502, after=True))
    site.done("bump", "--no-verify", *forge.words)
    assert len(forge.pulls) == 1


def test_an_expired_token_is_told_and_never_shown(site: Site, forge: ForgeServer) -> None:
    forge.token = "another"
    ran = site.bump(*forge.words)
    assert ran.code == 5
    assert "expired" in ran.err
    _assert_no_token(site, ran.said)


def test_a_token_that_may_not_push_is_told(site: Site, forge: ForgeServer) -> None:
    forge.git_token = "another"
    ran = site.bump(*forge.words)
    assert ran.code == 5
    assert "does not take the login" in ran.err
    assert forge.pulls == []
    _assert_no_token(site, ran.said)


def test_a_protected_branch_keeps_the_work(site: Site, forge: ForgeServer) -> None:
    hook = forge.repository / "hooks" / "update"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'GH006: Protected branch update failed' >&2\nexit 1\n")
    hook.chmod(0o755)
    ran = site.bump(*forge.words)
    assert ran.code == 5
    assert "refuses the push" in ran.err
    assert site.git("log", "-1", "--format=%s", BRANCH).startswith("systemd v261")
    hook.unlink()
    site.done("bump", "--no-verify", *forge.words)
    assert len(forge.pulls) == 1


def test_a_push_race_loses_nobodys_work(
    site: Site, forge: ForgeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody makes the branch after we have looked and before we push."""
    person = _fresh(site, forge, tmp_path)
    git(person.root, "switch", "-q", "-c", BRANCH)
    (person.root / "patches" / "NOTES").write_text("first\n")
    person.commit("I was first")
    mine = person.git("rev-parse", "HEAD")
    push = pygit2.Remote.push
    raced: list[bool] = []

    def racing(remote: pygit2.Remote, *arguments: object, **named: object) -> None:
        if not raced:
            raced.append(True)
            git(person.root, "push", "-q", str(forge.repository), BRANCH)
        push(remote, *arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(pygit2.Remote, "push", racing)
    ran = site.done("bump", "--no-verify", *forge.words)
    assert raced
    assert "somebody pushed" in ran.err
    git(forge.repository, "merge-base", "--is-ancestor", mine, BRANCH)
    assert git(forge.repository, "show", f"{BRANCH}:patches/NOTES") == b"first\n"
    assert (
        "patches/v261/series"
        in git(forge.repository, "ls-tree", "-r", "--name-only", BRANCH).decode()
    )
    assert len(forge.pulls) == 1


def test_the_token_is_nowhere(site: Site, forge: ForgeServer) -> None:
    said = site.done("bump", "--no-verify", *forge.words, "-v").said
    said += site.bump("v262", *forge.words, "-v", "--json").said
    _assert_no_token(site, said)
    assert not any(TOKEN in seen.path or TOKEN in json.dumps(seen.body) for seen in forge.seen)
    assert not any(TOKEN in item["body"] for item in forge.items)
    assert forge.authorizations  # it was used


def _assert_no_token(site: Site, said: str) -> None:
    assert TOKEN not in said
    for path in site.root.rglob("*"):
        if path.is_file():
            assert TOKEN.encode() not in path.read_bytes(), path


def test_a_lock_that_a_killed_process_left_on_the_branch_is_taken_over(site: Site) -> None:
    lock = site.root / ".git" / "refs" / "heads" / "patchkit" / "v261.lock"
    lock.parent.mkdir(parents=True)
    lock.write_bytes(b"half")
    site.done("bump", "--no-verify")
    assert site.git("rev-parse", BRANCH)
    assert not lock.exists()
