"""Were the conditions those of an ordinary unprivileged container? Read inside, and from outside.

Sources: proc(5) for `/proc/PID/status` and `mountinfo`, capability.h for the numbers, the Docker
Engine API's `ContainerInspect` for the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from patchkit.verify.scenario import TMPFS_PLACES, Mounts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from patchkit.verify.scenario import RunOptions

CGROUP = "/sys/fs/cgroup"
CAP_SYS_ADMIN = 21
_SETS = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
_FILTER = 2

READ_INSIDE = ("/bin/sh", "-c", "cat /proc/1/status && echo '--' && cat /proc/self/mountinfo")
"""What is run inside to read the conditions: PID 1's status, and the mounts it lives with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """What a container's processes see.

    `cgroup_type` is the file system on `/sys/fs/cgroup`, None where nothing is mounted;
    capability sets are bit masks by the names that proc(5) has; `seccomp` is 2 for a filter.
    """

    cgroup_type: str | None
    cgroup_read_only: bool
    capabilities: Mapping[str, int]
    seccomp: int | None


def read_inside(text: str) -> Inside | None:
    """Read what `READ_INSIDE` printed; None when that is not it."""
    status, separator, mountinfo = text.replace("\r", "").partition("\n--\n")
    if not separator:
        return None
    values = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    try:
        capabilities = {name: int(values[name].strip(), 16) for name in _SETS}
        seccomp = int(values["Seccomp"]) if "Seccomp" in values else None
    except (KeyError, ValueError):
        return None
    kind, read_only = None, False
    for line in mountinfo.splitlines():  # a later mount lies on top of an earlier one
        fields, dash, rest = line.partition(" - ")
        words, behind = fields.split(), rest.split()
        if dash and len(words) >= 6 and len(behind) >= 3 and words[4] == CGROUP:
            kind = behind[0]
            read_only = "ro" in words[5].split(",") or "ro" in behind[2].split(",")
    return Inside(
        cgroup_type=kind, cgroup_read_only=read_only, capabilities=capabilities, seccomp=seccomp
    )


def inside_violations(inside: Inside, options: RunOptions) -> tuple[str, ...]:
    """What inside is not as it must be with these options: one sentence each."""
    found = []
    if inside.cgroup_type is None:
        found.append(f"nothing is mounted on {CGROUP}")
    elif inside.cgroup_type != "cgroup2":
        found.append(
            f"{CGROUP} is {inside.cgroup_type}, not cgroup2: the engine's host uses cgroup v1"
        )
    elif inside.cgroup_read_only == options.writable_cgroups:
        found.append(f"{CGROUP} is {'read-only' if inside.cgroup_read_only else 'writable'}")
    holding = [name for name, bits in inside.capabilities.items() if bits >> CAP_SYS_ADMIN & 1]
    if holding:
        found.append(f"PID 1 has CAP_SYS_ADMIN in {', '.join(holding)}")
    if inside.seccomp != _FILTER:
        found.append(f"no seccomp filter is on (Seccomp: {inside.seccomp})")
    return tuple(found)


def namespace_violations(inside: Inside, *, refused: bool) -> tuple[str, ...]:
    """What is not as the mount scenario wants it; `refused` tells whether a write was refused.

    Whether PID 1 has mounted the tree is for the scenario's checks to say.
    """
    if inside.cgroup_type is None or refused:
        return ()
    return (f"{CGROUP} can be written",)


def engine_violations(inspected: Mapping[str, Any], options: RunOptions) -> tuple[str, ...]:
    """What the engine was told beyond the scenario's options: one sentence each."""
    host, config = inspected.get("HostConfig") or {}, inspected.get("Config") or {}
    found = []

    def wants(name: str, value: object, *allowed: object) -> None:
        if (value or None) not in [item or None for item in allowed]:
            found.append(f"{name} is {value!r}, not {allowed[0]!r}")

    wants("Privileged", host.get("Privileged"), False)
    wants("CapAdd", host.get("CapAdd"), None)
    wants("CapDrop", _sorted(host.get("CapDrop")), _sorted(options.cap_drop))
    wants("SecurityOpt", _sorted(host.get("SecurityOpt")), _sorted(options.security_options))
    wants("CgroupnsMode", host.get("CgroupnsMode"), options.cgroupns or "private", options.cgroupns)
    wants("NetworkMode", host.get("NetworkMode"), *_networks(options.network))
    wants("ReadonlyRootfs", host.get("ReadonlyRootfs"), options.read_only)
    wants("IpcMode", host.get("IpcMode"), "private", "shareable", None)
    wants("Runtime", host.get("Runtime"), "runc", "crun", "oci", None)
    wants("Tmpfs", sorted(host.get("Tmpfs") or ()), _tmpfs(options))
    for name in (
        "PidMode", "UTSMode", "UsernsMode", "Init", "CgroupParent", "Binds", "Mounts", "Devices",
        "DeviceRequests", "DeviceCgroupRules", "VolumesFrom", "GroupAdd", "Sysctls", "Ulimits",
        "AutoRemove", "Links", "ExtraHosts",
    ):  # fmt: skip
        wants(name, host.get(name), None)
    found += [
        f"{name} is empty: the engine's protection of /proc and /sys is off"
        for name in ("MaskedPaths", "ReadonlyPaths")
        if name in host and not host[name]
    ]
    if inspected.get("AppArmorProfile") == "unconfined":
        found.append("AppArmor is off")
    wants("StopSignal", config.get("StopSignal"), None)
    wants("User", config.get("User"), None)
    wants("Tty", config.get("Tty"), options.tty)
    found += _mount_violations(inspected.get("Mounts") or [], config, options)
    return tuple(found)


def _mount_violations(
    mounts: Sequence[Mapping[str, Any]], config: Mapping[str, Any], options: RunOptions
) -> list[str]:
    """Only the image's own anonymous volumes and the declared tmpfs may be mounted."""
    declared = set(config.get("Volumes") or ()) | set(_tmpfs(options))
    return [
        f"{mount.get('Type')} is mounted on {mount.get('Destination')}"
        for mount in mounts
        if mount.get("Type") not in {"volume", "tmpfs"} or mount.get("Destination") not in declared
    ]


def _tmpfs(options: RunOptions) -> list[str]:
    return sorted(TMPFS_PLACES) if options.mounts is Mounts.TMPFS else []


def _networks(network: str | None) -> tuple[str, ...]:
    return (network,) if network else ("default", "bridge")


def _sorted(values: Sequence[str] | None) -> list[str]:
    return sorted(values or ())
