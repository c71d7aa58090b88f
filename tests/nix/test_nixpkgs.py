"""Nixpkgs over HTTP and from disk."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from patchkit.errors import InconsistentError, UnavailableError, UsageError
from patchkit.nix import nixpkgs
from patchkit.nix.derivation import LayoutError
from patchkit.upstream.http import Patience, Web
from patchkit.upstream.problems import NotThereError
from tests.nix.shapes import FOLDER, derivation
from tests.upstream.support import Reply, Site, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REVISION = "6cdc7fc76e8bf7fde9fa43a849fcaaa70e230dee"
HURRIED = Patience(pause=0.01, asked=0.01)


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(Site()) as site:
        site.pages["/channels/nixos-unstable/git-revision"] = REVISION.encode()
        base = f"/files/{REVISION}/{FOLDER}"
        site.pages[f"{base}/default.nix"] = derivation("261.2", "0001-a.patch").encode()
        site.pages[f"{base}/0001-a.patch"] = b"a patch"
        yield site


def opened(site: Site, cache: Path, name: str = "nixos-unstable") -> nixpkgs.Remote:
    web = Web(cache=cache, patience=HURRIED)
    return nixpkgs.channel(web, name, channels=f"{site.url}/channels", files=f"{site.url}/files")


def test_a_channel_is_read(site: Site, tmp_path: Path) -> None:
    remote = opened(site, tmp_path)
    assert (remote.name, remote.revision) == ("nixos-unstable", REVISION)
    assert 'version = "261.2"' in remote.derivation()
    assert remote.patch("0001-a.patch") == b"a patch"


def test_nothing_is_asked_for_twice(site: Site, tmp_path: Path) -> None:
    for _ in range(2):
        remote = opened(site, tmp_path)
        remote.derivation()
        remote.patch("0001-a.patch")
    assert len(site.asked) == 4  # the channel twice, each file once
    again = [r for r in site.asked if r.path.endswith("git-revision")][1]
    assert "if-none-match" in again.headers


def test_a_channel_that_moved_on(site: Site, tmp_path: Path) -> None:
    opened(site, tmp_path)
    site.pages["/channels/nixos-unstable/git-revision"] = b"2" * 40
    remote = opened(site, tmp_path)
    assert remote.revision == "2" * 40
    with pytest.raises(LayoutError, match="systemd's derivation in nixos-unstable"):
        remote.derivation()


def test_a_patch_that_is_not_there(site: Site, tmp_path: Path) -> None:
    with pytest.raises(InconsistentError, match=r"names the patch 0009-x\.patch"):
        opened(site, tmp_path).patch("0009-x.patch")


def test_no_such_channel(site: Site, tmp_path: Path) -> None:
    with pytest.raises(NotThereError):
        opened(site, tmp_path, "nixos-99.11")


@pytest.mark.parametrize("body", [b"<html>", b"", b"6cdc7fc", b"\xff" * 40, b"g" * 40])
def test_a_revision_that_is_none(site: Site, tmp_path: Path, body: bytes) -> None:
    site.pages["/channels/nixos-unstable/git-revision"] = body
    with pytest.raises(UnavailableError, match="does not hold a revision"):
        opened(site, tmp_path)


def test_rate_limited(site: Site, tmp_path: Path) -> None:
    path = "/channels/nixos-unstable/git-revision"
    site.special[path] = lambda _request, _earlier: Reply(
        status=429, headers={"Retry-After": "3600"}
    )
    with pytest.raises(UnavailableError, match="answers 429"):
        opened(site, tmp_path)
    assert len(site.asked) > 1


def test_rate_limited_for_a_while(site: Site, tmp_path: Path) -> None:
    path = "/channels/nixos-unstable/git-revision"
    site.special[path] = lambda _request, earlier: (
        Reply(status=429) if earlier < 2 else Reply(body=REVISION.encode())
    )
    assert opened(site, tmp_path).revision == REVISION


def test_not_text(site: Site, tmp_path: Path) -> None:
    site.pages[f"/files/{REVISION}/{FOLDER}/default.nix"] = b"\xff\xfe"
    with pytest.raises(LayoutError, match="UTF-8"):
        opened(site, tmp_path).derivation()


@pytest.mark.parametrize("name", ["../x", "", "a b", "-x", "x/../y"])
def test_names_that_are_no_channels(site: Site, tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError):
        opened(site, tmp_path, name)
    assert not site.asked


@pytest.mark.parametrize("name", ["master", "6cdc7fc", "6CDC7FC76E8BF7FDE9FA43A849FCAAA70E230DEE"])
def test_a_revision_is_a_whole_one(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="full commit id"):
        nixpkgs.revision(Web(cache=tmp_path), name)


def test_a_checkout(tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir(parents=True)
    (tmp_path / FOLDER / "default.nix").write_text(derivation("261"))
    (tmp_path / FOLDER / "0001-a.patch").write_bytes(b"a patch")
    checkout = nixpkgs.Checkout(folder=tmp_path)
    assert 'version = "261"' in checkout.derivation()
    assert checkout.patch("0001-a.patch") == b"a patch"
    with pytest.raises(InconsistentError, match=r"0002-b\.patch"):
        checkout.patch("0002-b.patch")


def test_a_folder_that_is_no_checkout(tmp_path: Path) -> None:
    with pytest.raises(LayoutError, match="systemd's derivation"):
        nixpkgs.Checkout(folder=tmp_path).derivation()
    with pytest.raises(UsageError, match="is not a folder"):
        nixpkgs.Checkout(folder=tmp_path / "absent").derivation()


@pytest.mark.parametrize(
    ("today", "stable"),
    [
        (dt.date(2026, 11, 22), ("nixos-26.11", "nixos-26.05", "nixos-25.11")),
        (dt.date(2026, 10, 1), ("nixos-26.05", "nixos-25.11")),
        (dt.date(2027, 1, 1), ("nixos-26.11",)),
    ],
)
def test_the_usual_channels(today: dt.date, stable: tuple[str, ...]) -> None:
    groups = nixpkgs.usual_channels(today)
    assert groups == (("nixos-unstable",), ("nixpkgs-unstable",), stable)
