"""`patchkit upstream-export`: a patch that git takes, and what is said of it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from patchkit.commands.schema import published
from patchkit.errors import ExitCode
from tests import builders
from tests.builders import Change, Commit, git
from tests.commands.support import MAIN, MANAGER, MOUNT, RELEASES, Desk, code, release

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.builders import Files

ONTO_MAIN = release(
    main=code("main", above=4),
    manager=code("manager").replace(b"statement_9();", b"statement_nine();"),
)
"""Upstream's main branch: `main` fits at other lines, `manager` needs a merge."""


def with_upstream(desk: Desk, folder: Path, releases: Mapping[str, Files], main: Files) -> Desk:
    """The desk over an upstream of these releases, whose main branch has gone on."""
    commits = [Commit(files=files, message=tag, tag=tag) for tag, files in releases.items()]
    tip = Commit(files=main, message="core: more (#7)\n\nText.", author="Ada <ada@example.org>")
    upstream = builders.repository(folder, [*commits, tip])
    config = desk.patches / "series.toml"
    config.write_text(config.read_text().replace(str(desk.repository.upstream), str(upstream)))
    return replace(desk, repository=replace(desk.repository, upstream=upstream))


@pytest.fixture
def desk(desk: Desk, tmp_path: Path) -> Desk:
    releases = {tag: RELEASES[tag] for tag in ("v260", "v261")}
    desk = with_upstream(desk, tmp_path / "upstream.git", releases, ONTO_MAIN)
    desk.done("rebase", "v260")
    desk.done("rebase", "v261")
    return desk


def committed(desk: Desk) -> None:
    """The patch repository's history: v260 at first, v261 later."""
    root = desk.repository.root
    git(root, "init", "-q", "-b", "main")
    for paths in (["patches/v260", "patches/series.toml"], ["patches"]):
        git(root, "add", *paths)
        git(root, "commit", "-q", "-m", "patches")


def document(desk: Desk, *words: str) -> Any:
    ran = desk.run("upstream-export", *words, "--json")
    jsonschema.Draft202012Validator(json.loads(published("upstream-export"))).validate(ran.document)
    return ran.document


def applied(desk: Desk, folder: Path, *mails: bytes) -> bytes:
    """What `git am` makes of patches on upstream's main branch: the last commit's diff."""
    git(folder.parent, "clone", "-q", str(desk.repository.upstream), folder.name)
    for mail in mails:
        git(folder, "am", "-q", stdin=mail)
    return git(folder, "show", "--format=%an%n%s%n%b")


def test_git_takes_it_on_upstream_s_main_branch(desk: Desk, tmp_path: Path) -> None:
    ran = desk.done("upstream-export", "manager")
    assert ran.out.startswith("From 0000000000000000000000000000000000000000 Mon Sep 17")
    commit = git(desk.repository.upstream, "rev-parse", "main").decode().strip()
    assert ran.out.endswith(f"\nbase-commit: {commit}\n")
    shown = applied(desk, tmp_path / "clone", ran.out.encode()).decode()
    assert shown.startswith("A Tester\nmanager: power off on SIGTERM\nElse docker stop takes 10 s.")
    assert "+    return poweroff(r);" in shown
    assert MAIN not in shown


def test_people_s_words_are_elsewhere(desk: Desk) -> None:
    ran = desk.done("upstream-export", "main")
    assert (
        f"from v261 onto main ({git(desk.repository.upstream, 'rev-parse', 'main')[:12].decode()}"
        in ran.err
    )
    assert "merged" not in ran.out
    assert desk.done("upstream-export", "main", "-q").err == ""


