"""Derivations of systemd with nixpkgs' shape, written for the tests."""

from __future__ import annotations

FOLDER = "pkgs/os-specific/linux/systemd"

DERIVATION = """\
{{
  stdenv,
  lib,
  fetchFromGitHub,
  fetchpatch2,
  fetchzip,
  withThing ? true,
  # the package's name
  pname ? "systemd",
}}:

assert withThing -> stdenv.hostPlatform.isLinux;
let
  wantCurl = withThing;
  releaseTimestamp = "1782000000";
in
stdenv.mkDerivation (finalAttrs: {{
  inherit pname;
  version = "{version}";

  src = fetchFromGitHub {{
    owner = "systemd";
    repo = "systemd";
    rev = "v${{finalAttrs.version}}";
    hash = "sha256-6IB1ZEQqQ0impwBhCaLZAEgMVkVFU61JDVlGotxNzGQ=";
  }};

  # patches = [ ./not-this.patch ];
  /* nor = [ this ] */
  patches = [
{patches}
  ]
{conditional};

  postPatch = ''
    substituteInPlace src/basic/path-util.h \\
      --replace-fail "@defaultPathNormal@" "${{placeholder "out"}}/bin/"
    echo ''${{not}} '''quoted''' ''\\n
  ''
  + lib.optionalString withThing ''
    patches = [ nor this ];
  '';

  mesonFlags = [
    (lib.mesonOption "version-tag" finalAttrs.version)
  ];
}})
"""

CONDITIONAL = """\
  ++ lib.optionals (stdenv.hostPlatform.isLinux && stdenv.hostPlatform.isGnu) [
    ./0003-gnu.patch
  ]
  ++ lib.optionals stdenv.hostPlatform.isMusl (
    let
      musl-patches = fetchzip { url = "https://example.org/${finalAttrs.version}/x.tar.gz"; };
    in
    [
      (musl-patches + "/0001-musl.patch")
    ]
  )
  ++ lib.optional withThing ./0004-thing.patch
  ++ [
    (fetchpatch2 {
      url = "https://example.org/0005-fetched.patch?full_index=1";
      hash = "";
    })
  ]"""


def derivation(version: str = "261.2", *patches: str, conditional: str = "") -> str:
    """nixpkgs' `default.nix` for a version with patches of its own."""
    listed = "\n".join(f"    ./{name}" for name in patches)
    return DERIVATION.format(version=version, patches=listed, conditional=conditional)
