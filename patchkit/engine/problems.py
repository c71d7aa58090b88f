"""What goes wrong with an engine, in patchkit's words."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import docker.errors
from urllib3.exceptions import HTTPError

from patchkit.errors import ExitCode, PatchkitError

if TYPE_CHECKING:
    from collections.abc import Iterator

SDK_ERRORS = (docker.errors.DockerException, HTTPError, OSError)
"""What the `docker` SDK and the libraries below it raise (requests' errors are OSErrors)."""

GET_ONE = (
    "start one: scripts/dockerd start (as root); or name one with DOCKER_HOST or `docker context`"
)


class EngineError(PatchkitError):
    """The engine refused, or did not answer in time. `status` is its HTTP status, if any."""

    def __init__(self, message: str, *, hint: str | None = None, status: int | None = None) -> None:
        super().__init__(message, hint=hint)
        self.status = status


class NoEngineError(EngineError):
    """No engine answers, or the one that did is gone."""

    exit_code = ExitCode.MISSING_TOOL


class EngineTimeoutError(EngineError):
    """Something in the engine did not end in time."""


@contextmanager
def asking(doing: str) -> Iterator[None]:
    """Turn what the SDK raises into an `EngineError`; `doing` is like "start the container"."""
    try:
        yield
    except PatchkitError:
        raise
    except docker.errors.APIError as error:
        raise EngineError(
            f"the Docker engine does not {doing}: {error.explanation or error}",
            status=error.status_code,
        ) from error
    except SDK_ERRORS as error:
        if is_timeout(error):
            raise EngineTimeoutError(f"the Docker engine did not {doing} in time") from error
        raise NoEngineError(
            f"the Docker engine went away while it was asked to {doing}: {reason(error)}",
            hint="look at the engine's own log; containers that are left are removed next time",
        ) from error


def is_timeout(error: BaseException | None) -> bool:
    """Whether an error, or one below it, is that time ran out."""
    while error is not None:
        if isinstance(error, TimeoutError) or "timed out" in str(error).lower():
            return True
        error = error.__cause__ or error.__context__
    return False


def reason(error: BaseException) -> str:
    """The innermost reason, in the system's own words."""
    while (below := error.__cause__ or error.__context__) is not None:
        error = below
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
