"""A server that speaks for ever, a byte at a time, is cut off when its time is up."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from patchkit.deadline import Deadline
from patchkit.errors import UnavailableError
from patchkit.forge.wire import ForgeError, Wire
from patchkit.forge.wire import Patience as ForgePatience
from patchkit.upstream.http import Patience, Web

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEADERS = b"HTTP/1.1 200 OK\r\n"


@contextmanager
def dripping(start: bytes, drip: bytes) -> Iterator[str]:
    """A server that says `start`, then `drip` every 50 ms as long as anybody listens."""
    end = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)

        def speak(connection: socket.socket) -> None:
            with connection, contextlib.suppress(OSError):
                connection.recv(65536)
                connection.sendall(start)
                while not end.wait(0.05):
                    connection.sendall(drip)

        def serve() -> None:
            while not end.is_set():
                with contextlib.suppress(TimeoutError):
                    connection, _ = listener.accept()
                    threading.Thread(target=speak, args=(connection,), daemon=True).start()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            end.set()
            thread.join()


STARTS = pytest.mark.parametrize(
    ("start", "drip"),
    [
        (HEADERS, b"X: y\r\n"),
        (HEADERS, b"X"),
        (HEADERS + b"Content-Length: 100000\r\n\r\n", b"x"),
        (HEADERS + b"\r\n", b"x"),
        (HEADERS + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    ],
    ids=["headers", "one header", "length", "no length", "chunks"],
)


@STARTS
def test_a_download_ends(start: bytes, drip: bytes, tmp_path: Path) -> None:
    with dripping(start, drip) as url:
        web = Web(cache=tmp_path / "http", patience=Patience(silence=5, whole=0.6, pause=0.01))
        begun = time.monotonic()
        with pytest.raises(UnavailableError, match=r"takes more than 0\.6 seconds"):
            web.download(f"{url}/x", tmp_path / "x", sha256=None, size=1 << 20, exact=False)
        assert time.monotonic() - begun < 4
    assert not (tmp_path / "x").exists()


@STARTS
def test_a_forge_s_answer_ends(start: bytes, drip: bytes) -> None:
    with dripping(start, drip) as url:
        patience = ForgePatience(silence=5, whole=0.4, attempts=2, pause=0.01)
        wire = Wire(api=url, token="t" * 20, headers={}, patience=patience)
        begun = time.monotonic()
        with pytest.raises(ForgeError, match="cannot be reached: "):
            wire.get("/x", dict)
        assert time.monotonic() - begun < 4


def test_what_is_in_time_is_left_alone() -> None:
    with Deadline(30) as deadline:
        """Nothing is watched."""
    assert not deadline.passed
