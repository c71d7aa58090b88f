"""What went into an image, as an SPDX 2.3 document in JSON.

Form: SPDX Specification 2.3, JSON binding. The digests are those of the files in the image's
layers, not of what lies on disk; the same image gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tarfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from patchkit import __version__
from patchkit.build.layer import EPOCH
from patchkit.build.packages import ADMIN, owners
from patchkit.build.preflight import BUSYBOX
from patchkit.build.rootfs import BUSYBOX_PLACE, built_places, from_this_machine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from patchkit.build.image import ImageArchive
    from patchkit.build.packages import DebianPackage
    from patchkit.build.plan import Built
    from patchkit.series.patch import Series

_NONE = "NOASSERTION"
_IMAGE, _SYSTEMD = "SPDXRef-Image", "SPDXRef-systemd"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingredients:
    """Where an image's files come from.

    `built` are the places of what was built; `taken` the places of what this machine gave, and
    where it is here; `tree` and `commit` are upstream's ids in git.
    """

    archive: ImageArchive
    series: Series
    built: frozenset[str]
    taken: dict[str, Path]
    tree: str
    commit: str | None
    admin: Path = ADMIN


def ingredients(
    built: Built, archive: ImageArchive, *, series: Series, tree: str, commit: str | None
) -> Ingredients:
    """Find out where the files of a build's image come from. Raises `OSError`."""
    busybox = Path(shutil.which(BUSYBOX.name) or BUSYBOX.name)
    return Ingredients(
        archive=archive,
        series=series,
        built=built_places(built.prefix),
        taken={**from_this_machine(built.prefix), BUSYBOX_PLACE: busybox},
        tree=tree,
        commit=commit,
    )


def sbom(given: Ingredients) -> bytes:
    """The document. Raises `OSError`."""
    archive = given.archive
    files = dict(_files(archive))
    known = owners(given.taken.values(), admin=given.admin)
    packages = {package.purl: package for package in known.values()}
    document = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": archive.reference,
        "documentNamespace": f"urn:patchkit:sbom:{archive.id}",
        "creationInfo": {
            "created": datetime.fromtimestamp(EPOCH, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "creators": [f"Tool: patchkit-{__version__}"],
        },
        "packages": [_image(archive), _systemd(given)]
        + [_debian(packages[purl]) for purl in sorted(packages)],
        "files": [_patch(name, digests) for name, digests in _patches(given)]
        + [
            _file(place, digests, _comment(place, given, known))
            for place, digests in sorted(files.items())
        ],
        "relationships": list(_relationships(given, files, known)),
    }
    text = json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False)
    return text.encode() + b"\n"


def _files(archive: ImageArchive) -> Iterator[tuple[str, dict[str, str]]]:
    """The regular files of the layers, the upper ones in the place of the lower."""
    for layer in archive.layers:
        with tarfile.open(layer) as tar:
            for member in tar:
                stream = tar.extractfile(member) if member.isreg() else None
                if stream is not None:
                    yield member.name, _digests(stream.read())


def _patches(given: Ingredients) -> Iterator[tuple[str, dict[str, str]]]:
    for patch in given.series.patches:
        yield f"patches/{given.archive.release}/{patch.file_name}", _digests(patch.content)


def _digests(content: bytes) -> dict[str, str]:
    """SPDX demands a file's SHA-1; SHA-256 is what counts."""
    sha1 = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    return {"SHA1": sha1, "SHA256": hashlib.sha256(content).hexdigest()}


def _checksums(digests: dict[str, str]) -> list[dict[str, str]]:
    return [{"algorithm": name, "checksumValue": value} for name, value in sorted(digests.items())]


def _package(id_: str, name: str, version: str, purl: str | None, **more: Any) -> dict[str, Any]:
    reference = {
        "referenceCategory": "PACKAGE-MANAGER",
        "referenceType": "purl",
        "referenceLocator": purl,
    }
    return {
        "SPDXID": id_,
        "name": name,
        "versionInfo": version,
        "downloadLocation": _NONE,
        "filesAnalyzed": False,
        **({"externalRefs": [reference]} if purl else {}),
        **more,
    }


def _image(archive: ImageArchive) -> dict[str, Any]:
    return _package(
        _IMAGE,
        archive.reference.rpartition(":")[0],
        archive.reference.rpartition(":")[2],
        None,
        checksums=_checksums({"SHA256": archive.id.removeprefix("sha256:")}),
        primaryPackagePurpose="CONTAINER",
    )


def _systemd(given: Ingredients) -> dict[str, Any]:
    release, series = given.archive.release, given.archive.series_sha256
    commit = f", commit {given.commit}" if given.commit else ""
    patches = f"; with the series {series}" if series else "; without patches"
    return _package(
        _SYSTEMD,
        "systemd",
        release.version,
        f"pkg:generic/systemd@{release.version}",
        sourceInfo=f"upstream's {release.tag}, git tree {given.tree}{commit}{patches}",
    )


def _debian(package: DebianPackage) -> dict[str, Any]:
    return _package(
        _package_id(package),
        package.name,
        package.version,
        package.purl,
        supplier="Organization: Debian",
    )


def _file(place: str, digests: dict[str, str], comment: str) -> dict[str, Any]:
    return {
        "SPDXID": _file_id(place),
        "fileName": f"./{place}",
        "checksums": _checksums(digests),
        "comment": comment,
    }


def _patch(name: str, digests: dict[str, str]) -> dict[str, Any]:
    return {**_file(name, digests, "applied before the build"), "fileTypes": ["SOURCE", "TEXT"]}


def _comment(place: str, given: Ingredients, known: dict[Path, DebianPackage]) -> str:
    """Where a file comes from, in words."""
    if place in given.taken:
        owner = known.get(given.taken[place])
        from_ = f"Debian's {owner.name} {owner.version}" if owner else "an unknown package"
        return f"from {from_}: {given.taken[place]}"
    return "built from systemd" if place in given.built else "made by patchkit"


def _relationships(
    given: Ingredients, files: dict[str, Any], known: dict[Path, DebianPackage]
) -> Iterator[dict[str, str]]:
    yield _related("SPDXRef-DOCUMENT", "DESCRIBES", _IMAGE)
    for name, _ in _patches(given):
        yield _related(_file_id(name), "PATCH_FOR", _SYSTEMD)
    for place in sorted(files):
        yield _related(_IMAGE, "CONTAINS", _file_id(place))
        owner = known.get(given.taken[place]) if place in given.taken else None
        if owner is not None:
            yield _related(_package_id(owner), "CONTAINS", _file_id(place))
        elif place in given.built and place not in given.taken:
            yield _related(_file_id(place), "GENERATED_FROM", _SYSTEMD)


def _related(one: str, how: str, other: str) -> dict[str, str]:
    return {"spdxElementId": one, "relationshipType": how, "relatedSpdxElement": other}


def _file_id(place: str) -> str:
    return f"SPDXRef-File-{hashlib.sha256(place.encode()).hexdigest()[:32]}"


def _package_id(package: DebianPackage) -> str:
    return f"SPDXRef-deb-{hashlib.sha256(package.purl.encode()).hexdigest()[:32]}"
