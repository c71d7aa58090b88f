"""Running a program: the only place that spawns processes.

Programs get an argument list (never a shell), an allow-listed environment, a fixed locale and
nothing on standard input unless it is given.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from patchkit.errors import MissingToolError, PatchkitError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

_ALLOWED = ("PATH", "HOME", "TMPDIR", "TERM", "USER", "LOGNAME", "XDG_RUNTIME_DIR", "SSL_CERT_FILE")
"""What a child may inherit. GIT_*, tokens and the rest stay here."""

_GRACE = 5.0
"""How long a program may take to end when asked to, in seconds."""


class ProgramFailedError(PatchkitError):
    """A program ended with an error, by a signal, or not in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """A program that has ended. `stdout` and `stderr` are the bytes that it wrote."""

    argv: tuple[str, ...]
    returncode: int
    stdout: bytes
    stderr: bytes

    @property
    def text(self) -> str:
        """Standard output as text, undecodable bytes replaced."""
        return self.stdout.decode("utf-8", "replace")

    def check(self) -> Completed:
        """Return itself, or raise `ProgramFailedError` when the program did not end with 0."""
        if self.returncode == 0:
            return self
        how = (
            f"was killed by signal {-self.returncode}"
            if self.returncode < 0
            else f"ended with exit code {self.returncode}"
        )
        last = self.stderr.decode("utf-8", "replace").strip().splitlines()
        raise ProgramFailedError(
            f"{self.argv[0]} {how}" + (f": {last[-1]}" if last else ""),
            hint=f"the command was: {shlex.join(self.argv)}",
        )


class Runner(Protocol):
    """How a program is run; tests and `-v` put their own in its place."""

    def __call__(
        self,
        argv: Sequence[str],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: bytes | None = None,
        timeout: float = 60,
    ) -> Completed:
        """Run `argv` to its end; `env` is added to the allow-listed environment."""


class StreamingRunner(Runner, Protocol):
    """A runner that can also hand on a long-running program's lines as they come."""

    def stream(
        self,
        argv: Sequence[str],
        *,
        on_line: Callable[[str], None],
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float = 3600,
    ) -> int:
        """Run `argv` to its end and return its exit code; both its streams go to `on_line`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemRunner:
    """Runs programs on this machine."""

    allowed: tuple[str, ...] = field(default=_ALLOWED)

    def __call__(
        self,
        argv: Sequence[str],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: bytes | None = None,
        timeout: float = 60,
    ) -> Completed:
        """Run `argv` to its end.

        Raises `MissingToolError` when the program is not there and `ProgramFailedError` when it
        does not end within `timeout` seconds. An exit code is the caller's to judge.
        """
        try:
            done = subprocess.run(
                list(argv),
                cwd=cwd,
                env=self._environment(env),
                input=stdin if stdin is not None else b"",
                capture_output=True,
                timeout=timeout,
                check=False,
            )
        except FileNotFoundError as error:
            raise _not_here(argv) from error
        except subprocess.TimeoutExpired as error:
            raise ProgramFailedError(
                f"{argv[0]} did not end within {timeout:g} seconds",
                hint=f"the command was: {shlex.join(argv)}",
            ) from error
        return Completed(
            argv=tuple(argv), returncode=done.returncode, stdout=done.stdout, stderr=done.stderr
        )

    def stream(
        self,
        argv: Sequence[str],
        *,
        on_line: Callable[[str], None],
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float = 3600,
    ) -> int:
        """Run `argv` in a process group of its own, which ends with it, whatever happens.

        Lines come without their newline, undecodable bytes replaced. Raises as a call does, and
        whatever `on_line` raises.
        """
        try:
            process = subprocess.Popen(
                list(argv),
                cwd=cwd,
                env=self._environment(env),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except FileNotFoundError as error:
            raise _not_here(argv) from error
        late = threading.Event()

        def end() -> None:
            late.set()
            _end_group(process)

        timer = threading.Timer(timeout, end)
        timer.daemon = True
        timer.start()
        with process:  # closes the pipe
            try:
                for line in process.stdout or ():
                    on_line(line.decode("utf-8", "replace").rstrip("\r\n"))
                code = process.wait()
            except BaseException:
                _end_group(process)
                raise
            finally:
                timer.cancel()
        if late.is_set():
            raise ProgramFailedError(
                f"{argv[0]} did not end within {timeout:g} seconds",
                hint=f"the command was: {shlex.join(argv)}",
            )
        return code

    def _environment(self, added: Mapping[str, str] | None) -> dict[str, str]:
        inherited = {name: os.environ[name] for name in self.allowed if name in os.environ}
        return inherited | {"LC_ALL": "C.UTF-8", **(added or {})}


def _not_here(argv: Sequence[str]) -> MissingToolError:
    return MissingToolError(
        f"the program '{argv[0]}' is not on this machine",
        hint="`patchkit doctor` tells which package has it",
    )


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End a program and everything that it started: kindly first, then for good."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE)
