"""What a Docker engine is, from what it says of itself; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_RUNTIMES = ("runc", "crun", "oci runtime")


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineFacts:
    """What an engine is. `security` are its security options (`name=seccomp,profile=default`).

    `runtime` names what starts containers with its version (`runc 1.1.5`); `endpoint` is where
    the engine is reached; `writable_cgroups` tells whether it knows the option of that name.
    """

    name: str
    endpoint: str
    version: str
    api: str
    os: str
    kernel: str
    architecture: str
    runtime: str
    containerd: str
    cgroup_version: int
    cgroup_driver: str
    security: tuple[str, ...]
    storage_driver: str
    rootless: bool
    userns_remap: bool

    @property
    def runc(self) -> str:
        """The runtime's version alone."""
        return self.runtime.rpartition(" ")[2]

    @property
    def writable_cgroups(self) -> bool:
        """Whether `--security-opt writable-cgroups=true` is known: Docker 28 brought it."""
        major = self.version.partition(".")[0]
        return self.name == "docker" and major.isdigit() and int(major) >= 28

    @property
    def sentence(self) -> str:
        """It in one line."""
        extra = [word for word, has in (("rootless", self.rootless),) if has]
        extra += ["user namespaces"] if self.userns_remap else []
        return ", ".join(
            [
                f"{self.name} {self.version} (API {self.api}, {self.runtime}) at {self.endpoint}",
                f"kernel {self.kernel}",
                f"cgroup v{self.cgroup_version} by {self.cgroup_driver}",
                self.storage_driver,
                *extra,
            ]
        )


def read_facts(
    version: Mapping[str, Any], info: Mapping[str, Any], *, endpoint: str
) -> EngineFacts:
    """From the answers to `GET /version` and `GET /info` (Docker Engine API v1.41 and later)."""
    components = {
        str(item.get("Name", "")).lower(): str(item.get("Version", ""))
        for item in version.get("Components") or ()
    }
    runtime = next(
        ((n, v) for n, v in components.items() if n.startswith(_RUNTIMES)), ("unknown", "")
    )
    security = tuple(sorted(map(str, info.get("SecurityOptions") or ())))
    names = {option.partition(",")[0] for option in security}
    cgroup = str(info.get("CgroupVersion") or "1")
    return EngineFacts(
        name="podman" if any("podman" in name for name in components) else "docker",
        endpoint=endpoint,
        version=str(version.get("Version", "unknown")),
        api=str(version.get("ApiVersion", "unknown")),
        os=str(info.get("OperatingSystem", "unknown")),
        kernel=str(version.get("KernelVersion") or info.get("KernelVersion") or "unknown"),
        architecture=str(info.get("Architecture", "unknown")),
        runtime=" ".join(part for part in runtime if part),
        containerd=components.get("containerd", "none"),
        cgroup_version=int(cgroup) if cgroup.isdigit() else 1,
        cgroup_driver=str(info.get("CgroupDriver", "unknown")),
        security=security,
        storage_driver=str(info.get("Driver", "unknown")),
        rootless="name=rootless" in names,
        userns_remap="name=userns" in names,
    )
