from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from patchkit.build.export import export
from patchkit.errors import InconsistentError, StorageError
from patchkit.rebase.outcome import FileState
from patchkit.rebase.tree import TreeView
from patchkit.upstream.store import Entry, MissingObjectError, Store
from tests import builders

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILES: builders.Files = {
    "meson.build": b"project('x')\n",
    "src/a.c": b"a\n",
    "src/b.c": b"b\n",
    "tools/run.sh": (builders.EXECUTABLE, b"#!/bin/sh\n"),
    "units/link": (builders.LINK, b"../meson.build"),
    "hwdb.d/large": b"much\n",
}


@pytest.fixture
def view(tmp_path: Path) -> TreeView:
    folder = builders.upstream(tmp_path / "up.git", {"v300": FILES})
    return TreeView(source=Store.open(folder), tree=builders.tree_of(folder, "v300"))


def content(folder: Path) -> dict[str, bytes]:
    return builders.snapshot(folder)


def times(folder: Path) -> dict[str, int]:
    return {str(p): p.lstat().st_mtime_ns for p in folder.rglob("*") if not p.is_dir()}


def patched(view: TreeView, **files: bytes | None) -> TreeView:
    return view.with_changes(
        {
            path.replace("__", "/").replace("_DOT_", "."): (
                None if new is None else FileState(mode=builders.PLAIN, content=new)
            )
            for path, new in files.items()
        }
    )


def test_every_kind_of_file(view: TreeView, tmp_path: Path) -> None:
    out = tmp_path / "source"
    done = export(view, out)
    assert sorted(done.written) == sorted(FILES)
    assert (out / "src/a.c").read_bytes() == b"a\n"
    assert os.access(out / "tools/run.sh", os.X_OK)
    assert not os.access(out / "src/a.c", os.X_OK)
    assert (out / "units/link").readlink().as_posix() == "../meson.build"


def test_only_what_differs_is_written_again(view: TreeView, tmp_path: Path) -> None:
    out = tmp_path / "source"
    export(view, out)
    before = times(out)
    done = export(patched(view, src__a_DOT_c=b"A\n", src__new_DOT_c=b"new\n"), out)
    assert done.written == ("src/a.c", "src/new.c")
    after = times(out)
    assert {p for p in before if after[p] != before[p]} == {str(out / "src/a.c")}
    back = export(view, out)
    assert (back.written, back.removed) == (("src/a.c",), ("src/new.c",))
    assert content(out)["src/a.c"] == b"a\n"
    assert export(view, out).written == ()


def test_a_removed_file_takes_its_empty_folder_along(view: TreeView, tmp_path: Path) -> None:
    out = tmp_path / "source"
    export(view, out)
    export(patched(view, tools__run_DOT_sh=None), out)
    assert not (out / "tools").exists()


def test_a_file_may_become_a_folder_and_back(view: TreeView, tmp_path: Path) -> None:
    out = tmp_path / "source"
    one = view.with_changes({"x": FileState(mode=builders.PLAIN, content=b"1")})
    two = view.with_changes({"x/y": FileState(mode=builders.PLAIN, content=b"2")})
    for tree, path in ((one, "x"), (two, "x/y"), (one, "x")):
        export(tree, out)
        assert (out / path).is_file()


def test_what_somebody_changed_in_the_cache_is_put_right(view: TreeView, tmp_path: Path) -> None:
    out = tmp_path / "source"
    export(view, out)
    (out / "src/a.c").write_bytes(b"edited by hand\n")
    (out / "src/b.c").unlink()
    assert export(view, out).written == ("src/a.c", "src/b.c")
    assert content(out)["src/a.c"] == b"a\n"


def test_an_interrupted_export_is_completed(view: TreeView, tmp_path: Path) -> None:
    out = tmp_path / "source"
    export(view, out)
    target = patched(view, src__a_DOT_c=b"A\n", src__b_DOT_c=b"B\n")

    def stop(done: int, total: int) -> None:
        assert total == 2
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export(target, out, progress=stop)
    # the same content that was there before must not be taken for what is wanted, nor new for old
    export(view, out)
    assert content(out)["src/a.c"] == b"a\n"
    assert content(out)["src/b.c"] == b"b\n"


@pytest.mark.parametrize("damage", [b"", b"{", b'{"schema":"patchkit.export/0","files":{}}'])
def test_a_damaged_record_means_a_fresh_start(
    view: TreeView, tmp_path: Path, damage: bytes
) -> None:
    out = tmp_path / "source"
    export(view, out)
    (out / "stray").write_bytes(b"")
    (tmp_path / "source.json").write_bytes(damage)
    assert len(export(view, out).written) == len(FILES)
    assert not (out / "stray").exists()


@dataclass
class _Holes:
    """A store that lacks some objects, as mirrors do."""

    store: Store
    lacking: set[str] = field(default_factory=set)

    def entry(self, tree: str, path: str) -> Entry | None:
        return self.store.entry(tree, path)

    def children(self, tree: str) -> Iterator[tuple[str, Entry]]:
        return self.store.children(tree)

    def files(self, tree: str) -> Iterator[tuple[str, Entry]]:
        return self.store.files(tree)

    def blob(self, id: str) -> bytes:  # noqa: A002
        if id in self.lacking:
            raise MissingObjectError(id)
        return self.store.blob(id)


def with_hole(view: TreeView, path: str) -> TreeView:
    assert isinstance(view.source, Store)
    entry = view.source.entry(view.tree, path)
    assert entry is not None
    return TreeView(source=_Holes(view.source, {entry.id}), tree=view.tree)


def test_a_missing_large_file_stands_empty_and_is_told(view: TreeView, tmp_path: Path) -> None:
    out = tmp_path / "source"
    holed = with_hole(view, "hwdb.d/large")
    assert export(holed, out).stand_ins == ("hwdb.d/large",)
    assert (out / "hwdb.d/large").read_bytes() == b""
    assert export(holed, out).stand_ins == ("hwdb.d/large",)


def test_a_missing_source_file_is_an_error(view: TreeView, tmp_path: Path) -> None:
    with pytest.raises(MissingObjectError):
        export(with_hole(view, "src/a.c"), tmp_path / "source")


@pytest.mark.parametrize("path", ["/etc/passwd", "../out", "src/../../out"])
def test_a_path_that_leads_out_is_refused(view: TreeView, tmp_path: Path, path: str) -> None:
    evil = view.with_changes({path: FileState(mode=builders.PLAIN, content=b"")})
    with pytest.raises(InconsistentError, match="cannot be written"):
        export(evil, tmp_path / "source")
    assert not (tmp_path / "out").exists()


def test_nothing_is_written_through_a_link(view: TreeView, tmp_path: Path) -> None:
    evil = view.with_changes(
        {
            "way": FileState(mode=builders.LINK, content=str(tmp_path).encode()),
            "way/out": FileState(mode=builders.PLAIN, content=b""),
        }
    )
    with pytest.raises(InconsistentError, match="cannot be written"):
        export(evil, tmp_path / "source")


def test_a_place_that_cannot_be_written(view: TreeView, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match="write the source tree"):
        export(view, tmp_path / "file" / "source")
