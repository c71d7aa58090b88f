from __future__ import annotations

import io
import json
import os
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from patchkit import __version__
from patchkit.build.image import derived, make_archive, referred, write_archive
from patchkit.build.layer import EPOCH, FileSpec
from patchkit.build.rootfs import MASKED
from patchkit.errors import BusyError, MissingToolError
from patchkit.proc import SystemRunner
from tests.build.support import Yard, yard

if TYPE_CHECKING:
    from pathlib import Path

    from patchkit.build.image import ImageArchive
    from patchkit.build.plan import Built

RUNNER = SystemRunner(allowed=("PATH",))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    made: Yard = yard(tmp_path_factory.mktemp("yard"))
    return made.build("patched")


@pytest.fixture(scope="module")
def archive(built: Built) -> ImageArchive:
    return make_archive(built, RUNNER)


def members(archive: ImageArchive) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(archive.layers[0]) as tar:
        return {member.name: member for member in tar}


def content(archive: ImageArchive, path: str) -> str:
    with tarfile.open(archive.layers[0]) as tar:
        stream = tar.extractfile(path)
        assert stream is not None
        return stream.read().decode()


def config(archive: ImageArchive) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(archive.config)
    return found


class TestConfiguration:
    def test_it_is_what_a_users_image_would_have(self, archive: ImageArchive) -> None:
        inner = config(archive)["config"]
        assert inner["Cmd"] == ["/usr/sbin/init"]
        assert "container=docker" in inner["Env"]
        assert inner["Volumes"] == {"/run": {}}
        assert set(inner) == {"Cmd", "Env", "Volumes", "Labels"}  # no StopSignal, no User

    def test_labels(self, archive: ImageArchive, built: Built) -> None:
        assert config(archive)["config"]["Labels"] == {
            "org.patchkit.release": "v300",
            "org.patchkit.variant": "patched",
            "org.patchkit.series": built.series_sha256,
            "org.patchkit.version": __version__,
        }
        assert archive.reference == "patchkit/systemd:v300-patched"


class TestRoot:
    def test_what_was_built_with_its_libraries_and_a_user_land(self, archive: ImageArchive) -> None:
        found = members(archive)
        assert found["usr/lib/systemd/systemd"].mode == 0o755
        assert "usr/lib/systemd/libsystemd-shared-300.so" in found
        assert any(path.endswith("/libc.so.6") for path in found)
        assert found["usr/bin/sh"].linkname == "busybox"
        assert found["usr/bin/init"].linkname == "../lib/systemd/systemd"
        assert found["usr/bin/systemctl"].isreg()
        assert found["usr/bin/poweroff"].linkname == "systemctl"
        assert (found["bin"].linkname, found["usr/sbin"].linkname) == ("usr/bin", "bin")

    def test_etc(self, archive: ImageArchive) -> None:
        found = members(archive)
        assert found["etc/machine-id"].size == 0
        assert 'PRETTY_NAME="systemd 300 (patched)"' in content(archive, "etc/os-release")
        assert content(archive, "etc/passwd").startswith("root:x:0:0:")
        for unit in MASKED:
            assert found[f"etc/systemd/system/{unit}"].linkname == "/dev/null"

    def test_nothing_in_usr_is_newer_than_etc(self, archive: ImageArchive) -> None:
        found = members(archive)
        assert {found[p].mtime for p in ("usr", "etc/.updated", "var/.updated")} == {EPOCH}

    def test_units_without_their_program_are_left_out(self, archive: ImageArchive) -> None:
        system = "usr/lib/systemd/system/"
        units = {path.removeprefix(system) for path in members(archive) if path.startswith(system)}
        assert {"made.service", "plain.target", "default.target"} <= units
        assert "plain.target.wants/made.service" in units
        assert not {unit for unit in units if "lost" in unit}

    def test_rights(self, archive: ImageArchive) -> None:
        found = members(archive)
        assert {found[p].mode for p in ("tmp", "var/tmp")} == {0o1777}
        assert found["root"].mode == 0o700
        assert {(m.uid, m.gid) for m in found.values()} == {(0, 0)}


class TestDeterminism:
    def test_the_same_build_gives_the_same_bytes(
        self, archive: ImageArchive, built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = io.BytesIO()
        write_archive(archive, first)
        for path in built.prefix.rglob("*"):
            if not path.is_symlink():
                os.utime(path, (1, 1))
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("TZ", "Pacific/Apia")
        before = os.umask(0o077)
        try:
            again = make_archive(built, RUNNER)
        finally:
            os.umask(before)
        second = io.BytesIO()
        write_archive(again, second)
        assert again.id == archive.id
        assert first.getvalue() == second.getvalue()

    def test_another_yard_gives_the_same_image(self, archive: ImageArchive, tmp_path: Path) -> None:
        assert make_archive(yard(tmp_path).build("patched"), RUNNER).id == archive.id

    def test_another_variant_gives_another(self, archive: ImageArchive, tmp_path: Path) -> None:
        assert make_archive(yard(tmp_path).build("stock"), RUNNER).id != archive.id


class TestArchive:
    def test_it_is_what_docker_load_takes(self, archive: ImageArchive) -> None:
        stream = io.BytesIO()
        write_archive(referred(archive, "a/b:c"), stream)
        stream.seek(0)
        with tarfile.open(fileobj=stream) as tar:
            names = tar.getnames()
            manifest = json.load(tar.extractfile("manifest.json") or io.BytesIO())[0]
        assert manifest["RepoTags"] == ["a/b:c"]
        assert manifest["Config"] == archive.id.removeprefix("sha256:") + ".json"
        assert {manifest["Config"], *manifest["Layers"]} < set(names)
        diffs = config(archive)["rootfs"]["diff_ids"]
        assert [
            f"sha256:{layer.removesuffix('/layer.tar')}" for layer in manifest["Layers"]
        ] == diffs

    def test_a_derived_image_stands_on_its_base(
        self, archive: ImageArchive, tmp_path: Path
    ) -> None:
        more = derived(archive, {"tmp/x": FileSpec.file(b"x")}, tmp_path)
        assert more.layers[0] == archive.layers[0]
        assert config(more)["rootfs"]["diff_ids"][0] == config(archive)["rootfs"]["diff_ids"][0]
        assert more.id != archive.id
        with tarfile.open(more.layers[1]) as tar:
            assert tar.getmember("tmp").mode == 0o1777
        assert derived(archive, {"tmp/x": FileSpec.file(b"x")}, tmp_path).id == more.id


def test_a_dynamic_busybox_is_refused(
    built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "busybox").symlink_to("/bin/ls")
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    with pytest.raises(MissingToolError, match="not linked statically") as raised:
        make_archive(built, RUNNER)
    assert "busybox-static" in (raised.value.hint or "")


def test_a_build_that_was_overtaken_is_not_taken_for_its_successor(tmp_path: Path) -> None:
    made = yard(tmp_path)
    first = made.build("patched")
    patch = next((made.repository.root / "patches/v300").glob("0002-*"))
    patch.write_bytes(patch.read_bytes().replace(b"value = 12;", b"value = 22;"))
    assert not made.build("patched").reused
    with pytest.raises(BusyError, match="another patchkit built v300 patched anew"):
        make_archive(first, RUNNER)
