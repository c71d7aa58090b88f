"""What the sources said of their releases, remembered for a while in one file."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from patchkit import documents
from patchkit.errors import without_logins
from patchkit.releases import Release
from patchkit.upstream.sources import GitSource, Listing
from patchkit.writeplan import atomic_write

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from patchkit.upstream.sources import Source

_SCHEMA = "patchkit.releases/1"

_PROBLEM_MAX_AGE = 300.0
"""How long a source that could not be asked is left alone, in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """A source's answer; `asked` is a Unix time, releases are tags."""

    asked: float
    releases: list[str]
    passed_over: list[str]
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Document:
    schema: str = _SCHEMA
    sources: dict[str, _Answer] = field(default_factory=dict)


class ListingCache:
    """The file. A damaged or unwritable one only means that sources are asked again."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, source: Source, max_age: float) -> Listing | None:
        """What a source said less than `max_age` seconds ago, if anything."""
        answer = self._read().sources.get(_key(source))
        if answer is None:
            return None
        age = time.time() - answer.asked
        if not 0 <= age < (min(max_age, _PROBLEM_MAX_AGE) if answer.problem else max_age):
            return None
        return _listing(source, answer)

    def put(self, source: Source, listing: Listing) -> Listing:
        """Remember a listing; one with a problem keeps the releases that were known before."""
        document = self._read()
        before = document.sources.get(_key(source))
        if listing.problem and before:
            listing = replace(_listing(source, before), problem=listing.problem)
        document.sources[_key(source)] = _Answer(
            asked=time.time(),
            releases=_tags(listing.releases),
            passed_over=_tags(listing.passed_over),
            problem=listing.problem,
        )
        try:
            atomic_write(self._path, documents.encode(document).encode())
        except OSError:
            """Then it is asked again next time."""
        return listing

    def _read(self) -> _Document:
        try:
            document = documents.decode(self._path.read_bytes(), _Document)
        except (OSError, documents.MalformedDocument):
            return _Document()
        return document if document.schema == _SCHEMA else _Document()


def _listing(source: Source, answer: _Answer) -> Listing:
    return Listing(
        source=source.name,
        releases=_releases(answer.releases),
        passed_over=_releases(answer.passed_over),
        problem=answer.problem,
    )


def _releases(tags: Iterable[str]) -> frozenset[Release]:
    return frozenset(release for tag in tags if (release := Release.from_tag(tag)))


def _tags(releases: Iterable[Release]) -> list[str]:
    return [release.tag for release in sorted(releases, reverse=True)]


def _key(source: Source) -> str:
    """Another place or other suites are another source, whatever its name."""
    if isinstance(source, GitSource):
        return f"git {source.name} {without_logins(source.location)}"
    mirror = without_logins(source.mirror or "apt")
    return f"debian {source.name} {mirror} {' '.join(source.suites)}"
