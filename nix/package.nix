# patchkit itself, from the source beside this file.
{ lib, python3Packages }:
let
  project = (lib.importTOML ../pyproject.toml).project;
  # "pygit2>=1.18" is python3Packages.pygit2.
  package = requirement: python3Packages.${lib.head (builtins.match "([A-Za-z0-9-]+).*" requirement)};
in
python3Packages.buildPythonApplication {
  pname = "patchkit";
  version = lib.head (
    builtins.match ''.*__version__ = "([^"]+)".*'' (builtins.readFile ../patchkit/__init__.py)
  );
  pyproject = true;

  src = lib.fileset.toSource {
    root = ../.;
    fileset = lib.fileset.unions [
      ../patchkit
      ../pyproject.toml
      ../README.md
    ];
  };

  build-system = [ python3Packages.hatchling ];
  dependencies = map package project.dependencies;
  # nixpkgs has one version of each; the lower bounds are what the tests ran with.
  pythonRelaxDeps = true;

  # The tests need git, Docker and upstream's sources: scripts/test runs them.
  doCheck = false;
  pythonImportsCheck = [ "patchkit.cli" ];

  meta = {
    inherit (project) description;
    license = lib.licenses.lgpl21Plus;
    mainProgram = "patchkit";
    platforms = lib.platforms.linux;
  };
}
