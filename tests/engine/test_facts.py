from __future__ import annotations

from patchkit.engine.facts import read_facts
from patchkit.engine.options import RunOptions, container_config
from patchkit.engine.session import Streams, split_streams

VERSION = {
    "Version": "28.1.0",
    "ApiVersion": "1.49",
    "KernelVersion": "6.18.1",
    "Components": [
        {"Name": "Engine", "Version": "28.1.0"},
        {"Name": "containerd", "Version": "1.7.27"},
        {"Name": "runc", "Version": "1.2.5"},
    ],
}
INFO = {
    "CgroupVersion": "2",
    "CgroupDriver": "systemd",
    "SecurityOptions": ["name=userns", "name=seccomp,profile=builtin", "name=rootless"],
    "Driver": "overlay2",
    "OperatingSystem": "Debian",
    "Architecture": "x86_64",
}


def test_docker() -> None:
    facts = read_facts(VERSION, INFO, endpoint="unix:///x")
    assert (facts.name, facts.runtime, facts.runc) == ("docker", "runc 1.2.5", "1.2.5")
    assert (facts.cgroup_version, facts.rootless, facts.userns_remap) == (2, True, True)
    assert facts.writable_cgroups
    assert facts.sentence.startswith("docker 28.1.0 (API 1.49, runc 1.2.5) at unix:///x, kernel")


def test_podman_and_an_engine_of_few_words() -> None:
    components = [{"Name": "Podman Engine"}, {"Name": "OCI Runtime (crun)", "Version": "1.9"}]
    facts = read_facts({**VERSION, "Components": components}, INFO, endpoint="e")
    assert (facts.name, facts.runtime) == ("podman", "oci runtime (crun) 1.9")
    assert not facts.writable_cgroups
    few = read_facts({}, {}, endpoint="e")
    assert (few.cgroup_version, few.version, few.security) == (1, "unknown", ())


def test_a_plain_run_asks_for_nothing() -> None:
    assert container_config("sha256:1", RunOptions(), {"l": "v"}) == {
        "Image": "sha256:1",
        "Labels": {"l": "v"},
        "HostConfig": {},
    }


def test_every_option() -> None:
    options = RunOptions(
        command=("a", "b"),
        environment={"E": "1"},
        tty=True,
        stdin_open=True,
        tmpfs={"/run": ""},
        read_only=True,
        cap_drop=("ALL",),
        cgroupns="host",
        userns="host",
        network="none",
        hostname="h",
        ports=(80,),
        security=("no-new-privileges",),
        binds=("/a:/b:ro",),
    )
    config = container_config("i", options, {})
    assert config["Cmd"] == ["a", "b"]
    assert config["Env"] == ["E=1"]
    assert config["ExposedPorts"] == {"80/tcp": {}}
    assert config["HostConfig"] == {
        "Tmpfs": {"/run": ""},
        "ReadonlyRootfs": True,
        "CapDrop": ["ALL"],
        "CgroupnsMode": "host",
        "UsernsMode": "host",
        "NetworkMode": "none",
        "SecurityOpt": ["no-new-privileges"],
        "Binds": ["/a:/b:ro"],
        "PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}]},
    }


def test_streams_are_taken_apart() -> None:
    received = b"\1\0\0\0\0\0\0\2ab\2\0\0\0\0\0\0\1!\1\0\0\0\0\0\0\1c\1\0\0\0\0\0\0\5cut"
    assert split_streams(received) == Streams(stdout=b"abccut", stderr=b"!")
    assert split_streams(b"") == Streams(stdout=b"", stderr=b"")
