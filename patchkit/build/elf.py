"""ELF headers: what a program needs at run time, and where it looks for it."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from elftools.elf.dynamic import DynamicSection, DynamicTag
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import NoteSection
from elftools.elf.segments import InterpSegment

from patchkit.errors import InconsistentError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_DLOPEN_OWNER = "FDO"
_DLOPEN_TYPE = 0x407C0C0A
"""The ELF note in which a program tells what it opens at run time
(https://uapi-group.org/specifications/specs/elf_dlopen_metadata/)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Elf:
    """What an ELF file says.

    `needed` are the libraries that it is linked with, `opened` groups of alternatives that it
    opens at run time; `runpath` is where it has them looked for first; `machine` and `bits`
    must be the same for all that is loaded together. `is_dynamic` is False for a static program.
    """

    machine: str
    bits: int
    interpreter: str | None
    needed: tuple[str, ...]
    opened: tuple[tuple[str, ...], ...]
    runpath: tuple[str, ...]
    is_dynamic: bool


def read_elf(path: Path) -> Elf | None:
    """Read a file's headers; None when it is not ELF. Raises `OSError`, `InconsistentError`."""
    with path.open("rb") as stream:
        if stream.read(4) != b"\x7fELF":
            return None
        stream.seek(0)
        whole = io.BytesIO(stream.read())  # of which nobody can read more than there is
        try:
            return _read(ELFFile(whole))
        except Exception as error:
            raise InconsistentError(f"{path} is a damaged ELF file: {error}") from error


def _read(file: ELFFile) -> Elf:
    needed: list[str] = []
    runpath: list[str] = []
    interpreter = None
    is_dynamic = False
    for section in file.iter_sections():
        if isinstance(section, DynamicSection):
            is_dynamic = True
            for tag in section.iter_tags():
                match tag.entry.d_tag:
                    case "DT_NEEDED":
                        needed.append(_text(file, section, tag))
                    case "DT_RUNPATH" | "DT_RPATH":
                        runpath += [p for p in _text(file, section, tag).split(":") if p]
    for segment in file.iter_segments():
        if isinstance(segment, InterpSegment):
            interpreter = segment.get_interp_name()
    return Elf(
        machine=file.header["e_machine"],
        bits=file.elfclass,
        interpreter=interpreter,
        needed=tuple(needed),
        opened=tuple(_opened(file)),
        runpath=tuple(runpath),
        is_dynamic=is_dynamic,
    )


def _text(file: ELFFile, section: DynamicSection, tag: DynamicTag) -> str:
    """The text that a dynamic entry points at."""
    strings: Any = file.get_section(section["sh_link"])
    return str(strings.get_string(tag.entry.d_val))


def _opened(file: ELFFile) -> Iterator[tuple[str, ...]]:
    for section in file.iter_sections():
        if not isinstance(section, NoteSection):
            continue
        for note in section.iter_notes():
            kind: Any = note["n_type"]  # a name for the types that the library knows
            if note["n_name"] == _DLOPEN_OWNER and kind == _DLOPEN_TYPE:
                for entry in _json(note["n_desc"]):
                    names = entry.get("soname") if isinstance(entry, dict) else None
                    if isinstance(names, list):
                        yield tuple(str(name) for name in names)


def _json(description: bytes | str) -> list[Any]:
    data = description.encode("latin-1") if isinstance(description, str) else description
    try:
        found = json.loads(data.rstrip(b"\0"))
    except ValueError:
        return []
    return found if isinstance(found, list) else []


def with_runpath(path: Path, runpath: str) -> bytes:
    """The file's bytes with its run path replaced by a text that is no longer than it.

    A build tree's own run path points into the build tree; installing replaces it. Raises
    `InconsistentError` when the new text has no room.
    """
    content = bytearray(path.read_bytes())
    with path.open("rb") as stream:
        file = ELFFile(stream)
        for section in file.iter_sections():
            if not isinstance(section, DynamicSection):
                continue
            strings: Any = file.get_section(section["sh_link"])
            for tag in section.iter_tags():
                if tag.entry.d_tag not in ("DT_RUNPATH", "DT_RPATH"):
                    continue
                start = strings["sh_offset"] + tag.entry.d_val
                end = content.index(0, start)
                new = runpath.encode()
                if len(new) > end - start:
                    raise InconsistentError(f"{path} has no room for the run path {runpath}")
                # what follows stays: linkers let another string share this one's end
                content[start : start + len(new) + 1] = new + b"\0"
    return bytes(content)
