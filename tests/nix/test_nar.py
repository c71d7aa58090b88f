"""NAR hashes are those that Nix computes, of what git archives."""

from __future__ import annotations

import io
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from patchkit.console import Console
from patchkit.nix.nar import Identity, NotHashableError, nar_hash, write_nar
from patchkit.releases import Release
from patchkit.upstream.sources import DebianSource
from patchkit.upstream.store import MissingObjectError, Store
from patchkit.upstream.upstreams import Upstream
from patchkit.workspace.lock import read_lock
from tests import builders
from tests.builders import EXECUTABLE, LINK, PLAIN, Commit
from tests.nix import support

if TYPE_CHECKING:
    from tests.builders import Files

pytestmark = pytest.mark.nix


def stored(folder: Path, files: Files) -> tuple[Store, Identity]:
    """A repository with one release, as the store sees it."""
    builders.repository(folder / "upstream.git", [Commit(files=files, tag="v261")])
    store = Store.open(folder / "cache.git")
    store.lend(folder / "upstream.git")
    commit = builders.git(folder / "upstream.git", "rev-parse", "v261^0").decode().strip()
    return store, Identity(tree=builders.tree_of(folder / "upstream.git", "v261"), commit=commit)


def archived(folder: Path) -> Path:
    """What git's own archive unpacks to."""
    tar = builders.git(folder / "upstream.git", "archive", "--prefix=out/", "v261")
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        archive.extractall(folder, filter="tar")
    (folder / "out").mkdir(exist_ok=True)
    return folder / "out"


def agree(folder: Path, files: Files) -> None:
    store, identity = stored(folder, files)
    assert nar_hash(store, identity) == support.hash_path(archived(folder))


def test_every_kind_of_entry(tmp_path: Path) -> None:
    agree(
        tmp_path,
        {
            "README": b"text\n",
            "empty": b"",
            "eight bytes": b"12345678",
            "bin/run": (EXECUTABLE, b"#!/bin/sh\n"),
            "bin/link": (LINK, b"../README"),
            "dangling": (LINK, b"nowhere at all"),
            "a/b/c/d/e": b"deep",
        },
    )


def test_folders_sort_by_name_alone(tmp_path: Path) -> None:
    """Git sorts `a` as `a/`, behind `a-b` and `a.c`; a NAR does not."""
    agree(tmp_path, {"a/x": b"1", "a-b": b"2", "a.c": b"3", "a0": b"4", "aa/y": b"5"})


def test_weird_names(tmp_path: Path) -> None:
    names = ["with space", "ü", "\udcff\udcfe", "line\nbreak", "-dash", '"quoted"', "back\\slash"]
    agree(tmp_path, {f"{name}/{name}": name.encode("utf-8", "surrogateescape") for name in names})


NAMES = st.text(
    st.characters(blacklist_characters="/\0", max_codepoint=0x2FF), min_size=1, max_size=6
).filter(lambda name: name not in (".", "..") and not name.lower().startswith(".git"))


