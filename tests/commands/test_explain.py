"""`patchkit explain`: each hunk's way, the commit that broke it, the rules, who changed what."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from patchkit.commands.schema import published
from patchkit.errors import ExitCode
from tests import builders
from tests.builders import Commit, git
from tests.commands.support import MAIN, MANAGER, MOUNT, RELEASES, Desk, code, release

if TYPE_CHECKING:
    from pathlib import Path

ADA = "Ada Upstream <ada@example.org>"
MOVED = code("main").replace(b"    return r;\n", b"    if (invoked)\n            return fail(r);\n")
HISTORY = [
    Commit(files=RELEASES["v260"], message="systemd 260", tag="v260"),
    Commit(files=release(main=code("main", above=4)), message="main: includes (#11)", author=ADA),
    Commit(files=release(main=MOVED, readme=b"new\n"), message="main: only if invoked (#42)",
           author=ADA),
    Commit(
        files=release(main=MOVED, manager=code("manager").replace(b"t_9()", b"t_nine()")),
        message="manager: nine", author=ADA,
    ),
    Commit(
        files=release(main=MOVED, manager=code("manager").replace(b"t_9()", b"t_nine()"),
                      mount=code("mount_setup", line="    return 0;")),
        message="mount-setup: go on (#44)", author=ADA, tag="v261",
    ),
]  # fmt: skip


def over(desk: Desk, upstream: Path) -> Desk:
    config = desk.patches / "series.toml"
    config.write_text(config.read_text().replace(str(desk.repository.upstream), str(upstream)))
    return replace(desk, repository=replace(desk.repository, upstream=upstream))


@pytest.fixture
def told(desk: Desk, tmp_path: Path) -> Desk:
    """A desk whose upstream has history: every patch of the series met a commit of its own."""
    return over(desk, builders.repository(tmp_path / "upstream.git", HISTORY))


@pytest.fixture
def untold(desk: Desk, tmp_path: Path) -> Desk:
    """The same two releases, which share no history."""
    folder = builders.upstream(tmp_path / "upstream.git", {"v260": HISTORY[0].files})
    builders.append(folder, [HISTORY[-1]], branch="other")
    return over(desk, folder)


def document(desk: Desk, *words: str) -> Any:
    ran = desk.run("explain", *words, "--json")
    schema = json.loads(published("explain"))
    jsonschema.Draft202012Validator(schema).validate(ran.document)
    return ran.document


def only(desk: Desk, *words: str) -> Any:
    (patch,) = document(desk, *words)["patches"]
    return patch


def ruled(desk: Desk, file: str, rule: str) -> None:
    """Give the patch of a file a rule."""
    config = desk.patches / "series.toml"
    entry = f'files = ["{file}"]\n'
    assert entry in config.read_text()
    config.write_text(config.read_text().replace(entry, f'{entry}intents = ["{rule}"]\n'))


# Every outcome


def test_every_patch_has_its_page(desk: Desk) -> None:
    ran = desk.done("explain", "v261")
    for name in ("mount-setup: unchanged on v261", "main: clean on", "manager: merged on"):
        assert name in ran.out
    assert "about main\nbecause\n" in ran.out


def test_a_clean_patch_s_hunk_moves(desk: Desk) -> None:
    assert "  src/core/main.c:12 in main() -> line 16\n" in desk.done("explain", "v261", "main").out
    (way,) = only(desk, "v261", "main")["hunks"]
    assert (way["old_line"], way["new_line"], way["way"]) == (12, 16, "as it was")
    assert way["culprit"] is None


def test_a_merged_hunk_names_the_commit_that_changed_the_lines_around_it(told: Desk) -> None:
    patch = only(told, "v261", "manager")
    (way,) = patch["hunks"]
    assert way["way"] == "merged: upstream changed the lines around it"
    assert way["culprit"]["subject"] == "manager: nine"
    out = told.run("explain", "v261", "manager").out
    assert "-> line 12, merged: upstream changed the lines around it" in out
    assert '"manager: nine" by Ada Upstream, 2026-01-02\n' in out


def test_a_break_names_its_commit_with_its_pull_request(told: Desk) -> None:
    ran = told.run("explain", "v261", "main")
    assert ran.code == ExitCode.CONFLICT
    commit = git(told.repository.upstream, "rev-parse", "main~2")[:12].decode()
    assert "src/core/main.c:12 in main() has no place that git's merge finds" in ran.out
    assert (
        f'since {commit} "main: only if invoked (#42)" by Ada Upstream, 2026-01-02, '
        "pull request #42\n"
    ) in ran.out
    for side in ("|             return fail(r);", "|     return r;", "|     return keep(r);"):
        assert side in ran.out


def test_without_history_the_releases_are_named(untold: Desk) -> None:
    ran = untold.run("explain", "v261", "main")
    assert ran.code == ExitCode.CONFLICT
    assert "upstream changed it between v260 and v261" in ran.out
    patch = only(untold, "v261", "main")
    assert patch["hunks"][0]["culprit"] is None
    assert all(not each["commits"] for each in patch["neighbours"])


def test_a_patch_that_upstream_has_names_the_commit(told: Desk) -> None:
    ran = told.run("explain", "v261", "mount-setup")
    assert "mount-setup: upstream on v261 (already in the target)" in ran.out
    assert "upstream since " in ran.out
    assert '"mount-setup: go on (#44)" by Ada Upstream, 2026-01-02, pull request #44' in ran.out
    patch = only(told, "v261", "mount-setup")
    assert patch["hunks"] == []
    assert patch["landed"][0]["path"] == MOUNT


def test_a_settled_hunk_says_where_it_went(desk: Desk, tmp_path: Path) -> None:
    body = code("main").replace(b"    statement_10();\n", b"    statement_10(1);\n")
    history = [HISTORY[0], Commit(files=release(main=body), message="ten (#9)", tag="v261")]
    desk = over(desk, builders.repository(tmp_path / "upstream.git", history))
    ran = desk.run("explain", "v261", "main")
    (way,) = only(desk, "v261", "main")["hunks"]
    assert "main: resolved on v261" in ran.out
    assert (way["way"], way["new_line"]) == ("settled beyond git's merge", 12)
    assert way["culprit"]["pull"] == 9
    assert "settled by: adjacent lines" in ran.out
    assert "  for: " in ran.out


def test_a_remembered_conflict_says_whose_it_is(told: Desk) -> None:
    assert told.run("rebase", "v261").code == ExitCode.CONFLICT
    told.edited("main", MAIN, MOVED.replace(b"fail(r)", b"keep(fail(r))"))
    told.done("rebase", "--continue")
    ran = told.done("explain", "v261", "main")
    assert "main: resolved on v261" in ran.out
    assert "settled by: by hand" in ran.out
    (way,) = only(told, "v261", "main")["hunks"]
    assert way["culprit"]["pull"] == 42


def test_one_that_waits_does_not_hide_the_others(told: Desk) -> None:
    every = told.run("explain", "v261")
    assert "The patches after 'main' wait for it" in every.out
    assert "manager: " not in every.out
    assert "manager: merged on v261" in told.run("explain", "v261", "manager").out


# Rules


def test_a_rule_that_holds(told: Desk) -> None:
    ruled(told, MANAGER, f"in manager of {MANAGER}: has poweroff(...)")
    out = told.run("explain", "v261", "manager").out
    assert f"rule holds: in manager of {MANAGER}: has poweroff(...)" in out


def test_a_rule_that_upstream_broke_names_the_commit(told: Desk) -> None:
    ruled(told, MANAGER, f"in manager of {MANAGER}: has statement_9()")
    ran = told.run("explain", "v261", "manager")
    assert ran.code == ExitCode.CONFLICT
    assert "rule does not hold" in ran.out
    assert "lacks what it is to have: statement_9()" in ran.out
    (rule,) = only(told, "v261", "manager")["rules"]
    assert (rule["holds"], rule["culprit"]["subject"]) == (False, "manager: nine")


def test_a_rule_is_not_checked_while_the_patch_waits(told: Desk) -> None:
    ruled(told, MAIN, f"in main of {MAIN}: has keep(...)")
    assert "rule, not checked yet: " in told.run("explain", "v261", "main").out
    (rule,) = only(told, "v261", "main")["rules"]
    assert (rule["holds"], rule["why"], rule["culprit"]) == (None, None, None)


# What is near


def test_what_changed_near_it_names_every_commit(told: Desk) -> None:
    patch = only(told, "v261", "manager")
    (near,) = patch["neighbours"]
    assert near["notice"]["function"] == "manager"
    assert [commit["subject"] for commit in near["commits"]] == ["manager: nine"]
    out = told.run("explain", "v261", "manager").out
    assert "look at src/core/manager.c: manager() changed upstream" in out


def test_notices_keep_their_order(desk: Desk) -> None:
    reported = document(desk, "v261")
    for patch, page in zip(reported["rebase"]["patches"], reported["patches"], strict=True):
        assert [each["notice"] for each in page["neighbours"]] == patch["look_at"]


# Forms, and what is refused


def test_one_patch_alone(desk: Desk) -> None:
    reported = document(desk, "v261", "main")
    assert reported["schema"] == "patchkit.explain/1"
    assert reported["history"] is True
    assert [patch["name"] for patch in reported["patches"]] == ["main"]


def test_markdown(told: Desk) -> None:
    out = told.run("explain", "v261", "main", "--markdown").out
    assert out.startswith("## main: conflict on v261\n")
    assert "| v260 | Function | v261 |\n|---|---|---|\n| `src/core/main.c:12` | `main` |" in out
    assert "pull request \\#\u206042" in out  # no link to our own number 42
    assert "```text\nmain: src/core/main.c: both sides changed the same lines\n" in out
    assert out.rstrip().endswith("```")


def test_another_base(desk: Desk) -> None:
    desk.done("rebase", "v261")
    assert "main: unchanged on v261" in desk.done("explain", "v261", "main", "--from", "v261").out


def test_a_base_that_goes_without_the_patch_is_told(told: Desk) -> None:
    assert told.run("rebase", "v261").code == ExitCode.CONFLICT
    told.done("rebase", "--skip")
    ran = told.run("explain", "v261", "main", "--from", "v261")
    assert ran.code == ExitCode.USAGE
    assert "the series of v261 goes without the patch 'main'" in ran.err
    assert "manager: unchanged" in told.done("explain", "v261", "--from", "v261").out


def test_an_unknown_patch_is_refused(desk: Desk) -> None:
    ran = desk.run("explain", "v261", "nonsense")
    assert ran.code == ExitCode.USAGE
    assert "nonsense" in ran.err


def test_nothing_is_written(told: Desk) -> None:
    before = told.snapshot()
    told.run("explain", "v261")
    assert told.snapshot() == before


def test_a_damaged_resolution_is_told(desk: Desk) -> None:
    (desk.patches / "resolutions").mkdir()
    (desk.patches / "resolutions" / "x.json").write_text("{}")
    ran = desk.run("explain", "v261")
    assert ran.code == ExitCode.INCONSISTENT
    assert "patches/resolutions/x.json is damaged" in ran.err
