"""What is known of channels is kept, and told by `status` as things stand now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from patchkit.errors import StorageError
from patchkit.nix.channels import ChannelBook, ChannelState, channel_lines, channel_steps
from patchkit.nix.fit import Fit, PatchFit
from patchkit.releases import Release

if TYPE_CHECKING:
    from pathlib import Path

SUPPORTED = [Release.parse(tag) for tag in ("v260", "v261", "v262")]
FITTING = ChannelState(name="nixos-unstable", release="v261.2", series="v261", applies=True)


def test_states_are_kept_by_name(tmp_path: Path) -> None:
    book = ChannelBook(tmp_path / "nixpkgs.json")
    assert book.read() == {}
    other = ChannelState(name="nixos-26.05", release="v260")
    book.note((FITTING, ChannelState(name="gone")))
    book.note((other,))
    assert book.read() == {"nixos-26.05": other, "nixos-unstable": FITTING}


@pytest.mark.parametrize("text", ["", "{}", '{"schema": "other/1", "channels": []}', "[" * 9999])
def test_a_damaged_file_is_empty(tmp_path: Path, text: str) -> None:
    (tmp_path / "nixpkgs.json").write_text(text)
    assert ChannelBook(tmp_path / "nixpkgs.json").read() == {}


def test_an_unwritable_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError):
        ChannelBook(tmp_path / "file" / "nixpkgs.json").note((FITTING,))


def test_what_is_carried() -> None:
    newer = ChannelState(name="staging", release="v263")
    assert list(channel_lines([FITTING], SUPPORTED)) == [
        "nixos-unstable carries v261.2 (series v261, applies)",
        "no channel carries v262 yet; overlays/pinned.nix builds it",
    ]
    assert list(channel_lines([newer], SUPPORTED)) == ["staging carries v263 (no series for it)"]
    assert list(channel_lines([], SUPPORTED)) == []


def test_what_to_do() -> None:
    conflict = PatchFit(name="0002-x.patch", ours=True, fit=Fit.CONFLICT)
    failing = ChannelState(
        name="nixos-26.05", release="v260", series="v260", applies=False, patches=(conflict,)
    )
    newer = ChannelState(name="staging", release="v263")
    assert list(channel_steps([FITTING], SUPPORTED)) == []
    assert list(channel_steps([failing, newer], SUPPORTED)) == [
        "in nixos-26.05 0002-x.patch does not apply: patchkit nixpkgs --channel nixos-26.05",
        "staging carries v263: patchkit rebase v263",
    ]
    assert list(channel_steps([newer], [*SUPPORTED, Release.parse("v263")])) == []
