"""What is told of an image of small real ELF files, and of Debian's packages by dpkg's records."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from patchkit.build.image import make_archive
from patchkit.build.packages import owners
from patchkit.build.sbom import Ingredients, ingredients, sbom
from patchkit.cli import main
from patchkit.errors import ExitCode
from patchkit.proc import SystemRunner
from patchkit.releases import Release
from patchkit.workspace.layout import Workspace
from tests.build.support import TAG, Yard, yard

if TYPE_CHECKING:
    from patchkit.build.image import ImageArchive

RUNNER = SystemRunner(allowed=("PATH",))
STATUS = """\
Package: libtiny
Status: install ok installed
Architecture: amd64
Version: 2:1.0+b1-3

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Yard:
    return yard(tmp_path_factory.mktemp("yard"))


@pytest.fixture(scope="module")
def given(made: Yard) -> Ingredients:
    built = made.build("patched")
    workspace = Workspace(made.repository.root)
    return ingredients(
        built,
        make_archive(built, RUNNER),
        series=workspace.series(Release.parse(TAG), workspace.config()),
        tree="1" * 40,
        commit="2" * 40,
    )


@pytest.fixture(scope="module")
def document(given: Ingredients) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(sbom(given))
    return found


def checksum(item: dict[str, Any]) -> str:
    found: dict[str, str] = {c["algorithm"]: c["checksumValue"] for c in item["checksums"]}
    return found["SHA256"]


def in_image(archive: ImageArchive) -> dict[str, str]:
    """The SHA-256 of every regular file, read anew."""
    with tarfile.open(archive.layers[0]) as tar:
        found = {}
        for member in tar:
            stream = tar.extractfile(member) if member.isreg() else None
            if stream is not None:
                found[f"./{member.name}"] = hashlib.sha256(stream.read()).hexdigest()
    return found


def test_every_file_of_the_image_and_every_patch(
    document: dict[str, Any], given: Ingredients
) -> None:
    told = {item["fileName"]: checksum(item) for item in document["files"]}
    patches = {f"./patches/{TAG}/{patch.file_name}": patch.sha256 for patch in given.series.patches}
    assert len(patches) == 2
    assert told == {**in_image(given.archive), **patches}


def test_libraries_have_their_package(document: dict[str, Any]) -> None:
    """As dpkg itself says."""
    files = {item["fileName"]: item for item in document["files"]}
    (libc,) = [item for name, item in files.items() if name.endswith("/libc.so.6")]
    (busybox,) = [item for name, item in files.items() if name.endswith("/busybox")]
    for item in (libc, busybox):
        here = item["comment"].rpartition(": ")[2]
        if shutil.which("dpkg-query") is None:
            pytest.skip("not a Debian machine")
        said = subprocess.run(
            ["dpkg-query", "-S", here, here.removeprefix("/usr")],
            capture_output=True,
            check=False,
            text=True,
        )
        name = said.stdout.split(":")[0]
        version = subprocess.run(
            ["dpkg-query", "-W", "-f", "${Version}", name],
            capture_output=True,
            check=True,
            text=True,
        ).stdout.split("\n")[0]
        assert item["comment"] == f"from Debian's {name} {version}: {here}"
        assert any((p["name"], p["versionInfo"]) == (name, version) for p in document["packages"])
    built = files["./usr/lib/systemd/systemd"]
    assert built["comment"] == "built from systemd"
    assert files["./etc/os-release"]["comment"] == "made by patchkit"


def test_it_is_spdx(document: dict[str, Any], given: Ingredients) -> None:
    assert document["spdxVersion"] == "SPDX-2.3"
    assert document["dataLicense"] == "CC0-1.0"
    assert document["documentNamespace"].startswith("urn:")
    items = [*document["packages"], *document["files"]]
    ids = [item["SPDXID"] for item in items]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"SPDXRef-[A-Za-z0-9.-]+", each) for each in ids)
    known = {*ids, "SPDXRef-DOCUMENT"}
    related = {(r["spdxElementId"], r["relatedSpdxElement"]) for r in document["relationships"]}
    assert {each for pair in related for each in pair} <= known
    assert {each for pair in related for each in pair} == known  # nothing is left hanging
    assert {r["relationshipType"] for r in document["relationships"]} == {
        "DESCRIBES",
        "CONTAINS",
        "GENERATED_FROM",
        "PATCH_FOR",
    }
    for item in document["files"]:
        assert {c["algorithm"] for c in item["checksums"]} >= {"SHA1"}
    for package in document["packages"]:
        assert package["downloadLocation"]
    image = document["packages"][0]
    assert f"sha256:{checksum(image)}" == given.archive.id
    systemd = document["packages"][1]
    assert systemd["versionInfo"] == "300"
    assert "git tree " + "1" * 40 in systemd["sourceInfo"]
    assert str(given.archive.series_sha256) in systemd["sourceInfo"]


def test_the_same_image_gives_the_same_bytes(given: Ingredients) -> None:
    assert sbom(given) == sbom(replace(given, taken=dict(reversed(given.taken.items()))))


def test_without_dpkg_the_package_is_unknown(given: Ingredients, tmp_path: Path) -> None:
    bare = json.loads(sbom(replace(given, admin=tmp_path)))
    (libc,) = [f for f in bare["files"] if f["fileName"].endswith("/libc.so.6")]
    assert libc["comment"].startswith("from an unknown package: /")
    assert [package["name"] for package in bare["packages"]] == ["patchkit/systemd", "systemd"]


def test_owners_by_either_spelling_and_through_links(tmp_path: Path) -> None:
    real = tmp_path / "usr" / "libtiny.so.1.0"
    real.parent.mkdir()
    real.write_bytes(b"")
    link = real.with_name("libtiny.so.1")
    link.symlink_to(real.name)
    info = tmp_path / "admin" / "info"
    info.mkdir(parents=True)
    (info.parent / "status").write_text(STATUS)
    merged = Path("/usr/lib/none/libmerged.so")
    (info / "libtiny:amd64.list").write_text(f"/.\n{real}\n/lib/none/libmerged.so\n")
    (info / "gone.list").write_text("/usr/lib/none/gone.so\n")
    found = owners([link, merged, Path("/usr/lib/none/gone.so")], admin=info.parent)
    assert {path: package.name for path, package in found.items()} == {
        link: "libtiny",
        merged: "libtiny",
    }
    assert found[link].purl == "pkg:deb/debian/libtiny@2%3A1.0%2Bb1-3?arch=amd64"


def test_by_the_command_line(made: Yard, tmp_path: Path) -> None:
    words = ("--repo", str(made.repository.root), "--cache", str(made.repository.cache))
    image, told = tmp_path / "i.tar", tmp_path / "i.spdx.json"
    for file in (told, tmp_path / "again.json"):
        assert main(["image", TAG, "-o", str(image), "--sbom", str(file), *words]) == ExitCode.DONE
    assert told.read_bytes() == (tmp_path / "again.json").read_bytes()
    document = json.loads(told.read_bytes())
    with tarfile.open(image) as tar:
        manifest = json.loads(tar.extractfile("manifest.json").read())  # type: ignore[union-attr]
    assert manifest[0]["Config"] == f"{checksum(document['packages'][0])}.json"
    nowhere = str(tmp_path / "no" / "x.json")
    assert main(["image", TAG, "-o", str(image), "--sbom", nowhere, *words]) == ExitCode.USAGE
    partly = ["image", TAG, "--variant", "without:one", "-o", str(image), "--sbom", str(told)]
    assert main([*partly, *words]) == ExitCode.USAGE
