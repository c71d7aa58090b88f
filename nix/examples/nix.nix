# Nix inside, knowing the image's own store paths: docker exec … nix-store --query --requisites
{
  networking.hostName = "nix";

  nix.settings = {
    experimental-features = [
      "nix-command"
      "flakes"
    ];
    # Builds in a sandbox of their own need namespaces, which Docker's filter forbids.
    sandbox = false;
    filter-syscalls = false;
  };

  virtualisation.dockerImage.includeNixDB = true;
}
