"""A process with everything loaded and the shim preloaded, which forks one run after another.

Started as `python -m tests.crash.zygote`; takes one JSON order a line, and answers with one.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import sys
import traceback
from dataclasses import asdict, dataclass
from pathlib import Path

from patchkit.cli import main
from patchkit.parser import COMMANDS


@dataclass(frozen=True, kw_only=True)
class Order:
    """A run: `words` are patchkit's, or `module:function` with its arguments when `call` is set.

    The `at`th call that writes below `below` is struck: `how` is one of the shim's ways.
    """

    words: list[str]
    below: list[str]
    at: int
    how: int
    error: int
    said: str
    call: str | None = None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How it ended: `code` is None for a process that was killed; `call` is what was struck."""

    code: int | None
    count: int
    struck: bool
    call: str
    path: str


def serve() -> None:
    """Work off the orders."""
    shim = ctypes.CDLL(None)
    shim.crash_count.restype = ctypes.c_long
    shim.crash_call.restype = shim.crash_path.restype = ctypes.c_char_p
    shim.crash_arm.argtypes = (ctypes.c_char_p, ctypes.c_long, ctypes.c_int, ctypes.c_int)
    for name in COMMANDS:
        importlib.import_module(f"patchkit.commands.{name.replace('-', '_')}")
    for late in ("patchkit.upstream.apt", "patchkit.upstream.debian", "patchkit.upstream.http"):
        importlib.import_module(late)
    print("ready", flush=True)
    for line in sys.stdin:
        order = Order(**json.loads(line))
        process = os.fork()
        if process == 0:
            _run(order, shim)
        _, status = os.waitpid(process, 0)
        answer = Answer(
            code=os.WEXITSTATUS(status) if os.WIFEXITED(status) else None,
            count=shim.crash_count(),
            struck=bool(shim.crash_struck()),
            call=shim.crash_call().decode(),
            path=shim.crash_path().decode("utf-8", "replace"),
        )
        print(json.dumps(asdict(answer)), flush=True)


def _run(order: Order, shim: ctypes.CDLL) -> None:
    """In the forked process: never comes back."""
    code = 99
    try:
        said = os.open(order.said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for source, stream in ((nothing, 0), (said, 1), (said, 2)):
            os.dup2(source, stream)
        shim.crash_arm(":".join(order.below).encode(), order.at, order.how, order.error)
        code = _work(order)
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:  # noqa: BLE001 - the order's failure, not the zygote's
        traceback.print_exc()
    finally:
        os._exit(code)


def _work(order: Order) -> int:
    if order.call is None:
        return main(order.words)
    module, _, name = order.call.partition(":")
    return int(getattr(importlib.import_module(module), name)(*map(Path, order.words)))


if __name__ == "__main__":
    serve()
