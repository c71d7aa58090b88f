# A virtual machine with Docker in it: the nginx image boots unprivileged, serves and stops.
{
  testers,
  images,
}:
testers.runNixOSTest {
  name = "patchkit-docker";

  nodes.machine = {
    virtualisation = {
      docker.enable = true;
      diskSize = 8192;
      memorySize = 2048;
    };
  };

  testScript = ''
    import json

    machine.wait_for_unit("docker.service")
    machine.succeed("docker load < ${images.nginx}", "docker load < ${images.hello}")
    machine.succeed("docker run -d --name web -p 8080:80 nginx:latest")

    with subtest("nothing was granted"):
        host = json.loads(machine.succeed("docker inspect web"))[0]["HostConfig"]
        assert not host["Privileged"], "privileged"
        assert not host["CapAdd"], f"added capabilities: {host['CapAdd']}"
        assert not host["SecurityOpt"], f"security options: {host['SecurityOpt']}"
        assert not host["Binds"], f"bind mounts: {host['Binds']}"

    with subtest("PID 1 is systemd, and everything came up"):
        machine.wait_until_succeeds(
            "docker exec web systemctl is-system-running --wait", timeout=60
        )
        assert machine.succeed("docker exec web cat /proc/1/comm").strip() == "systemd"
        failed = machine.succeed("docker exec web systemctl --failed --no-legend --plain")
        assert failed.strip() == "", failed

    with subtest("the cgroup tree is read-only"):
        mounts = machine.succeed("docker exec web cat /proc/self/mounts").splitlines()
        (cgroup,) = [line.split() for line in mounts if line.split()[1] == "/sys/fs/cgroup"]
        assert cgroup[2] == "cgroup2", cgroup
        assert "ro" in cgroup[3].split(","), cgroup
        machine.fail("docker exec web mkdir /sys/fs/cgroup/try")

    with subtest("a page is served"):
        page = machine.wait_until_succeeds("curl --fail --silent http://localhost:8080/", timeout=30)
        assert "unprivileged container" in page, page

    with subtest("docker stop powers it off"):
        machine.succeed("docker stop web")
        state = json.loads(machine.succeed("docker inspect web"))[0]["State"]
        assert state["ExitCode"] == 0, state

    with subtest("a container ends with its service"):
        said = machine.succeed("timeout 60 docker run --rm hello:latest")
        assert "Hello, world!" in said, said
  '';
}
