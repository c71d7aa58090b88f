# A user, and a service that runs as that user with a state folder.
{ pkgs, ... }:
{
  networking.hostName = "counter";

  users.users.counter = {
    isSystemUser = true;
    group = "counter";
  };
  users.groups.counter = { };

  systemd.services.counter = {
    wantedBy = [ "multi-user.target" ];
    serviceConfig = {
      User = "counter";
      StateDirectory = "counter";
      Restart = "always";
      ExecStart = pkgs.writeShellScript "counter" ''
        while :; do
          date >> /var/lib/counter/log
          sleep 60
        done
      '';
    };
  };
}
