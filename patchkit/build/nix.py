"""Build nixpkgs' systemd of a release through overlays/, where Nix and a network are at hand."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

from patchkit.build.failure import BuildError
from patchkit.build.plan import Built, digest
from patchkit.build.preflight import Need, NeedKind, require
from patchkit.build.sandbox import find_sandbox
from patchkit.build.variant import VariantKind
from patchkit.errors import InconsistentError, MissingToolError, PatchkitError

if TYPE_CHECKING:
    from patchkit.build.variant import Variant
    from patchkit.console import Console
    from patchkit.proc import StreamingRunner
    from patchkit.releases import Release
    from patchkit.series.patch import Series

INHERITED = (
    *("PATH", "HOME", "USER", "NIX_PATH", "NIX_REMOTE", "NIX_SSL_CERT_FILE", "NIX_CONFIG"),
    *("http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE", "TMPDIR"),
)
"""What Nix is told of the user's environment: where nixpkgs and the network are. What it builds
learns nothing of it."""

_NIX = Need(kind=NeedKind.PROGRAM, name="nix-build", package="nix-bin")
_CACHE = "https://cache.nixos.org"
_TIMEOUT = 6 * 3600

_EXPRESSION = """
{ overlays, version, dropped }:
let
  pinned = import (/. + overlays + "/pinned.nix") { release = version; };
  pkgs = import <nixpkgs> { overlays = [ pinned ]; };
  names = builtins.fromJSON dropped;
  kept = patch: !(builtins.elem (baseNameOf (toString patch)) names);
in
pkgs.systemd.overrideAttrs (old: { patches = builtins.filter kept old.patches; })
"""

_OFFLINE = re.compile(r"(unable to download|Could ?n[o']t resolve|error: .*timed out)", re.I)
_ERROR = re.compile(r"^error: (?P<text>.+)")


def require_nix(runner: StreamingRunner) -> None:
    """Raise `MissingToolError` for whatever keeps Nix from building here."""
    require([_NIX], runner, doing="building with Nix")
    found = runner(["nix-instantiate", "--find-file", "nixpkgs"], timeout=60)
    if found.returncode != 0:
        raise MissingToolError(
            "Nix does not know where nixpkgs is",
            hint="name a checkout or a channel: NIX_PATH=nixpkgs=/path/to/nixpkgs",
        )
    words = ["nix", "--extra-experimental-features", "nix-command", "store", "ping"]
    try:
        reached = runner([*words, "--store", _CACHE], timeout=30).returncode == 0
    except PatchkitError:
        reached = False
    if not reached:
        raise MissingToolError(
            f"Nix cannot reach its binary cache {_CACHE}, and would build everything from scratch",
            hint="build where there is a network, or here with --builder meson",
        )


def build_with_nix(
    release: Release,
    variant: Variant,
    series: Series,
    *,
    overlays: Path,
    folder: Path,
    console: Console,
    runner: StreamingRunner,
) -> Built:
    """Build nixpkgs' package with the release's source and the variant's patches.

    `folder` is where the log goes. Raises `MissingToolError`, `InconsistentError` when the
    overlay has not been rendered, `BuildError`.
    """
    require_nix(runner)
    if not (overlays / "pinned.nix").is_file():
        raise InconsistentError(
            f"there is no {overlays / 'pinned.nix'}", hint="render it: patchkit overlay"
        )
    folder.mkdir(parents=True, exist_ok=True)
    dropped = dropped_files(series, variant)
    argv = nix_command(release, dropped, overlays)
    log = folder / "nix.log"
    start = time.monotonic()
    said: list[str] = []
    with (
        console.progress(f"{release} {variant}: building with Nix"),
        log.open("w", encoding="utf-8", buffering=1) as stream,
    ):

        def take(line: str) -> None:
            stream.write(line + "\n")
            said.append(line)

        code = runner.stream(argv, on_line=take, timeout=_TIMEOUT)
    if code != 0:
        raise nix_failure(release, variant, said, log)
    out = Path(next(line for line in reversed(said) if line.startswith("/nix/store/")))
    apart = find_sandbox((), runner)
    asked = apart.wrap([str(out / "lib/systemd/systemd"), "--version"])
    version = runner(asked, timeout=30).check()
    return Built(
        release=release,
        variant=variant,
        series_sha256=None if variant.kind is VariantKind.STOCK else series.sha256,
        prefix=out,
        inputs_sha256=digest("nix", str(out)),
        version_text=version.text.partition("\n")[0],
        seconds=round(time.monotonic() - start, 2),
        log=log,
    )


def dropped_files(series: Series, variant: Variant) -> tuple[str, ...]:
    """The file names of the patches that a variant goes without."""
    match variant.kind:
        case VariantKind.STOCK:
            return tuple(patch.file_name for patch in series.patches)
        case VariantKind.PATCHED:
            return ()
        case VariantKind.WITHOUT:
            return tuple(p.file_name for p in series.patches if p.name == variant.without)


def nix_command(release: Release, dropped: tuple[str, ...], overlays: Path) -> tuple[str, ...]:
    """What is run; every value goes as an argument, none into the expression."""
    return (
        "nix-build",
        "--no-out-link",
        "--expr",
        _EXPRESSION,
        *("--argstr", "overlays", str(overlays.resolve())),
        *("--argstr", "version", release.version),
        *("--argstr", "dropped", json.dumps(dropped)),
    )


def nix_failure(release: Release, variant: Variant, said: list[str], log: Path) -> PatchkitError:
    """What to say of a `nix-build` that failed."""
    errors = [match["text"] for line in said if (match := _ERROR.match(line))]
    if any(_OFFLINE.search(line) for line in said):
        return MissingToolError(
            "Nix cannot download what the build needs",
            hint=f"build where there is a network, or with --builder meson; all output: {log}",
        )
    first = errors[0] if errors else "nix-build ended with an error"
    return BuildError(
        f"{release} {variant} does not build with Nix: {first}",
        hint=f"the whole output: {log}",
        blamed=None,
    )
