"""Every Nix file of the project is read by Nix."""

from __future__ import annotations

import pytest

from tests.nix import support

FILES = [
    support.ROOT / "flake.nix",
    *sorted(
        path
        for folder in ("nix", "overlays", "tests/nix/standin")
        for path in (support.ROOT / folder).rglob("*.nix")
    ),
]


@pytest.mark.nix
@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(support.ROOT)))
def test_it_parses(path: object) -> None:
    done = support.nix("nix-instantiate", "--parse", str(path))
    assert done.returncode == 0, done.stderr


def test_none_is_forgotten() -> None:
    names = {path.relative_to(support.ROOT).as_posix() for path in FILES}
    assert {"flake.nix", "overlays/default.nix", "nix/modules/default.nix"} <= names


@pytest.mark.nix
def test_the_flake_has_what_it_promises() -> None:
    """Its outputs by name, with a stand-in for nixpkgs; nothing is built."""
    lib = (
        "(import <standin/lib.nix>) // { genAttrs = names: make: builtins.listToAttrs "
        "(map (name: { inherit name; value = make name; }) names); }"
    ).replace("<standin/lib.nix>", str(support.STANDIN / "lib.nix"))
    outputs = support.evaluate(
        f"""
        let
          flake = import {support.ROOT}/flake.nix;
          pkgs = (import {support.STANDIN}/pkgs.nix) // {{ callPackage = _: _: "built"; }};
          legacyPackages = {{ x86_64-linux = pkgs; aarch64-linux = pkgs; }};
          nixpkgs = {{ inherit legacyPackages; lib = {lib}; }};
          self = flake.outputs {{ inherit self nixpkgs; }};
          names = builtins.mapAttrs (_: systems: builtins.attrNames systems.x86_64-linux);
        in
        {{
          overlays = builtins.attrNames self.overlays;
          module = builtins.pathExists (self.nixosModules.default + "/default.nix");
          inherit (names {{ inherit (self) packages checks devShells; }}) packages checks devShells;
          pinned = self.packages.x86_64-linux.systemd-pinned.version;
          patched = self.packages.x86_64-linux.systemd.passthru.patchkit.series;
        }}
        """
    )
    assert outputs["overlays"] == ["default", "pinned"]
    assert outputs["module"] is True
    assert {"systemd", "systemd-pinned", "patchkit", "image-nginx"} <= set(outputs["packages"])
    assert outputs["checks"] == ["docker", "patchkit"]
    assert outputs["devShells"] == ["default"]
    assert outputs["patched"] == "261.2"
    assert int(outputs["pinned"].split(".")[0]) >= 261
