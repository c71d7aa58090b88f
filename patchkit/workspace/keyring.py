"""The public keys in a patch repository, with which signatures are checked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from patchkit.errors import StorageError, UsageError
from patchkit.trust.packets import binary_keys

if TYPE_CHECKING:
    from collections.abc import Iterable

FOLDER = Path("patches/keyring")
"""Where a patch repository keeps OpenPGP keys: files that end in one of `SUFFIXES`."""

SUFFIXES = (".asc", ".gpg", ".pgp")

ARCHIVE_KEYRINGS = tuple(
    Path("/usr/share/keyrings", name)
    for name in ("debian-archive-keyring.gpg", "debian-archive-keyring.pgp")
)
"""Where Debian's package debian-archive-keyring puts the archive's keys."""

_LARGEST = 32 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustWishes:
    """What a user asks of signatures.

    `required` refuses a release that nobody trusted has signed; `keyrings` and `archive_keyring`
    are files with keys, the latter those of Debian's archive.
    """

    required: bool = False
    keyrings: tuple[str, ...] = ()
    archive_keyring: str | None = None


def read_keyring(root: Path, extra: Iterable[Path] = ()) -> bytes:
    """The OpenPGP keys of a patch repository and of further files, as one binary keyring.

    Empty where there are none. Raises `UsageError` for a file that holds no keys,
    `StorageError`.
    """
    try:
        own = [path for path in (root / FOLDER).iterdir() if path.suffix in SUFFIXES]
    except FileNotFoundError:
        own = []
    except OSError as error:
        raise StorageError.from_os_error(f"read {FOLDER}", error) from error
    return b"".join(_keys(path) for path in (*sorted(own), *extra))


def read_archive_keyring(named: Path | None) -> tuple[bytes | None, str]:
    """The keys of Debian's archive, and where they were looked for; None where there are none.

    `named` is what the user names. Raises as `read_keyring`.
    """
    if named is not None:
        return _keys(named), str(named)
    for place in ARCHIVE_KEYRINGS:
        if place.is_file():
            return _keys(place), str(place)
    return None, str(ARCHIVE_KEYRINGS[0])


def _keys(path: Path) -> bytes:
    try:
        if path.stat().st_size > _LARGEST:
            raise UsageError(f"{path} is too large to be a keyring")
        content = path.read_bytes()
    except OSError as error:
        raise StorageError.from_os_error(f"read {path}", error) from error
    try:
        return binary_keys(content)
    except ValueError as error:
        raise UsageError(
            f"{path} is no OpenPGP keyring: {error}",
            hint="export public keys into it: gpg --armor --export FINGERPRINT",
        ) from error
