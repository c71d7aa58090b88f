# Gives every NixOS configuration `config.system.build.dockerImage`: the same system as an image
# for an ordinary, unprivileged Docker container. The base system is not modified: the image is
# a variant made with extendModules, as nixos/modules/virtualisation/build-vm.nix makes the VM.
{
  config,
  extendModules,
  lib,
  options,
  ...
}:
let
  inherit (lib) mkOption types;

  variant = extendModules {
    modules = [
      ./container.nix
      ./exit-with.nix
      ./image.nix
      (import ./nesting.nix { outer = options.virtualisation.dockerVariant.definitions; })
    ];
  };
in
{
  options.virtualisation = {
    dockerImage = {
      name = mkOption {
        type = types.strMatching "[a-z0-9]+([._/:-]+[a-z0-9]+)*";
        default =
          let
            host = lib.toLower config.networking.hostName;
          in
          if host == "" then "nixos-docker" else host;
        defaultText = lib.literalExpression ''the host name, or "nixos-docker" where there is none'';
        example = "registry.example.org/web";
        description = "The image's name.";
      };

      tag = mkOption {
        type = types.strMatching "[A-Za-z0-9_][A-Za-z0-9._-]{0,127}";
        default = "latest";
        description = "The image's tag.";
      };

      maxLayers = mkOption {
        # Docker's storage drivers take 127 layers at most; the last two are ours.
        type = types.ints.between 2 125;
        default = 125;
        description = "How many layers the image may have; store paths share them by popularity.";
      };

      extraContents = mkOption {
        type = types.listOf types.package;
        default = [ ];
        example = lib.literalExpression "[ pkgs.dockerTools.caCertificates ]";
        description = "Packages whose files are put at the image's root.";
      };

      includeNixDB = mkOption {
        type = types.bool;
        default = false;
        description = ''
          Whether to register the image's store paths in its Nix database, so that `nix` works
          inside and does not fetch again what is there.
        '';
      };

      journald = mkOption {
        type = types.enum [
          "none"
          "volatile"
          "persistent"
        ];
        default = "none";
        description = ''
          Where the journal is kept. With `none` there is no journal: services write to the
          container's output, which is what `docker logs` shows. `volatile` keeps it in /run,
          `persistent` in /var/log/journal, and `docker logs` has only what PID 1 says.
        '';
      };

      keepUnits = mkOption {
        type = types.listOf types.str;
        default = [ ];
        example = [ "systemd-logind.service" ];
        description = "Units that are not to be masked in the image though they usually are.";
      };

      stopTimeout = mkOption {
        type = types.ints.positive;
        default = 4;
        description = ''
          How many seconds a service without a timeout of its own may take to stop, and leftover
          processes to end. Docker kills a container 10 seconds after `docker stop`, so two of
          these must fit in there; give a longer one together with `docker stop -t`.
        '';
      };

      exitWith = mkOption {
        type = types.listOf (types.strMatching "[A-Za-z0-9:_.@\\-]+[.]service");
        default = [ ];
        example = [ "nginx.service" ];
        description = ''
          Services with whose end the container ends, with their exit status: when one of them
          ends, or fails and is not restarted any more. Without any, the container stays up
          whatever fails, and `systemctl is-system-running` says `degraded`.
        '';
      };

      systemdOverlay = mkOption {
        type = types.raw;
        default = import ../../overlays;
        defaultText = lib.literalExpression "import ./overlays";
        example = lib.literalExpression ''import ./overlays/pinned.nix { release = "262"; }'';
        description = ''
          The overlay whose `systemd` the image runs. Only that one package is taken from it, so
          nothing that merely depends on systemd is rebuilt.
        '';
      };

      config = mkOption {
        type = types.attrsOf types.anything;
        default = { };
        example = {
          ExposedPorts."80/tcp" = { };
        };
        description = "More of the image's OCI configuration; it goes over what is there.";
      };
    };

    dockerVariant = mkOption {
      inherit (variant) type;
      default = { };
      visible = "shallow";
      description = "Settings for the image only; the system itself goes without them.";
    };
  };

  config.system.build = {
    dockerImage = lib.mkDefault config.virtualisation.dockerVariant.system.build.dockerImage;
    dockerImageStream =
      lib.mkDefault config.virtualisation.dockerVariant.system.build.dockerImageStream;
  };

  # The options of the variant are the system's own: the manual need not evaluate them again.
  meta.buildDocsInSandbox = false;
}