@st.composite
def trees(draw: st.DrawFn) -> dict[str, tuple[int, bytes]]:
    """Small trees without a path that is both a file and a folder."""
    files: dict[str, tuple[int, bytes]] = {}
    for parts in draw(st.lists(st.lists(NAMES, min_size=1, max_size=3), min_size=1, max_size=8)):
        path = "/".join(parts)
        taken = any(f"{other}/".startswith(f"{path}/") for other in files)
        if taken or any(path.startswith(f"{other}/") for other in files):
            continue
        mode = draw(st.sampled_from([PLAIN, EXECUTABLE, LINK]))
        content = draw(st.binary(max_size=40))
        files[path] = (mode, b"target" if mode == LINK else content)
    return files


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(trees())
def test_any_tree(files: dict[str, tuple[int, bytes]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        agree(Path(folder), files)


def test_a_submodule_is_an_empty_folder(tmp_path: Path) -> None:
    store, identity = stored(tmp_path, {"file": b"x"})
    repository = tmp_path / "upstream.git"
    lines = builders.git(repository, "ls-tree", identity.tree)
    lines += f"160000 commit {'1' * 40}\tmodule\n".encode()
    tree = builders.git(repository, "mktree", "--missing", stdin=lines).decode().strip()
    wanted = tmp_path / "wanted"
    (wanted / "module").mkdir(parents=True)
    (wanted / "file").write_bytes(b"x")
    assert nar_hash(store, Identity(tree=tree)) == support.hash_path(wanted)


IGNORING = {
    "plain": b"secret export-ignore\n",
    "folder": b"sub/ export-ignore\n",
    "anchored": b"/top/secret export-ignore\n",
    "stars": b"**/deep/** export-ignore\n*.o export-ignore\nkeep.o -export-ignore\n",
    "class": b"[[:digit:]]?x export-ignore\n[!a-z]* export-ignore\n",
    "quoted": b'"with space" export-ignore\n',
    "macro": b"[attr]private export-ignore\nsecret private\n",
    "unset": b"* export-ignore\n*.o !export-ignore\ntop export-ignore=yes\n",
    "comment": b"# secret export-ignore\n!secret export-ignore\n  secret  text  export-ignore\n",
    "everything": b"sub/** export-ignore\nsub/deep export-ignore\n",
}


@pytest.mark.parametrize("rules", IGNORING.values(), ids=IGNORING)
def test_export_ignore(tmp_path: Path, rules: bytes) -> None:
    names = ["secret", "top/secret", "top/a.o", "keep.o", "sub/deep/x", "sub/deep/more/y", "1zx"]
    names += ["with space", "sub/with space", "Upper", "lower", "top/sub/z"]
    agree(tmp_path, {".gitattributes": rules, **{name: name.encode() for name in names}})


def test_a_deeper_folder_overrules(tmp_path: Path) -> None:
    agree(
        tmp_path,
        {
            ".gitattributes": b"*.c export-ignore\nlater/*.h export-ignore\n",
            "kept/.gitattributes": b"a.c -export-ignore\n",
            "kept/a.c": b"a",
            "kept/b.c": b"b",
            "later/x.h": b"x",
        },
    )


def test_export_subst(tmp_path: Path) -> None:
    agree(
        tmp_path,
        {
            ".gitattributes": b"version export-subst\n",
            "version": b"$Format:%H%n%T 100%% %x41$ and $Format:plain$ and $Format:%H\nno$\n",
            "other": b"$Format:%H$\n",
        },
    )


def test_what_depends_on_more_is_refused(tmp_path: Path) -> None:
    files = {".gitattributes": b"version export-subst\n", "version": b"$Format:%h by %an$\n"}
    store, identity = stored(tmp_path, files)
    with pytest.raises(NotHashableError, match="version asks the archive for %h"):
        nar_hash(store, identity)


def test_a_tarball_does_not_tell_the_commit(tmp_path: Path) -> None:
    files = {".gitattributes": b"version export-subst\n", "version": b"$Format:%H$\n"}
    store, identity = stored(tmp_path, files)
    with pytest.raises(NotHashableError, match="%H"):
        nar_hash(store, Identity(tree=identity.tree))


@pytest.mark.parametrize("rule", [b"ident", b"eol=crlf", b"working-tree-encoding=UTF-16"])
def test_conversions_are_refused(tmp_path: Path, rule: bytes) -> None:
    store, identity = stored(tmp_path, {".gitattributes": b"x " + rule, "x": b"$Id$\n", "y": b""})
    with pytest.raises(NotHashableError, match="x has the attribute"):
        nar_hash(store, identity)


def test_it_streams(tmp_path: Path) -> None:
    """No piece is larger than the largest file: the archive is never held whole."""
    files = {f"file{n}": bytes([n]) * 100_000 for n in range(30)}
    store, identity = stored(tmp_path, files)
    pieces: list[int] = []
    write_nar(store, identity, lambda data: pieces.append(len(data)))
    assert sum(pieces) > 3_000_000
    assert max(pieces) == 100_000


def test_a_missing_object_is_named(tmp_path: Path) -> None:
    store, _ = stored(tmp_path, {"file": b"x"})
    lines = f"100644 blob {'2' * 40}\tgone\n".encode()
    tree = builders.git(tmp_path / "upstream.git", "mktree", "--missing", stdin=lines)
    with pytest.raises(MissingObjectError, match="2222"):
        nar_hash(store, Identity(tree=tree.decode().strip()))


PUBLISHED = {
    "v261": "sha256-6IB1ZEQqQ0impwBhCaLZAEgMVkVFU61JDVlGotxNzGQ=",
    "v261.2": "sha256-w0Fxx+zYBs806whyaKBytGwSgn89ARdukAm6Hp+XlQQ=",
    "v262": "sha256-oGzFW2dD8abLXBwDczr1hvl712s03CHTUqOz6uPfhmQ=",
}
"""What nixpkgs and other public projects have for `fetchFromGitHub` of these tags."""


def test_the_lock_has_what_others_published() -> None:
    lock = support.ROOT / "patches" / "lock.json"
    releases = read_lock(lock.read_bytes(), file_name="lock.json").releases
    known = {tag: locked.nar_hash for tag, locked in releases.items() if locked.nar_hash}
    assert {tag: known[tag] for tag in PUBLISHED if tag in known} == {
        tag: value for tag, value in PUBLISHED.items() if tag in known
    }
    assert known, "no release has a source hash"


@pytest.mark.e2e
def test_the_whole_of_v262(tmp_path: Path) -> None:
    """Upstream's whole tree, as Debian's tarball has it."""
    upstream = Upstream(
        store=Store.open(tmp_path / "cache" / "upstream.git"),
        sources=(DebianSource(name="debian", suites=("forky", "sid")),),
        cache=tmp_path / "cache",
        console=Console(verbosity=-1),
    )
    tree = upstream.tree(Release.parse("v262")).tree
    found = nar_hash(upstream.store, Identity(tree=tree))
    assert found == PUBLISHED["v262"]
    tar = builders.git(upstream.store.folder, "archive", "--prefix=out/", tree)
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        archive.extractall(tmp_path, filter="tar")
    assert found == support.hash_path(tmp_path / "out")
