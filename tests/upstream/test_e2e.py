"""Real releases from the machine's own mirror of Debian."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from patchkit.releases import Release
from patchkit.upstream.sources import DebianSource, GitSource
from patchkit.upstream.store import Store
from patchkit.upstream.upstreams import Upstream
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
