"""A scenario as a value: what is put into an image, how containers are run, what is to be seen."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import TypeAlias


class Mounts(StrEnum):
    """What a container is given to write to."""

    PLAIN = "plain"
    """Nothing: `docker run -d IMAGE`."""
    TMPFS = "tmpfs"
    """As image builders document it: `--tmpfs /run --tmpfs /run/lock --tmpfs /tmp`."""


TMPFS_PLACES = ("/run", "/run/lock", "/tmp")  # noqa: S108 - places in a container


class Need(StrEnum):
    """What the engine or the machine must offer for a run; absent, the run is not made."""

    WRITABLE_CGROUPS = "writable-cgroups"
    USERNS_REMAP = "userns-remap"
    PODMAN = "podman"
    NAMESPACE = "namespace"


class Place(StrEnum):
    """Where a scenario's containers live."""

    DOCKER = "docker"
    NAMESPACE = "namespace"
    """A user namespace of an ordinary user, with nothing on /sys/fs/cgroup."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How a container is run. The defaults are what a plain `docker run -d IMAGE` gives.

    `publish` are TCP ports. None and empty mean that the option is not given.
    """

    mounts: Mounts = Mounts.PLAIN
    tty: bool = False
    publish: tuple[int, ...] = ()
    read_only: bool = False
    cap_drop: tuple[str, ...] = ()
    cgroupns: str | None = None
    network: str | None = None
    no_new_privileges: bool = False
    writable_cgroups: bool = False

    @property
    def beyond_plain(self) -> tuple[str, ...]:
        """The options set here that an ordinary `docker run -d [-t] IMAGE` does not have."""
        ordinary = {"mounts", "tty", "publish"}
        return tuple(
            field.name
            for field in fields(self)
            if field.name not in ordinary and getattr(self, field.name) != field.default
        )

    @property
    def words(self) -> tuple[str, ...]:
        """The options as a person types them after `docker run -d`."""
        words: list[str] = ["-t"] if self.tty else []
        if self.mounts is Mounts.TMPFS:
            words += [word for place in TMPFS_PLACES for word in ("--tmpfs", place)]
        words += [word for port in self.publish for word in ("-p", f"127.0.0.1::{port}")]
        words += ["--read-only"] if self.read_only else []
        words += [word for name in self.cap_drop for word in ("--cap-drop", name)]
        words += [f"--cgroupns={self.cgroupns}"] if self.cgroupns else []
        words += [f"--network={self.network}"] if self.network else []
        words += [f"--security-opt={option}" for option in self.security_options]
        return tuple(words)

    @property
    def security_options(self) -> tuple[str, ...]:
        """The `--security-opt` values that belong to these options."""
        given = ["no-new-privileges"] if self.no_new_privileges else []
        return tuple(given + (["writable-cgroups=true"] if self.writable_cgroups else []))


# What a step does. Seconds are wall-clock.


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Wait until `systemctl is-system-running` gives one of `states`."""

    states: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exec:
    """Run a line of shell inside, once."""

    line: str
    user: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Enter:
    """`docker exec -dt`: start a line of shell on a terminal of its own and leave it running."""

    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Until:
    """Run a line of shell inside until it succeeds."""

    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """`docker stop`: SIGTERM, and SIGKILL after `grace` seconds."""

    grace: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """`docker kill -s SIGNAL`."""

    signal: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart:
    """`docker restart`, with `grace` seconds between SIGTERM and SIGKILL."""

    grace: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """Wait until the container has ended by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Get:
    """Fetch `path` from a published port over HTTP."""

    port: int
    path: str = "/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Let `seconds` go by."""

    seconds: float


Action: TypeAlias = Wait | Exec | Enter | Until | Stop | Kill | Restart | Ended | Get | Pause


@dataclass(frozen=True, slots=True, kw_only=True)
class Expect:
    """What is to be seen after a step. Patterns are searched for in every line (`re.MULTILINE`).

    `exits` are the exit codes that will do, of the command or (after stop and ended) of the
    container; None judges none. `says` and `lacks` look at the command's output, or at the
    page that was fetched; `logs`, `logs_lack` and `order` at the container's log from its
    start; `new_logs` at what was logged since the step began. `within` and `at_least` bound
    the step's seconds.
    """

    exits: frozenset[int] | None = None
    says: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    logs: tuple[str, ...] = ()
    new_logs: tuple[str, ...] = ()
    logs_lack: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    within: float | None = None
    at_least: float | None = None

    @property
    def reads_logs(self) -> bool:
        """Whether the container's log is wanted."""
        return bool(self.logs or self.new_logs or self.logs_lack or self.order)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing done, bounded by `timeout` seconds, and what is to be seen then.

    `time` files the step's seconds under a name; `record` files its output, which is told and
    not judged.
    """

    name: str
    action: Action
    expect: Expect
    timeout: float
    time: str | None = None
    record: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One container's life.

    The first step is `moment` seconds after the kernel has stopped to drop signals to PID 1, or,
    without one, as soon as it is started. With `survives`, PID 1 must answer after every step,
    and nothing in the log may tell of a crash.
    """

    name: str
    options: RunOptions
    steps: tuple[Step, ...]
    moment: float | None = None
    survives: bool = False
    needs: frozenset[Need] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtraFile:
    """A file put into the image. `mode` has the permission bits only."""

    path: str
    text: str
    mode: int = 0o644


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What one scenario file says.

    `units` are files by their names in `/etc/systemd/system`. A `matrix` scenario's containers
    may be run with options other than those of a plain `docker run`. The cases of a `control`
    scenario are what the stock build must fail in. A scenario that runs `alone` has the machine
    to itself, for the sake of its times.
    """

    name: str
    summary: str
    cases: tuple[Case, ...]
    units: tuple[tuple[str, str], ...] = ()
    files: tuple[ExtraFile, ...] = ()
    place: Place = Place.DOCKER
    matrix: bool = False
    control: bool = False
    alone: bool = False
