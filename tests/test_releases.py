"""Releases are read, ordered and chosen."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchkit.errors import UsageError
from patchkit.releases import Release, nearest, newest_stable, predecessor

_WORDS = (
    "v1 v9 v44 v209 v254-rc3 v254 v254.1 v254.26 v259 v260-rc1 v260-rc2 v260-rc10 v260 v260.1 "
    "v260.10 v261-rc1 v261 v261.1 v261.2 v262"
)
IN_ORDER = _WORDS.split(" ")
RELEASES = [Release.parse(tag) for tag in IN_ORDER]

any_release = st.builds(
    Release,
    major=st.integers(1, 99999),
    point=st.integers(0, 99),
    candidate=st.none() | st.integers(1, 99),
)


def test_order() -> None:
    shuffled = RELEASES[:]
    random.Random(1).shuffle(shuffled)
    assert [release.tag for release in sorted(shuffled)] == IN_ORDER


@given(any_release)
def test_a_release_comes_back_from_its_tag_and_its_version(release: Release) -> None:
    assert Release.parse(release.tag) == Release.parse(release.version) == release
    assert Release.from_tag(release.tag) == release
    assert str(release) == release.tag


@given(any_release, any_release)
def test_order_is_total(one: Release, other: Release) -> None:
    assert (one < other) + (other < one) + (one == other) == 1


@given(st.text(max_size=12))
def test_a_text_is_a_release_or_refused(text: str) -> None:
    release = Release.from_tag(text)
    assert release is None or release.tag == text


@pytest.mark.parametrize(
    "text", ["", "v", "v0", "v01", "v261.", "v261.0", "v261-rc0", "v261-rc", "261-final", "v-1",
             "v261.2.1", "V261", "v261\n", " v261", "v²"],
)  # fmt: skip
def test_what_is_no_release_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a systemd release"):
        Release.parse(text)


def test_the_newest_stable_is_no_candidate() -> None:
    assert newest_stable(RELEASES) == Release.parse("v262")
    assert newest_stable([*RELEASES, Release.parse("v263-rc1")]) == Release.parse("v262")
    assert newest_stable([Release.parse("v1-rc1")]) is None
    assert newest_stable([]) is None


@pytest.mark.parametrize(
    ("wanted", "meant"),
    [
        ("v261.3", "v261.2"),
        ("v2611", "v261"),
        ("v263", "v262"),
        ("v258", "v259"),
        ("v260.2", "v260.1"),
    ],
)
def test_the_nearest_are_offered(wanted: str, meant: str) -> None:
    offered = [release.tag for release in nearest(Release.parse(wanted), RELEASES)]
    assert meant in offered
    assert len(offered) == 4


@given(any_release, st.lists(any_release, max_size=8, unique=True), st.integers(1, 6))
def test_what_is_offered_is_known_and_in_order(
    wanted: Release, known: list[Release], count: int
) -> None:
    offered = nearest(wanted, known, count=count)
    assert len(offered) == min(count, len(known))
    assert set(offered) <= set(known)
    assert list(offered) == sorted(offered)


@pytest.mark.parametrize(
    ("release", "start"),
    [
        ("v261", "v261-rc1"),
        ("v261.2", "v261.1"),
        ("v263", "v262"),
        ("v1", "v9"),
        ("v260-rc1", "v259"),
    ],
)
def test_work_starts_from_the_nearest_earlier_one(release: str, start: str) -> None:
    found = predecessor(Release.parse(release), RELEASES)
    assert found is not None
    assert found.tag == start


def test_where_there_is_nothing_there_is_no_start() -> None:
    assert predecessor(Release.parse("v261"), []) is None
    assert predecessor(Release.parse("v261"), [Release.parse("v261")]) is None
