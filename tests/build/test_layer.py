from __future__ import annotations

import io
import stat
import tarfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchkit.build.layer import EPOCH, FileSpec, diff_id, tar_bytes
from patchkit.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

FILES = {
    "usr/bin/tool": FileSpec.file(b"tool", mode=0o755),
    "/etc/link": FileSpec.link("../usr/bin/tool"),
    "tmp": FileSpec.folder(mode=0o1777),
    "home/user/x": FileSpec(content=b"x", uid=1000, gid=1000),
}


def members(content: bytes) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        return {member.name: member for member in archive}


def test_everything_is_fixed_and_sorted() -> None:
    found = members(tar_bytes(FILES))
    assert list(found) == sorted(found)
    assert set(found) == {
        *("etc", "etc/link", "home", "home/user", "home/user/x", "tmp"),
        *("usr", "usr/bin", "usr/bin/tool"),
    }
    assert {member.mtime for member in found.values()} == {EPOCH}
    assert found["tmp"].mode == 0o1777
    assert found["etc/link"].linkname == "../usr/bin/tool"
    assert (found["home/user/x"].uid, found["home/user"].uid) == (1000, 0)


def test_the_order_given_does_not_matter() -> None:
    assert tar_bytes(FILES) == tar_bytes(dict(reversed(FILES.items())))


def test_folders_below_keep_their_rights(tmp_path: Path) -> None:
    base = tmp_path / "base.tar"
    base.write_bytes(
        tar_bytes({"tmp": FileSpec.folder(mode=0o1777), "root": FileSpec.folder(mode=0o700)})
    )
    found = members(
        tar_bytes({"tmp/x": FileSpec.file(b""), "new/y": FileSpec.file(b"")}, below=[base])
    )
    assert found["tmp"].mode == 0o1777
    assert found["new"].mode == 0o755
    assert "root" not in found


def test_parents_can_be_left_to_others() -> None:
    assert list(members(tar_bytes({"run/a/b": FileSpec.file(b"")}, parents=False))) == ["run/a/b"]


@pytest.mark.parametrize("path", ["", "/", "../x", "a/../../x", "a\0b"])
def test_a_path_that_leads_elsewhere(path: str) -> None:
    with pytest.raises(UsageError, match="is not a path"):
        tar_bytes({path: FileSpec.file(b"")})


@given(
    st.dictionaries(
        st.from_regex(r"[a-zé ]{1,120}(/[a-z]{1,30}){0,3}", fullmatch=True), st.binary(), max_size=5
    )
)
def test_contents_survive(files: dict[str, bytes]) -> None:
    specs = {f"d/{path}": FileSpec.file(content) for path, content in files.items()}
    parents = {p for path in specs for p in _parents(path)}
    specs = {path: spec for path, spec in specs.items() if path not in parents}
    with tarfile.open(fileobj=io.BytesIO(tar_bytes(specs))) as archive:
        for path, spec in specs.items():
            stream = archive.extractfile(path)
            assert stream is not None
            assert stream.read() == spec.content


def _parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:number]) for number in range(1, len(parts))]


def test_kinds_and_digests(tmp_path: Path) -> None:
    assert FileSpec.file("text").kind == stat.S_IFREG
    assert FileSpec.link("x").kind == stat.S_IFLNK
    assert FileSpec.folder().kind == stat.S_IFDIR
    empty = tmp_path / "empty"
    empty.write_bytes(b"")
    assert diff_id(empty) == (
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    )
