"""The proof of the conditions: from inside, and from what the engine was told."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from patchkit.verify.conditions import (
    Inside,
    engine_violations,
    inside_violations,
    namespace_violations,
    read_inside,
)
from patchkit.verify.scenario import Mounts, RunOptions

STATUS = """Name:\tsystemd
CapInh:\t0000000000000000
CapPrm:\t00000000a80425fb
CapEff:\t00000000a80425fb
CapBnd:\t00000000a80425fb
CapAmb:\t0000000000000000
NoNewPrivs:\t0
Seccomp:\t2
Seccomp_filters:\t1
"""
MOUNTS = """611 516 0:59 / / rw,relatime master:262 - overlay overlay rw,lowerdir=/x
616 611 0:62 / /sys ro,nosuid,nodev,noexec,relatime - sysfs sysfs ro
617 616 0:29 / /sys/fs/cgroup ro,nosuid,nodev,noexec,relatime - cgroup2 cgroup rw
"""
INSPECTED: dict[str, Any] = {
    "AppArmorProfile": "",
    "HostConfig": {
        "Privileged": False, "CapAdd": None, "CapDrop": None, "SecurityOpt": None,
        "CgroupnsMode": "private", "NetworkMode": "default", "ReadonlyRootfs": False,
        "IpcMode": "private", "Runtime": "runc", "Binds": None, "Devices": [], "Ulimits": [],
        "PidMode": "", "UTSMode": "", "UsernsMode": "",
        "MaskedPaths": ["/proc/kcore"], "ReadonlyPaths": ["/proc/sys"],
    },
    "Config": {"Tty": False, "User": "", "Volumes": {"/run": {}}},
    "Mounts": [{"Type": "volume", "Destination": "/run"}],
}  # fmt: skip


def inside(status: str = STATUS, mounts: str = MOUNTS) -> Inside:
    found = read_inside(f"{status}--\n{mounts}")
    assert found is not None
    return found


def test_an_ordinary_container() -> None:
    assert inside_violations(inside(), RunOptions()) == ()
    assert engine_violations(INSPECTED, RunOptions()) == ()


def test_output_of_a_terminal_is_read_too() -> None:
    found = read_inside(f"{STATUS}--\n{MOUNTS}".replace("\n", "\r\n"))
    assert found == inside()


@pytest.mark.parametrize("text", ["", "--", "Name: x\n--\n", STATUS, "CapInh: zz\n--\n"])
def test_what_is_not_a_reading(text: str) -> None:
    assert read_inside(text) is None


@pytest.mark.parametrize("name", ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"])
def test_cap_sys_admin_in_any_set(name: str) -> None:
    lines = [
        f"{name}:\t0000000000200000" if line.startswith(name) else line
        for line in STATUS.splitlines()
    ]
    found = inside_violations(inside("\n".join(lines) + "\n"), RunOptions())
    assert found == (f"PID 1 has CAP_SYS_ADMIN in {name}",)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("cgroup ro,", "cgroup rw,", "/sys/fs/cgroup is writable"),
        ("- cgroup2 cgroup", "- tmpfs tmpfs", "/sys/fs/cgroup is tmpfs, not cgroup2"),
        ("/sys/fs/cgroup ", "/elsewhere ", "nothing is mounted on /sys/fs/cgroup"),
    ],
)
def test_another_tree(old: str, new: str, fault: str) -> None:
    (found,) = inside_violations(inside(mounts=MOUNTS.replace(old, new)), RunOptions())
    assert found.startswith(fault)


def test_what_was_mounted_last_counts() -> None:
    over = "618 617 0:29 / /sys/fs/cgroup rw,relatime - cgroup2 cgroup rw\n"
    assert inside_violations(inside(mounts=MOUNTS + over), RunOptions()) == (
        "/sys/fs/cgroup is writable",
    )


def test_no_seccomp() -> None:
    found = inside_violations(inside(STATUS.replace("Seccomp:\t2", "Seccomp:\t0")), RunOptions())
    assert found == ("no seccomp filter is on (Seccomp: 0)",)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Privileged", True), ("CapAdd", ["SYS_ADMIN"]), ("CapDrop", ["ALL"]),
        ("SecurityOpt", ["seccomp=unconfined"]), ("CgroupnsMode", "host"), ("PidMode", "host"),
        ("IpcMode", "host"), ("UTSMode", "host"), ("UsernsMode", "host"), ("Init", True),
        ("NetworkMode", "host"), ("ReadonlyRootfs", True), ("Binds", ["/a:/b"]),
        ("Mounts", [{"Type": "bind"}]), ("Devices", [{"PathOnHost": "/dev/fuse"}]),
        ("Tmpfs", {"/run": ""}), ("Sysctls", {"a": "b"}), ("Ulimits", [{"Name": "nofile"}]),
        ("MaskedPaths", []), ("ReadonlyPaths", []), ("CgroupParent", "/x"), ("GroupAdd", ["0"]),
        ("Runtime", "sysbox-runc"), ("VolumesFrom", ["x"]), ("DeviceCgroupRules", ["a"]),
    ],
)  # fmt: skip
def test_an_option_that_was_slipped_in(name: str, value: object) -> None:
    inspected = copy.deepcopy(INSPECTED)
    inspected["HostConfig"][name] = value
    (found,) = engine_violations(inspected, RunOptions())
    assert found.startswith(name)


@pytest.mark.parametrize(
    ("name", "value"), [("StopSignal", "SIGRTMIN+3"), ("Tty", True), ("User", "1")]
)
def test_an_image_that_helps_itself(name: str, value: object) -> None:
    inspected = copy.deepcopy(INSPECTED)
    inspected["Config"][name] = value
    (found,) = engine_violations(inspected, RunOptions())
    assert found.startswith(name)


@pytest.mark.parametrize("kind", ["bind", "volume", "tmpfs"])
def test_a_mount_that_was_not_declared(kind: str) -> None:
    inspected = copy.deepcopy(INSPECTED)
    inspected["Mounts"].append({"Type": kind, "Destination": "/sys/fs/cgroup"})
    assert engine_violations(inspected, RunOptions()) == (f"{kind} is mounted on /sys/fs/cgroup",)


def test_declared_options_are_no_violation() -> None:
    inspected = copy.deepcopy(INSPECTED)
    inspected["HostConfig"] |= {
        "ReadonlyRootfs": True,
        "CapDrop": ["ALL"],
        "CgroupnsMode": "host",
        "Tmpfs": {"/run": "", "/run/lock": "", "/tmp": ""},
        "SecurityOpt": ["no-new-privileges"],
        "NetworkMode": "none",
    }
    options = RunOptions(
        read_only=True, cap_drop=("ALL",), cgroupns="host", mounts=Mounts.TMPFS,
        no_new_privileges=True, network="none",
    )  # fmt: skip
    assert engine_violations(inspected, options) == ()
    assert len(engine_violations(inspected, RunOptions())) == 6


def test_writable_cgroups_are_wanted_where_they_are_declared() -> None:
    wanted = RunOptions(writable_cgroups=True)
    assert inside_violations(inside(), wanted) == ("/sys/fs/cgroup is read-only",)
    assert (
        inside_violations(inside(mounts=MOUNTS.replace("cgroup ro,", "cgroup rw,")), wanted) == ()
    )


def test_a_namespace() -> None:
    assert namespace_violations(inside(), refused=True) == ()
    assert namespace_violations(inside(), refused=False) == ("/sys/fs/cgroup can be written",)
    bare = inside(mounts="611 516 0:59 / / rw,relatime - overlay overlay rw\n")
    assert namespace_violations(bare, refused=False) == ()
