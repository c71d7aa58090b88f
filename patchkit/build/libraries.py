"""The shared libraries that programs need, found where the machine's loader would find them."""

from __future__ import annotations

import glob
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from patchkit.build.elf import Elf, read_elf
from patchkit.errors import MissingToolError

if TYPE_CHECKING:
    from collections.abc import Iterator

_USUAL = ("/lib64", "/usr/lib64", "/lib", "/usr/lib")
"""Where the loader looks last (ld.so(8))."""


@dataclass(slots=True, kw_only=True)
class Libraries:
    """Gathers the libraries of programs; `own` is the folder tree of what was built.

    `found` is by file name. `absent` are libraries that a program would open if they were
    there, and that this machine does not have.
    """

    own: Path
    loader_config: Path = Path("/etc/ld.so.conf")
    found: dict[str, Path] = field(default_factory=dict)
    absent: set[str] = field(default_factory=set)
    interpreters: set[str] = field(default_factory=set)
    _usual: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        named = [Path(line) for line in _configured(self.loader_config)]
        self._usual = tuple(dict.fromkeys([*named, *map(Path, _USUAL)]))

    def add(self, program: Path) -> None:
        """A program or library with all that it needs, and what it opens where that is here.

        Raises `MissingToolError` when a library is not on this machine, `OSError`.
        """
        elf = read_elf(program)
        if elf is None or not elf.is_dynamic:
            return
        if elf.interpreter:
            self.interpreters.add(elf.interpreter)
        for name in elf.needed:
            if not self._take(name, elf, program):
                raise MissingToolError(
                    f"{program.name} needs the library {name}, which is not on this machine",
                    hint="it was there when it was built: install it again",
                )
        for alternatives in elf.opened:
            if not any(self._take(name, elf, program) for name in alternatives):
                self.absent.add(alternatives[0])

    def _take(self, name: str, elf: Elf, user: Path) -> bool:
        """Find a library and what it needs itself; whether it is there."""
        if name in self.found or self._is_own(name, elf):
            return True
        for folder in self._places(elf, user):
            candidate = folder / name
            if candidate.is_file():
                other = read_elf(candidate)
                if other and (other.machine, other.bits) == (elf.machine, elf.bits):
                    self.found[name] = candidate.resolve()
                    self.add(candidate)
                    return True
        return False

    def _is_own(self, name: str, elf: Elf) -> bool:
        return any((self.own / folder.lstrip("/") / name).exists() for folder in elf.runpath)

    def _places(self, elf: Elf, user: Path) -> Iterator[Path]:
        for folder in elf.runpath:
            yield Path(folder.replace("$ORIGIN", str(user.parent)))
        yield from self._usual


def _configured(config: Path, depth: int = 0) -> Iterator[str]:
    """The folders that ld.so.conf names, through its includes."""
    if depth > 4 or not config.is_file():
        return
    for line in config.read_text(errors="replace").splitlines():
        words = line.partition("#")[0].split()
        if words[:1] == ["include"]:
            for pattern in words[1:]:
                for name in sorted(glob.glob(os.path.join(config.parent, pattern))):  # noqa: PTH118, PTH207 - absolute patterns
                    yield from _configured(Path(name), depth + 1)
        else:
            yield from words
