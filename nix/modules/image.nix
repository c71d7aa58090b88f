# The image itself: layers of store paths, the few files at its root, and how Docker starts it.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.virtualisation.dockerImage;
  inherit (config.system.build) toplevel;

  # What has to be there before the system is activated. Links into the store keep the whole
  # closure in the image.
  root = pkgs.runCommand "docker-root" { } ''
    mkdir -p $out/sbin $out/nix/var/nix/profiles
    # The second stage: it activates the system (/etc, /run/current-system, users), then
    # becomes systemd.
    ln -s ${toplevel}/init $out/sbin/init
    # So that garbage collection and a later nixos-rebuild know what this system is.
    ln -s ${toplevel} $out/nix/var/nix/profiles/system-1-link
    ln -s system-1-link $out/nix/var/nix/profiles/system
  '';

  arguments = {
    inherit (cfg)
      name
      tag
      maxLayers
      includeNixDB
      ;
    contents = [ root ] ++ cfg.extraContents;

    # Folders that activation expects, and that Docker mounts on.
    extraCommands = ''
      mkdir -p dev etc proc root run sys tmp var
      chmod 1777 tmp
      chmod 0700 root
      # There but empty: not a first boot, and yet every container gets an id of its own.
      touch etc/machine-id
      # Recognised as NixOS by nixos-rebuild and by activation.
      touch etc/NIXOS
    '';

    config = lib.recursiveUpdate {
      # As a command, so that `docker run IMAGE COMMAND` can run something else.
      Cmd = [ "/sbin/init" ];
      Env = [
        "container=docker"
        "SYSTEMD_SECCOMP=0"
        # For `docker exec`; systemd gives services their own.
        "PATH=/run/current-system/sw/bin:/run/current-system/sw/sbin"
      ];
      # systemd needs a /run of its own and must not mount one. /tmp as a volume so that the
      # container also runs with --read-only.
      Volumes = {
        "/run" = { };
        "/tmp" = { };
      };
      # No StopSignal: Docker's SIGTERM powers the patched systemd off.
    } cfg.config;
  };
in
{
  system.build = {
    # An archive: docker load < result
    dockerImage = pkgs.dockerTools.buildLayeredImage arguments;
    # A script that writes the same archive: ./result | docker load
    dockerImageStream = pkgs.dockerTools.streamLayeredImage arguments;
  };
}
