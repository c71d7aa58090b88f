"""Reading a patch repository: what belongs there, and what is wrong with what does not."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import pytest

from patchkit.errors import InconsistentError, StorageError, UsageError
from patchkit.releases import Release
from patchkit.workspace.layout import Workspace
from patchkit.workspace.lock import Lock
from tests.commands import support

if TYPE_CHECKING:
    from tests.builders import PatchRepository

V260, V261 = Release.parse("v260"), Release.parse("v261")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> PatchRepository:
    return support.make_repository(tmp_path_factory.mktemp("original"))


@pytest.fixture
def workspace(original: PatchRepository, tmp_path: Path) -> Workspace:
    return Workspace(support.copied(original, tmp_path).root)


def files(workspace: Workspace) -> list[Path]:
    return sorted((workspace.root / "patches/v260").glob("*.patch"))


def test_is_found_from_within(workspace: Workspace) -> None:
    inside = workspace.root / "patches" / "v260"
    assert Workspace.find(inside) == Workspace.find(workspace.root) == workspace
    with pytest.raises(UsageError, match=r"there is no patches/series\.toml"):
        Workspace.find(workspace.root.parent)


def test_a_series_is_in_the_order_of_series_toml(workspace: Workspace) -> None:
    config = workspace.config()
    series = workspace.series(V260, config)
    assert series.names == ("mount-setup", "main", "manager")
    text = (workspace.root / "patches/series.toml").read_text()
    swapped = (
        text.replace('"main"', '"x"').replace('"manager"', '"main"').replace('"x"', '"manager"')
    )
    (workspace.root / "patches/series.toml").write_text(swapped)
    assert workspace.series(V260, workspace.config()).names == ("mount-setup", "manager", "main")


def test_the_longest_name_that_fits_names_a_file(workspace: Workspace) -> None:
    config = workspace.root / "patches/series.toml"
    config.write_text(config.read_text().replace('"main"', '"main-keep"'))
    assert workspace.series(V260, workspace.config()).names == (
        "mount-setup",
        "main-keep",
        "manager",
    )


def test_a_missing_file_is_told(workspace: Workspace) -> None:
    files(workspace)[1].unlink()
    with pytest.raises(InconsistentError, match="has no file for the patch 'main'") as caught:
        workspace.series(V260, workspace.config())
    assert "000N-main-" in (caught.value.hint or "")


def test_two_files_for_one_patch_are_told(workspace: Workspace) -> None:
    first = files(workspace)[1]
    first.with_name("0009-main-again.patch").write_bytes(first.read_bytes())
    with pytest.raises(InconsistentError, match="has 2 files for the patch 'main'"):
        workspace.series(V260, workspace.config())


@pytest.mark.parametrize("name", ["0009-other.patch", "main.patch", "0009-mainly.patch"])
def test_a_file_that_no_patch_is_named_for_is_told(workspace: Workspace, name: str) -> None:
    (workspace.root / "patches/v260" / name).write_bytes(b"")
    with pytest.raises(InconsistentError, match="does not name"):
        workspace.series(V260, workspace.config())


def test_a_release_without_a_series_is_told(workspace: Workspace) -> None:
    with pytest.raises(UsageError, match="there is no series for v261"):
        workspace.series(V261, workspace.config())
    assert not workspace.has_series(V261)
    assert workspace.has_series(V260)


def test_a_huge_file_is_refused(workspace: Workspace) -> None:
    with files(workspace)[1].open("ab") as file:
        file.truncate(9 * 1024 * 1024)
    with pytest.raises(InconsistentError, match="is too large"):
        workspace.series(V260, workspace.config())


def test_a_series_file_that_is_not_utf_8_is_told(workspace: Workspace) -> None:
    (workspace.root / "patches/series.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="is not UTF-8"):
        workspace.config()


def test_what_cannot_be_read_is_told(workspace: Workspace) -> None:
    lock = workspace.root / "patches/lock.json"
    lock.mkdir()
    with pytest.raises(StorageError, match=r"cannot read patches/lock\.json"):
        workspace.lock()


def test_no_lock_is_an_empty_lock(workspace: Workspace) -> None:
    assert workspace.lock() == Lock()


def test_a_plan_removes_what_the_series_has_no_more(workspace: Workspace) -> None:
    series = workspace.series(V260, workspace.config())
    shorter = type(series)(series.patches[:2])
    plan = workspace.plan_release(V260, shorter, Lock())
    folder = PurePosixPath("patches/v260")
    assert folder / series.patches[2].file_name in plan.removals
    assert not plan.removals & plan.writes.keys()
    assert plan.writes[folder / "series"].decode().split() == [
        patch.file_name for patch in shorter.patches
    ]
    assert PurePosixPath("patches/lock.json") in plan.writes
