"""`patchkit overlay` renders from the lock, fills in source hashes, and says what is stale."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from patchkit.errors import ExitCode
from patchkit.nix.nar import Identity, nar_hash
from patchkit.upstream.store import Store
from tests import builders
from tests.nix import support as nix
from tests.nix.desks import with_own_upstream

if TYPE_CHECKING:
    from pathlib import Path

    from tests.commands.support import Desk

WRITTEN = {"default.nix", "overlay.nix", "pinned.nix", "releases.nix"}


@pytest.fixture
def supported(desk: Desk, tmp_path: Path) -> Desk:
    """Two supported releases, and no overlay yet."""
    desk = with_own_upstream(desk, tmp_path)
    desk.done("rebase", "v260")
    desk.done("rebase", "v261")
    return desk


def overlays(desk: Desk) -> dict[str, bytes]:
    return builders.snapshot(desk.repository.root / "overlays")


def lock_of(desk: Desk) -> Any:
    return json.loads((desk.patches / "lock.json").read_text())


def test_it_writes_all_and_then_nothing(supported: Desk) -> None:
    first = supported.done("overlay", "--json").document
    assert first["schema"] == "patchkit.overlay/1"
    assert set(overlays(supported)) == WRITTEN
    assert "patches/lock.json" in first["changed"]
    before = builders.snapshot(supported.repository.root)
    again = supported.done("overlay", "--json").document
    assert again["changed"] == []
    assert builders.snapshot(supported.repository.root) == before


def test_source_hashes_are_those_of_the_trees(supported: Desk) -> None:
    supported.done("overlay")
    store = Store.open(supported.repository.cache / "upstream.git")
    store.lend(supported.repository.upstream)
    for tag, locked in lock_of(supported)["releases"].items():
        tree = builders.tree_of(supported.repository.upstream, tag)
        assert locked["nar_hash"] == nar_hash(store, Identity(tree=tree)), tag
        assert locked["nar_hash"].encode() in overlays(supported)["releases.nix"]


def test_a_rebase_keeps_the_hash(supported: Desk) -> None:
    supported.done("overlay")
    known = lock_of(supported)["releases"]["v261"]["nar_hash"]
    supported.done("rebase", "v261")
    assert lock_of(supported)["releases"]["v261"]["nar_hash"] == known
    supported.done("overlay", "--check")


def test_check_tells_what_is_stale(supported: Desk) -> None:
    ran = supported.run("overlay", "--check", "--json")
    assert ran.code == ExitCode.INCONSISTENT
    assert ran.document["check"] is True
    assert len(ran.document["changed"]) == len(WRITTEN)
    assert overlays(supported) == {}
    supported.done("overlay")
    supported.done("overlay", "--check")
    target = supported.repository.root / "overlays" / "releases.nix"
    target.write_bytes(target.read_bytes().replace(b"260", b"259"))
    ran = supported.run("overlay", "--check")
    assert ran.code == ExitCode.INCONSISTENT
    assert "overlays/releases.nix" in ran.out
    assert "patchkit overlay" in ran.out
    assert supported.run("check").code == ExitCode.INCONSISTENT
    assert "patchkit overlay" in supported.done("status").out
    supported.done("overlay")
    supported.done("check")


def test_a_new_release_makes_it_stale(supported: Desk) -> None:
    supported.done("overlay")
    supported.done("rebase", "v261-rc1")
    assert supported.run("overlay", "--check").code == ExitCode.INCONSISTENT
    supported.done("overlay")
    assert b'version = "261-rc1"' in overlays(supported)["releases.nix"]


def test_generated_files_that_are_no_more_go(supported: Desk) -> None:
    supported.done("overlay")
    folder = supported.repository.root / "overlays"
    (folder / "older.nix").write_bytes((folder / "default.nix").read_bytes())
    (folder / "mine.nix").write_bytes(b"{ }\n")
    supported.done("overlay")
    assert set(overlays(supported)) == {*WRITTEN, "mine.nix"}


def test_without_its_objects_a_release_has_no_hash(supported: Desk) -> None:
    """A mirror that lacks a file: said, and the rest is rendered all the same."""
    missing = builders.git(supported.repository.upstream, "rev-parse", "v261:README")
    name = missing.decode().strip()
    explode(supported)
    (supported.repository.upstream / "objects" / name[:2] / name[2:]).unlink()
    ran = supported.done("overlay", "--json")
    problems = {each["release"]: each["problem"] for each in ran.document["releases"]}
    assert problems["v260"] is None
    assert name in problems["v261"]
    assert "overlays/pinned.nix goes without it" in ran.err
    assert lock_of(supported)["releases"]["v261"]["nar_hash"] is None
    assert b'release ? "260"' in overlays(supported)["pinned.nix"]


def explode(desk: Desk) -> None:
    """Make every object of upstream a file of its own."""
    upstream = desk.repository.upstream
    packs = sorted((upstream / "objects" / "pack").glob("*.pack"))
    contents = [pack.read_bytes() for pack in packs]
    shutil.rmtree(upstream / "objects" / "pack")
    for content in contents:
        builders.git(upstream, "unpack-objects", "-q", stdin=content)


def test_rehash_finds_a_wrong_hash(supported: Desk) -> None:
    supported.done("overlay")
    path = supported.patches / "lock.json"
    right = lock_of(supported)["releases"]["v260"]["nar_hash"]
    path.write_text(path.read_text().replace(right, "sha256-" + "A" * 43 + "="))
    supported.done("overlay")  # what is recorded is taken as it is
    ran = supported.run("overlay", "--rehash")
    assert ran.code == ExitCode.INCONSISTENT
    assert right in ran.err
    assert "A" * 43 in ran.err


def test_offline_asks_nobody(supported: Desk) -> None:
    shutil.rmtree(supported.repository.upstream)
    ran = supported.done("overlay", "--offline", "--json")
    assert {each["nar_hash"] for each in ran.document["releases"]} == {None}
    assert "not in the cache" in ran.err


def test_a_patch_that_is_gone_or_changed(supported: Desk) -> None:
    supported.done("overlay")
    before = overlays(supported)
    patch = next((supported.patches / "v261").glob("0002-*.patch"))
    patch.write_bytes(patch.read_bytes() + b"\n")
    ran = supported.run("overlay")
    assert ran.code == ExitCode.INCONSISTENT
    assert f"patches/v261/{patch.name} is not what the lock records" in ran.err
    patch.unlink()
    ran = supported.run("overlay", "--check")
    assert ran.code == ExitCode.INCONSISTENT
    assert f"patches/v261/{patch.name} is missing" in ran.err
    shutil.rmtree(supported.patches / "v261")
    assert supported.run("overlay").code == ExitCode.INCONSISTENT
    assert overlays(supported) == before


def test_a_name_that_breaks_out(supported: Desk) -> None:
    path = supported.patches / "lock.json"
    patch = next((supported.patches / "v260").glob("0001-*.patch"))
    evil = '0001-${throw "x"}.patch'
    path.write_text(path.read_text().replace(patch.name, evil.replace('"', '\\"'), 1))
    patch.rename(patch.with_name(evil))
    ran = supported.run("overlay")
    assert ran.code == ExitCode.INCONSISTENT
    assert "cannot stand in a Nix expression" in ran.err
    assert overlays(supported) == {}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_an_unwritable_folder_as_a_user(supported: Desk) -> None:
    folder = supported.repository.root / "overlays"
    folder.mkdir()
    folder.chmod(0o555)
    ran = supported.run("overlay")
    assert ran.code == ExitCode.STORAGE


def test_a_file_where_the_folder_should_be(supported: Desk) -> None:
    (supported.repository.root / "overlays").write_bytes(b"in the way\n")
    before = builders.snapshot(supported.patches)
    ran = supported.run("overlay")
    assert ran.code == ExitCode.STORAGE, ran.said
    assert builders.snapshot(supported.patches) == before


def test_a_link_that_leads_away(supported: Desk) -> None:
    elsewhere = supported.repository.root.parent / "elsewhere"
    elsewhere.mkdir()
    (supported.repository.root / "overlays").symlink_to(elsewhere)
    ran = supported.run("overlay")
    assert ran.code == ExitCode.INCONSISTENT
    assert "symbolic link" in ran.err
    assert list(elsewhere.iterdir()) == []


def test_nothing_is_supported_yet(desk: Desk) -> None:
    desk.done("overlay")
    assert set(overlays(desk)) == WRITTEN


@pytest.mark.nix
def test_what_is_written_evaluates(supported: Desk) -> None:
    supported.done("overlay")
    releases = nix.evaluate(
        f"map (r: r // {{ patches = map (p: builtins.pathExists p) r.patches; }}) "
        f"(import {supported.repository.root}/overlays/releases.nix)"
    )
    assert [release["version"] for release in releases] == ["260", "261"]
    for release in releases:
        assert release["patches"] == [True, True, True]
        assert (
            release["digest"]
            == lock_of(supported)["releases"][f"v{release['version']}"]["series_sha256"]
        )
