"""Which releases are taken up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchkit.bump.follow import forecast, wanted
from patchkit.releases import Release
from patchkit.workspace.config import FollowConfig, FollowedLines

KNOWN = "v259 v260 v260.1 v260.2 v261-rc1 v261 v261.1 v261.2 v262 v262.1 v263-rc1 v263-rc2"
NEWEST, SUPPORTED = FollowedLines.NEWEST, FollowedLines.SUPPORTED


def parsed(text: str) -> tuple[Release, ...]:
    return tuple(map(Release.parse, text.split()))


@pytest.mark.parametrize(
    ("lines", "every", "ignore", "supported", "found"),
    [
        (NEWEST, False, "", "v261.2", "v262.1"),
        (NEWEST, True, "", "v261.2", "v262 v262.1"),
        (NEWEST, False, "", "v262.1", ""),
        (NEWEST, False, "", "", "v262.1"),
        (NEWEST, True, "", "", "v262.1"),  # with nothing supported, not all of history
        (NEWEST, False, "v262.1", "v261.2", "v262"),
        (NEWEST, False, "v262 v262.1", "v261.2", ""),
        (NEWEST, False, "", "v260 v262.1", ""),  # older lines are not followed
        (SUPPORTED, False, "", "v260 v262.1", "v260.2"),
        (SUPPORTED, True, "", "v260 v262.1", "v260.1 v260.2"),
        (SUPPORTED, False, "", "v260.2 v261 v262", "v261.2 v262.1"),
        (SUPPORTED, False, "v260.2", "v260 v262.1", "v260.1"),
        (NEWEST, False, "", "v263-rc1", "v262.1"),  # a pre-release supports nothing
    ],
)
def test_what_is_followed(
    lines: FollowedLines, every: bool, ignore: str, supported: str, found: str
) -> None:
    follow = FollowConfig(lines=lines, every=every, ignore=frozenset(parsed(ignore)))
    assert wanted(follow, supported=parsed(supported), known=parsed(KNOWN)) == parsed(found)


RELEASES = st.builds(
    Release,
    major=st.integers(258, 262),
    point=st.integers(0, 3),
    candidate=st.one_of(st.none(), st.integers(1, 2)),
)


@given(
    follow=st.builds(FollowConfig, lines=st.sampled_from(FollowedLines), every=st.booleans()),
    supported=st.frozensets(RELEASES, max_size=5),
    known=st.frozensets(RELEASES, max_size=12),
)
def test_what_is_taken_up_is_stable_known_new_and_taken_up_once(
    follow: FollowConfig, supported: frozenset[Release], known: frozenset[Release]
) -> None:
    found = wanted(follow, supported=supported, known=known)
    assert list(found) == sorted(set(found))
    assert set(found) <= known - supported
    assert all(release.is_stable for release in found)
    # once it is supported, there is nothing more of it
    again = wanted(follow, supported=supported | set(found), known=known)
    assert not set(again) & set(found)
    if follow.every:
        assert not again


def test_a_forecast_looks_at_what_no_release_has_overtaken() -> None:
    assert forecast(supported=parsed("v261.2"), known=parsed(KNOWN)) == parsed("v263-rc1 v263-rc2")
    assert forecast(supported=(), known=parsed("v261-rc1 v261")) == ()
    assert forecast(supported=parsed("v263"), known=parsed("v263-rc2")) == ()
