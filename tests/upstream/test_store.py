from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pygit2
import pytest

from patchkit.errors import BusyError, InconsistentError, StorageError
from patchkit.releases import Release
from patchkit.upstream import intake
from patchkit.upstream.hold import held
from patchkit.upstream.sources import Origin, SourceKind, UpstreamTree
from patchkit.upstream.store import Entry, MissingObjectError, Store
from tests.upstream import support

if TYPE_CHECKING:
    from pathlib import Path

V261 = Release.parse("v261")


def from_debian(tree: str) -> UpstreamTree:
    origin = Origin(
        kind=SourceKind.DEBIAN, source="debian", file="systemd_261.orig.tar.gz", sha256="ab" * 32
    )
    return UpstreamTree(release=V261, tree=tree, commit=None, tag_object=None, origin=origin)


def test_is_made_when_absent_and_opened_again(cache: Path) -> None:
    first = Store.open(cache / "upstream.git")
    again = Store.open(cache / "upstream.git")
    assert first.repository.is_bare
    assert again.repository.path == first.repository.path
    assert [path.name for path in cache.iterdir()] == ["upstream.git"]


def test_two_may_make_it_at_once(cache: Path) -> None:
    made: list[Store] = []
    start = threading.Barrier(8)

    def make() -> None:
        start.wait()
        made.append(Store.open(cache / "upstream.git"))

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8
    assert [path.name for path in cache.iterdir()] == ["upstream.git"]


def test_holds_nothing_at_first(store: Store) -> None:
    assert store.tree(V261) is None


def test_tells_a_tag(store: Store) -> None:
    tree = support.commit(store.folder, support.FILES, "v261")
    found = store.tree(V261)
    assert found is not None
    assert found.tree == tree
    assert found.commit == support.git(store.folder, "rev-parse", "v261^{commit}")
    assert found.tag_object == support.git(store.folder, "rev-parse", "v261")
    assert found.origin == Origin(kind=SourceKind.GIT, source="git")


def test_a_lightweight_tag_has_no_object(store: Store) -> None:
    support.commit(store.folder, support.FILES)
    support.git(store.folder, "tag", "v261", "HEAD")
    found = store.tree(V261)
    assert found is not None
    assert found.commit
    assert found.tag_object is None


def test_remembers_where_a_tarball_came_from(store: Store) -> None:
    imported = from_debian(support.write_tree(store.folder, support.FILES))
    intake.record_debian(store, imported)
    assert Store.open(store.folder).tree(V261) == imported


def test_the_same_tarball_gives_the_same_commit(store: Store, tmp_path: Path) -> None:
    other = Store.open(tmp_path / "other" / "upstream.git")
    ids = set()
    for each in (store, other):
        intake.record_debian(each, from_debian(support.write_tree(each.folder, support.FILES)))
        ids.add(support.git(each.folder, "rev-parse", "refs/patchkit/debian/v261"))
    assert len(ids) == 1


def test_prefers_the_tag_when_both_agree(store: Store) -> None:
    tree = support.commit(store.folder, support.FILES, "v261")
    intake.record_debian(store, from_debian(tree))
    found = store.tree(V261)
    assert found is not None
    assert found.origin.kind is SourceKind.GIT


def test_refuses_when_tag_and_tarball_differ(store: Store) -> None:
    one = support.commit(store.folder, support.FILES, "v261")
    other = support.write_tree(store.folder, {"README": (0o100644, b"other\n")})
    intake.record_debian(store, from_debian(other))
    with pytest.raises(InconsistentError) as caught:
        store.tree(V261)
    assert one in caught.value.message
    assert other in caught.value.message


def test_looks_paths_up(store: Store) -> None:
    tree = support.write_tree(store.folder, support.FILES)
    main = store.entry(tree, "src/core/main.c")
    assert main is not None
    assert main.mode == 0o100644
    assert store.blob(main.id) == support.FILES["src/core/main.c"][1]
    folder = store.entry(tree, "src/core")
    assert folder is not None
    assert folder.mode == 0o040000
    link = store.entry(tree, "units/link")
    assert link is not None
    assert link.mode == 0o120000
    assert store.blob(link.id) == b"../README"


@pytest.mark.parametrize(
    "path", ["", "/", "absent", "src/absent", "README/x", "../README", "src//core", "units/link/x"]
)
def test_an_absent_path_is_none(store: Store, path: str) -> None:
    assert store.entry(support.write_tree(store.folder, support.FILES), path) is None


def test_a_submodule_has_its_mode(store: Store) -> None:
    line = b"160000 " + b"1" * 40 + b"\tmodule\n"
    support.git(store.folder, "update-index", "--index-info", stdin=line)
    tree = support.git(store.folder, "write-tree")
    assert store.entry(tree, "module") == Entry(mode=0o160000, id="1" * 40)
    assert list(store.files(tree)) == [("module", Entry(mode=0o160000, id="1" * 40))]


def test_lists_files_as_git_does(store: Store) -> None:
    names = {"a\udcff": (0o100644, b"not UTF-8"), "ä ö": (0o100644, b"is")}
    tree = support.write_tree(store.folder, {**support.FILES, **names})
    listed = support.git(store.folder, "ls-tree", "-r", "-z", tree, "--name-only")
    assert [path for path, _ in store.files(tree)] != []
    raw = [path.encode("utf-8", "surrogateescape") for path, _ in store.files(tree)]
    assert raw == sorted(raw)
    assert len(raw) == len(listed.rstrip("\0").split("\0"))
    assert {path for path, _ in store.files(tree)} == {*support.FILES, *names}


