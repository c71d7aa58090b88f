"""Leave out of an image the units whose program is not in it, and what hangs on them; pure."""

from __future__ import annotations

import os
import posixpath
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from patchkit.build.layer import FileSpec

UNITS = "usr/lib/systemd/system/"

_EXEC = re.compile(
    rb"^Exec(?:Start|Condition|StartPre)\s*=\s*[-@:+!|]*(?P<program>[^\s-]\S*)", re.M
)
_STARTED = re.compile(rb"^(?:Unit|Service)\s*=\s*(?P<unit>\S+)", re.M)
_SEARCHED = ("/usr/bin", "/usr/sbin", "/usr/lib/systemd")
_STARTERS = (".socket", ".timer", ".path")


def useless_units(files: Mapping[str, FileSpec]) -> frozenset[str]:
    """The paths of units that cannot work among `files` (paths without a leading slash).

    A service whose program is not there; a socket, timer or path unit whose service is not
    there; a link that leads to one of these, or nowhere.
    """
    gone = {path for path, spec in files.items() if _is_unit(path) and not _runs(spec, files)}
    while more := {
        path
        for path, spec in files.items()
        if _is_unit(path) and path not in gone and _hangs(path, spec, files, gone)
    }:
        gone |= more
    return frozenset(gone)


def _is_unit(path: str) -> bool:
    return path.startswith(UNITS)


def _runs(spec: FileSpec, files: Mapping[str, FileSpec]) -> bool:
    if spec.content is None:
        return True
    programs = [os.fsdecode(match["program"]) for match in _EXEC.finditer(spec.content)]
    return all(_is_there(program.replace("%%", "%"), files) for program in programs)


def _is_there(program: str, files: Mapping[str, FileSpec]) -> bool:
    """A program by its path, or by its name, which systemd looks up in folders of its own."""
    places = [program] if program.startswith("/") else [f"{f}/{program}" for f in _SEARCHED]
    return any(exists(place, files) for place in places)


def exists(path: str, files: Mapping[str, FileSpec]) -> bool:
    """Whether an absolute path leads to something, links on the way followed."""
    return resolve(path, files) is not None


def resolve(path: str, files: Mapping[str, FileSpec]) -> str | None:
    """Where an absolute path leads (without its leading slash); None when nowhere."""
    waiting = [part for part in path.split("/") if part]
    place = ""
    for _ in range(200):
        if not waiting:
            return place if place in files else None
        place = posixpath.normpath(posixpath.join("/", place, waiting.pop(0))).lstrip("/")
        spec = files.get(place)
        if spec is not None and spec.target is not None:
            to = posixpath.join("/", posixpath.dirname(place), spec.target)
            waiting = [part for part in to.split("/") if part] + waiting
            place = ""
    return None


def _hangs(path: str, spec: FileSpec, files: Mapping[str, FileSpec], gone: set[str]) -> bool:
    if spec.target is not None:
        if spec.target == "/dev/null":
            return False
        to = posixpath.normpath(posixpath.join("/", posixpath.dirname(path), spec.target)).lstrip(
            "/"
        )
        template = re.sub(r"@[^/]+\.", "@.", to)
        return not any(name in files and name not in gone for name in (to, template))
    if spec.content is None or not path.endswith(_STARTERS):
        return False
    match = _STARTED.search(spec.content)
    stem = posixpath.basename(path).rpartition(".")[0].removesuffix("@")
    names = [os.fsdecode(match["unit"])] if match else [f"{stem}.service", f"{stem}@.service"]
    places = [UNITS + name for name in names]
    return not any(place in files and place not in gone for place in places)
