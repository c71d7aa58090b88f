"""Where build programs run: without a network and without the user's environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from patchkit.errors import MissingToolError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from patchkit.proc import Runner

INHERITED = ("PATH",)
"""All that a build learns of the user's environment: where programs are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """A way to start a program apart from the network. `name` is for people, None for none."""

    name: str | None
    prefix: tuple[str, ...] = ()

    def wrap(self, argv: Sequence[str]) -> tuple[str, ...]:
        """The command that runs `argv` inside."""
        return (*self.prefix, *argv)


def find_sandbox(writable: Sequence[Path], runner: Runner) -> Sandbox:
    """The strongest way that works here, tried out.

    Bubblewrap shows the build a file system that it can write only in `writable` (absolute
    folders, which exist) and in a /tmp of its own; `unshare` takes away the network only.
    """
    binds = [word for path in writable for word in ("--bind", str(path), str(path))]
    bubble = ["bwrap", "--die-with-parent", "--unshare-net", "--unshare-ipc", "--unshare-pid"]
    bubble += ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp"]  # noqa: S108 - inside
    own = () if os.geteuid() == 0 else ("--user", "--map-current-user")
    candidates = (
        Sandbox(name="bubblewrap (no network, read-only system)", prefix=(*bubble, *binds, "--")),
        Sandbox(name="unshare (no network)", prefix=("unshare", "--net", *own, "--")),
    )
    for candidate in candidates:
        try:
            if runner(candidate.wrap(["true"]), timeout=20).returncode == 0:
                return candidate
        except MissingToolError:
            continue
    return Sandbox(name=None)
