"""Install what was built into a folder, as DESTDIR would have it."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from patchkit.build.elf import read_elf, with_runpath
from patchkit.errors import InconsistentError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from patchkit.build.meson import InstallData, InstalledTarget

_FOLDERS = (
    "/usr/lib/systemd/system/",
    "/usr/lib/systemd/system-preset/",
    "/usr/lib/sysusers.d/",
    "/usr/lib/tmpfiles.d/",
    "/usr/share/factory/",
)
"""Where the files stand that a container's system manager reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What of a release is built and installed: programs with their libraries, generated files."""

    programs: tuple[InstalledTarget, ...]
    libraries: tuple[InstalledTarget, ...]
    generated: tuple[InstalledTarget, ...]

    @property
    def files(self) -> tuple[str, ...]:
        """Ninja's targets."""
        return tuple(target.file for target in (*self.programs, *self.generated))


def select(data: InstallData, programs: tuple[str, ...]) -> Selection:
    """Choose the targets for `programs` (all of which `data` has), and the units' own."""
    return Selection(
        programs=tuple(t for t in data.targets if t.is_program and t.name in programs),
        libraries=tuple(target for target in data.targets if ".so" in target.name),
        generated=tuple(target for target in data.targets if target.to.startswith(_FOLDERS)),
    )


def install(data: InstallData, selection: Selection, build: Path, prefix: Path) -> None:
    """Copy what was built in `build` to the empty or absent folder `prefix`.

    Libraries come only where a program is linked with them. Links are kept where they lead to
    something. Raises `OSError`, `InconsistentError`.
    """
    shutil.rmtree(prefix, ignore_errors=True)
    prefix.mkdir(parents=True)
    root = build.parent.resolve()
    libraries = _needed_libraries(selection, build)
    homes = {library.name: library.to.rpartition("/")[0] for library in libraries}
    for target in (*selection.programs, *libraries):
        _install_binary(_within(build / target.file, root), prefix, target.to, homes)
    for target in selection.generated:
        _copy(build / target.file, prefix, target.to, root)
    for item in data.data:
        if f"{item.place}/".startswith(_FOLDERS):
            _copy(build / item.file, prefix, item.place, root)
    for item in data.folders:
        if f"{item.place}/".startswith(_FOLDERS):
            _copy_folder(build / item.file, prefix, item.place, root)
    _link(data, prefix, homes)


def _needed_libraries(selection: Selection, build: Path) -> tuple[InstalledTarget, ...]:
    """The build's own libraries that the programs are linked with, and theirs."""
    known = {library.name: library for library in selection.libraries}
    found: dict[str, InstalledTarget] = {}
    waiting = list(selection.programs)
    while waiting:
        target = waiting.pop()
        elf = read_elf(_within(build / target.file, build.parent.resolve()))
        if elf is None:
            raise InconsistentError(f"{target.file} was built, and is no program")
        for name in elf.needed:
            if name in known and name not in found:
                found[name] = known[name]
                waiting.append(known[name])
    return tuple(found[name] for name in sorted(found))


def _within(source: Path, root: Path) -> Path:
    """A file of the build: a build is not to be trusted, and could name any file of this machine.

    `root` is the folder that source and build are in. Raises `InconsistentError`.
    """
    if not source.resolve().is_relative_to(root):
        raise InconsistentError(
            f"the build would install {source}, which is no file of its own; it is not used"
        )
    return source


def _install_binary(source: Path, prefix: Path, to: str, homes: dict[str, str]) -> None:
    """A program or library, its run path leading to where its libraries are installed."""
    elf = read_elf(source)
    if elf is None:
        raise InconsistentError(f"{source} was built, and is no program")
    if not elf.runpath:
        _copy(source, prefix, to, source.parent.resolve())
        return
    folders = dict.fromkeys(homes[name] for name in elf.needed if name in homes)
    place = _place(prefix, to)
    place.write_bytes(with_runpath(source, ":".join(folders)))
    place.chmod(0o755)


def _copy(source: Path, prefix: Path, to: str, root: Path) -> None:
    place = _place(prefix, to)
    _within(source.parent, root)
    if source.is_symlink():
        place.symlink_to(source.readlink())
        return
    shutil.copyfile(source, place)
    place.chmod(0o755 if os.access(source, os.X_OK) else 0o644)


def _copy_folder(source: Path, prefix: Path, to: str, root: Path) -> None:
    for file in sorted(_within(source, root).rglob("*")):
        if file.is_symlink() or file.is_file():
            _copy(file, prefix, f"{to}/{file.relative_to(source).as_posix()}", root)


def _place(prefix: Path, to: str) -> Path:
    """Where a file is put: below `prefix`, whatever is said of it and whatever is there."""
    place = prefix / to.lstrip("/")
    if ".." not in place.parts and place.parent.resolve().is_relative_to(prefix.resolve()):
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.is_symlink():  # else it would be written through
            place.unlink()
        return place
    raise InconsistentError(f"the build would install to {to}, which leads elsewhere")


def _link(data: InstallData, prefix: Path, homes: dict[str, str]) -> None:
    """The links that lead to something that was installed, through other links too."""
    waiting = {link.place: link.to for link in data.links}
    for place, to in list(waiting.items()):
        if not place.startswith((*_FOLDERS, "/usr/bin/", "/usr/sbin/", *homes.values())):
            del waiting[place]
        elif to == "/dev/null":  # a masked unit
            _make_link(prefix, place, to)
            del waiting[place]
    for _ in range(len(waiting) + 1):
        for place, to in _ready(prefix, waiting):
            _make_link(prefix, place, to)
            del waiting[place]


def _ready(prefix: Path, waiting: dict[str, str]) -> Iterator[tuple[str, str]]:
    for place, to in list(waiting.items()):
        target = to if to.startswith("/") else os.path.normpath(f"{os.path.dirname(place)}/{to}")  # noqa: PTH120 - text, not a file
        if os.path.lexists(prefix / target.lstrip("/")):
            yield place, to


def _make_link(prefix: Path, place: str, to: str) -> None:
    path = _place(prefix, place)
    if not os.path.lexists(path):
        path.symlink_to(to)
