"""The series is judged on top of nixpkgs' own patches, in their order and without fuzz."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from patchkit.nix.derivation import NixpkgsPatch
from patchkit.nix.fit import Fit, choose, judge
from patchkit.rebase.tree import TreeView
from patchkit.releases import Release
from patchkit.series.parse import parse_patch
from patchkit.series.patch import Series
from patchkit.upstream.store import Store
from tests import builders
from tests.builders import Change, Commit, numbered, text

if TYPE_CHECKING:
    from pathlib import Path

    from patchkit.nix.fit import SeriesFit

BASE = {"main.c": text(*numbered(30)), "other.c": text(*numbered(30))}


def changed(line: int, to: str, path: str = "main.c", files: dict[str, bytes] = BASE) -> Change:
    lines = files[path].decode().splitlines()
    lines[line] = to
    return Change(message=f"{path}: {to.strip()}", files={path: text(*lines)})


@dataclass(frozen=True)
class Shelf:
    """Patches by path, in the place of nixpkgs."""

    patches: dict[str, bytes]
    name: str = "here"
    revision: None = None

    def derivation(self) -> str:
        raise AssertionError

    def patch(self, path: str) -> bytes:
        return self.patches[path]


@dataclass(frozen=True)
class Bench:
    folder: Path

    def series(self, *changes: Change) -> list[bytes]:
        """Patches on top of one another, on top of the base."""
        return list(builders.written_series(self.folder / "up.git", "v261", changes).values())

    def judge(self, theirs: list[bytes], ours: list[bytes], *extra: NixpkgsPatch) -> SeriesFit:
        own = tuple(NixpkgsPatch(name=f"t{n}.patch", path=f"t{n}") for n in range(len(theirs)))
        parsed = [
            parse_patch(content, name=f"o{n}", file_name=f"o{n}.patch")
            for n, content in enumerate(ours)
        ]
        store = Store.open(self.folder / "cache.git")
        store.lend(self.folder / "up.git")
        tree = TreeView(source=store, tree=builders.tree_of(self.folder / "up.git", "v261"))
        shelf = Shelf({f"t{n}": content for n, content in enumerate(theirs)})
        return judge(shelf, (*own, *extra), Series(tuple(parsed)), tree)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    builders.repository(tmp_path / "up.git", [Commit(files=BASE, tag="v261")])
    return Bench(tmp_path)


def test_exact(bench: Bench) -> None:
    patches = bench.series(changed(3, "theirs();"), changed(3, "ours();", "other.c"))
    fit = bench.judge(patches[:1], patches[1:])
    assert fit.applies
    assert [(p.ours, p.fit) for p in fit.patches] == [(False, Fit.EXACT), (True, Fit.EXACT)]


def test_offsets_are_told(bench: Bench) -> None:
    theirs = bench.series(changed(2, "one();\ntwo();\nthree();"))
    ours = Bench(bench.folder).series  # the same base: ours does not know of theirs
    builders.git(bench.folder / "up.git", "branch", "-D", "series-v261")
    (bench.folder / "up.git" / "series-v261").rename(bench.folder / "theirs")
    fit = bench.judge(theirs, ours(changed(20, "ours();")))
    assert fit.applies
    assert (fit.patches[1].fit, fit.patches[1].detail) == (Fit.OFFSET, "+2 lines")


def test_order_counts(bench: Bench) -> None:
    one, two = bench.series(changed(3, "first();"), changed(3, "second();"))
    assert bench.judge([one, two], []).applies
    wrong = bench.judge([two, one], [])
    assert [p.fit for p in wrong.patches] == [Fit.CONFLICT, Fit.EXACT]
    assert "main.c: the hunk for line 1 has no place" in wrong.conflicts[0].detail


def test_no_fuzz(bench: Bench) -> None:
    """GNU patch would take this with fuzz 1: the outermost line of context differs."""
    (ours,) = bench.series(changed(10, "ours();"))
    loose = ours.replace(b"     statement_8();\n", b"     statement_eight();\n")
    assert loose != ours
    fit = bench.judge([], [loose])
    assert not fit.applies
    assert fit.conflicts[0].ours


def test_a_conflict_with_theirs(bench: Bench) -> None:
    (theirs,) = bench.series(changed(10, "theirs();"))
    builders.git(bench.folder / "up.git", "branch", "-D", "series-v261")
    (bench.folder / "up.git" / "series-v261").rename(bench.folder / "theirs")
    (ours,) = bench.series(changed(11, "ours();"))
    fit = bench.judge([theirs], [ours])
    assert [(p.name, p.fit) for p in fit.patches] == [
        ("t0.patch", Fit.EXACT),
        ("o0.patch", Fit.CONFLICT),
    ]


def test_files_that_come_and_go(bench: Bench) -> None:
    removes, adds = bench.series(
        Change(message="gone", files={"other.c": None}),
        Change(message="new", files={"new.c": b"new\n"}),
    )
    assert bench.judge([removes, adds], []).applies
    again = bench.judge([removes, adds], [removes, adds])
    assert [p.detail for p in again.conflicts] == ["other.c is not there", "new.c is there already"]


def test_what_is_not_looked_at_is_named(bench: Bench) -> None:
    extra = (
        NixpkgsPatch(name="musl", path=None, condition="isMusl", used=False),
        NixpkgsPatch(name="thing", path="thing", condition="withThing", used=None),
        NixpkgsPatch(name="fetched", path=None, used=None),
    )
    fit = bench.judge([], [], *extra)
    assert [(p.name, p.fit, p.detail) for p in fit.patches] == [
        ("musl", Fit.UNUSED, "only when isMusl"),
        ("thing", Fit.UNSEEN, "only when withThing"),
        ("fetched", Fit.UNSEEN, "not a file of nixpkgs"),
    ]
    assert fit.applies


def test_a_patch_that_is_none(bench: Bench) -> None:
    fit = bench.judge([b"<html>not found</html>\n"], [])
    assert "t0.patch is not a patch" in fit.conflicts[0].detail


@pytest.mark.parametrize(
    ("version", "chosen"),
    [("v261", "v261"), ("v261.9", "v261.2"), ("v262", None), ("v260.9", None), ("v261-rc4", None)],
)
def test_the_choice_is_the_overlays(version: str, chosen: str | None) -> None:
    known = [Release.parse(tag) for tag in ("v261", "v261.2", "v263")]
    got = choose(Release.parse(version), known)
    assert (got.tag if got else None) == chosen
