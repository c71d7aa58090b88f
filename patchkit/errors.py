"""The error tree and the exit codes: every failure that a user can cause is one of these."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """What the process returns; documented in the README and stable."""

    DONE = 0
    UNEXPECTED = 1
    USAGE = 2
    CONFLICT = 3
    VERIFICATION = 4
    UNAVAILABLE = 5
    MISSING_TOOL = 6
    INCONSISTENT = 7
    STORAGE = 8
    BUSY = 9
    INTERRUPTED = 130

    @property
    def meaning(self) -> str:
        """One line for people."""
        return _MEANINGS[self]


_MEANINGS = {
    ExitCode.DONE: "done",
    ExitCode.UNEXPECTED: "something unexpected: a bug in patchkit",
    ExitCode.USAGE: "the command line or the configuration is wrong",
    ExitCode.CONFLICT: "a conflict needs a person",
    ExitCode.VERIFICATION: "verification failed",
    ExitCode.UNAVAILABLE: "a release or a source cannot be had",
    ExitCode.MISSING_TOOL: "this machine lacks a tool (it is named)",
    ExitCode.INCONSISTENT: "what is on disk is inconsistent",
    ExitCode.STORAGE: "a file cannot be read or written (read-only, full, not permitted)",
    ExitCode.BUSY: "another patchkit is at work on the same repository or cache",
    ExitCode.INTERRUPTED: "interrupted",
}


_LOGIN = re.compile(r"(?P<web>https?://)[^/@\s]*@|(?P<other>://[^/:@\s]*):[^/@\s]*@", re.IGNORECASE)


def without_logins(text: str) -> str:
    """A text whose URLs have no passwords and, on the web, no names (which tokens are used as)."""
    return _LOGIN.sub(lambda match: match["web"] or f"{match['other']}@", text)


class PatchkitError(Exception):
    """Work cannot proceed.

    `message` is one sentence that says what is wrong; `hint`, when there is one, says what to
    do next.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.UNEXPECTED

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        self.message = _presentable(message, 2_000)
        self.hint = hint and _presentable(hint, 10_000)
        super().__init__(self.message)


def _presentable(text: str, limit: int) -> str:
    """A text that quotes what came from elsewhere: no logins, no half characters, an end."""
    whole = without_logins(text).encode("utf-8", "backslashreplace").decode("utf-8")
    return whole if len(whole) <= limit else f"{whole[:limit]}… ({len(whole)} characters)"


class UsageError(PatchkitError):
    """The command line or a file that people edit is wrong."""

    exit_code = ExitCode.USAGE


class ConflictError(PatchkitError):
    """A conflict is open and the command cannot go on without a person."""

    exit_code = ExitCode.CONFLICT


class VerificationError(PatchkitError):
    """A verification fell short."""

    exit_code = ExitCode.VERIFICATION


class UnavailableError(PatchkitError):
    """A release, or a source of releases, cannot be had."""

    exit_code = ExitCode.UNAVAILABLE


class MissingToolError(PatchkitError):
    """This machine lacks a program or a header."""

    exit_code = ExitCode.MISSING_TOOL


class InconsistentError(PatchkitError):
    """What is on disk contradicts itself or what is recorded of it."""

    exit_code = ExitCode.INCONSISTENT


class StorageError(PatchkitError):
    """The file system refuses to read or to write."""

    exit_code = ExitCode.STORAGE

    @classmethod
    def from_os_error(cls, doing: str, error: OSError) -> StorageError:
        """Tell in one sentence what the system refused: `doing` is like "write patches/x"."""
        where = (
            f" {error.filename!s}" if error.filename and str(error.filename) not in doing else ""
        )
        return cls(
            f"cannot {doing}{where}: {error.strerror or error}",
            hint="nothing was half-written; free space or mend permissions, then run it again",
        )


class BusyError(PatchkitError):
    """Another process holds what this one needs."""

    exit_code = ExitCode.BUSY


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorDocument:
    """What `--json` prints when a command fails."""

    schema: str = "patchkit.error/1"
    error: str
    hint: str | None
    exit_code: int
    meaning: str
