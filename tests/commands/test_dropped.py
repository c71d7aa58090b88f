"""Patches that are left out have a tombstone, and one that would come back is told."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from patchkit.errors import ExitCode
from tests import builders
from tests.builders import Commit
from tests.commands.support import MAIN, MANAGER, MOUNT, RELEASES, Desk, code, release

if TYPE_CHECKING:
    from pathlib import Path

WITH = code("mount_setup", line="    return 0;")
STEPS = [
    Commit(files=RELEASES["v260"], message="systemd 260", tag="v260"),
    Commit(files=release(readme=b"1\n"), message="readme: one"),
    Commit(
        files=release(mount=WITH),
        message="mount-setup: go on (#4242)",
        author="Ada <ada@example.org>",
    ),
    Commit(files=release(mount=WITH, readme=b"2\n"), message="systemd 261", tag="v261"),
    Commit(
        files=release(mount=WITH, main=code("main", above=2)), message="systemd 262", tag="v262"
    ),
    Commit(files=release(main=code("main", above=2)), message='Revert "mount-setup: go on"'),
    Commit(files=release(main=code("main", above=3)), message="systemd 263", tag="v263"),
    Commit(
        files=release(mount=code("mount_setup", line="    return whatever();")),
        message="systemd 264",
        tag="v264",
    ),
]


@pytest.fixture
def desk(desk: Desk, tmp_path: Path) -> Desk:
    """Upstream took the patch `mount-setup` for v261 and v262, and took it back for v263."""
    folder = builders.repository(tmp_path / "upstream.git", STEPS)
    config = desk.patches / "series.toml"
    config.write_text(config.read_text().replace(str(desk.repository.upstream), str(folder)))
    return replace(desk, repository=replace(desk.repository, upstream=folder))


def stone(desk: Desk, tag: str, name: str = "mount-setup") -> Any:
    return desk.lock()["releases"][tag]["dropped"][name]


def test_it_says_why_since_when_and_which_commit(desk: Desk) -> None:
    ran = desk.done("rebase", "v261")
    assert "mount-setup is left out since v261: upstream has it" in ran.out
    assert '"mount-setup: go on (#4242)" by Ada, 2026-01-02, pull request #4242' in ran.out
    found = stone(desk, "v261")
    assert (found["why"], found["since"], found["last"]) == ("upstream", "v261", "v260")
    (commit,) = found["commits"]
    assert (commit["author"], commit["pull"], commit["path"]) == ("Ada", 4242, MOUNT)
    document = desk.done("rebase", "v261", "--json").document
    assert document["dropped"]["mount-setup"] == found


def test_the_next_release_goes_without_it_too(desk: Desk) -> None:
    desk.done("rebase", "v261")
    desk.done("rebase", "v262")
    found = stone(desk, "v262")
    assert (found["since"], found["last"]) == ("v261", "v260")
    assert found["fate"] == "upstream has it still"
    names = [p["name"] for p in desk.lock()["releases"]["v262"]["patches"] if p["file"] is None]
    assert names == ["mount-setup"]
    desk.done("rebase", "v260")
    desk.done("overlay", "-q")
    desk.done("check")
    assert "left out" not in desk.done("status").out


def test_one_that_upstream_took_back_is_told_everywhere(desk: Desk) -> None:
    for tag in ("v260", "v261", "v262"):
        desk.done("rebase", tag)
    ran = desk.done("rebase", "v263")
    told = "mount-setup is left out since v261, but upstream has it no longer"
    assert told in ran.out
    assert "to take it back: patchkit rebase v263 --from v260" in ran.out
    assert 'Revert "mount-setup: go on"' in ran.out
    assert stone(desk, "v263")["ended"][0]["subject"] == 'Revert "mount-setup: go on"'
    desk.done("overlay", "-q")
    assert f"v263: {told}" in desk.done("check").out
    assert f"look at v263: {told}" in desk.done("status").out
    document = desk.done("check", "--json").document
    (checked,) = [r for r in document["releases"] if r["release"] == "v263"]
    assert checked["dropped"]["mount-setup"]["fate"].startswith("upstream has it no longer")


def test_it_is_taken_back_as_the_hint_says(desk: Desk) -> None:
    for tag in ("v261", "v262", "v263"):
        desk.done("rebase", tag)
    desk.done("rebase", "v263", "--from", "v260")
    assert desk.lock()["releases"]["v263"]["dropped"] == {}
    assert len(desk.repository.patches("v263")) == 3


def test_code_that_changed_since_cannot_be_judged(desk: Desk) -> None:
    desk.done("rebase", "v261")
    ran = desk.done("rebase", "v264")
    assert "whether it has it still cannot be told" in ran.out


def test_without_its_last_text_nothing_is_known(desk: Desk) -> None:
    desk.done("rebase", "v261")
    (file,) = (desk.patches / "v260").glob("*-mount-setup-*")
    file.unlink()
    ran = desk.done("rebase", "v263")
    assert "what it was, or was written for, is not at hand" in ran.out
    assert stone(desk, "v263")["ended"] == []


def test_commits_stay_known_without_history(desk: Desk, tmp_path: Path) -> None:
    desk.done("rebase", "v261")
    known = stone(desk, "v261")
    releases = {each.tag: each.files for each in STEPS if each.tag}
    # a v260 that shares no history with v261
    strange = builders.upstream(tmp_path / "strange.git", {"v260": releases["v260"]})
    builders.git(
        strange, "fetch", "-q", str(desk.repository.upstream), "refs/tags/v261:refs/tags/v261"
    )
    ran = desk.done("rebase", "v261", "--upstream", str(strange))
    assert "mount-setup is left out" in ran.out
    assert stone(desk, "v261") == known
    assert known["commits"]
    (desk.patches / "lock.json").unlink()
    desk.done("rebase", "v261", "--upstream", str(strange))
    assert stone(desk, "v261") == {**known, "commits": []}


def test_what_a_person_left_out_stays_out_and_is_told(desk: Desk, tmp_path: Path) -> None:
    releases = {
        "v260": RELEASES["v260"],
        "v261": release(main=code("main", line="    goto fail;")),
        "v262": release(main=code("main", line="    goto fail;"), readme=b"2\n"),
    }
    folder = builders.upstream(tmp_path / "other.git", releases)
    config = desk.patches / "series.toml"
    config.write_text(config.read_text().replace(str(desk.repository.upstream), str(folder)))
    assert desk.run("rebase", "v261").code == ExitCode.CONFLICT
    ran = desk.done("rebase", "--skip")
    assert "main is left out since v261, where a person skipped it" in ran.out
    ran = desk.done("rebase", "v262")
    assert "main is left out since v261, where a person skipped it" in ran.out
    assert stone(desk, "v262", "main")["why"] == "skipped"
    before = desk.snapshot()
    assert "nothing to write" in desk.done("rebase", "v262").out
    assert "nothing to write" in desk.done("rebase", "v261").out
    assert desk.snapshot() == before


def test_a_base_that_goes_without_it_stays_so(desk: Desk) -> None:
    desk.done("rebase", "v261")
    config = desk.patches / "series.toml"
    config.write_text(config.read_text().replace('base = "v260"', 'base = "v261"'))
    desk.done("rebase", "v261")
    assert stone(desk, "v261")["commits"][0]["pull"] == 4242
    desk.done("rebase", "v262")
    assert stone(desk, "v262")["since"] == "v261"


def test_a_patch_that_is_no_longer_in_the_series_has_none(desk: Desk) -> None:
    desk.done("rebase", "v261")
    config = desk.patches / "series.toml"
    text = config.read_text()
    start = text.index('[[patches]]\nname = "mount-setup"')
    end = text.index("[[patches]]", start + 1)
    config.write_text(text[:start] + text[end:])
    desk.done("rebase", "v262")
    assert desk.lock()["releases"]["v262"]["dropped"] == {}


def test_other_patches_follow_as_ever(desk: Desk) -> None:
    desk.done("rebase", "v261")
    desk.done("rebase", "v262")
    assert [
        next(path for path in (MAIN, MANAGER) if path.encode() in content)
        for content in desk.repository.patches("v262").values()
    ] == [MAIN, MANAGER]
