"""Who made a container: names that tell, later and elsewhere, whether the maker still lives.

A name holds the machine, its boot, the PID namespace, the process and when that one started.
Only a process of this machine in this PID namespace can be judged; all others are left alone.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

_TEXT = re.compile(
    r"m(?P<machine>[0-9a-f]{12})-b(?P<boot>[0-9a-f]{12})-n(?P<space>\d+)"
    r"-p(?P<pid>\d+)-s(?P<started>\d+)"
)


class Fate(StrEnum):
    """What is known of an owner."""

    ALIVE = "alive"
    DEAD = "dead"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """A process. `machine` and `boot` are digests; `started` is in clock ticks since the boot."""

    machine: str
    boot: str
    space: int
    pid: int
    started: int

    @classmethod
    def myself(
        cls, proc: Path = Path("/proc"), machine_id: Path = Path("/etc/machine-id")
    ) -> Owner:
        """This process."""
        pid = os.getpid()
        return cls(
            machine=_digest(machine_id),
            boot=_digest(proc / "sys/kernel/random/boot_id"),
            space=(proc / "self/ns/pid").stat().st_ino,
            pid=pid,
            started=started(pid, proc) or 0,
        )

    @classmethod
    def parse(cls, text: str) -> Owner | None:
        """Read what `str` wrote; None for anything else."""
        match = _TEXT.fullmatch(text)
        if match is None:
            return None
        return cls(
            machine=match["machine"],
            boot=match["boot"],
            space=int(match["space"]),
            pid=int(match["pid"]),
            started=int(match["started"]),
        )

    def fate(self, observer: Owner, proc: Path = Path("/proc")) -> Fate:
        """Whether this owner lives, as `observer` (the process that asks) can tell."""
        if self.machine != observer.machine:
            return Fate.UNKNOWN
        if self.boot != observer.boot:
            return Fate.DEAD
        if self.space != observer.space:
            return Fate.UNKNOWN
        return Fate.ALIVE if started(self.pid, proc) == self.started else Fate.DEAD

    def __str__(self) -> str:
        """Safe in a label and in the name of an image."""
        return f"m{self.machine}-b{self.boot}-n{self.space}-p{self.pid}-s{self.started}"


def started(pid: int, proc: Path = Path("/proc")) -> int | None:
    """When a process started, in clock ticks since the boot (proc(5), stat, field 22)."""
    try:
        text = (proc / str(pid) / "stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None
    return int(text.rpartition(")")[2].split()[19])


def _digest(file: Path) -> str:
    try:
        content = file.read_bytes().strip()
    except OSError:
        content = b""
    return hashlib.sha256(content).hexdigest()[:12]
