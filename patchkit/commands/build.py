"""`patchkit build`: build a release, stock, patched or without one patch."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from patchkit.build.builder import build_variant
from patchkit.build.plan import plan_build
from patchkit.build.preflight import build_needs, require
from patchkit.build.sandbox import INHERITED
from patchkit.build.variant import Variant
from patchkit.console import Tone
from patchkit.errors import ExitCode
from patchkit.proc import SystemRunner
from patchkit.releases import Release

if TYPE_CHECKING:
    import argparse

    from patchkit.build.plan import Built
    from patchkit.commands.invocation import Invocation

_EXAMPLES = """\
examples:
  patchkit build v262                             the release with its series
  patchkit build v262 --variant stock             as upstream has it
  patchkit build v262 --variant without:cgroup    to see what a patch is for

All variants of a release share one build folder in the cache: after the first, only what
a patch touches is compiled. [build] in patches/series.toml turns features on.
"""


class Builder(StrEnum):
    """What builds."""

    MESON = "meson"
    NIX = "nix"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    """What `patchkit build --json` prints; `seconds` is how long it took when it was built."""

    schema: str = "patchkit.build/1"
    release: str
    variant: str
    builder: Builder
    series_sha256: str | None
    inputs_sha256: str
    version: str
    prefix: str
    log: str
    seconds: float
    reused: bool


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = _EXAMPLES
    add_build_arguments(parser)
    parser.add_argument(
        "--builder",
        type=Builder,
        choices=tuple(Builder),
        default=Builder.MESON,
        help="meson builds here; nix builds nixpkgs' package through overlays/ (meson)",
    )


def add_build_arguments(parser: argparse.ArgumentParser) -> None:
    """What every command takes that builds."""
    parser.add_argument("release", metavar="RELEASE", help="v262, say")
    parser.add_argument(
        "--variant",
        default="patched",
        metavar="VARIANT",
        help="stock, patched or without:NAME (patched)",
    )
    parser.add_argument("--upstream", metavar="URL|PATH", help="take upstream's git from here")


def run(arguments: argparse.Namespace, invocation: Invocation) -> ExitCode:
    """Build, and tell where it is."""
    match arguments.builder:
        case Builder.MESON:
            built = build(arguments, invocation)
        case Builder.NIX:
            built = _build_with_nix(arguments, invocation)
    report = BuildReport(
        release=built.release.tag,
        variant=str(built.variant),
        builder=arguments.builder,
        series_sha256=built.series_sha256,
        inputs_sha256=built.inputs_sha256,
        version=built.version_text,
        prefix=str(built.prefix),
        log=str(built.log),
        seconds=built.seconds,
        reused=built.reused,
    )
    how = "as built before" if built.reused else f"built in {built.seconds:.0f} s"
    invocation.console.say(
        f"{built.release} {built.variant}: {built.version_text}, {how}", Tone.GOOD
    )
    invocation.console.say(f"  {built.prefix}")
    invocation.console.document(report)
    return ExitCode.DONE


def build(arguments: argparse.Namespace, invocation: Invocation) -> Built:
    """Build what the arguments of `add_build_arguments` name."""
    release, variant = Release.parse(arguments.release), Variant.parse(arguments.variant)
    workspace = invocation.workspace()
    config = workspace.config()
    runner = SystemRunner(allowed=INHERITED)
    require(build_needs(config.build), runner, doing="building")
    plan = plan_build(
        release,
        variant,
        workspace=workspace,
        upstream=invocation.upstream(config, arguments.upstream),
        cache=invocation.cache,
    )
    return build_variant(plan, console=invocation.console, runner=runner)


def _build_with_nix(arguments: argparse.Namespace, invocation: Invocation) -> Built:
    from patchkit.build import nix  # noqa: PLC0415 - the other builder

    release, variant = Release.parse(arguments.release), Variant.parse(arguments.variant)
    workspace = invocation.workspace()
    return nix.build_with_nix(
        release,
        variant,
        workspace.series(release, workspace.config()),
        overlays=workspace.root / "overlays",
        folder=invocation.cache / "builds" / release.tag / "variants" / variant.tag_text,
        console=invocation.console,
        runner=SystemRunner(allowed=nix.INHERITED),
    )
