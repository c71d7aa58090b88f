"""Containers of a Docker engine, and the proof that they are run as an ordinary user would."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from patchkit.build.layer import FileSpec
from patchkit.engine.options import RunOptions as EngineOptions
from patchkit.errors import PatchkitError
from patchkit.verify.conditions import (
    READ_INSIDE,
    Inside,
    engine_violations,
    inside_violations,
    read_inside,
)
from patchkit.verify.listening import await_init
from patchkit.verify.scenario import TMPFS_PLACES, Mounts
from patchkit.verify.vessel import Life, Proof, Ran, StepFailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from patchkit.build.image import Image
    from patchkit.engine.connection import Container, Engine
    from patchkit.verify.scenario import Case, RunOptions

_UNIT_STATES = (
    "systemctl --no-pager --all list-units; systemctl --no-pager status '*';"
    " ps -o pid,ppid,stat,args"
)


@dataclass(slots=True)
class DockerVessel:
    """A container of the engine."""

    engine: Engine
    container: Container
    options: RunOptions
    witness: Callable[[], Inside | None]

    def start(self) -> None:
        """Start it."""
        try:
            self.engine.start(self.container)
        except PatchkitError as error:
            raise self._blamed(error) from error

    def await_init(self, timeout: float) -> None:
        """Wait until its PID 1 can be sent a signal, where that can be seen from here."""
        await_init(int((self._inspect().get("State") or {}).get("Pid") or 0), timeout=timeout)

    def run(self, argv: Sequence[str], *, timeout: float, user: str | None = None) -> Ran:
        """Run a command inside."""
        try:
            done = self.engine.exec(self.container, argv, timeout=timeout, user=user or "")
        except PatchkitError as error:
            raise self._blamed(error) from error
        output = (done.stdout + done.stderr).decode("utf-8", "replace")
        return Ran(code=done.exit_code, output=output)

    def enter(self, argv: Sequence[str]) -> None:
        """Start a command inside from outside, on a terminal, and leave it running."""
        try:
            self.engine.exec_detached(self.container, argv)
        except PatchkitError as error:
            raise self._blamed(error) from error

    def kill(self, signal: str) -> None:
        """Send a signal to PID 1 from outside."""
        try:
            self.engine.kill(self.container, _engine_signal(signal))
        except PatchkitError as error:
            raise self._blamed(error) from error

    def stop(self, grace: int) -> None:
        """SIGTERM, and SIGKILL after `grace` seconds."""
        try:
            self.engine.stop(self.container, timeout=grace)
        except PatchkitError as error:
            raise self._blamed(error) from error

    def restart(self, grace: int) -> None:
        """Stop and start again."""
        try:
            self.engine.restart(self.container, timeout=grace)
        except PatchkitError as error:
            raise self._blamed(error) from error

    def life(self) -> Life:
        """Whether it is up."""
        state = self._inspect().get("State") or {}
        running = bool(state.get("Running"))
        return Life(running=running, exit_code=None if running else state.get("ExitCode"))

    def ended(self, timeout: float) -> int | None:
        """Its exit code once it has ended; None when it has not in time."""
        return self.engine.wait(self.container, timeout=timeout)

    def logs(self) -> str:
        """What it wrote from its start on."""
        return self.engine.logs(self.container).decode("utf-8", "replace")

    def address(self, port: int) -> tuple[str, int]:
        """Where a published port is reached."""
        ports = (self._inspect().get("NetworkSettings") or {}).get("Ports") or {}
        for place in ports.get(f"{port}/tcp") or ():
            return place.get("HostIp") or "127.0.0.1", int(place["HostPort"])
        raise StepFailedError(f"the engine has not published port {port}")

    def prove(self) -> Proof:
        """Read the conditions: inside (in its twin, once it has ended), and from the engine."""
        told = engine_violations(self._inspect(), self.options)
        try:
            inside = read_inside(self.run(READ_INSIDE, timeout=10).output)
        except StepFailedError:
            inside = None
        inside = inside or self.witness()
        seen = inside_violations(inside, self.options) if inside else ()
        return Proof(proven=inside is not None, violations=told + seen)

    def keep(self, folder: Path) -> None:
        """Write the log, what the engine knows of it and its units' states into `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "log.txt").write_bytes(self.engine.logs(self.container))
        inspected = json.dumps(self._inspect(), indent=2, sort_keys=True)
        (folder / "inspect.json").write_text(inspected + "\n")
        try:
            states = self.run(("/bin/sh", "-c", _UNIT_STATES), timeout=10).output
        except StepFailedError as error:
            states = f"cannot be told: {error.message}\n"
        (folder / "units.txt").write_text(states)

    def remove(self) -> None:
        """Remove it, its volumes too."""
        self.engine.remove(self.container)

    def _inspect(self) -> dict[str, Any]:
        return self.engine.inspect(self.container)

    def _blamed(self, error: PatchkitError) -> PatchkitError:
        """This container's fault, where the engine itself still answers."""
        self._inspect()  # raises, when it is the engine that is gone
        return StepFailedError(error.message)


@dataclass(slots=True)
class DockerHarbour:
    """Makes the containers of one image, and the witness of every set of options."""

    engine: Engine
    image: Image
    init: str
    _witnesses: dict[RunOptions, Inside | None] = field(default_factory=dict)
    _witness_image: Image | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def vessel(self, case: Case) -> DockerVessel:
        """A container for a case, not yet started."""
        options = case.options
        return DockerVessel(
            engine=self.engine,
            container=self.engine.create(self.image, engine_options(options)),
            options=options,
            witness=lambda: self._witness(options),
        )

    def _witness(self, options: RunOptions) -> Inside | None:
        """What a process sees that is started in place of the init, all else being equal.

        A container that has ended cannot be asked any more; its twin can.
        """
        with self._lock:
            if options not in self._witnesses:
                self._witnesses[options] = self._ask_witness(options)
            return self._witnesses[options]

    def _ask_witness(self, options: RunOptions) -> Inside | None:
        if self._witness_image is None:
            script = f"#!/bin/sh\n{READ_INSIDE[-1]}\n"
            self._witness_image = self.engine.derive_image(
                self.image, {self.init: FileSpec.file(script, mode=0o755)}
            )
        container = self.engine.create(self._witness_image, engine_options(options))
        try:
            self.engine.start(container)
            self.engine.wait(container, timeout=15)
            if engine_violations(self.engine.inspect(container), options):
                return None
            return read_inside(self.engine.logs(container).decode("utf-8", "replace"))
        finally:
            self.engine.remove(container)


def _engine_signal(name: str) -> str:
    """A signal as any engine takes it: real-time ones by number, glibc's SIGRTMIN being 34."""
    return str(34 + int(name.removeprefix("RTMIN+"))) if name.startswith("RTMIN+") else name


def engine_options(options: RunOptions) -> EngineOptions:
    """A scenario's options as the engine takes them."""
    tmpfs = dict.fromkeys(TMPFS_PLACES, "") if options.mounts is Mounts.TMPFS else {}
    return EngineOptions(
        tty=options.tty,
        tmpfs=tmpfs,
        read_only=options.read_only,
        cap_drop=options.cap_drop,
        cgroupns=options.cgroupns,
        network=options.network,
        ports=options.publish,
        security=options.security_options,
    )
