"""What is known of nixpkgs' channels, kept between runs so that `status` can tell it unasked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from patchkit import documents
from patchkit.errors import StorageError
from patchkit.nix.fit import Fit, PatchFit, choose
from patchkit.releases import Release, newest_stable
from patchkit.writeplan import atomic_write

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

BOOK = "nixpkgs.json"
"""The file's name in the cache."""

_SCHEMA = "patchkit.nixpkgs-channels/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelState:
    """What a channel (or a revision, or a checkout) carries, and how a series fits there.

    `release` is systemd's tag there, None when it could not be told; `series` the tag whose
    series the overlay takes for it, None when there is none, and `digest` that series' digest.
    `applies` is None when it was not tried; `problem` says why anything is missing;
    `broken` when that is not for want of an answer but for what the answer was.
    """

    name: str
    revision: str | None = None
    release: str | None = None
    series: str | None = None
    digest: str | None = None
    applies: bool | None = None
    patches: tuple[PatchFit, ...] = ()
    problem: str | None = None
    broken: bool = False

    @property
    def conflicts(self) -> tuple[PatchFit, ...]:
        """The patches that do not apply."""
        return tuple(patch for patch in self.patches if patch.fit is Fit.CONFLICT)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Book:
    schema: str
    channels: tuple[ChannelState, ...]


@dataclass(frozen=True, slots=True)
class ChannelBook:
    """The file with what is known of channels, by name."""

    path: Path

    def read(self) -> dict[str, ChannelState]:
        """What is known; nothing where the file is absent or not ours."""
        try:
            book = documents.decode(self.path.read_bytes(), _Book)
        except (OSError, documents.MalformedDocument):
            return {}
        if book.schema != _SCHEMA:
            return {}
        return {state.name: state for state in book.channels}

    def note(self, states: tuple[ChannelState, ...]) -> None:
        """Keep states whose release is known in the place of older ones. Raises `StorageError`."""
        known = self.read() | {state.name: state for state in states if state.release}
        book = _Book(schema=_SCHEMA, channels=tuple(known[name] for name in sorted(known)))
        try:
            atomic_write(self.path, documents.encode(book).encode())
        except OSError as error:
            raise StorageError.from_os_error(f"write {self.path}", error) from error


def channel_lines(states: Sequence[ChannelState], supported: Sequence[Release]) -> Iterator[str]:
    """What channels carry, one line each; and a supported release that none carries yet."""
    for state in states:
        series = _series_now(state, supported)
        applies = {True: ", applies", False: ", does not apply", None: ""}[state.applies]
        fit = f"series {series}{applies}" if series else "no series for it"
        yield f"{state.name} carries {state.release} ({fit})"
    carried = [release for state in states if (release := _release(state))]
    newest = newest_stable(supported)
    if carried and newest is not None and newest > max(carried):
        yield f"no channel carries {newest} yet; overlays/pinned.nix builds it"


def channel_steps(states: Sequence[ChannelState], supported: Sequence[Release]) -> Iterator[str]:
    """What to do about channels that carry what is not supported, or where a patch fails."""
    for state in states:
        release = _release(state)
        if release is not None and _series_now(state, supported) is None:
            yield f"{state.name} carries {release}: patchkit rebase {release}"
        elif state.applies is False:
            names = ", ".join(patch.name for patch in state.conflicts)
            yield f"in {state.name} {names} does not apply: patchkit nixpkgs --channel {state.name}"


def _release(state: ChannelState) -> Release | None:
    return Release.from_tag(state.release) if state.release else None


def _series_now(state: ChannelState, supported: Sequence[Release]) -> Release | None:
    """The series that the overlay takes there as things stand."""
    release = _release(state)
    return choose(release, supported) if release is not None else None
