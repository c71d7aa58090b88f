"""The root file system of an image: what was built, its libraries, busybox, and a small /etc."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from patchkit.build.elf import read_elf
from patchkit.build.layer import FileSpec
from patchkit.build.libraries import Libraries
from patchkit.build.preflight import BUSYBOX, require
from patchkit.build.units import exists, useless_units
from patchkit.build.users import accounts
from patchkit.errors import MissingToolError

if TYPE_CHECKING:
    from patchkit.build.plan import Built
    from patchkit.proc import Runner

_FOLDERS = {
    **dict.fromkeys(("dev", "etc", "home", "mnt", "opt", "proc", "run", "srv", "sys"), 0o755),
    **dict.fromkeys(("usr/bin", "usr/lib", "usr/lib64", "usr/share"), 0o755),
    **dict.fromkeys(("var/cache", "var/lib", "var/log", "var/spool"), 0o755),
    "root": 0o700,
    "tmp": 0o1777,
    "var/tmp": 0o1777,
}

_LINKS = {
    "bin": "usr/bin",
    "sbin": "usr/bin",
    "usr/sbin": "bin",
    "lib": "usr/lib",
    "lib64": "usr/lib64",
    "etc/mtab": "../proc/self/mounts",
    "var/run": "../run",
    "var/lock": "../run/lock",
    "usr/bin/init": "../lib/systemd/systemd",
    **{f"usr/bin/{name}": "systemctl" for name in ("halt", "poweroff", "reboot", "shutdown")},
    "etc/systemd/system/default.target": "/usr/lib/systemd/system/multi-user.target",
}

MASKED = {
    "tmp.mount": "a tmpfs cannot be mounted without CAP_SYS_ADMIN; Docker does it when asked to",
    "systemd-journald.service": "a container's log is its standard output, which Docker keeps",
    "systemd-journald.socket": "as journald",
    "systemd-journald-dev-log.socket": "as journald",
    "systemd-journald-audit.socket": "as journald",
    "systemd-journald-varlink@.socket": "as journald",
    "systemd-journal-flush.service": "as journald",
    "systemd-journalctl.socket": "there is no journal to read; and it needs CAP_CHOWN",
}
"""Units that image builders mask in a container, and why. A unit file of the same name in
`/etc/systemd/system` of a derived image takes a mask's place."""

BUSYBOX_PLACE = "usr/bin/busybox"
"""Where an image has its busybox."""

_NO_APPLET = frozenset({"busybox", "init", "linuxrc", "reboot", "poweroff", "halt", "shutdown"})

_UPDATED = "# Nothing in /usr is newer than this: systemd-update-done has nothing to do.\n"


def root_files(built: Built, runner: Runner) -> dict[str, FileSpec]:
    """Every file of the image's root by its path, without a leading slash.

    Raises `MissingToolError` when busybox or a library is not there, `OSError`.
    """
    files = {path: FileSpec.folder(mode=mode) for path, mode in _FOLDERS.items()}
    files |= {path: FileSpec.link(target) for path, target in _LINKS.items()}
    files |= _built_files(built.prefix)
    files |= _library_files(built.prefix)
    files |= _busybox(files, runner)
    files |= _configuration(built, files)
    for path in useless_units(files):
        del files[path]
    return files


def _built_files(prefix: Path) -> dict[str, FileSpec]:
    files = {}
    for path in sorted(prefix.rglob("*")):
        name = _without_links(Path("/", path.relative_to(prefix)))
        if path.is_symlink():
            files[name] = FileSpec.link(os.readlink(path))  # noqa: PTH115 - the text as it is
        elif path.is_file():
            mode = 0o755 if os.access(path, os.X_OK) else 0o644
            files[name] = FileSpec.file(path.read_bytes(), mode=mode)
    return files


