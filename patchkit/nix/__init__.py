"""Nix without Nix: NAR hashes, the overlay that image builds import, what nixpkgs carries."""
