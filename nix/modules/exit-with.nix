# The container ends with a service, and with its exit status.
{ config, lib, ... }:
let
  cfg = config.virtualisation.dockerImage;

  ending = {
    unitConfig = {
      # In a container, `exit` starts exit.target: other services are stopped in order, then
      # PID 1 exits with the status of the service's main process (systemd.unit(5),
      # SuccessActionExitStatus=), or 255 when a signal ended it.
      SuccessAction = "exit";
      FailureAction = "exit";
    };
    # Otherwise each restart passes through `failed` first, and the first failure would end the
    # container; so only the last one does, when the restarts are used up (systemd.service(5)).
    serviceConfig.RestartMode = lib.mkDefault "direct";
  };
in
{
  systemd.services = lib.listToAttrs (
    map (unit: lib.nameValuePair (lib.removeSuffix ".service" unit) ending) cfg.exitWith
  );
}
