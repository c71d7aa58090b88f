"""The image of what was built: its configuration, its layers, and the tarball for `docker load`."""

from __future__ import annotations

import hashlib
import io
import json
import platform
import tarfile
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from patchkit import __version__
from patchkit.build.builder import is_current
from patchkit.build.layer import EPOCH, FileSpec, diff_id, tar_bytes
from patchkit.build.rootfs import root_files
from patchkit.errors import BusyError, StorageError
from patchkit.writeplan import atomic_write

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import IO

    from patchkit.build.plan import Built
    from patchkit.build.variant import Variant
    from patchkit.proc import Runner
    from patchkit.releases import Release

LABEL = "org.patchkit."
"""What the names of patchkit's labels begin with."""

REPOSITORY = "patchkit/systemd"
"""What images are called; the tag is the release and the variant."""

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "riscv64": "riscv64"}
"""The kernel's name of a machine, and Go's, which images use (GOARCH)."""

_LAYER_AGE = 24 * 3600
"""For how long, in seconds, an image's layer is kept after another has taken its place."""

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageArchive:
    """An image on disk, not yet in any engine.

    `layers` are uncompressed tarballs, lowest first; `config` is the OCI image configuration
    as the bytes that name it; `id` is their digest (`sha256:…`).
    """

    release: Release
    variant: Variant
    series_sha256: str | None
    reference: str
    config: bytes
    layers: tuple[Path, ...]
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image that an engine has. `id` is as the engine names it (`sha256:…`).

    `digest` is the digest of the image's configuration: the same for the same inputs,
    whatever the engine. `archive` is what it was loaded from.
    """

    id: str
    reference: str
    release: Release
    variant: Variant
    digest: str
    archive: ImageArchive


def make_archive(built: Built, runner: Runner) -> ImageArchive:
    """Make the image of a build beside it, in the cache.

    Raises `MissingToolError` when busybox is not there, `BusyError` when the build is no longer
    what the cache holds, `StorageError`.
    """
    folder = built.prefix.parent / "image"
    try:
        files = root_files(built, runner)
    except OSError as error:
        if not is_current(built):
            raise _overtaken(built) from error
        raise StorageError.from_os_error(f"read {built.prefix}", error) from error
    if not is_current(built):
        raise _overtaken(built)
    try:
        layer = _layer(tar_bytes(files), folder)
        _forget_old_layers(folder, layer)
        return archive_of(
            release=built.release,
            variant=built.variant,
            series_sha256=built.series_sha256,
            reference=f"{REPOSITORY}:{built.release.tag}-{built.variant.tag_text}",
            layers=(layer,),
        )
    except OSError as error:
        raise StorageError.from_os_error(f"make the image in {folder}", error) from error


def _overtaken(built: Built) -> BusyError:
    return BusyError(
        f"another patchkit built {built.release} {built.variant} anew while its image was made",
        hint="run it again; give each patch repository a cache of its own (--cache) to avoid this",
    )


def _forget_old_layers(folder: Path, current: Path) -> None:
    """Remove layers that no run can be using any more."""
    for other in folder.glob("*.tar"):
        if other != current and time.time() - other.stat().st_mtime > _LAYER_AGE:
            other.unlink(missing_ok=True)


def derived(base: ImageArchive, files: Mapping[str, FileSpec], folder: Path) -> ImageArchive:
    """The image with one more layer of files, kept in `folder`; it has no reference of its own.

    Raises `UsageError` for a path that leads out, `StorageError`.
    """
    try:
        layer = _layer(tar_bytes(files, below=base.layers), folder)
        return archive_of(
            release=base.release,
            variant=base.variant,
            series_sha256=base.series_sha256,
            reference=base.reference,
            layers=(*base.layers, layer),
        )
    except OSError as error:
        raise StorageError.from_os_error(f"make an image in {folder}", error) from error


def referred(archive: ImageArchive, reference: str) -> ImageArchive:
    """The same image under another name."""
    return replace(archive, reference=reference)


def write_archive(archive: ImageArchive, stream: IO[bytes]) -> None:
    """Write the tarball that `docker load` takes (Docker image specification v1.2).

    Raises `OSError`.
    """
    name = archive.id.removeprefix("sha256:")
    layers = [f"{diff_id(layer).removeprefix('sha256:')}/layer.tar" for layer in archive.layers]
    manifest = [{"Config": f"{name}.json", "RepoTags": [archive.reference], "Layers": layers}]
    with tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        _add(tar, "manifest.json", json.dumps(manifest, sort_keys=True).encode())
        _add(tar, f"{name}.json", archive.config)
        for path, layer in dict(zip(layers, archive.layers, strict=True)).items():
            with layer.open("rb") as content:
                header = _header(path, layer.stat().st_size)
                tar.addfile(header, content)


def archive_of(
    *,
    release: Release,
    variant: Variant,
    series_sha256: str | None,
    reference: str,
    layers: tuple[Path, ...],
) -> ImageArchive:
    """The image that these layers make, with patchkit's configuration. Raises `OSError`."""
    labels = {
        "release": release.tag,
        "variant": str(variant),
        "series": series_sha256 or "",
        "version": __version__,
    }
    config = _config(labels, [diff_id(layer) for layer in layers])
    return ImageArchive(
        release=release,
        variant=variant,
        series_sha256=series_sha256,
        reference=reference,
        config=config,
        layers=layers,
        id="sha256:" + hashlib.sha256(config).hexdigest(),
    )


def _config(labels: Mapping[str, str], diff_ids: list[str]) -> bytes:
    """The OCI image configuration, as a person's image would have it: no stop signal, no user."""
    created = datetime.fromtimestamp(EPOCH, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    document: dict[str, Any] = {
        "architecture": _ARCHITECTURES.get(platform.machine(), platform.machine()),
        "os": "linux",
        "created": created,
        "config": {
            "Env": [f"PATH={_PATH}", "container=docker"],
            "Cmd": ["/usr/sbin/init"],
            "Volumes": {"/run": {}},
            "Labels": {f"{LABEL}{name}": value for name, value in labels.items()},
        },
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
        "history": [
            {"created": created, "created_by": "patchkit", "comment": f"layer {number + 1}"}
            for number in range(len(diff_ids))
        ],
    }
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def _layer(content: bytes, folder: Path) -> Path:
    """Keep a layer under its digest; what is there already is the same."""
    place = folder / f"{hashlib.sha256(content).hexdigest()}.tar"
    if not place.exists():
        atomic_write(place, content)
    return place


def _header(name: str, size: int) -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)
    header.size, header.mtime, header.mode = size, EPOCH, 0o644
    return header


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    tar.addfile(_header(name, len(content)), io.BytesIO(content))
