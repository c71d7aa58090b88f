"""`patchkit image`: make a Docker image of a build, for `docker run` or as a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from patchkit.build.image import ImageArchive, make_archive, referred, write_archive
from patchkit.build.preflight import BUSYBOX, require
from patchkit.build.sandbox import INHERITED
from patchkit.build.sbom import ingredients, sbom
from patchkit.commands.build import add_build_arguments, build
from patchkit.console import Tone
from patchkit.errors import ExitCode, StorageError, UsageError
from patchkit.proc import SystemRunner
from patchkit.series.patch import Series
from patchkit.wholefile import whole_file
from patchkit.writeplan import atomic_write

if TYPE_CHECKING:
    import argparse

    from patchkit.build.image import ImageArchive
    from patchkit.build.plan import Built
    from patchkit.commands.invocation import Invocation
    from patchkit.upstream.sources import UpstreamTree
    from patchkit.workspace.lock import LockedRelease

_EXAMPLES = """\
examples:
  patchkit image v262                    into the Docker engine, as patchkit/systemd:v262-patched
  patchkit image v262 -o v262.tar        a file for `docker load -i v262.tar`
  patchkit image v262 -o v262.tar --sbom v262.spdx.json
  docker run -d patchkit/systemd:v262-patched
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageReport:
    """What `patchkit image --json` prints.

    `digest` names the image's content; `id` is as the engine has it, None for a file.
    """

    schema: str = "patchkit.image/1"
    release: str
    variant: str
    series_sha256: str | None
    reference: str
    digest: str
    id: str | None
    file: str | None
    bytes: int


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = _EXAMPLES
    add_build_arguments(parser)
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write a tarball instead")
    parser.add_argument(
        "--sbom", type=Path, metavar="FILE", help="write what went into it (SPDX 2.3 JSON)"
    )
    parser.add_argument("--tag", metavar="NAME[:TAG]", help="call the image so")


def run(arguments: argparse.Namespace, invocation: Invocation) -> ExitCode:
    """Build if need be, make the image, write it or load it."""
    runner, console = SystemRunner(allowed=INHERITED), invocation.console
    require([BUSYBOX], runner, doing="making an image")
    output: Path | None = arguments.output
    if output is not None and not output.parent.is_dir():
        raise UsageError(f"there is no folder {output.parent}", hint="make it first")
    if arguments.sbom is not None and not arguments.sbom.parent.is_dir():
        raise UsageError(f"there is no folder {arguments.sbom.parent}", hint="make it first")
    if arguments.sbom is not None and str(arguments.variant).startswith("without:"):
        raise UsageError("--sbom is for an image with all patches or with none")
    built = build(arguments, invocation)
    with console.progress(f"{built.release} {built.variant}: making the image"):
        archive = make_archive(built, runner)
        if arguments.tag:
            archive = referred(archive, _reference(arguments.tag))
        identity = None if output else _load(archive)
        if output:
            _write(archive, output)
        if arguments.sbom:
            _write_sbom(arguments, built, archive, invocation)
    report = ImageReport(
        release=built.release.tag,
        variant=str(built.variant),
        series_sha256=built.series_sha256,
        reference=archive.reference,
        digest=archive.id,
        id=identity,
        file=str(output) if output else None,
        bytes=sum(layer.stat().st_size for layer in archive.layers),
    )
    console.say(f"{archive.reference}: {report.bytes / 1e6:.1f} MB, {archive.id}", Tone.GOOD)
    console.say(f"  docker load -i {output}" if output else f"  docker run -d {archive.reference}")
    console.document(report)
    return ExitCode.DONE


def _write_sbom(
    arguments: argparse.Namespace, built: Built, archive: ImageArchive, invocation: Invocation
) -> None:
    """Write what went into an image."""
    workspace, place = invocation.workspace(), arguments.sbom
    config, series = workspace.config(), Series(())
    if built.series_sha256 is not None:
        series = workspace.series(built.release, config)
    tree: LockedRelease | UpstreamTree | None = workspace.lock().get(built.release)
    if tree is None:
        tree = invocation.upstream(config, arguments.upstream).tree(built.release)
    try:
        given = ingredients(built, archive, series=series, tree=tree.tree, commit=tree.commit)
        atomic_write(place, sbom(given))
    except OSError as error:
        raise StorageError.from_os_error(f"write {place}", error) from error


def _reference(text: str) -> str:
    return text if ":" in text.rpartition("/")[2] else f"{text}:latest"


def _load(archive: ImageArchive) -> str:
    from patchkit.engine.connection import Engine  # noqa: PLC0415 - a file needs no engine

    with Engine.connect() as engine:
        return engine.keep_image(archive)


def _write(archive: ImageArchive, output: Path) -> None:
    """Put the tarball in place whole or not at all."""
    try:
        with whole_file(output) as stream:
            write_archive(archive, stream)
    except OSError as error:
        raise StorageError.from_os_error(f"write {output}", error) from error
