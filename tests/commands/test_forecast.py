"""`patchkit forecast`: what is ahead, without touching anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from patchkit.forge.address import ForgeKind
from tests.builders import Commit, append, git
from tests.commands import support
from tests.commands.support import Desk, code
from tests.forge.server import TOKEN, serving
from tests.upstream.support import git_daemon

if TYPE_CHECKING:
    from pathlib import Path

    from tests.builders import PatchRepository


@pytest.fixture
def ahead(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    """v261 is supported; v263-rc1 fits; v262 is out and does not."""
    made: PatchRepository = support.make_repository(tmp_path)
    desk = Desk(repository=made, capsys=capsys)
    desk.done("rebase", "v260")
    desk.done("rebase", "v261")
    files = support.release(main=code("main", above=4), readme=b"ahead\n")
    append(made.upstream, [Commit(files=files, message="rc", tag="v263-rc1")], branch="main")
    return desk


def ahead_commit() -> Commit:
    return Commit(files=support.release(main=code("main", above=4)), message="mended")


def break_main(desk: Desk) -> None:
    files = support.release(main=code("main", above=4, line="    goto fail;"))
    append(desk.repository.upstream, [Commit(files=files, message="worse")], branch="main")


def test_what_fits_is_told_and_nothing_is_written(ahead: Desk) -> None:
    before = ahead.snapshot()
    told = ahead.done("forecast", "--json").document
    assert (told["schema"], told["base"], told["breaks"]) == (
        "patchkit.forecast/1", "v261", False
    )  # fmt: skip
    assert [each["name"] for each in told["ahead"]] == ["v263-rc1", "main"]
    assert told["ahead"][1]["rebase"]["release"].startswith("main@")
    assert ahead.snapshot() == before
    assert not (ahead.repository.state / "rebase").exists()


def test_what_would_break_is_3_and_is_explained(ahead: Desk) -> None:
    break_main(ahead)
    ran = ahead.run("forecast")
    assert ran.code == 3
    assert "would break" in ran.out
    assert "goto fail;" in ran.out
    rows = [line for line in ran.out.splitlines() if line.startswith("v263-rc1")]
    assert "fits" in rows[0]
    assert ahead.run("forecast", "--no-main").code == 0


def test_a_merge_that_breaks_an_intent_would_break(ahead: Desk) -> None:
    """Texts merge, but the change is not in the function it is for any more."""
    series = ahead.patches / "series.toml"
    rule = 'functions = ["main"]\nintents = ["in main of src/core/main.c: has keep(...)"]\n'
    entry = 'files = ["src/core/main.c"]\n'
    written = series.read_text(encoding="utf-8")
    assert entry in written
    series.write_text(written.replace(entry, entry + rule), encoding="utf-8")
    ahead.done("forecast")
    files = support.release(main=code("main", above=4).replace(b"int main(void)", b"int run(void)"))
    append(ahead.repository.upstream, [Commit(files=files, message="split")], branch="main")
    ran = ahead.run("forecast", "--json")
    assert ran.code == 3
    breaks = {each["name"]: each["rebase"]["complete"] for each in ran.document["ahead"]}
    assert breaks == {"v263-rc1": True, "main": False}


def test_a_branch_that_cannot_be_had_breaks_nothing(ahead: Desk) -> None:
    ran = ahead.done("forecast", "--branch", "absent", "--json")
    assert "no branch absent" in ran.document["ahead"][1]["problem"] + ran.err


def test_a_remote_branch_is_fetched_each_time(ahead: Desk) -> None:
    """Over git's own protocol, not from a path."""
    with git_daemon(ahead.repository.upstream.parent) as url:
        location = f"{url}/{ahead.repository.upstream.name}"
        ahead.done("forecast", "--upstream", location)
        break_main(ahead)
        assert ahead.run("forecast", "--upstream", location).code == 3


@pytest.mark.parametrize("kind", list(ForgeKind))
def test_one_issue_is_opened_and_closed(
    ahead: Desk, tmp_path: Path, kind: ForgeKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = ahead.repository.root
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "start")
    bare = tmp_path / "forge" / "patches.git"
    git(tmp_path, "clone", "-q", "--bare", str(root), str(bare))
    monkeypatch.setenv("PATCHKIT_TOKEN", TOKEN)
    with serving(kind, bare) as forge:
        git(root, "remote", "add", "origin", forge.remote)
        ahead.done("forecast", *forge.words)
        assert forge.issues == []
        break_main(ahead)
        ran = ahead.run("forecast", *forge.words, "--exit-zero")
        assert ran.code == 0, ran.said
        (issue,) = forge.open_issues
        assert issue["title"] == "systemd main: main of v261 will no longer apply"
        assert "goto fail;" in issue["body"]
        forge.seen.clear()
        assert ahead.run("forecast", *forge.words).code == 3
        assert forge.changes() == []
        append(ahead.repository.upstream, [ahead_commit()], branch="main")
        ahead.done("forecast", *forge.words)
        assert issue["state"] == "closed"
