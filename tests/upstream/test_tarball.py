from __future__ import annotations

import gzip
import io
import lzma
import tarfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from patchkit.errors import InconsistentError
from patchkit.upstream import intake
from patchkit.upstream.store import Store
from patchkit.upstream.tarball import Limits, read_tarball
from tests.upstream import support

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def imported(
    store: Store, content: bytes, *, limits: Limits | None = None, name: str = "t.orig.tar.gz"
) -> str:
    path = store.folder.parent / name
    path.write_bytes(content)
    with intake.pack_writer(store) as pack:
        tree = read_tarball(path, pack, limits=limits or Limits())
        pack.finish()
    return tree


def packed(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for info, content in members:
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def leftovers(store: Store) -> list[str]:
    return [path.name for path in (store.folder / "objects" / "pack").iterdir()]


def test_gives_the_tree_that_git_gives(store: Store) -> None:
    tree = imported(store, support.tarball(support.FILES))
    assert tree == support.write_tree(store.folder, support.FILES)
    entry = store.entry(tree, "src/core/main.c")
    assert entry is not None
    assert store.blob(entry.id) == support.FILES["src/core/main.c"][1]


def test_writes_one_sound_pack(store: Store) -> None:
    tree = imported(store, support.tarball(support.FILES))
    suffixes = sorted(name.split(".")[-1] for name in leftovers(store))
    assert suffixes == ["idx", "pack"]
    support.git(store.folder, "fsck", "--full", "--strict")
    assert support.git(store.folder, "cat-file", "-t", tree) == "tree"


def test_writes_nothing_twice(store: Store) -> None:
    imported(store, support.tarball(support.FILES))
    before = leftovers(store)
    imported(store, support.tarball(support.FILES))
    assert leftovers(store) == before


def test_what_is_only_lent_is_written(store: Store, tmp_path: Path) -> None:
    lender = support.repository(tmp_path / "lender.git")
    store.lend(lender)
    tree = imported(store, support.tarball(support.files_of("v261")))
    assert tree == support.git(lender, "rev-parse", "v261^{tree}")
    assert len(list(Store.open(store.folder).files(tree))) == len(support.FILES)


def test_reads_xz(store: Store) -> None:
    content = lzma.compress(support.tar(support.FILES))
    tree = imported(store, content, name="t.orig.tar.xz")
    assert tree == support.write_tree(store.folder, support.FILES)


def test_drops_empty_folders(store: Store) -> None:
    content = packed(
        (member("top", tarfile.DIRTYPE), b""),
        (member("top/empty/inner", tarfile.DIRTYPE), b""),
        (member("top/file"), b"x"),
    )
    assert [path for path, _ in store.files(imported(store, content))] == ["file"]


_NAME = st.text(
    st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=12
).filter(lambda name: name not in (".", "..") and name.lower() != ".git")
_LEAF = st.tuples(st.sampled_from([0o100644, 0o100755]), st.binary(max_size=40)) | st.tuples(
    st.just(0o120000),
    st.text(st.characters(codec="ascii", exclude_characters="\0"), min_size=1, max_size=20).map(
        str.encode
    ),
)


@st.composite
def _file_trees(draw: st.DrawFn) -> support.Files:
    """Paths of which none is a folder of another."""
    paths = draw(st.lists(st.lists(_NAME, min_size=1, max_size=4), min_size=1, max_size=8))
    files: support.Files = {}
    for parts in paths:
        path = "/".join(parts)
        if not any(
            path == other or path.startswith(f"{other}/") or other.startswith(f"{path}/")
            for other in files
        ):
            files[path] = draw(_LEAF)
    return files


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(files=_file_trees())
def test_any_files_give_the_tree_that_git_gives(store: Store, files: support.Files) -> None:
    assert imported(store, support.tarball(files)) == support.write_tree(store.folder, files)


# Hostile input


@pytest.mark.parametrize(
    "name",
    [
        "/etc/passwd",
        "top/../../etc/passwd",
        "../up",
        "top/./x",
        "top//x",
        "top/.git/config",
        "top/sub/.GIT/hooks/pre-commit",
        "other/x",
        "loose",
        "top/" + "/".join("d" * 70) + "/x",
    ],
)
def test_a_path_that_leads_elsewhere_is_refused(store: Store, name: str) -> None:
    with pytest.raises(InconsistentError, match="not imported") as caught:
        imported(store, packed((member("top/file"), b"x"), (member(name), b"y")))
    assert "\n" not in caught.value.message
    assert leftovers(store) == []


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        (tarfile.LNKTYPE, "hard link"),
        (tarfile.CHRTYPE, "device"),
        (tarfile.BLKTYPE, "device"),
        (tarfile.FIFOTYPE, "named pipe"),
    ],
)
def test_what_git_has_no_mode_for_is_refused(store: Store, kind: bytes, what: str) -> None:
    with pytest.raises(InconsistentError, match=what):
        imported(store, packed((member("top/x", kind, "/etc/passwd"), b"")))


@pytest.mark.parametrize(
    "second",
    [
        member("top/x"),
        member("top/x/y"),
        member("top/x", tarfile.DIRTYPE),
        member("top/x", tarfile.SYMTYPE, "/"),
    ],
)
def test_the_same_path_twice_is_refused(store: Store, second: tarfile.TarInfo) -> None:
    with pytest.raises(InconsistentError, match="same"):
        imported(store, packed((member("top/x", tarfile.SYMTYPE, "/etc"), b""), (second, b"")))


def test_a_link_out_is_only_data(store: Store) -> None:
    tree = imported(store, packed((member("top/x", tarfile.SYMTYPE, "/etc/passwd"), b"")))
    entry = store.entry(tree, "x")
    assert entry is not None
    assert store.blob(entry.id) == b"/etc/passwd"


@pytest.mark.parametrize(
    ("limits", "what"),
    [
        (Limits(total=20_000), "decompressed"),
        (Limits(file=1000), "file of more than"),
        (Limits(entries=1), "entries"),
    ],
)
def test_too_much_is_refused(store: Store, limits: Limits, what: str) -> None:
    content = packed((member("top/a"), b"x"), (member("top/b"), bytes(3_000_000)))
    with pytest.raises(InconsistentError, match=what):
        imported(store, content, limits=limits)


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-9],
        lambda content: content[: len(content) // 2],
        lambda content: content[:5],
        lambda _: b"",
        lambda content: b"not gzip at all" + content,
        lambda content: content[:-8] + b"\0\0\0\1" + content[-4:],
        lambda content: content + b"trailing garbage",
        lambda _: gzip.compress(b"not a tar archive at all" * 100),
        lambda content: gzip.compress(gzip.decompress(content)[:1700]),
        lambda _: gzip.compress(b""),
        lambda _: gzip.compress(bytes(10240)),
    ],
)
def test_a_damaged_archive_is_refused(store: Store, damage: Callable[[bytes], bytes]) -> None:
    with pytest.raises(InconsistentError):
        imported(store, damage(support.tarball(support.FILES)))
    assert leftovers(store) == []


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(place=st.integers(0, 4000), byte=st.binary(min_size=1, max_size=40))
def test_no_damage_to_a_header_is_a_traceback(store: Store, place: int, byte: bytes) -> None:
    content = bytearray(support.tar(support.FILES))
    content[place : place + len(byte)] = byte
    try:
        imported(store, gzip.compress(bytes(content), 1))
    except InconsistentError as error:
        assert "\n" not in error.message
