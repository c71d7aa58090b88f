"""An end to what a server can make us wait: connections are cut when the time for them is up.

Timeouts of sockets count from byte to byte, so that a server that sends one now and then could
keep us for ever; the whole of an exchange, headers too, is bounded here.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

if TYPE_CHECKING:
    from types import TracebackType

_current: ContextVar[Deadline | None] = ContextVar("deadline", default=None)


class Deadline:
    """A context in which bounded connections live for so many seconds together."""

    def __init__(self, seconds: float) -> None:
        self.passed = False
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> Deadline:
        self._token = _current.set(self)
        self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        _current.reset(self._token)

    def watch(self, connection: socket.socket) -> None:
        """Cut this one, too, when the time is up."""
        with self._lock:
            self._sockets.append(connection)
            if self.passed:
                _shut(connection)

    def _cut(self) -> None:
        with self._lock:
            self.passed = True
            for connection in self._sockets:
                _shut(connection)


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it is closed already
        socket.socket.shutdown(connection, socket.SHUT_RDWR)  # below TLS, which would talk first


class _Watched:
    """A connection whose answers are waited for within the deadline that is set, if one is."""

    sock: Any

    def getresponse(self) -> Any:
        deadline = _current.get()
        if deadline is not None and isinstance(self.sock, socket.socket):
            deadline.watch(self.sock)
        return super().getresponse()  # type: ignore[misc]


class _Plain(_Watched, HTTPConnection):
    pass


class _Tls(_Watched, HTTPSConnection):
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _Tls


class BoundedPools:
    """What an adapter of `requests` is mixed with to make bounded connections, by proxies too."""

    poolmanager: Any

    def init_poolmanager(self, *words: Any, **named: Any) -> None:
        """As the adapter's own."""
        super().init_poolmanager(*words, **named)  # type: ignore[misc]
        _bind(self.poolmanager)

    def proxy_manager_for(self, *words: Any, **named: Any) -> Any:
        """As the adapter's own."""
        return _bind(super().proxy_manager_for(*words, **named))  # type: ignore[misc]


def _bind(manager: Any) -> Any:
    manager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}
    return manager
