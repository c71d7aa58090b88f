"""What a build needs of this machine, and the Debian package that has it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from patchkit.errors import MissingToolError, PatchkitError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from patchkit.proc import Runner
    from patchkit.workspace.config import BuildConfig


class NeedKind(StrEnum):
    """How a need is looked for."""

    PROGRAM = "program"
    LIBRARY = "library"
    MODULE = "module of Meson's Python"


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One thing: a program by its name, a library by pkg-config's, a Python module."""

    kind: NeedKind
    name: str
    package: str

    @property
    def label(self) -> str:
        """It in words."""
        match self.kind:
            case NeedKind.PROGRAM:
                return f"the program '{self.name}'"
            case NeedKind.LIBRARY:
                return f"the headers of '{self.name}'"
            case NeedKind.MODULE:
                return f"the Python module '{self.name}'"


def _program(name: str, package: str) -> Need:
    return Need(kind=NeedKind.PROGRAM, name=name, package=package)


NEEDS = (
    _program("meson", "meson"),
    _program("ninja", "ninja-build"),
    _program("cc", "gcc"),
    _program("gperf", "gperf"),
    _program("pkg-config", "pkg-config"),
    *(_program(name, "coreutils") for name in ("env", "ln", "stat")),
    _program("awk", "mawk"),
    _program("bash", "bash"),
    _program("diff", "diffutils"),
    _program("find", "findutils"),
    _program("getent", "libc-bin"),
    _program("sed", "sed"),
    Need(kind=NeedKind.MODULE, name="jinja2", package="python3-jinja2"),
    Need(kind=NeedKind.LIBRARY, name="mount", package="libmount-dev"),
)
"""systemd's meson.build asks for these with the features that patchkit leaves on."""

OPTIONAL = (
    _program("ccache", "ccache"),
    _program("bwrap", "bubblewrap"),
)
"""Used when present: a compiler cache, a sandbox."""

PACKAGES = {
    "acl": ("libacl", "libacl1-dev"),
    "apparmor": ("libapparmor", "libapparmor-dev"),
    "audit": ("audit", "libaudit-dev"),
    "blkid": ("blkid", "libblkid-dev"),
    "bzip2": ("bzip2", "libbz2-dev"),
    "elfutils": ("libelf", "libdw-dev"),
    "fdisk": ("fdisk", "libfdisk-dev"),
    "gcrypt": ("libgcrypt", "libgcrypt20-dev"),
    "gnutls": ("gnutls", "libgnutls28-dev"),
    "kmod": ("libkmod", "libkmod-dev"),
    "libarchive": ("libarchive", "libarchive-dev"),
    "libcrypt": ("libcrypt", "libcrypt-dev"),
    "libcryptsetup": ("libcryptsetup", "libcryptsetup-dev"),
    "libcurl": ("libcurl", "libcurl4-gnutls-dev"),
    "libfido2": ("libfido2", "libfido2-dev"),
    "libidn2": ("libidn2", "libidn2-dev"),
    "lz4": ("liblz4", "liblz4-dev"),
    "microhttpd": ("libmicrohttpd", "libmicrohttpd-dev"),
    "openssl": ("libcrypto", "libssl-dev"),
    "p11kit": ("p11-kit-1", "libp11-kit-dev"),
    "pam": ("pam", "libpam0g-dev"),
    "pcre2": ("libpcre2-8", "libpcre2-dev"),
    "polkit": ("polkit-gobject-1", "libpolkit-gobject-1-dev"),
    "pwquality": ("pwquality", "libpwquality-dev"),
    "qrencode": ("libqrencode", "libqrencode-dev"),
    "seccomp": ("libseccomp", "libseccomp-dev"),
    "selinux": ("libselinux", "libselinux1-dev"),
    "tpm2": ("tss2-esys", "libtss2-dev"),
    "xkbcommon": ("xkbcommon", "libxkbcommon-dev"),
    "xz": ("liblzma", "liblzma-dev"),
    "zlib": ("zlib", "zlib1g-dev"),
    "zstd": ("libzstd", "libzstd-dev"),
}
"""By systemd's Meson feature: pkg-config's name of the library, and Debian's package."""

BUSYBOX = _program("busybox", "busybox-static")
"""The user land of images. It must be linked statically (image making looks)."""


def missing_needs(needs: Iterable[Need], runner: Runner) -> tuple[Need, ...]:
    """Those that are not there."""
    return tuple(need for need in needs if not _is_there(need, runner))


def build_needs(config: BuildConfig) -> Iterator[Need]:
    """All that a build with this configuration needs."""
    yield from NEEDS
    for name, value in config.options:
        if value == "enabled" and name in PACKAGES:
            library, package = PACKAGES[name]
            # pkg-config knows no bzip2 and, on older systems, no pam: Meson looks itself
            if name not in ("bzip2", "pam"):
                yield Need(kind=NeedKind.LIBRARY, name=library, package=package)


def require(needs: Iterable[Need], runner: Runner, *, doing: str) -> None:
    """Raise `MissingToolError` that names everything that is missing, if anything is."""
    missing = missing_needs(needs, runner)
    if missing:
        packages = " ".join(dict.fromkeys(need.package for need in missing))
        raise MissingToolError(
            f"{doing} needs what this machine lacks: {', '.join(n.label for n in missing)}",
            hint=f"on Debian and Ubuntu: apt-get install {packages}",
        )


def _is_there(need: Need, runner: Runner) -> bool:
    if need.kind is NeedKind.PROGRAM:
        return shutil.which(need.name) is not None
    argv = (
        ["pkg-config", "--exists", need.name]
        if need.kind is NeedKind.LIBRARY
        else ["meson", "runpython", "-c", f"import {need.name}"]
    )
    try:
        return runner(argv, timeout=60).returncode == 0
    except PatchkitError:
        return False
