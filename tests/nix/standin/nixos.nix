# Stands in for NixOS where only the module system is at hand: the options that the modules under
# nix/modules set, without what NixOS makes of them.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  tree = mkOption {
    type = types.lazyAttrsOf types.anything;
    default = { };
  };
in
{
  options = {
    assertions = mkOption {
      type = types.listOf types.anything;
      default = [ ];
    };
    warnings = mkOption {
      type = types.listOf types.str;
      default = [ ];
    };
    boot = tree;
    console = tree;
    documentation = tree;
    environment.etc = tree;
    fileSystems = tree;
    hardware = tree;
    meta = tree;
    networking = {
      hostName = mkOption {
        type = types.str;
        default = "nixos";
      };
      useDHCP = mkOption { type = types.bool; };
      useNetworkd = mkOption { type = types.bool; };
      useHostResolvConf = mkOption { type = types.bool; };
      interfaces = tree;
      dhcpcd = tree;
      networkmanager = tree;
      wireless = tree;
      resolvconf = tree;
      firewall = tree;
      nftables = tree;
    };
    nix = tree;
    powerManagement = tree;
    services = tree;
    swapDevices = mkOption {
      type = types.listOf types.anything;
      default = [ ];
    };
    system = {
      activationScripts = tree;
      build = mkOption {
        type = types.lazyAttrsOf types.raw;
        default = { };
      };
      nssModules = mkOption {
        type = types.listOf types.anything;
        default = [ ];
      };
    };
    systemd = {
      enableEmergencyMode = mkOption { type = types.bool; };
      oomd = tree;
      package = mkOption { type = types.raw; };
      services = tree;
      settings.Manager = tree;
      slices = tree;
      units = tree;
    };
    users = tree;
  };

  config.system.build.toplevel = "/toplevel-of-${config.networking.hostName}";
}
