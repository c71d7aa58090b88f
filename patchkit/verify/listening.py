"""Whether a container's PID 1 can be told anything yet, by what the host's /proc says of it.

Until PID 1 blocks a signal or has a handler for it the kernel drops it (signal(7), and pid
namespaces' init in pid_namespaces(7)), be it systemd or anything else: nothing in the image can
answer for these first milliseconds. systemd blocks what it reads by signalfd.
"""

from __future__ import annotations

import re
import signal
import time
from pathlib import Path

_BLOCKED = re.compile(r"^SigBlk:\t([0-9a-f]{16})$", re.MULTILINE)
_NUMBERS = re.compile(r"^NSpid:(?:\t\d+)*\t1$", re.MULTILINE)
_POLL = 0.001


def blocks(status: str, wanted: signal.Signals) -> bool:
    """Whether a `/proc/PID/status` (proc(5)) is that of a PID 1 that blocks a signal."""
    mask = _BLOCKED.search(status)
    if mask is None or not _NUMBERS.search(status):
        return False
    return bool(int(mask[1], 16) >> (wanted - 1) & 1)


def await_init(pid: int, *, timeout: float, proc: Path = Path("/proc")) -> None:
    """Wait until a process of this host that is PID 1 of a container blocks SIGTERM.

    Returns at once where there is no such process to be seen (it has ended, or the engine is on
    another machine), and after `timeout` seconds at the latest.
    """
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        try:
            status = (proc / str(pid) / "status").read_text(encoding="ascii", errors="replace")
        except OSError:
            return
        if not _NUMBERS.search(status) or blocks(status, signal.SIGTERM):
            return
        time.sleep(_POLL)
