"""Which releases are to be taken up: what is followed, less what is supported; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from patchkit.workspace.config import FollowedLines

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from patchkit.releases import Release
    from patchkit.workspace.config import FollowConfig


def wanted(
    follow: FollowConfig, *, supported: Collection[Release], known: Iterable[Release]
) -> tuple[Release, ...]:
    """The stable releases to take up, in ascending order.

    A line is a major. What counts is newer than everything that is supported; with
    `FollowedLines.SUPPORTED`, on a supported line also what is newer than that line's newest
    supported release. Of each the newest only is taken, unless `follow.every`.
    """
    stable = sorted(r for r in set(known) if r.is_stable and r not in follow.ignore)
    if not stable:
        return ()
    found = _newer(stable, supported, every=follow.every)
    match follow.lines:
        case FollowedLines.NEWEST:
            pass
        case FollowedLines.SUPPORTED:
            for major in {release.major for release in supported}:
                line = [release for release in stable if release.major == major]
                mine = [release for release in supported if release.major == major]
                found |= _newer(line, mine, every=follow.every)
        case other:
            assert_never(other)
    return tuple(sorted(found))


def _newer(releases: list[Release], supported: Collection[Release], *, every: bool) -> set[Release]:
    """Those newer than all that is supported; with nothing supported, the newest only."""
    newest = max((r for r in supported if r.is_stable), default=None)
    newer = [release for release in releases if newest is None or release > newest]
    return set(newer if every and newest is not None else newer[-1:])


def forecast(*, supported: Collection[Release], known: Iterable[Release]) -> tuple[Release, ...]:
    """The pre-releases that announce something: newer than every stable release and supported."""
    known = set(known)
    newest = max((r for r in known | set(supported) if r.is_stable), default=None)
    return tuple(sorted(r for r in known if not r.is_stable and (newest is None or r > newest)))
