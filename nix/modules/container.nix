# The settings of a system that runs in an ordinary Docker container: no privileges, a cgroup
# tree that cannot be written, a kernel and a network that are somebody else's.
{
  config,
  lib,
  options,
  pkgs,
  ...
}:
let
  inherit (lib) mkDefault mkForce;

  cfg = config.virtualisation.dockerImage;
  units = import ./units.nix;

  known = lib.concatLists (lib.attrValues units);
  unknown = lib.subtractLists known cfg.keepUnits;

  masked = lib.subtractLists cfg.keepUnits (
    lib.unique (
      units.hardware
      ++ units.mounts
      ++ units.networking
      ++ units.consoles
      ++ units.records
      ++ (if cfg.journald == "none" then units.journal else units.audit)
    )
  );

  # DefaultTimeoutStopSec= is also what systemd-shutdown grants to leftover processes.
  manager.DefaultTimeoutStopSec = "${toString cfg.stopTimeout}s";

  # system.conf as one attribute set came with NixOS 25.11; before that it was text.
  managerSettings =
    if options.systemd ? settings then
      { settings.Manager = manager; }
    else
      { extraConfig = lib.generators.toKeyValue { } manager; };

  # NixOS's second stage starts PID 1 with an environment that differs from release to release,
  # so what PID 1 must know is given to it at the last moment.
  start = pkgs.writeShellScript "docker-systemd" ''
    # Tells systemd that it is in a container, and in which kind. Set but empty means "in none".
    export container=docker
    # A filter of its own needs CAP_SYS_ADMIN or no-new-privileges; Docker's filter stays.
    export SYSTEMD_SECCOMP=0
    exec /run/current-system/systemd/lib/systemd/systemd "$@"
  '';
in
{
  boot = {
    # No kernel, no initrd, no modules; much of NixOS asks this.
    isContainer = true;

    # /proc, /sys, /dev, /run and the rest are mounted by Docker, and mounting is not allowed.
    specialFileSystems = mkForce { };

    # The read-only bind mount of the store needs CAP_SYS_ADMIN.
    nixStoreMountOpts = mkForce [ ];

    systemdExecutable = mkForce "${start}";

    # There is nothing to boot from. (isContainer has no loader; a base system may ask for one.)
    loader = {
      grub.enable = mkForce false;
      systemd-boot.enable = mkForce false;
      generic-extlinux-compatible.enable = mkForce false;
    };

    # These name devices and parameters of the base system's machine.
    kernel.sysctl = mkForce { };
    swraid.enable = mkForce false;
  };

  # Disks are the base system's; the container's root is an overlay that Docker mounted, and
  # its volumes are Docker's too.
  fileSystems = mkForce { };
  swapDevices = mkForce [ ];

  networking = {
    # The interface comes with its address, and resolv.conf with its name servers.
    useDHCP = mkForce false;
    useNetworkd = mkForce false;
    interfaces = mkForce { };
    dhcpcd.enable = mkForce false;
    networkmanager.enable = mkForce false;
    wireless.enable = mkForce false;
    resolvconf.enable = mkForce false;
    useHostResolvConf = mkForce false;

    # Netfilter needs CAP_NET_ADMIN; what is published is said with `docker run -p`.
    firewall.enable = mkForce false;
    nftables.enable = mkForce false;
  };

  # Docker mounts these three files over the image's: activation cannot put links in their
  # place, and must not.
  environment.etc = {
    hostname.enable = mkForce false;
    hosts.enable = mkForce false;
    "resolv.conf".enable = mkForce false;
  };

  # Docker sets the name (`docker run -h`); sethostname needs CAP_SYS_ADMIN.
  system.activationScripts.hostname = mkForce "";
  system.activationScripts.domain = mkForce "";

  # What /sbin/init starts after a switch of configuration inside the container: the system
  # that is current then, not the one of the image.
  system.activationScripts.dockerInit = ''
    mkdir -p /sbin
    ln -sfn "$systemConfig/init" /sbin/init
  '';

  services = {
    # Docker's name servers are in resolv.conf; a stub resolver would need them from elsewhere.
    resolved.enable = mkForce false;

    # The clock is the host's; setting it needs CAP_SYS_TIME.
    timesyncd.enable = mkForce false;

    # A cache for name services that nobody shares; without it, modules of NSS are not loaded.
    nscd.enable = mkForce false;

    # Devices are the host's.
    udev.enable = mkForce false;
    lvm.enable = mkForce false;

    journald.storage = lib.mkIf (cfg.journald != "none") (mkForce cfg.journald);
  };

  # Follows from nscd: NixOS refuses modules without it.
  system.nssModules = mkForce [ ];

  # Documentation is read elsewhere, and weighs more than many a service.
  documentation.enable = mkDefault false;

  systemd = {
    # The patched systemd, and nothing else from the overlay. As a default: a package that is
    # set on purpose is kept, with a warning if it carries no series.
    package = mkDefault (cfg.systemdOverlay pkgs pkgs).systemd;

    # It acts on cgroups, of which there are none to act on.
    oomd.enable = mkForce false;

    # No controller can be handed down in a tree that cannot be written: asking for none spares
    # the attempts, and their warnings, for units that ask for limits.
    slices."-".sliceConfig.DisableControllers = "cpu cpuset io memory pids";

    # Masked rather than left out, since other units pull them in.
    units = lib.genAttrs masked (_: { enable = mkForce false; });

    # An emergency shell would wait on a console that nobody has open.
    enableEmergencyMode = mkForce false;
  }
  // managerSettings;

  # A login prompt nobody sees.
  console.enable = mkForce false;

  # The microcode, firmware and power of the host.
  powerManagement.enable = mkForce false;
  hardware.enableAllFirmware = mkForce false;
  hardware.enableRedistributableFirmware = mkForce false;

  assertions = [
    {
      assertion = unknown == [ ];
      message = ''
        virtualisation.dockerImage.keepUnits names units that are not masked in the first place:
        ${lib.concatStringsSep ", " unknown}.
      '';
    }
  ];

  warnings = lib.optional (!(config.systemd.package ? patchkit)) ''
    systemd.package is set to a systemd without the patch series, so the image will boot only
    with a writable cgroup tree. Leave it unset, or take it from the overlay:
    systemd.package = (import ./overlays pkgs pkgs).systemd
  '';
}