def test_a_missing_object_matters_when_it_is_asked_for(store: Store) -> None:
    blob = "0c1fdbe2b7ee9ed4ddfee326517bce9852c4fd51"
    line = f"100644 {blob}\tlarge\n".encode()
    support.git(store.folder, "update-index", "--index-info", stdin=line)
    tree = support.git(store.folder, "write-tree", "--missing-ok")
    assert store.entry(tree, "large") == Entry(mode=0o100644, id=blob)
    with pytest.raises(MissingObjectError) as caught:
        store.blob(blob)
    assert caught.value.id == blob


def test_a_missing_folder_is_not_an_absent_path(store: Store) -> None:
    tree = store.repository.TreeBuilder()
    tree.insert("README", store.repository.create_blob(b""), pygit2.enums.FileMode.BLOB)
    inner = "9" * 40
    raw = b"40000 src\0" + bytes.fromhex(inner)
    made = store.repository.odb.write(pygit2.enums.ObjectType.TREE, raw)
    with pytest.raises(MissingObjectError):
        store.entry(str(made), "src/core")


def test_lends_a_repository_without_copying(store: Store, origin: Path) -> None:
    tree = support.git(origin, "rev-parse", "v261^{tree}")
    with pytest.raises(MissingObjectError):
        store.entry(tree, "README")
    store.lend(origin)
    entry = store.entry(tree, "README")
    assert entry is not None
    assert store.blob(entry.id) == b"v261"
    with pytest.raises(MissingObjectError):
        Store.open(store.folder).entry(tree, "README")
    assert support.git(store.folder, "count-objects") == "0 objects, 0 kilobytes"


def test_lends_what_the_repository_borrows_itself(
    store: Store, origin: Path, tmp_path: Path
) -> None:
    support.git(tmp_path, "clone", "-q", "--bare", "--shared", str(origin), "borrower.git")
    support.git(tmp_path, "clone", "-q", "--shared", "borrower.git", "work")
    support.git(tmp_path / "work", "worktree", "add", "-q", "--detach", str(tmp_path / "linked"))
    store.lend(tmp_path / "work" / ".git" / "worktrees" / "linked")
    assert store.entry(support.git(origin, "rev-parse", "v261^{tree}"), "README") is not None


# Damage


def test_a_missing_head_is_corruption(store: Store) -> None:
    (store.folder / "HEAD").unlink()
    with pytest.raises(InconsistentError, match="corrupted") as caught:
        Store.open(store.folder)
    assert "--rebuild-cache" in (caught.value.hint or "")


def test_a_file_in_its_place_is_refused(cache: Path) -> None:
    cache.mkdir()
    (cache / "upstream.git").write_text("")
    with pytest.raises((InconsistentError, StorageError)):
        Store.open(cache / "upstream.git")


@pytest.mark.parametrize("content", ["garbage\n", "", "f" * 40 + "\n", "ref: refs/tags/x\n"])
def test_garbage_references_are_corruption(store: Store, content: str) -> None:
    (store.folder / "refs" / "tags" / "v261").write_text(content)
    with pytest.raises(InconsistentError, match="corrupted"):
        store.tree(V261)


@pytest.mark.parametrize("keep", [0, 12, 0.5, -5])
def test_a_truncated_pack_is_never_a_traceback(store: Store, keep: float) -> None:
    support.commit(store.folder, support.FILES, "v261")
    support.git(store.folder, "repack", "-adq")
    (pack,) = (store.folder / "objects" / "pack").glob("*.pack")
    content = pack.read_bytes()
    pack.chmod(0o644)
    pack.write_bytes(content[: int(keep * len(content)) if 0 < keep < 1 else int(keep)])
    opened = Store.open(store.folder)
    with pytest.raises((InconsistentError, MissingObjectError)):
        found = opened.tree(V261)
        assert found is not None
        for _, entry in opened.files(found.tree):
            opened.blob(entry.id)
        raise InconsistentError("only its checksum is gone: every object is whole")


def test_a_damaged_object_is_told_apart_from_a_missing_one(store: Store) -> None:
    tree = support.write_tree(store.folder, support.FILES)
    entry = store.entry(tree, "README")
    assert entry is not None
    loose = store.folder / "objects" / entry.id[:2] / entry.id[2:]
    loose.chmod(0o644)
    loose.write_bytes(b"garbage")
    with pytest.raises(InconsistentError, match="corrupted"):
        Store.open(store.folder).blob(entry.id)


def test_an_object_of_another_kind_is_refused(store: Store) -> None:
    tree = support.write_tree(store.folder, support.FILES)
    with pytest.raises(InconsistentError):
        store.blob(tree)
    readme = store.entry(tree, "README")
    assert readme is not None
    with pytest.raises(InconsistentError):
        store.entry(readme.id, "x")


def test_rebuilding_starts_anew(store: Store) -> None:
    support.commit(store.folder, support.FILES, "v261")
    (store.folder / "HEAD").unlink()
    again = Store.rebuild(store.folder)
    assert again.tree(V261) is None
    assert sorted(path.name for path in store.folder.parent.iterdir()) == ["held", "upstream.git"]


def test_rebuilding_waits_for_nobody(store: Store) -> None:
    with held(store.folder.parent, doing="a test"), pytest.raises(BusyError, match="a test"):
        Store.rebuild(store.folder)


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot open the cache"):
        Store.open(tmp_path / "file" / "upstream.git")
