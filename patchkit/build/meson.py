"""What Meson is asked for, and what it says of the configured build."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from patchkit import documents
from patchkit.errors import InconsistentError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from patchkit.workspace.config import BuildConfig

PROGRAMS = (
    "systemd",
    "systemd-executor",
    "systemd-shutdown",
    "systemctl",
    "systemd-journald",
    "journalctl",
    "systemd-tmpfiles",
    "systemd-sysusers",
    "systemd-notify",
    "systemd-run",
    "systemd-analyze",
)
"""What a container cannot do without; a release that lacks one of these is not built."""

MORE_PROGRAMS = ("busctl", "systemd-cat", "systemd-cgls", "systemd-detect-virt", "systemd-escape")
"""Small ones that people reach for in a container; built where the release has them."""

_OPTIONS = {
    "auto_features": "disabled",
    "optimization": "2",
    "debug": "false",
    "b_ndebug": "false",
    "prefix": "/usr",
    "libdir": "lib",
    "sysconfdir": "/etc",
    "localstatedir": "/var",
    "mode": "release",
    "vcs-tag": "false",
    "tests": "false",
    "install-tests": "false",
    "man": "disabled",
    "html": "disabled",
    "translations": "false",
    "libmount": "enabled",
    "split-bin": "false",
    "nobody-user": "nobody",
    "nobody-group": "nogroup",
}
"""Features need libraries and are off; what needs none stays as upstream has it, so that PID 1 is
compiled as a distribution would have it. `split-bin` and `libdir` are fixed so that the host's
own layout does not show. Assertions stay on (`b_ndebug`): a container must not meet one."""

_BUILT_IN = frozenset(
    (
        *("auto_features", "b_lto", "b_ndebug", "b_sanitize", "buildtype", "c_args", "c_link_args"),
        *("debug", "libdir", "localstatedir", "optimization", "prefix", "sysconfdir", "werror"),
    )
)
"""Meson's own options, as far as they are of use; the project's are in its options file."""

_PROGRAM_FOLDERS = ("/usr/bin/", "/usr/sbin/", "/usr/lib/systemd/")

_OPTION = re.compile(r"^\s*option\(\s*'(?P<name>[^']+)'", re.M)

INSTALL_DUMP = """
import json, pickle
with open('meson-private/install.dat', 'rb') as stream:
    data = pickle.load(stream)
print(json.dumps({
    'targets': [{'file': t.fname, 'folder': t.outdir} for t in data.targets],
    'data': [{'file': d.path, 'to': d.install_path} for d in data.data],
    'links': [{'at': s.name, 'to': s.target} for s in data.symlinks],
    'folders': [{'file': d.path, 'to': d.install_path} for d in data.install_subdirs],
}))
"""
"""Reads what `meson install` reads (mesonbuild/backend/backends.py, class InstallData): Meson's
introspection leaves out the symbolic links. Run by `meson runpython`, so by the same Meson."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledTarget:
    """A file that is built: its path in the build folder, the folder where it is installed."""

    file: str
    folder: str

    @property
    def name(self) -> str:
        """The file's name."""
        return self.file.rpartition("/")[2]

    @property
    def is_program(self) -> bool:
        """Whether it stands where programs stand."""
        return self.to.startswith(_PROGRAM_FOLDERS) and ".so" not in self.name

    @property
    def to(self) -> str:
        """Where it is installed, from the root (relative folders are below /usr)."""
        folder = self.folder if self.folder.startswith("/") else f"/usr/{self.folder}"
        return f"{folder.rstrip('/')}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledData:
    """A file, or a folder, that is installed as it is."""

    file: str
    to: str

    @property
    def place(self) -> str:
        """Where it is installed, from the root."""
        return self.to if self.to.startswith("/") else f"/usr/{self.to}"


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledLink:
    """A symbolic link that is installed."""

    at: str
    to: str

    @property
    def place(self) -> str:
        """Where it is installed, from the root."""
        return self.at if self.at.startswith("/") else f"/usr/{self.at}"


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallData:
    """What `meson install` would install."""

    targets: tuple[InstalledTarget, ...]
    data: tuple[InstalledData, ...]
    links: tuple[InstalledLink, ...]
    folders: tuple[InstalledData, ...]

    @classmethod
    def read(cls, text: bytes) -> InstallData:
        """Read what `INSTALL_DUMP` printed. Raises `InconsistentError`."""
        try:
            return documents.decode(text, cls)
        except documents.MalformedDocument as error:
            raise InconsistentError(
                f"this Meson keeps its install data in a form that patchkit does not know: {error}",
                hint="try another version of Meson (1.0 to 1.9 are known to work)",
            ) from error


def fingerprint(config: BuildConfig) -> str:
    """All that this module and a configuration decide of a build, as text."""
    chosen = [*_OPTIONS.items(), ("--", ""), *config.options]
    return "\n".join(
        [*(f"{n}={v}" for n, v in chosen), *PROGRAMS, *MORE_PROGRAMS, *config.programs]
    )


def setup_options(config: BuildConfig, source: Path) -> tuple[str, ...]:
    """The `-D` words for `meson setup`, of those that the release knows.

    Raises `UsageError` for an option of `series.toml` that the release does not have.
    """
    known = _project_options(source)
    chosen = {name: value for name, value in _OPTIONS.items() if name in _BUILT_IN or name in known}
    for name, value in config.options:
        if name not in known and name not in _BUILT_IN:
            near = difflib.get_close_matches(name, known, n=1)
            raise UsageError(
                f"the release has no Meson option '{name}' ([build.options] in series.toml)",
                hint=f"did you mean '{near[0]}'?" if near else "see its meson_options.txt",
            )
        chosen[name] = value
    return tuple(f"-D{name}={value}" for name, value in chosen.items())


def wanted_programs(config: BuildConfig, data: InstallData) -> tuple[str, ...]:
    """The programs to build, in order, each once.

    Raises `UsageError` for one of `series.toml` that the release does not have,
    `InconsistentError` when one that a container needs is not there.
    """
    known = {target.name for target in data.targets if target.is_program}
    if missing := [name for name in PROGRAMS if name not in known]:
        raise InconsistentError(
            f"the release builds no {', '.join(missing)}",
            hint="patchkit has to learn how this release is laid out: please report it",
        )
    for name in config.programs:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            raise UsageError(
                f"the release builds no program '{name}' ([build] programs in series.toml)",
                hint=f"did you mean '{near[0]}'?" if near else "its option may be off",
            )
    more = [name for name in MORE_PROGRAMS if name in known]
    return tuple(dict.fromkeys([*PROGRAMS, *more, *config.programs]))


def _project_options(source: Path) -> Iterable[str]:
    for name in ("meson.options", "meson_options.txt"):
        place = source / name
        if place.is_file():
            return [m["name"] for m in _OPTION.finditer(place.read_text(errors="replace"))]
    return []
