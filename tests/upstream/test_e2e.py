"""Real releases from the machine's own mirror of Debian."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from patchkit.proc import SystemRunner
from patchkit.releases import Release
from patchkit.trust.judging import Trust
from patchkit.trust.signature import SignatureStatus
from patchkit.upstream.sources import DebianSource, GitSource, Origin, SourceKind
from patchkit.upstream.store import Store
from patchkit.upstream.upstreams import Upstream
from patchkit.workspace.keyring import read_archive_keyring
from tests.upstream import support

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.e2e

TREES = {
    "v261.2": "363386fe08cd55122a2d0f5497a49c2fdc92307c",  # upstream's tag
    "v262": "caee668810accedd03b98370d48cdf92def5abd9",  # what Debian's tarball gave before
}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def upstream(cache: Path) -> Upstream:
    console, _ = support.console()
    return Upstream(
        store=Store.open(cache / "upstream.git"),
        sources=(
            GitSource(name="absent", location=str(cache / "absent")),
            DebianSource(name="debian", suites=("trixie", "forky", "sid")),
        ),
        cache=cache,
        console=console,
    )


@pytest.mark.parametrize("tag", sorted(TREES))
def test_a_real_tarball_gives_upstreams_tree(upstream: Upstream, tag: str) -> None:
    got = upstream.tree(Release.parse(tag), expected=TREES[tag])
    assert got.tree == TREES[tag]
    assert len(list(upstream.store.files(got.tree))) > 7000
    support.git(upstream.store.folder, "fsck", "--full")


def test_the_real_indices_are_read(upstream: Upstream) -> None:
    listing = upstream.listings()[1]
    assert listing.problem is None
    assert Release.parse("v257") < max(listing.releases)


def test_debians_signatures_vouch_for_a_real_tarball(upstream: Upstream) -> None:
    """Archive key, InRelease, Sources, tarball: the last without fetching it."""
    keys, place = read_archive_keyring(None)
    if keys is None:
        pytest.skip("this machine has no debian-archive-keyring")
    trust = Trust(signers=(), keys=b"", archive_keys=keys, archive_place=place, run=SystemRunner())
    archive = upstream.archive("debian")
    assert archive is not None
    listed = archive.candidates()[0].tarball
    origin = Origin(kind=SourceKind.DEBIAN, source="debian", file=listed.file, sha256=listed.sha256)
    record = archive.vouch(listed.release, origin, trust)
    assert record.is_verified
    assert "Debian" in (record.signer or "")
    assert record.chain[listed.file] == listed.sha256
    assert len(record.chain) == 3
    other = archive.vouch(listed.release, replace(origin, sha256="0" * 64), trust)
    assert other.status is SignatureStatus.BAD
