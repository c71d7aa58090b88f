"""What commands share of upstream: the newest release, and a word on where a tree came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from patchkit.errors import UnavailableError
from patchkit.releases import Release, newest_stable
from patchkit.upstream.sources import SourceKind

if TYPE_CHECKING:
    from patchkit.console import Console
    from patchkit.upstream.sources import Listing, UpstreamTree
    from patchkit.upstream.upstreams import Upstream


def known_releases(
    listings: tuple[Listing, ...], console: Console | None = None
) -> frozenset[Release]:
    """Every release that a source has; a line for each source that cannot be asked.

    Raises `UnavailableError` when no source has any.
    """
    for listing in listings:
        if listing.problem and console is not None:
            console.note(f"{listing.source}: {listing.problem}")
    known = frozenset[Release]().union(*(listing.releases for listing in listings))
    if not known:
        raise UnavailableError(
            "no source of releases can be reached",
            hint="; ".join(f"{item.source}: {item.problem or 'no release'}" for item in listings)
            or "patches/series.toml names no source",
        )
    return known


def newest_known(upstream: Upstream, console: Console) -> Release:
    """The newest stable release of all sources."""
    newest = newest_stable(known_releases(upstream.listings(), console))
    if newest is None:
        raise UnavailableError("no source has a stable release", hint="name one: v262")
    return newest


def source_notes(tree: UpstreamTree) -> str:
    """Where a tree came from, in a few words."""
    if tree.origin.kind is SourceKind.DEBIAN:
        return f"{tree.origin.file} from {tree.origin.source}, tree {tree.tree[:12]}"
    commit = f"commit {tree.commit[:12]}" if tree.commit else f"tree {tree.tree[:12]}"
    return f"{commit} from {tree.origin.source}"
