{
  description = "systemd as PID 1 in unprivileged Docker containers: overlay, NixOS modules, images";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { self, nixpkgs }:
    let
      inherit (nixpkgs) lib;
      systems = [
        "x86_64-linux"
        "aarch64-linux"
      ];
      forEach = make: lib.genAttrs systems (system: make system nixpkgs.legacyPackages.${system});

      images =
        system:
        import ./nix/images.nix {
          inherit (lib) nixosSystem;
          module = self.nixosModules.default;
          inherit system;
        };
    in
    {
      overlays = {
        # The series for the systemd that nixpkgs has.
        default = import ./overlays;
        # The newest release that is supported, whatever nixpkgs has.
        pinned = import ./overlays/pinned.nix { };
      };

      nixosModules.default = ./nix/modules;

      packages = forEach (
        system: pkgs:
        let
          built = images system;
        in
        {
          # Only systemd is taken from the overlay: nothing that depends on it is rebuilt.
          inherit (self.overlays.default pkgs pkgs) systemd;
          systemd-pinned = (self.overlays.pinned pkgs pkgs).systemd;
          patchkit = pkgs.callPackage ./nix/package.nix { };
          image-hello = built.hello;
          image-nginx = built.nginx;
          image-nix = built.nix;
          default = built.nginx;
        }
      );

      checks = forEach (
        system: pkgs: {
          docker = pkgs.callPackage ./nix/checks/docker.nix { images = images system; };
          inherit (self.packages.${system}) patchkit;
        }
      );

      devShells = forEach (
        _: pkgs: {
          default = pkgs.mkShell {
            inputsFrom = [ self.packages.${pkgs.stdenv.hostPlatform.system}.patchkit ];
            packages = [
              pkgs.git
              pkgs.ruff
              pkgs.mypy
              pkgs.python3Packages.pytest
              pkgs.python3Packages.hypothesis
            ];
          };
        }
      );

      formatter = forEach (_: pkgs: pkgs.nixfmt-tree);
    };
}
