"""What a scenario's steps are carried out on: a container, however it is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from patchkit.errors import PatchkitError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class StepFailedError(PatchkitError):
    """A step could not be carried out, or did not end in time; the container is to blame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """Whether a container is up; `exit_code` is meant when it is not."""

    running: bool
    exit_code: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A command that ended inside: its exit code and what it wrote, both streams."""

    code: int
    output: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Whether the conditions inside could be read, and where they are not as they must be."""

    proven: bool
    violations: tuple[str, ...]


class Vessel(Protocol):
    """One container. Seconds are wall-clock; every call is bounded.

    A call raises `StepFailedError` when this container is to blame, and another `PatchkitError`
    when what runs the containers is.
    """

    def start(self) -> None:
        """Start it."""

    def await_init(self, timeout: float) -> None:
        """Wait until its PID 1 can be sent a signal, where that can be seen from here."""

    def run(self, argv: Sequence[str], *, timeout: float, user: str | None = None) -> Ran:
        """Run a command inside."""

    def enter(self, argv: Sequence[str]) -> None:
        """Start a command inside from outside, on a terminal, and leave it running."""

    def kill(self, signal: str) -> None:
        """Send a signal to PID 1 from outside."""

    def stop(self, grace: int) -> None:
        """SIGTERM, and SIGKILL after `grace` seconds."""

    def restart(self, grace: int) -> None:
        """Stop and start again."""

    def life(self) -> Life:
        """Whether it is up."""

    def ended(self, timeout: float) -> int | None:
        """Its exit code once it has ended; None when it has not in time."""

    def logs(self) -> str:
        """What it wrote from its start on."""

    def address(self, port: int) -> tuple[str, int]:
        """Where a published port is reached."""

    def prove(self) -> Proof:
        """Read the conditions that it is run in, from inside and from outside."""

    def keep(self, folder: Path) -> None:
        """Write what tells of it into `folder`."""

    def remove(self) -> None:
        """Remove it and all that it had."""
