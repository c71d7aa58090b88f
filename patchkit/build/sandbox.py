"""Where build programs run: without a network and without the user's environment."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from patchkit.errors import MissingToolError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from patchkit.proc import Runner

_PRIVATE = tuple(map(Path, ("/tmp", "/var/tmp", "/run", "/var/run", "/home", "/root", "/mnt")))  # noqa: S108 - hidden, not used
"""What is nobody's business who compiles: what people keep, and where services listen."""

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


def find_sandbox(
    writable: Sequence[Path], runner: Runner, *, readable: Sequence[Path] = ()
) -> Sandbox:
    """The strongest way that works here, tried out.

    Bubblewrap shows the build a file system that it can write only in `writable` (absolute
    folders, which exist, as those of `readable` do) and in a /tmp of its own, without people's
    homes and without /run, where services listen (a Docker engine gives whoever reaches it the
    machine); `unshare` takes away
    the network only.
    """
    binds = [word for path in readable for word in ("--ro-bind", str(path), str(path))]
    binds += [word for path in writable for word in ("--bind", str(path), str(path))]
    bubble = ["bwrap", "--die-with-parent", "--unshare-net", "--unshare-ipc", "--unshare-pid"]
    bubble += ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", *_hidden()]
    own = () if os.geteuid() == 0 else ("--user", "--map-current-user")
    candidates = (
        Sandbox(
            name="bubblewrap (no network, no home, read-only system)",
            prefix=(*bubble, *binds, "--"),
        ),
        Sandbox(name="unshare (no network)", prefix=("unshare", "--net", *own, "--")),
    )
    for candidate in candidates:
        try:
            if runner(candidate.wrap(["true"]), timeout=20).returncode == 0:
                return candidate
        except MissingToolError:
            continue
    return Sandbox(name=None)


def _hidden() -> list[str]:
    """What hides places, and shows the programs on PATH that are in one, with what they need."""
    places = [path for path in _PRIVATE if path.is_dir() and not path.is_symlink()]
    home = Path(os.environ.get("HOME") or "/root").resolve()
    if home.is_dir() and home != Path("/") and not any(map(home.is_relative_to, places)):
        places.append(home)
    words = [word for place in places for word in ("--tmpfs", str(place))]
    entries = [*os.environ.get("PATH", "").split(os.pathsep), f"{sys.base_prefix}/bin"]
    for entry in map(Path, entries):
        if entry.is_dir() and any(map(entry.is_relative_to, places)):
            whole = entry.parent  # ~/.local/bin, a virtual environment: libraries are beside it
            shown = entry if whole == home or whole in places else whole
            words += ["--ro-bind", str(shown), str(shown)]
    return words