def from_this_machine(prefix: Path) -> dict[str, Path]:
    """What an image takes from this machine: each file's place in it, and where it is here.

    The libraries come to stand where the image's own loader looks: in the folder of the C
    library. Raises `MissingToolError` for a library that is not there, `OSError`.
    """
    libraries = Libraries(own=prefix)
    for path in sorted(prefix.rglob("*")):
        if path.is_file() and not path.is_symlink():
            libraries.add(path)
    places = {_without_links(Path(loader)): Path(loader) for loader in libraries.interpreters}
    home = next((p.parent for n, p in libraries.found.items() if n.startswith("libc.")), None)
    loaders = {Path(interpreter).name for interpreter in libraries.interpreters}
    for name, path in sorted(libraries.found.items()):
        if name in loaders:
            continue  # it is in memory before it could be looked for
        places.setdefault(_without_links((home or path.parent) / name), path)
    return places


def _library_files(prefix: Path) -> dict[str, FileSpec]:
    return {
        place: FileSpec.file(path.read_bytes(), mode=0o755)
        for place, path in from_this_machine(prefix).items()
    }


def built_places(prefix: Path) -> frozenset[str]:
    """Where the files that were built stand in an image."""
    return frozenset(
        _without_links(Path("/", path.relative_to(prefix)))
        for path in prefix.rglob("*")
        if path.is_file() and not path.is_symlink()
    )


def _without_links(path: Path) -> str:
    """A path with the merged /usr of the image in it."""
    text = path.as_posix().lstrip("/")
    for link in ("bin", "sbin", "lib", "lib64"):
        if text.startswith(f"{link}/"):
            text = f"{_LINKS[link]}/{text.removeprefix(f'{link}/')}"
    return text.replace("usr/sbin/", "usr/bin/", 1) if text.startswith("usr/sbin/") else text


def _busybox(present: dict[str, FileSpec], runner: Runner) -> dict[str, FileSpec]:
    """Busybox, and a link for each of its programs that nothing better stands for."""
    require([BUSYBOX], runner, doing="making an image")
    program = Path(shutil.which(BUSYBOX.name) or "")
    elf = read_elf(program)
    if elf is None or elf.is_dynamic:
        raise MissingToolError(
            f"{program} is not linked statically, so it cannot be an image's user land",
            hint="on Debian and Ubuntu: apt-get install busybox-static",
        )
    listed = runner([str(program), "--list"], timeout=20).check().text.split()
    files = {BUSYBOX_PLACE: FileSpec.file(program.read_bytes(), mode=0o755)}
    for name in sorted(set(listed) - _NO_APPLET):
        if f"usr/bin/{name}" not in present:
            files[f"usr/bin/{name}"] = FileSpec.link("busybox")
    return files


def _configuration(built: Built, files: dict[str, FileSpec]) -> dict[str, FileSpec]:
    described = [
        spec.content.decode("utf-8", "replace")
        for path, spec in sorted(files.items())
        if path.startswith("usr/lib/sysusers.d/") and path.endswith(".conf") and spec.content
    ]
    passwd, group = accounts(described)
    version = built.release.version
    os_release = (
        f'NAME=patchkit\nID=patchkit\nPRETTY_NAME="systemd {version} ({built.variant})"\n'
        f"VERSION_ID={version}\nVARIANT_ID={built.variant.tag_text}\n"
    )
    made = {
        "etc/passwd": FileSpec.file(passwd),
        "etc/group": FileSpec.file(group),
        "etc/os-release": FileSpec.file(os_release),
        # Empty: each boot makes its own, and none takes itself for the first (machine-id(5)).
        "etc/machine-id": FileSpec.file(b""),
        "etc/.updated": FileSpec.file(_UPDATED),
        "var/.updated": FileSpec.file(_UPDATED),
    }
    for unit in MASKED:
        made[f"etc/systemd/system/{unit}"] = FileSpec.link("/dev/null")
    if not exists("/usr/sbin/nologin", files):
        made["usr/bin/nologin"] = FileSpec.link("false")
    return made
