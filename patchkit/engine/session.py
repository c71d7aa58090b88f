"""A command inside a container: its two streams, taken apart, within a deadline."""

from __future__ import annotations

import contextlib
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from patchkit.engine.problems import EngineTimeoutError

if TYPE_CHECKING:
    from typing import Any

_HEADER = 8
_STDERR = 2
"""Docker Engine API, `POST /containers/{id}/attach`, "Stream format": one byte that names the
stream, three of zero, four of length in network order, then the payload."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Streams:
    """What a command wrote."""

    stdout: bytes
    stderr: bytes


def converse(channel: Any, *, stdin: bytes | None, timeout: float) -> Streams:
    """Send `stdin`, read until the other side closes; `channel` is what the SDK gave.

    Raises `EngineTimeoutError` after `timeout` seconds, `OSError`.
    """
    plug: socket.socket = getattr(channel, "_sock", channel)
    deadline = time.monotonic() + timeout
    try:
        _wait_until(plug, deadline)
        if stdin is not None:
            plug.sendall(stdin)
            with contextlib.suppress(OSError):
                plug.shutdown(socket.SHUT_WR)
        received = bytearray()
        while chunk := _receive(plug, deadline):
            received += chunk
    finally:
        with contextlib.suppress(OSError):
            channel.close()
    return split_streams(bytes(received))


def split_streams(received: bytes) -> Streams:
    """Take the frames apart; a cut-off last frame counts as far as it goes."""
    parts: dict[bool, list[bytes]] = {False: [], True: []}
    position = 0
    while position + _HEADER <= len(received):
        length = int.from_bytes(received[position + 4 : position + _HEADER], "big")
        start = position + _HEADER
        parts[received[position] == _STDERR].append(received[start : start + length])
        position = start + length
    return Streams(stdout=b"".join(parts[False]), stderr=b"".join(parts[True]))


def _receive(plug: socket.socket, deadline: float) -> bytes:
    _wait_until(plug, deadline)
    try:
        return plug.recv(65536)
    except TimeoutError as error:
        raise _late() from error


def _wait_until(plug: socket.socket, deadline: float) -> None:
    left = deadline - time.monotonic()
    if left <= 0:
        raise _late()
    plug.settimeout(left)


def _late() -> EngineTimeoutError:
    return EngineTimeoutError("a command in the container did not end in time")
