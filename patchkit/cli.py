"""The program's start, and the one place where errors end."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from patchkit import __version__
from patchkit.errors import ErrorDocument, ExitCode, PatchkitError, StorageError
from patchkit.parser import COMMANDS, build_parser, command

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from types import FrameType

    from patchkit.console import Console


class _Interruption:
    """Ctrl-C while it lasts: raises `KeyboardInterrupt` as ever, and remembers that it came.

    libgit2 turns an exception in a callback into an error of its own, so that what arrives at
    the boundary after Ctrl-C may be anything.
    """

    def __init__(self) -> None:
        self.came = False
        self._before = signal.getsignal(signal.SIGINT)

    def __enter__(self) -> _Interruption:
        self._handle(self._note)
        return self

    def __exit__(self, *_: object) -> None:
        self._handle(self._before)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.came = True
        raise KeyboardInterrupt

    def _handle(self, handler: Any) -> None:
        if self._before is signal.SIG_IGN:  # whoever started us wants it so
            return
        try:
            signal.signal(signal.SIGINT, handler)
        except ValueError:
            """Not the main thread, which is the one that Ctrl-C reaches."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run patchkit; returns the process's exit code."""
    try:
        with _Interruption() as interruption:
            words = list(sys.argv[1:] if argv is None else argv)
            parser = build_parser({word for word in words if word in COMMANDS})
            try:
                arguments = parser.parse_args(words)
            except SystemExit as end:  # argparse has spoken
                return int(end.code or 0)
            return _guarded(arguments, interruption)
    except KeyboardInterrupt:  # before there is a console, or once more
        return ExitCode.INTERRUPTED


def _guarded(arguments: argparse.Namespace, interruption: _Interruption) -> int:
    """The one error boundary: whatever goes wrong ends in a sentence and an exit code."""
    from patchkit.console import Console  # noqa: PLC0415 - after --help

    verbosity = -1 if arguments.quiet else int(arguments.verbose)
    console = Console(json=arguments.json, verbosity=verbosity)
    try:
        return int(_run(arguments, console))
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the boundary
        if interruption.came or isinstance(error, KeyboardInterrupt):
            console.error("interrupted", "nothing was half-written; run the same command again")
            return ExitCode.INTERRUPTED
        return _ended(console, error)


def _ended(console: Console, error: Exception) -> int:
    """Tell what went wrong; the exit code for it."""
    if isinstance(error, PatchkitError):
        return _fail(console, error)
    if isinstance(error, BrokenPipeError):
        # The reader went away (`patchkit releases | head`): not our failure.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.DONE
    if isinstance(error, OSError):
        return _fail(console, StorageError.from_os_error("go on", error))
    return _unexpected(console, error)


def _run(arguments: argparse.Namespace, console: Console) -> ExitCode:
    from patchkit.commands.invocation import Invocation  # noqa: PLC0415 - after --help

    invocation = Invocation(
        start=arguments.repo.resolve(), cache=_cache(arguments.cache), console=console
    )
    return command(arguments.command).run(arguments, invocation)


def _cache(named: Path | None) -> Path:
    """The cache folder: `--cache`, `$PATCHKIT_CACHE`, or `patchkit` in the user's cache."""
    if named is not None:
        return named.resolve()
    if chosen := os.environ.get("PATCHKIT_CACHE"):
        return Path(chosen).resolve()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "patchkit"


def _fail(console: Console, error: PatchkitError) -> int:
    console.error(error.message, error.hint)
    console.document(
        ErrorDocument(
            error=error.message,
            hint=error.hint,
            exit_code=error.exit_code,
            meaning=error.exit_code.meaning,
        )
    )
    return error.exit_code


def _unexpected(console: Console, error: Exception) -> int:
    """A bug: keep the traceback in a file and name it."""
    text = "".join(traceback.format_exception(error))
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="patchkit-", suffix=".log", delete=False, encoding="utf-8"
        ) as log:
            log.write(f"patchkit {__version__}\n{text}")
        hint = f"this is a bug in patchkit; please report it with {log.name}"
    except OSError:
        hint = f"this is a bug in patchkit; please report it:\n{text}"
    console.error(f"unexpected: {type(error).__name__}: {error}", hint)
    code = ExitCode.UNEXPECTED
    console.document(
        ErrorDocument(error=str(error), hint=hint, exit_code=code, meaning=code.meaning)
    )
    return code
