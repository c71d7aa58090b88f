# A daemon of NixOS's own: docker run -d -p 8080:80 nginx
{ pkgs, ... }:
{
  networking.hostName = "nginx";

  services.nginx = {
    enable = true;
    virtualHosts.default = {
      default = true;
      root = pkgs.writeTextDir "index.html" "served from an unprivileged container\n";
    };
  };

  virtualisation.dockerImage.config.ExposedPorts."80/tcp" = { };
}
