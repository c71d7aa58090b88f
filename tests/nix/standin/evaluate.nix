# What the modules make of a configuration, as plain data. `library` is the folder of nixpkgs'
# lib; null takes the stand-in beside this file.
{
  library ? null,
  overlay ? ../../../overlays,
  configuration ? { },
}:
let
  lib = if library == null then import ./lib.nix else import library;
  pkgs = import ./pkgs.nix;

  evaluated = lib.evalModules {
    specialArgs = { inherit pkgs; };
    modules = [
      ./nixos.nix
      ../../../nix/modules
      { virtualisation.dockerImage.systemdOverlay = lib.mkDefault (import overlay); }
      (if builtins.isAttrs configuration || builtins.isFunction configuration then configuration else import configuration)
    ];
  };

  inherit (evaluated) config;
  inner = config.virtualisation.dockerVariant;
  failed = map (each: each.message) (builtins.filter (each: !each.assertion) inner.assertions);
in
{
  image = builtins.removeAttrs config.system.build.dockerImage [ "contents" ] // {
    root = builtins.head config.system.build.dockerImage.contents;
    extra = builtins.tail config.system.build.dockerImage.contents;
  };
  stream = config.system.build.dockerImageStream.kind;
  inherit failed;
  inherit (inner) warnings;
  outer = {
    inherit (config) fileSystems;
    isContainer = config.boot.isContainer or false;
    units = builtins.attrNames config.systemd.units;
    services = builtins.attrNames config.systemd.services;
    etc = builtins.mapAttrs (_: file: file.text or null) config.environment.etc;
  };
  inner = {
    inherit (inner)
      boot
      fileSystems
      swapDevices
      networking
      services
      ;
    etc = inner.environment.etc;
    masked = builtins.filter (name: !(inner.systemd.units.${name}.enable or true)) (
      builtins.attrNames inner.systemd.units
    );
    units = inner.systemd.services;
    slices = inner.systemd.slices;
    manager = inner.systemd.settings.Manager;
    systemd = {
      inherit (inner.systemd.package) version patches;
      patchkit = inner.systemd.package.passthru.patchkit or null;
    };
  };
}
