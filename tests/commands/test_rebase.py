"""`patchkit rebase` from the outside: what it writes, says and ends with."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from patchkit.errors import ExitCode
from patchkit.rebase.conflict import has_markers
from patchkit.writeplan import held
from tests import builders
from tests.commands.support import MAIN, MANAGER, RELEASES, code
from tests.upstream.support import free_port

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.commands.support import Desk

FIXED_MAIN = code("main", above=4, line="    goto keep;")
FIXED_MANAGER = code("manager", above=2, line="    poweroff();")


def conflict(desk: Desk) -> None:
    """A rebase that waits at `main`."""
    assert desk.run("rebase", "v262").code == ExitCode.CONFLICT


def settled(desk: Desk) -> None:
    """v262, settled by hand."""
    conflict(desk)
    desk.edited("main", MAIN, FIXED_MAIN)
    assert desk.run("rebase", "--continue").code == ExitCode.CONFLICT
    desk.edited("manager", MANAGER, FIXED_MANAGER)
    desk.done("rebase", "--continue")


# Without conflicts


def test_writes_the_series_and_the_lock(desk: Desk) -> None:
    before = desk.snapshot()
    ran = desk.done("rebase", "v261")
    after = desk.snapshot()
    assert {path: after[path] for path in before} == before
    assert sorted(after.keys() - before.keys()) == [
        "lock.json",
        *(f"v261/{name}" for name in desk.repository.patches("v261")),
        "v261/series",
    ]
    assert after["v261/series"].decode().split() == list(desk.repository.patches("v261"))
    locked = desk.lock()["releases"]["v261"]
    assert [(p["name"], p["outcome"]) for p in locked["patches"]] == [
        ("mount-setup", "unchanged"),
        ("main", "clean"),
        ("manager", "merged"),
    ]
    assert locked["base"]["release"] == "v260"
    assert locked["base"]["three_way"] is True
    assert locked["tree"] == builders.tree_of(desk.repository.upstream, "v261")
    head = ran.out.splitlines()
    assert head[0].startswith("v260 -> v261 (commit ")
    assert head[1].split() == ["Patch", "Outcome", "Files", "Hunks", "Offset", "Look", "at"]
    assert head[3].split()[:5] == ["main", "clean", "1", "1", "+4"]
    assert "wrote patches/v261/ and patches/lock.json" in ran.out


def test_unchanged_patches_keep_their_bytes(desk: Desk) -> None:
    desk.done("rebase", "v261")
    old, new = desk.repository.patches("v260"), desk.repository.patches("v261")
    (name,) = [name for name in new if "mount-setup" in name]
    assert new[name] == old[name]


def test_a_rerun_writes_nothing_and_says_so(desk: Desk) -> None:
    desk.done("rebase", "v261")
    before = desk.snapshot()
    ran = desk.done("rebase", "v261")
    assert "nothing to write" in ran.out
    assert desk.snapshot() == before


def test_two_repositories_come_to_the_same_bytes(desk: Desk) -> None:
    desk.done("rebase", "v261")
    first = desk.snapshot()
    for path in (desk.patches / "v261").iterdir():
        path.unlink()
    (desk.patches / "lock.json").unlink()
    desk.done("rebase", "v261")
    assert desk.snapshot() == first


def test_nothing_is_left_under_the_state_folder(desk: Desk) -> None:
    desk.done("rebase", "v261")
    assert sorted(builders.snapshot(desk.repository.state)) == [".gitignore", "held"]


def test_without_a_release_it_takes_the_newest_stable(desk: Desk) -> None:
    ran = desk.run("rebase", "--dry-run")
    assert "v260 -> v262" in ran.out


def test_the_nearest_earlier_series_is_the_start(desk: Desk) -> None:
    desk.done("rebase", "v261-rc1")
    ran = desk.done("rebase", "v261")
    assert "v261-rc1 -> v261" in ran.out


def test_from_names_the_start(desk: Desk) -> None:
    desk.done("rebase", "v261-rc1")
    ran = desk.done("rebase", "v261", "--from", "v260")
    assert "v260 -> v261" in ran.out
    assert desk.lock()["releases"]["v261"]["base"]["release"] == "v260"


def test_the_base_onto_itself_is_made_canonical(desk: Desk) -> None:
    (file,) = (desk.patches / "v260").glob("0002-*")
    canonical = file.read_bytes()
    file.write_bytes(canonical.replace(b"[PATCH]", b"[PATCH 2/3]") + b"-- \n2.39.5\n\n")
    desk.done("rebase", "v260")
    assert file.read_bytes() == canonical
    assert "nothing to write" in desk.done("rebase", "v260").out


def test_a_dry_run_shows_the_same_and_writes_nothing(desk: Desk) -> None:
    before = builders.snapshot(desk.repository.root)
    dry = desk.done("rebase", "v261", "--dry-run")
    assert builders.snapshot(desk.repository.root) == before
    wet = desk.done("rebase", "v261")
    assert dry.out.replace("would write", "wrote") == wet.out


def test_a_dry_run_of_a_conflict_writes_nothing(desk: Desk) -> None:
    before = builders.snapshot(desk.repository.root)
    ran = desk.run("rebase", "v262", "--dry-run")
    assert ran.code == ExitCode.CONFLICT
    assert builders.snapshot(desk.repository.root) == before
    assert "nothing was written" in ran.out


def test_json_is_one_document_and_words_are_elsewhere(desk: Desk) -> None:
    ran = desk.done("rebase", "v261", "--json")
    document = ran.document
    assert document["schema"] == "patchkit.rebase/1"
    assert (document["release"], document["base"]) == ("v261", "v260")
    assert document["complete"] is True
    assert document["three_way"] is True
    assert [p["outcome"] for p in document["patches"]] == ["unchanged", "clean", "merged"]
    assert document["patches"][1]["offsets"] == [4]
    assert "patches/lock.json" in document["written"]
    assert "Outcome" in ran.err


def test_json_of_a_conflict_has_its_sides(desk: Desk) -> None:
    ran = desk.run("rebase", "v262", "--json")
    document = ran.document
    assert document["complete"] is False
    assert document["written"] == []
    assert document["edit"] == str(desk.repository.edit("main"))
    (file,) = document["patches"][-1]["conflict"]
    (region,) = file["regions"]
    assert file["path"] == MAIN
    assert region["target"] == ["    goto fail;"]
    assert region["base"] == ["    return r;"]
    assert region["patch"] == ["    return keep(r);"]
    assert region["function"] == "main"


def test_json_of_an_error_is_a_document_too(desk: Desk) -> None:
    ran = desk.run("rebase", "v999", "--json")
    assert ran.document["schema"] == "patchkit.error/1"
    assert ran.document["exit_code"] == ran.code == ExitCode.UNAVAILABLE


def test_quiet_says_nothing_when_all_is_well(desk: Desk) -> None:
    assert desk.done("rebase", "v261", "-q").said == ""


def test_cross_check_takes_every_source(desk: Desk) -> None:
    desk.done("rebase", "v261", "--cross-check")


# A conflict


def test_a_conflict_leaves_patches_alone_and_tells_all(desk: Desk) -> None:
    before = desk.snapshot()
    ran = desk.run("rebase", "v262")
    assert ran.code == ExitCode.CONFLICT
    assert desk.snapshot() == before
    for told in (
        "main: src/core/main.c: both sides changed the same lines",
        "src/core/main.c:16, in main()",
        "|     goto fail;",
        "|     return r;",
        "|     return keep(r);",
        str(desk.repository.edit("main")),
        "patchkit rebase --continue",
        "--skip",
        "--abort",
    ):
        assert told in ran.out
    assert "upstream" in ran.out  # mount-setup is


def test_the_folder_has_only_touched_files_with_markers(desk: Desk) -> None:
    conflict(desk)
    files = builders.snapshot(desk.repository.edit("main"))
    assert list(files) == [MAIN]
    assert has_markers(files[MAIN])
    assert b"<<<<<<< v262\n    goto fail;\n||||||| v260\n    return r;\n=======\n" in files[MAIN]


def test_a_second_rebase_while_one_waits_is_refused(desk: Desk) -> None:
    conflict(desk)
    ran = desk.run("rebase", "v261")
    assert ran.code == ExitCode.CONFLICT
    assert "a rebase onto v262 waits at the patch 'main'" in ran.err
    assert str(desk.repository.edit("main")) in ran.err


def test_a_dry_run_while_one_waits_is_fine(desk: Desk) -> None:
    conflict(desk)
    desk.done("rebase", "v261", "--dry-run")


def test_markers_that_are_left_are_named(desk: Desk) -> None:
    conflict(desk)
    before = builders.snapshot(desk.repository.state)
    ran = desk.run("rebase", "--continue")
    assert ran.code == ExitCode.CONFLICT
    assert f"conflict markers are left in {MAIN}" in ran.err
    assert builders.snapshot(desk.repository.state) == before


def test_continue_goes_to_the_next_conflict_then_to_the_end(desk: Desk) -> None:
    conflict(desk)
    before = desk.snapshot()
    desk.edited("main", MAIN, FIXED_MAIN)
    ran = desk.run("rebase", "--continue")
    assert ran.code == ExitCode.CONFLICT
    assert "manager" in ran.out
    assert desk.snapshot() == before
    assert not desk.repository.edit("main").exists()
    desk.edited("manager", MANAGER, FIXED_MANAGER)
    ran = desk.done("rebase", "--continue")
    assert "resolved (by hand)" in ran.out
    assert not (desk.repository.state / "rebase").exists()
    patches = desk.lock()["releases"]["v262"]["patches"]
    assert [(p["name"], p["outcome"], p["strategy"]) for p in patches] == [
        ("mount-setup", "upstream", None),
        ("main", "resolved", "by hand"),
        ("manager", "resolved", "by hand"),
    ]
    assert sorted(p.name for p in (desk.patches / "v262").iterdir())[-1] == "series"


def test_what_was_settled_by_hand_is_settled_again(desk: Desk) -> None:
    settled(desk)
    before = desk.snapshot()
    ran = desk.done("rebase", "v262")
    assert "nothing to write" in ran.out
    assert "resolved (by hand)" in ran.out
    assert desk.snapshot() == before


def test_what_was_settled_counts_no_more_when_the_base_changed(desk: Desk) -> None:
    settled(desk)
    (file,) = (desk.patches / "v260").glob("*main*")
    file.write_bytes(file.read_bytes().replace(b"keep(r)", b"keep(r, 1)"))
    ran = desk.run("rebase", "v262")
    assert ran.code == ExitCode.CONFLICT


def test_what_was_settled_is_written_again_over_a_changed_file_when_asked(desk: Desk) -> None:
    settled(desk)
    before = desk.snapshot()
    (file,) = (desk.patches / "v262").glob("*main*")
    file.write_bytes(file.read_bytes().replace(b"goto keep", b"goto hell"))
    desk.done("rebase", "v262", "--overwrite")
    assert desk.snapshot() == before


def test_continuing_twice_is_told(desk: Desk) -> None:
    settled(desk)
    ran = desk.run("rebase", "--continue")
    assert ran.code == ExitCode.USAGE
    assert "no rebase waits here" in ran.err


@pytest.mark.parametrize("way", ["--continue", "--skip"])
def test_without_a_rebase_there_is_nothing_to_settle(desk: Desk, way: str) -> None:
    assert desk.run("rebase", way).code == ExitCode.USAGE


@pytest.mark.parametrize("more", [["v261"], ["--from", "v260"], ["--dry-run"]])
def test_settling_takes_no_other_word(desk: Desk, more: list[str]) -> None:
    assert desk.run("rebase", "--continue", *more).code == ExitCode.USAGE
    assert desk.run("rebase", "--continue", "--skip").code == ExitCode.USAGE


def test_skip_leaves_the_patch_out_and_records_it(desk: Desk) -> None:
    conflict(desk)
    assert desk.run("rebase", "--skip").code == ExitCode.CONFLICT
    ran = desk.done("rebase", "--skip")
    assert "without mount-setup, main, manager" in ran.out
    patches = desk.lock()["releases"]["v262"]["patches"]
    assert [p["outcome"] for p in patches] == ["upstream", "skipped", "skipped"]
    assert [p["file"] for p in patches] == [None, None, None]


def test_what_was_skipped_is_skipped_again(desk: Desk) -> None:
    conflict(desk)
    desk.run("rebase", "--skip")
    desk.edited("manager", MANAGER, FIXED_MANAGER)
    desk.done("rebase", "--continue")
    before = desk.snapshot()
    assert "nothing to write" in desk.done("rebase", "v262").out
    assert desk.snapshot() == before


def test_abort_forgets_it_all(desk: Desk) -> None:
    before = desk.snapshot()
    conflict(desk)
    assert desk.done("rebase", "--abort", "--json").document["schema"] == "patchkit.rebase-abort/1"
    assert desk.snapshot() == before
    assert not (desk.repository.state / "rebase").exists()
    desk.done("rebase", "--abort")
    desk.done("rebase", "v261")


def test_what_a_person_adds_belongs_to_the_patch(desk: Desk) -> None:
    conflict(desk)
    desk.edited("main", MAIN, code("main", above=4, line="    goto fail;"))
    desk.edited("main", "src/core/console.c", b"new\n")
    assert desk.run("rebase", "--continue").code == ExitCode.CONFLICT
    desk.done("rebase", "--skip")
    (content,) = desk.repository.patches("v262").values()
    assert b"create mode 100644 src/core/console.c" in content
    assert b"a/src/core/main.c" not in content


def test_what_a_person_removes_is_removed_by_the_patch(desk: Desk) -> None:
    conflict(desk)
    (desk.repository.edit("main") / MAIN).unlink()
    assert desk.run("rebase", "--continue").code == ExitCode.CONFLICT
    desk.done("rebase", "--skip")
    (content,) = desk.repository.patches("v262").values()
    assert b"delete mode 100644 src/core/main.c" in content


def test_what_editors_leave_behind_does_not_count(desk: Desk) -> None:
    conflict(desk)
    desk.edited("main", MAIN, FIXED_MAIN)
    for name in ("~", ".orig", ".swp", ".bak", ".rej"):
        desk.edited("main", MAIN + name, b"<<<<<<< v262\n")
    assert desk.run("rebase", "--continue").code == ExitCode.CONFLICT
    desk.edited("manager", MANAGER, FIXED_MANAGER)
    desk.done("rebase", "--continue")
    main = next(c for n, c in desk.repository.patches("v262").items() if "main" in n)
    assert b" 1 file changed" in main


def test_a_link_in_the_folder_is_refused(desk: Desk) -> None:
    conflict(desk)
    place = desk.repository.edit("main") / MAIN
    place.unlink()
    place.symlink_to("/etc/passwd")
    ran = desk.run("rebase", "--continue")
    assert ran.code == ExitCode.INCONSISTENT
    assert "is a symbolic link" in ran.err


def test_a_resolution_that_changes_nothing_is_refused(desk: Desk) -> None:
    conflict(desk)
    desk.edited("main", MAIN, code("main", above=4, line="    goto fail;"))
    ran = desk.run("rebase", "--continue")
    assert ran.code == ExitCode.USAGE
    assert "changes nothing" in ran.err
    assert "--skip" in ran.err
    desk.edited("main", MAIN, FIXED_MAIN)
    assert desk.run("rebase", "--continue").code == ExitCode.CONFLICT


def test_a_damaged_state_is_told_and_can_be_forgotten(desk: Desk) -> None:
    conflict(desk)
    (desk.repository.state / "rebase" / "state.json").write_text('{"schema": ')
    ran = desk.run("rebase", "--continue")
    assert ran.code == ExitCode.INCONSISTENT
    assert "--abort" in ran.err
    desk.done("rebase", "--abort")
    desk.done("rebase", "v261")


def test_a_folder_that_is_gone_is_told(desk: Desk) -> None:
    conflict(desk)
    (desk.repository.edit("main") / MAIN).unlink()
    for folder in ("src/core", "src", ""):
        (desk.repository.edit("main") / folder).rmdir()
    ran = desk.run("rebase", "--continue")
    assert ran.code == ExitCode.INCONSISTENT
    assert "is gone" in ran.err


def test_a_base_that_changes_in_between_is_told(desk: Desk) -> None:
    conflict(desk)
    (file,) = (desk.patches / "v260").glob("*main*")
    file.write_bytes(file.read_bytes().replace(b"keep(r)", b"keep(r, 1)"))
    desk.edited("main", MAIN, FIXED_MAIN)
    ran = desk.run("rebase", "--continue")
    assert ran.code == ExitCode.INCONSISTENT
    assert "has changed since the rebase onto v262 began" in ran.err


# Input that is no good


def test_a_release_that_does_not_exist_names_the_nearest(desk: Desk) -> None:
    before = desk.snapshot()
    ran = desk.run("rebase", "v263")
    assert ran.code == ExitCode.UNAVAILABLE
    assert "no source has a release v263" in ran.err
    assert "v262" in ran.err
    assert builders.snapshot(desk.patches) == before


@pytest.mark.parametrize("name", ["261-final", "main", "v0", "v261.0", "../v261"])
def test_what_names_no_release_is_told(desk: Desk, name: str) -> None:
    ran = desk.run("rebase", name)
    assert ran.code == ExitCode.USAGE
    assert "is not a systemd release" in ran.err


def test_a_base_without_a_series_is_told(desk: Desk) -> None:
    ran = desk.run("rebase", "v261", "--from", "v259")
    assert ran.code == ExitCode.USAGE
    assert "there is no series for v259" in ran.err
    for file in (desk.patches / "v260").iterdir():
        file.unlink()
    ran = desk.run("rebase", "v261")
    assert ran.code == ExitCode.USAGE
    assert "there is no series to start from" in ran.err


def test_no_network_is_told(desk: Desk) -> None:
    url = f"git://127.0.0.1:{free_port()}/systemd.git"
    ran = desk.run("rebase", "v261", "--upstream", url)
    assert ran.code == ExitCode.UNAVAILABLE
    assert "127.0.0.1" in ran.err
    assert not (desk.patches / "v261").exists()
    ran = desk.run("rebase", "--upstream", url)
    assert ran.code == ExitCode.UNAVAILABLE


def test_an_upstream_that_is_not_there_is_told(desk: Desk) -> None:
    ran = desk.run("rebase", "v261", "--upstream", "/no/such/place")
    assert ran.code == ExitCode.UNAVAILABLE
    assert "/no/such/place" in ran.err


def _no_head(cache: Path) -> None:
    (cache / "HEAD").unlink()


def _bad_config(cache: Path) -> None:
    (cache / "config").write_bytes(b"[core\n\0garbage")


def _a_file(cache: Path) -> None:
    shutil.rmtree(cache)
    cache.write_bytes(b"")


@pytest.mark.parametrize("damage", [_no_head, _bad_config, _a_file])
def test_a_corrupted_cache_is_told_and_can_be_rebuilt(
    desk: Desk, damage: Callable[[Path], None]
) -> None:
    desk.done("rebase", "v261")
    damage(desk.repository.cache / "upstream.git")
    before = desk.snapshot()
    ran = desk.run("rebase", "v261")
    assert ran.code == ExitCode.INCONSISTENT
    assert "--rebuild-cache" in ran.err
    assert desk.snapshot() == before
    desk.done("releases", "--rebuild-cache")
    desk.done("rebase", "v261")


def test_a_tag_that_moved_is_refused(desk: Desk) -> None:
    desk.done("rebase", "v261")
    other = builders.upstream(desk.repository.root.parent / "other.git", {"v261": {"x": b"y"}})
    before = desk.snapshot()
    ran = desk.run("rebase", "v261", "--upstream", str(other))
    assert ran.code == ExitCode.INCONSISTENT
    assert "is what patches/lock.json recorded" in ran.err
    assert desk.snapshot() == before


def test_without_the_base_s_tree_the_context_is_used(desk: Desk) -> None:
    other = builders.upstream(
        desk.repository.root.parent / "other.git",
        {"v261": {**RELEASES["v261"], MANAGER: code("manager")}},
    )
    ran = desk.done("rebase", "v261", "--upstream", str(other))
    assert "no three-way merge is possible" in ran.err
    assert desk.lock()["releases"]["v261"]["base"]["three_way"] is False
    document = desk.done("rebase", "v261", "--upstream", str(other), "--json").document
    assert document["three_way"] is False


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda _: b"Dear all,\n", "is not a patch: no diff in it"),
        (lambda content: content.replace(b"\n", b"\r\n"), "has CRLF line ends"),
        (lambda content: content.replace(b"/src", b"/../src"), "leads out of the tree"),
        (lambda content: content.replace(b"/src", b"/.git"), "inside git's own folder"),
        (lambda content: content[: content.index(b"+    return")], "has a damaged hunk"),
        (lambda content: content.replace(b"-    return r", b"-    return q"), "to its own base"),
        (lambda content: content + b"\nGIT binary patch\n", "changes a binary file"),
        (lambda content: content + b"\0", "binary data"),
    ],
)  # fmt: skip
def test_a_patch_that_is_no_good_is_named(
    desk: Desk, damage: Callable[[bytes], bytes], sentence: str
) -> None:
    (file,) = (desk.patches / "v260").glob("0002-*")
    file.write_bytes(damage(file.read_bytes()))
    before = desk.snapshot()
    ran = desk.run("rebase", "v261")
    assert ran.code == ExitCode.INCONSISTENT
    assert sentence in ran.err
    assert file.name in ran.err
    assert desk.snapshot() == before


def test_a_broken_series_file_tells_every_mistake(desk: Desk) -> None:
    config = desk.patches / "series.toml"
    config.write_text(config.read_text().replace("summary", "sumary").replace("base =", "bass ="))
    ran = desk.run("rebase", "v261")
    assert ran.code == ExitCode.USAGE
    assert ran.err.count("did you mean") == 4
    assert "patches/series.toml:2: unknown key 'bass'; did you mean 'base'?" in ran.err


def test_outside_of_a_repository_it_says_where_to_go(
    desk: Desk, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    ran = desk.run("rebase", "v261", "--repo", str(elsewhere))
    assert ran.code == ExitCode.USAGE
    assert "--repo" in ran.err


def test_a_symlink_upstream_in_place_of_a_file_is_a_conflict(desk: Desk) -> None:
    files = {**RELEASES["v260"], MAIN: (builders.LINK, b"/etc/passwd")}
    other = builders.upstream(
        desk.repository.root.parent / "other.git", {"v260": RELEASES["v260"], "v261": files}
    )
    ran = desk.run("rebase", "v261", "--upstream", str(other))
    assert ran.code == ExitCode.CONFLICT
    assert "something other than a regular file" in ran.out


def test_a_link_in_the_repository_s_way_is_refused(desk: Desk) -> None:
    outside = desk.repository.root.parent / "outside"
    outside.mkdir()
    (desk.patches / "v261").symlink_to(outside)
    ran = desk.run("rebase", "v261")
    assert ran.code == ExitCode.INCONSISTENT
    assert list(outside.iterdir()) == []


def test_while_another_holds_the_repository_it_stops(desk: Desk) -> None:
    with held(desk.repository.root, doing="a test"):
        ran = desk.run("rebase", "v261")
        assert ran.code == ExitCode.BUSY
        assert "another patchkit is at work" in ran.err
        assert "a test" in ran.err
        desk.done("rebase", "v261", "--dry-run")
    desk.done("rebase", "v261")


def test_the_lock_is_sorted_and_stable(desk: Desk) -> None:
    desk.done("rebase", "v261")
    written = (desk.patches / "lock.json").read_text(encoding="utf-8")
    document = json.loads(written)
    assert written == json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def test_a_patch_that_was_edited_by_hand_is_not_written_over(desk: Desk) -> None:
    desk.done("rebase", "v261")
    (file,) = (desk.patches / "v261").glob("0001-*.patch")
    edited = file.read_bytes().replace(b"Else the boot", b"Otherwise the boot")
    assert edited != file.read_bytes()
    file.write_bytes(edited)
    ran = desk.run("rebase", "v261")
    assert ran.code == 7
    assert f"patches/v261/{file.name} has been edited since it was written" in ran.err
    assert "make it in patches/v260/" in ran.err
    assert file.read_bytes() == edited
    desk.done("rebase", "v261", "--overwrite")
    assert file.read_bytes() != edited
    file.unlink()
    desk.done("rebase", "v261")
    assert file.exists()
