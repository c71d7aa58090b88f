"""How a container is to be run, and what the engine is told for it; pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What `docker run -d` is given beside the image; the defaults are a plain `docker run -d`.

    `tmpfs` maps paths to mount options (may be empty); `ports` are container ports (`8080`)
    to publish on a free port of loopback; None everywhere leaves the engine's default.
    """

    name: str | None = None
    command: tuple[str, ...] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    tty: bool = False
    stdin_open: bool = False
    tmpfs: Mapping[str, str] = field(default_factory=dict)
    read_only: bool = False
    cap_drop: tuple[str, ...] = ()
    cgroupns: str | None = None
    userns: str | None = None
    network: str | None = None
    hostname: str | None = None
    ports: tuple[int, ...] = ()
    security: tuple[str, ...] = ()
    binds: tuple[str, ...] = ()


def container_config(image: str, options: RunOptions, labels: Mapping[str, str]) -> dict[str, Any]:
    """The body of `POST /containers/create`, with nothing in it that was not asked for."""
    ports = [f"{port}/tcp" for port in options.ports]
    host = {
        "Tmpfs": dict(options.tmpfs),
        "ReadonlyRootfs": options.read_only,
        "CapDrop": list(options.cap_drop),
        "CgroupnsMode": options.cgroupns,
        "UsernsMode": options.userns,
        "NetworkMode": options.network,
        "SecurityOpt": list(options.security),
        "Binds": list(options.binds),
        "PortBindings": {port: [{"HostIp": "127.0.0.1", "HostPort": ""}] for port in ports},
    }
    config: dict[str, Any] = {
        "Cmd": list(options.command) if options.command is not None else None,
        "Env": [f"{name}={value}" for name, value in options.environment.items()],
        "Tty": options.tty,
        "OpenStdin": options.stdin_open,
        "Hostname": options.hostname,
        "ExposedPorts": {port: {} for port in ports},
        "HostConfig": {name: value for name, value in host.items() if value},
    }
    asked = {name: value for name, value in config.items() if value or name == "HostConfig"}
    return {"Image": image, "Labels": dict(labels), **asked}
