# Work to be done once before a daemon starts and once after it is up.
{ pkgs, ... }:
{
  networking.hostName = "provision";

  services.postgresql.enable = true;

  systemd.services = {
    before-postgresql = {
      description = "Prepare what the database needs";
      requiredBy = [ "postgresql.service" ];
      before = [ "postgresql.service" ];
      serviceConfig = {
        Type = "oneshot";
        RemainAfterExit = true;
        ExecStart = "${pkgs.coreutils}/bin/install -d -m 0700 /var/lib/provision";
      };
    };

    after-postgresql = {
      description = "Fill the database";
      wantedBy = [ "multi-user.target" ];
      requires = [ "postgresql.service" ];
      after = [ "postgresql.service" ];
      path = [ pkgs.postgresql ];
      serviceConfig = {
        Type = "oneshot";
        RemainAfterExit = true;
        User = "postgres";
      };
      script = ''
        psql --command 'CREATE TABLE IF NOT EXISTS greeting (text text)'
      '';
    };
  };

  # The container is of no use without its database.
  virtualisation.dockerImage.exitWith = [ "postgresql.service" ];
}
