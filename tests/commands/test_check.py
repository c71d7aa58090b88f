"""`patchkit check` finds every kind of tampering."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from patchkit.errors import ExitCode
from tests import builders
from tests.commands.support import RELEASES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.commands.support import Desk, Run


@pytest.fixture
def consistent(desk: Desk) -> Desk:
    """A repository in which everything is as it should be."""
    desk.done("rebase", "v260")
    desk.done("rebase", "v261")
    desk.done("overlay", "-q")
    return desk


def problem(ran: Run) -> str:
    assert ran.code == ExitCode.INCONSISTENT, ran.said
    return ran.out


def test_all_is_well(consistent: Desk) -> None:
    ran = consistent.done("check")
    rows = [line.split() for line in ran.out.splitlines()[1:]]
    assert rows == [
        ["v260", "consistent", "apply", "strictly", "-"],
        ["v261", "consistent", "apply", "strictly", "-"],
    ]
    document = consistent.done("check", "--json").document
    assert document["schema"] == "patchkit.check/1"
    assert document["consistent"] is True
    assert [r["applied"] for r in document["releases"]] == [True, True]


def test_one_release_may_be_named(consistent: Desk) -> None:
    ran = consistent.done("check", "v261")
    assert "v260" not in ran.out
    assert consistent.run("check", "v262").code == ExitCode.USAGE
    assert "supported: v260, v261" in consistent.run("check", "v262").err


def test_nothing_changes_by_checking(consistent: Desk) -> None:
    before = builders.snapshot(consistent.repository.root)
    consistent.done("check")
    assert builders.snapshot(consistent.repository.root) == before


def _main(folder: Path) -> Path:
    (file,) = folder.glob("*-main-*.patch")
    return file


def _edited_message(folder: Path) -> None:
    file = _main(folder)
    file.write_bytes(file.read_bytes().replace(b"docker logs is", b"docker logs are"))


def _edited_code(folder: Path) -> None:
    file = _main(folder)
    file.write_bytes(file.read_bytes().replace(b"keep(r)", b"keep(q)"))


def _moved_hunk(folder: Path) -> None:
    file = _main(folder)
    file.write_bytes(file.read_bytes().replace(b"@@ -1", b"@@ -2", 1))


def _not_a_patch(folder: Path) -> None:
    _main(folder).write_bytes(b"Dear all,\n")


def _crlf(folder: Path) -> None:
    file = _main(folder)
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))


def _removed(folder: Path) -> None:
    _main(folder).unlink()


def _renamed(folder: Path) -> None:
    _main(folder).rename(folder / "0002-main-otherwise.patch")


def _doubled(folder: Path) -> None:
    (folder / "0009-main-again.patch").write_bytes(_main(folder).read_bytes())


def _foreign(folder: Path) -> None:
    (folder / "0009-other.patch").write_bytes(_main(folder).read_bytes())


def _reordered(folder: Path) -> None:
    config = folder.parent / "series.toml"
    text = config.read_text()
    head, *entries = text.split("\n[[patches]]\n")
    config.write_text("\n[[patches]]\n".join([head, *reversed(entries)]))


@pytest.mark.parametrize(
    ("tamper", "sentence"),
    [
        (_edited_message, "has been changed since it was written"),
        (_edited_code, "has been changed since it was written"),
        (_moved_hunk, "has been changed since it was written"),
        (_not_a_patch, "is not a patch"),
        (_crlf, "has CRLF line ends"),
        (_removed, "has no file for the patch 'main'"),
        (_renamed, "is recorded as"),
        (_doubled, "has 2 files for the patch 'main'"),
        (_foreign, "does not name"),
        (_reordered, "the series' digest is not the one in the lock"),
    ],
)
@pytest.mark.parametrize("offline", [True, False])
def test_tampering_is_found(
    consistent: Desk, tamper: Callable[[Path], None], sentence: str, offline: bool
) -> None:
    tamper(consistent.patches / "v261")
    assert sentence in problem(consistent.run("check", *(["--offline"] if offline else [])))


def test_json_has_the_problems(consistent: Desk) -> None:
    _removed(consistent.patches / "v261")
    ran = consistent.run("check", "--json")
    assert ran.code == ExitCode.INCONSISTENT
    assert ran.document["consistent"] is False
    (bad,) = [r for r in ran.document["releases"] if r["problems"]]
    assert bad["release"] == "v261"


def relock(desk: Desk, change: Callable[[dict[str, object]], None]) -> None:
    path = desk.patches / "lock.json"
    document = json.loads(path.read_bytes())
    change(document["releases"]["v261"])
    path.write_text(json.dumps(document, indent=2, sort_keys=True) + "\n")


def test_a_digest_that_was_changed_is_found(consistent: Desk) -> None:
    relock(consistent, lambda locked: locked.update(series_sha256="0" * 64))
    assert "digest is not the one" in problem(consistent.run("check", "v261"))


def test_a_tree_that_was_changed_is_found(consistent: Desk) -> None:
    relock(consistent, lambda locked: locked.update(tree="0" * 40))
    assert "is what patches/lock.json recorded" in problem(consistent.run("check", "v261"))


def test_a_base_that_changed_makes_its_releases_stale(consistent: Desk) -> None:
    _edited_message(consistent.patches / "v260")
    consistent.done("rebase", "v260")
    said = problem(consistent.run("check"))
    assert "the series of v260 has changed since; rebase v261 again" in said
    consistent.done("rebase", "v261")
    consistent.done("overlay", "-q")
    consistent.done("check")


def test_a_folder_that_the_lock_does_not_know_is_found(consistent: Desk) -> None:
    other = consistent.patches / "v259"
    other.mkdir()
    (other / "0001-main-x.patch").write_bytes(_main(consistent.patches / "v260").read_bytes())
    assert "patches/v259/ is not in the lock" in problem(consistent.run("check"))


def test_patches_that_apply_only_elsewhere_are_found(consistent: Desk) -> None:
    """A whole series for another release, recorded as if it were this one's."""
    for old, new in zip(
        sorted((consistent.patches / "v260").glob("*.patch")),
        sorted((consistent.patches / "v261").glob("*.patch")),
        strict=True,
    ):
        new.write_bytes(old.read_bytes())
    lock = consistent.patches / "lock.json"
    document = json.loads(lock.read_bytes())
    old, new = document["releases"]["v260"], document["releases"]["v261"]
    new["series_sha256"] = old["series_sha256"]
    for mine, theirs in zip(new["patches"], old["patches"], strict=True):
        mine["sha256"] = theirs["sha256"]
    lock.write_text(json.dumps(document))
    assert "applies to src/core/main.c only with offsets (+4 lines)" in problem(
        consistent.run("check", "v261")
    )


def test_a_damaged_lock_is_told(consistent: Desk) -> None:
    (consistent.patches / "lock.json").write_text("<<<<<<< HEAD\n")
    ran = consistent.run("check")
    assert ran.code == ExitCode.INCONSISTENT
    assert "patches/lock.json is damaged" in ran.err


def test_offline_it_uses_what_the_cache_has(consistent: Desk) -> None:
    ran = consistent.done("check", "--offline")
    assert "not tried" in ran.out


def test_with_nothing_supported_there_is_nothing_wrong_but_the_folder(desk: Desk) -> None:
    assert "patches/v260/ is not in the lock" in problem(desk.run("check"))


def test_a_release_that_cannot_be_had_is_told(consistent: Desk) -> None:
    other = builders.upstream(
        consistent.repository.root.parent / "other.git", {"v260": RELEASES["v260"]}
    )
    ran = consistent.run("check", "v261", "--upstream", str(other))
    assert ran.code == ExitCode.UNAVAILABLE
    assert "the tree of v261 cannot be had, so the patches were not applied" in ran.err
