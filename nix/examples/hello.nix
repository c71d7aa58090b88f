# The smallest: one service that says hello, and the container ends with it, with its status.
{ pkgs, ... }:
{
  networking.hostName = "hello";

  systemd.services.hello = {
    wantedBy = [ "multi-user.target" ];
    serviceConfig = {
      Type = "oneshot";
      ExecStart = "${pkgs.hello}/bin/hello";
    };
  };

  virtualisation.dockerImage.exitWith = [ "hello.service" ];
}
