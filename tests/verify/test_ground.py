"""Unpacking an image: what was built is not trusted to stay where it is put."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from patchkit.build.layer import FileSpec
from patchkit.errors import InconsistentError
from patchkit.verify.ground import unpack
from tests.builders import snapshot


def layer(folder: Path, *members: tuple[str, str | bytes]) -> Path:
    """A layer with files, and with links where the content is text."""
    path = folder / "layer.tar"
    with tarfile.open(path, "w") as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            if isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
                archive.addfile(info)
            else:
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return path


def test_layers_and_files_are_laid_over_one_another(tmp_path: Path) -> None:
    one = layer(tmp_path, ("usr/a", b"a"), ("etc", "usr/etc"), ("usr/etc/b", b"b"))
    unpack([one], {"/etc/c": FileSpec.file(b"c"), "usr/a": FileSpec.file(b"A")}, tmp_path / "root")
    found = snapshot(tmp_path / "root" / "usr")
    assert found == {"a": b"A", "etc/b": b"b", "etc/c": b"c"}


def test_a_link_that_leads_out_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    one = layer(tmp_path, ("etc", str(outside)))
    with pytest.raises(InconsistentError, match="leads out of the image"):
        unpack([one], {"etc/x": FileSpec.file(b"x")}, tmp_path / "root")
    two = layer(tmp_path, ("etc", str(outside)), ("etc/y", b"y"))
    with pytest.raises(InconsistentError, match="leads out of its root"):
        unpack([two], {}, tmp_path / "other")
    with pytest.raises(InconsistentError, match="leads out of the image"):
        unpack([], {"../z": FileSpec.file(b"z")}, tmp_path / "third")
    assert list(outside.iterdir()) == []
    assert not Path(tmp_path / "z").exists()
