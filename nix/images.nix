# The predefined images: a NixOS system for each example that stands on its own.
{
  nixosSystem,
  module,
  system,
}:
let
  image =
    example:
    (nixosSystem {
      modules = [
        module
        example
        {
          nixpkgs.hostPlatform = system;
          # What NixOS asks of every system; an image is built anew, never upgraded in place.
          system.stateVersion = "26.05";
        }
      ];
    }).config.system.build.dockerImage;
in
{
  hello = image ./examples/hello.nix;
  nginx = image ./examples/nginx.nix;
  nix = image ./examples/nix.nix;
}