def test_into_a_file(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "out" / "manager.patch"
    ran = desk.done("upstream-export", "manager", "-o", str(file))
    assert ran.out == ""
    assert f"wrote {file}" in ran.err
    assert file.read_bytes() == desk.done("upstream-export", "manager").out.encode()
    assert document(desk, "manager", "-o", str(file))["file"] == str(file)


def test_a_file_that_cannot_be_written_is_told(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ran = desk.run("upstream-export", "manager", "-o", str(tmp_path / "file" / "x.patch"))
    assert ran.code == ExitCode.STORAGE
    assert "x.patch" in ran.err


def test_nothing_changes_in_the_repository(desk: Desk) -> None:
    before = desk.snapshot()
    desk.done("upstream-export", "manager")
    assert desk.snapshot() == before


def test_the_document(desk: Desk) -> None:
    told = document(desk, "manager")
    assert told["schema"] == "patchkit.upstream-export/1"
    assert (told["name"], told["series"]) == ("manager", "v261")
    assert told["onto"]["name"] == "main"
    assert told["patch"]["outcome"] == "unchanged"
    assert told["content"] == desk.done("upstream-export", "manager").out
    assert (told["needs"], told["landed"], told["file"]) == ([], [], None)


def test_cost_is_what_the_lock_says(desk: Desk) -> None:
    assert document(desk, "manager")["cost"] == {
        "releases": 1,
        "merged": 1,
        "settled": 0,
        "by_hand": 0,
        "outcomes": {"v261": "merged"},
    }
    assert "moved onto 1 release: merged in 1" in desk.done("upstream-export", "manager").err
    assert "it applied to all" in desk.done("upstream-export", "main").err


def test_cost_counts_what_people_did(desk: Desk, tmp_path: Path) -> None:
    releases = {**{t: RELEASES[t] for t in ("v260", "v261")},
                "v262": release(main=code("main", line="    goto fail;"))}  # fmt: skip
    desk = with_upstream(desk, tmp_path / "other.git", releases, ONTO_MAIN)
    (desk.patches / "lock.json").unlink()
    desk.done("rebase", "v261")
    assert desk.run("rebase", "v262", "--from", "v260").code == ExitCode.CONFLICT
    desk.edited("main", MAIN, code("main", line="    goto keep;"))
    desk.done("rebase", "--continue")
    cost = document(desk, "main")["cost"]
    assert (cost["releases"], cost["by_hand"], cost["merged"]) == (2, 1, 0)


def test_age_is_what_history_says(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert document(desk, "manager")["age"] is None
    committed(desk)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(1767323045 + 86400 * 30))
    age = document(desk, "manager")["age"]
    first = git(desk.repository.root, "rev-list", "--max-parents=0", "HEAD").decode().strip()
    assert age == {"since": "2026-01-02T03:04:05+00:00", "commit": first, "days": 30}
    assert "age: 30 days, since 2026-01-02" in desk.done("upstream-export", "manager").err


def test_age_is_not_guessed_from_the_end_of_a_history(desk: Desk, tmp_path: Path) -> None:
    committed(desk)
    clone = tmp_path / "shallow"
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{desk.repository.root}", clone.name)
    shallow = replace(desk, repository=replace(desk.repository, root=clone))
    assert document(shallow, "manager")["age"] is None


@pytest.mark.parametrize(("onto", "outcome"), [("v260", "merged"), ("v261", "unchanged")])
def test_onto_a_release(desk: Desk, onto: str, outcome: str) -> None:
    told = document(desk, "manager", "--onto", onto)
    assert (told["onto"]["name"], told["patch"]["outcome"]) == (onto, outcome)


def test_the_text_of_another_release(desk: Desk) -> None:
    told = document(desk, "manager", "--from", "v260")
    assert (told["series"], told["patch"]["outcome"]) == ("v260", "merged")


def test_onto_another_branch(desk: Desk) -> None:
    git(desk.repository.upstream, "branch", "next", "v260")
    assert document(desk, "manager", "--onto", "next")["onto"]["name"] == "next"


def test_without_a_main_branch_the_newest_release_is_taken(desk: Desk) -> None:
    desk.done("rebase", "v261")
    git(desk.repository.upstream, "symbolic-ref", "HEAD", "refs/heads/none")
    git(desk.repository.upstream, "branch", "-D", "main")
    ran = desk.run("upstream-export", "manager")
    assert ran.code in (ExitCode.DONE, ExitCode.UNAVAILABLE)
    ran = desk.run("upstream-export", "manager", "--onto", "main")
    assert ran.code == ExitCode.UNAVAILABLE
    assert "main" in ran.err


# What is not to be proposed


def test_what_upstream_has_already(desk: Desk, tmp_path: Path) -> None:
    have = release(manager=code("manager", line="    return poweroff(r);"))
    desk = with_upstream(desk, tmp_path / "other.git",
                         {"v260": RELEASES["v260"]}, have)  # fmt: skip
    (desk.patches / "lock.json").unlink()
    ran = desk.done("upstream-export", "manager", "--from", "v260", "-o", str(tmp_path / "x"))
    assert ran.out == ""
    assert not (tmp_path / "x").exists()
    assert "has it already: there is nothing to propose" in ran.err
    assert '"core: more (#7)" by Ada, 2026-01-02, pull request #7' in ran.err
    told = document(desk, "manager", "--from", "v260")
    assert (told["content"], told["patch"]["outcome"]) == (None, "upstream")
    assert told["landed"][0]["pull"] == 7


def test_a_conflict_is_told_with_its_sides(desk: Desk, tmp_path: Path) -> None:
    against = release(manager=code("manager", line="    abort();"))
    desk = with_upstream(desk, tmp_path / "other.git",
                         {"v260": RELEASES["v260"]}, against)  # fmt: skip
    (desk.patches / "lock.json").unlink()
    ran = desk.run("upstream-export", "manager", "--from", "v260")
    assert ran.code == ExitCode.CONFLICT
    assert ran.out == ""
    assert "does not apply to main" in ran.err
    assert "|     abort();" in ran.err
    assert "main has:" in ran.err


def test_a_patch_that_rests_on_one_before_it(tmp_path: Path, capsys: Any) -> None:
    before = {MAIN: code("main"), "README": b"x\n"}
    first = code("main", line="    return keep(r);")
    second = code("main", line="    return keep(keep(r));")
    series = {
        "other": Change(message="other: readme\n\nWhy.\n", files={"README": b"y\n"}),
        "first": Change(message="first: keep\n\nWhy.\n", files={MAIN: first}),
        "second": Change(message="second: keep twice\n\nWhy.\n", files={MAIN: second}),
    }
    repository = builders.patch_repository(tmp_path, {"v260": before}, series)
    desk = Desk(repository=repository, capsys=capsys)
    told = document(desk, "second")
    assert (told["needs"], told["patch"]["outcome"]) == (["first"], "unchanged")
    assert "needs first of the series before it" in desk.done("upstream-export", "second").err
    mails = [desk.done("upstream-export", name).out.encode() for name in ("first", "second")]
    assert b"keep(keep(r))" in applied(desk, tmp_path / "clone", *mails)


def test_an_unknown_patch_is_told(desk: Desk) -> None:
    ran = desk.run("upstream-export", "nonsense")
    assert ran.code == ExitCode.USAGE
    assert "known: mount-setup, main, manager" in ran.err


def test_a_release_that_goes_without_it_is_told(desk: Desk, tmp_path: Path) -> None:
    have = release(mount=code("mount_setup", line="    return 0;"))
    desk = with_upstream(desk, tmp_path / "other.git",
                         {"v260": RELEASES["v260"], "v261": have}, have)  # fmt: skip
    (desk.patches / "lock.json").unlink()
    desk.done("rebase", "v261")
    assert document(desk, "mount-setup")["series"] == "v260"
    ran = desk.run("upstream-export", "mount-setup", "--from", "v261")
    assert ran.code == ExitCode.USAGE
    assert "v261 goes without the patch 'mount-setup'" in ran.err


def test_a_reference_that_is_not_there_is_told(desk: Desk) -> None:
    for onto in ("nowhere", "v999"):
        ran = desk.run("upstream-export", "manager", "--onto", onto)
        assert ran.code == ExitCode.UNAVAILABLE
        assert onto in ran.err


def test_files_are_those_of_the_patch_alone(desk: Desk) -> None:
    content = document(desk, "main")["content"]
    assert MAIN in content
    assert MANAGER not in content
    assert MOUNT not in content
