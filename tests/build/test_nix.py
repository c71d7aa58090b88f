from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from patchkit.build.failure import BuildError
from patchkit.build.nix import dropped_files, nix_command, nix_failure, require_nix
from patchkit.build.variant import PATCHED, STOCK, Variant
from patchkit.errors import MissingToolError
from patchkit.proc import SystemRunner
from patchkit.releases import Release
from patchkit.series.parse import parse_patch
from patchkit.series.patch import Series
from tests import builders
from tests.build.support import SERIES, TAG, project

if TYPE_CHECKING:
    from pathlib import Path

V = Release.parse(TAG)


@pytest.fixture
def series(tmp_path: Path) -> Series:
    repository = builders.upstream(tmp_path / "up.git", {TAG: project()})
    written = builders.written_series(repository, TAG, list(SERIES.values()))
    return Series(
        tuple(
            parse_patch(content, name=name.split("-")[1], file_name=name)
            for name, content in written.items()
        )
    )


def test_variants_drop_patches(series: Series) -> None:
    assert dropped_files(series, PATCHED) == ()
    assert dropped_files(series, STOCK) == ("0001-one-be-eleven.patch", "0002-two-be-twelve.patch")
    assert dropped_files(series, Variant.parse("without:two")) == ("0002-two-be-twelve.patch",)


def test_without_nix_it_is_told_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingToolError, match="'nix-build'") as raised:
        require_nix(SystemRunner())
    assert "apt-get install nix-bin" in (raised.value.hint or "")


@pytest.mark.nix
def test_without_nixpkgs_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIX_PATH", "nothing=/nonexistent")
    with pytest.raises(MissingToolError, match="where nixpkgs is"):
        require_nix(SystemRunner(allowed=("PATH", "HOME", "NIX_PATH")))


@pytest.mark.nix
def test_the_expression_takes_the_variant_through_the_overlay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Evaluated by Nix, with a nixpkgs that is one attribute set and an overlay that shows."""
    nixpkgs = tmp_path / "nixpkgs"
    nixpkgs.mkdir()
    (nixpkgs / "default.nix").write_text(
        "{ overlays }: let base.systemd = { patches = [ ./own.patch ]; seen = null;\n"
        "  overrideAttrs = f: base.systemd // f base.systemd; };\n"
        "  final = base // (builtins.head overlays) final base; in final\n"
    )
    overlays = tmp_path / "overlays"
    overlays.mkdir()
    (overlays / "pinned.nix").write_text(
        "{ release }: final: prev: { systemd = prev.systemd // rec { seen = release;\n"
        "  patches = prev.systemd.patches ++ [ ./0001-one.patch ./0002-two.patch ];\n"
        "  overrideAttrs = f: prev.systemd // { seen = release; inherit patches; }\n"
        "    // f { inherit patches; }; }; }\n"
    )
    monkeypatch.setenv("NIX_PATH", f"nixpkgs={nixpkgs}")
    argv = list(nix_command(V, ("0001-one.patch",), overlays))
    expression = argv[argv.index("--expr") + 1]
    arguments = argv[argv.index("--argstr") :]
    evaluated = SystemRunner(allowed=("PATH", "HOME", "NIX_PATH"))(
        [
            *("nix-instantiate", "--eval", "--strict", "--json", "--expr"),
            f"{{ arguments }}: let r = ({expression}) arguments; in"
            " { inherit (r) seen; patches = map (p: baseNameOf (toString p)) r.patches; }",
            *("--arg", "arguments", _set(arguments)),
        ]
    ).check()
    assert json.loads(evaluated.stdout) == {
        "seen": "300",
        "patches": ["own.patch", "0002-two.patch"],
    }


def _set(arguments: list[str]) -> str:
    """`--argstr a b …` as one attribute set."""
    names, values = arguments[1::3], arguments[2::3]
    pairs = zip(names, values, strict=True)
    return "{ " + " ".join(f"{n} = {json.dumps(v)};" for n, v in pairs) + " }"


def test_failures_are_told_apart(tmp_path: Path) -> None:
    log = tmp_path / "nix.log"
    offline = ["error: unable to download 'https://cache.nixos.org/x': Couldn't resolve host"]
    assert isinstance(nix_failure(V, PATCHED, offline, log), MissingToolError)
    broken = nix_failure(V, PATCHED, ["building", "error: builder for x failed"], log)
    assert isinstance(broken, BuildError)
    assert broken.message.endswith("builder for x failed")
