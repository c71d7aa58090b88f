"""Parse, order and select systemd releases (`v261`, `v261.2`, `v262-rc1`)."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from functools import total_ordering
from typing import TYPE_CHECKING

from patchkit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

_TAG = re.compile(
    r"v(?P<major>[1-9]\d{0,5})(?:\.(?P<point>[1-9]\d{0,5}))?(?:-rc(?P<rc>[1-9]\d{0,3}))?"
)


@total_ordering
@dataclass(frozen=True, slots=True, kw_only=True, eq=True)
class Release:
    """An upstream release, named by its tag.

    `point` is 0 for the first release of a major; `candidate` is the number of a pre-release
    and None for a release proper. Order: `v9 < v260-rc1 < v260 < v260.1 < v261-rc1`.
    """

    major: int
    point: int = 0
    candidate: int | None = None

    @classmethod
    def parse(cls, text: str) -> Release:
        """Read `v261.2`, or `261.2` as a person may type it.

        Raises `UsageError` when the text is not the name of a release.
        """
        release = cls.from_tag(text if text.startswith("v") else f"v{text}")
        if release is None:
            raise UsageError(
                f"'{text}' is not a systemd release",
                hint="name one as upstream tags it: v261, v261.2 or v262-rc1",
            )
        return release

    @classmethod
    def from_tag(cls, tag: str) -> Release | None:
        """The release that a tag names, or None when it names none."""
        match = _TAG.fullmatch(tag)
        if match is None:
            return None
        return cls(
            major=int(match["major"]),
            point=int(match["point"] or 0),
            candidate=int(match["rc"]) if match["rc"] else None,
        )

    @property
    def tag(self) -> str:
        """The upstream tag: `v261.2`."""
        return f"v{self.version}"

    @property
    def version(self) -> str:
        """The version without the tag's `v`: `261.2`, as Debian and nixpkgs write it."""
        point = f".{self.point}" if self.point else ""
        candidate = f"-rc{self.candidate}" if self.candidate is not None else ""
        return f"{self.major}{point}{candidate}"

    @property
    def is_stable(self) -> bool:
        """Whether this is a release proper, not a pre-release."""
        return self.candidate is None

    def _key(self) -> tuple[int, int, int, int]:
        return (self.major, self.point, self.is_stable, self.candidate or 0)

    def __lt__(self, other: Release) -> bool:
        return self._key() < other._key()

    def __str__(self) -> str:
        return self.tag


def newest_stable(releases: Iterable[Release]) -> Release | None:
    """The newest release proper, or None when there is none."""
    return max((release for release in releases if release.is_stable), default=None)


def nearest(wanted: Release, known: Iterable[Release], *, count: int = 4) -> tuple[Release, ...]:
    """The releases that a person who typed `wanted` most likely meant, in ascending order.

    Those of the same major first, then those whose number is nearest, then the likeliest
    misspellings.
    """
    candidates = sorted(known)
    close = difflib.get_close_matches(wanted.tag, [c.tag for c in candidates], n=count)

    def distance(candidate: Release) -> tuple[int, int, int]:
        return (
            abs(candidate.major - wanted.major),
            candidate.tag not in close,
            abs(candidate.point - wanted.point),
        )

    return tuple(sorted(sorted(candidates, key=distance)[:count]))


def predecessor(release: Release, known: Iterable[Release]) -> Release | None:
    """The release in `known` from which work for `release` best starts.

    The nearest earlier one; else the nearest later one; else None. `release` itself never.
    """
    others = sorted(candidate for candidate in known if candidate != release)
    earlier = [candidate for candidate in others if candidate < release]
    if earlier:
        return earlier[-1]
    return others[0] if others else None
