# A file in /etc, and settings that are for the image only.
{
  networking.hostName = "motd";

  environment.etc."motd".text = "This is an ordinary machine.\n";

  virtualisation.dockerVariant =
    { lib, ... }:
    {
      environment.etc."motd".text = lib.mkForce "This is a container.\n";
    };
}
