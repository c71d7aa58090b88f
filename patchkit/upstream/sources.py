"""What a source of releases is, and what is known of a tree that came from one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from patchkit.trust.signature import SignatureRecord

if TYPE_CHECKING:
    from patchkit.releases import Release


class SourceKind(StrEnum):
    """The kinds of source that patchkit knows."""

    GIT = "git"
    DEBIAN = "debian"


OVERRIDE = "override"
"""The name of the source that `--upstream` gives: it answers for itself, whatever is cached."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GitSource:
    """A git repository with upstream's tags: a URL to fetch from, or a path to use in place."""

    name: str
    location: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DebianSource:
    """Debian's source packages.

    `mirror` is the base URL (the part before `/dists` and `/pool`); None takes the one in the
    machine's apt configuration, else Debian's public one. `suites` in order of preference.
    """

    name: str
    suites: tuple[str, ...]
    mirror: str | None = None


Source: TypeAlias = GitSource | DebianSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a tree came from, as the lock records it; the same for everyone who asks.

    `source` is the name of the source in `series.toml`, or "override" for `--upstream`. For
    Debian's packages `file` is the tarball's name and `sha256` its digest (hexadecimal); both
    are None for git, where the commit says it all. `signature` is what was found out about who
    vouches for it, None as long as nobody asked.
    """

    kind: SourceKind
    source: str
    file: str | None = None
    sha256: str | None = None
    signature: SignatureRecord | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamTree:
    """A release's tree in the store. Ids are hexadecimal git object ids.

    `tag_object` is None for a lightweight tag; it and `commit` are None for a tree made from a
    tarball.
    """

    release: Release
    tree: str
    commit: str | None
    tag_object: str | None
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Tip:
    """The end of an upstream branch, in the store. Ids are hexadecimal git object ids."""

    branch: str
    tree: str
    commit: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What one source said of the releases that it has.

    `problem` says in one line why it could not be asked, `releases` is then empty (or what was
    known from before). `passed_over` are releases that it lists but cannot deliver.
    """

    source: str
    releases: frozenset[Release]
    problem: str | None = None
    passed_over: frozenset[Release] = frozenset()
