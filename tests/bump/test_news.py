"""The headings of upstream's NEWS."""

from __future__ import annotations

import pytest

from patchkit.bump.news import headings
from patchkit.releases import Release

NEWS = """\
systemd System and Service Manager

CHANGES WITH 262 in spe:

        Incompatible Changes:

        * Something is gone. Note:
          this is no heading:

        Changes in the service manager:

        * More.

        Contributions from: somebody

CHANGES WITH 261:

        Other:

        * x
"""


@pytest.mark.parametrize(
    ("release", "found"),
    [
        ("v262", ("Incompatible Changes", "Changes in the service manager")),
        ("v262-rc1", ("Incompatible Changes", "Changes in the service manager")),
        ("v261.2", ("Other",)),  # a point release has its major's
        ("v260", ()),
    ],
)
def test_headings(release: str, found: tuple[str, ...]) -> None:
    assert headings(NEWS, Release.parse(release)) == found


def test_anything_can_be_read() -> None:
    assert headings("", Release.parse("v1")) == ()
    assert headings("CHANGES WITH 1:", Release.parse("v1")) == ()
