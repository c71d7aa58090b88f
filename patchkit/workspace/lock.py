"""`patches/lock.json`: what was rebased from what, and where every byte came from."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from patchkit import documents
from patchkit.errors import InconsistentError
from patchkit.rebase.culprit import Culprit
from patchkit.rebase.landing import Fate
from patchkit.rebase.outcome import Outcome
from patchkit.releases import Release
from patchkit.upstream.sources import Origin
from patchkit.workspace import identity
from patchkit.workspace.identity import Relocked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from patchkit.rebase.outcome import RebaseResult
    from patchkit.series.patch import Series
    from patchkit.upstream.sources import UpstreamTree

_FILE_NAME = re.compile(r"\d{4}-[^/\x00]+\.patch")
SCHEMA = "patchkit.lock/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedPatch:
    """What became of one patch in a release.

    `file` and `sha256` are None where the outcome leaves the patch out. `from_sha256` is the
    digest of the patch that was rebased. `offsets` are the least and the greatest way of its
    hunks in lines; empty where no hunk moved, or where hunks do not correspond. `accepted` says
    that a person took what was proposed.
    """

    name: str
    outcome: Outcome
    from_sha256: str
    file: str | None = None
    sha256: str | None = None
    offsets: tuple[int, ...] = ()
    strategy: str | None = None
    accepted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """Why a release goes without a patch.

    `why` is `upstream` (it has the change) or `skipped` (a person left it out), since the
    release `since`; `last` is the release whose folder has the patch's last text. `commits` are
    the upstream commits that brought the change, and `ended` those that took it away again,
    where history was at hand. `fate` is what this release makes of a patch that one before it
    went without already.
    """

    why: Outcome
    since: str
    last: str
    fate: Fate = Fate.STAYS
    commits: tuple[Culprit, ...] = ()
    ended: tuple[Culprit, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedBase:
    """What a release's series was rebased from. `three_way` is False without the base's tree."""

    release: str
    series_sha256: str
    three_way: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedScenario:
    """What a scenario came to: of how many containers and checks, which checks failed.

    `not_run` are the containers that the engine could not be asked for.
    """

    verdict: str
    containers: int
    checks: int
    failed: tuple[str, ...] = ()
    not_run: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedEngine:
    """What ran the containers."""

    version: str
    kernel: str
    runtime: str
    architecture: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedVerification:
    """The last verification of a release, bound by digests to what it was about.

    `evidence_sha256` is that of `patches/evidence/<tag>.json`, which has every check.
    `stock` and `patched` are the images' digests. `control` is how the stock build ended, by
    run. `median_ms` are times in milliseconds. `ablation` counts, for every patch, the checks
    that fail without it, by scenario; null where that was not looked at.
    """

    verdict: str
    patchkit: str
    series_sha256: str
    evidence_sha256: str
    stock: str
    patched: str
    engine: LockedEngine
    control: dict[str, str]
    scenarios: dict[str, LockedScenario]
    median_ms: dict[str, int]
    ablation: dict[str, dict[str, int]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedRelease:
    """A supported release. Ids are git's, hexadecimal; null where the source has none.

    `nar_hash` is that of the source's archive as Nix writes it (`sha256-…=`), None as long as
    it was not computed: `patchkit overlay` does. `also` are other sources that gave the very
    same tree. What identifies a release is never replaced unless a person says why: then the
    ids from before are in `relocked`. `verification` is about this very series. `resolutions`
    are the keys of the conflicts that were settled as in `patches/resolutions/`, and `dropped`
    says why patches are left out, both by the patches' names.
    """

    tag: str
    tree: str
    commit: str | None
    tag_object: str | None
    origin: Origin
    base: LockedBase
    series_sha256: str
    patches: tuple[LockedPatch, ...]
    nar_hash: str | None = None
    verification: LockedVerification | None = None
    also: tuple[Origin, ...] = ()
    relocked: tuple[Relocked, ...] = ()
    resolutions: dict[str, str] = field(default_factory=dict)
    dropped: dict[str, Tombstone] = field(default_factory=dict)

    @property
    def release(self) -> Release:
        """The release by its tag."""
        return Release.parse(self.tag)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """The whole file; releases by their tags."""

    schema: str = SCHEMA
    releases: dict[str, LockedRelease] = field(default_factory=dict)

    def get(self, release: Release) -> LockedRelease | None:
        """What is recorded for a release."""
        return self.releases.get(release.tag)

    @property
    def supported(self) -> tuple[Release, ...]:
        """The releases with a series, in ascending order."""
        return tuple(sorted(locked.release for locked in self.releases.values()))

    def with_release(self, locked: LockedRelease) -> Lock:
        """The same lock with one release's record in place.

        What identifies the release stays, and what was verified of the same series on the same
        tree stays verified. Upstream commits that were found stay found. Raises
        `InconsistentError` when the release is another one than it was, unless the record says
        why (`identity.replaced`).
        """
        before = self.releases.get(locked.tag)
        if before is not None:
            locked = identity.continued(before, locked)
            stones = {n: _as_known(s, before.dropped.get(n)) for n, s in locked.dropped.items()}
            locked = replace(locked, dropped=stones)
        if (
            locked.verification is None
            and before is not None
            and (before.tree, before.series_sha256) == (locked.tree, locked.series_sha256)
        ):
            locked = replace(locked, verification=before.verification)
        return replace(self, releases={**self.releases, locked.tag: locked})


def _as_known(stone: Tombstone, before: Tombstone | None) -> Tombstone:
    """The same with the commits that were found when history was at hand."""
    bare = replace(stone, commits=(), ended=())
    if before is None or replace(before, commits=(), ended=()) != bare:
        return stone
    return replace(
        stone, commits=stone.commits or before.commits, ended=stone.ended or before.ended
    )


def read_lock(text: bytes, *, file_name: str) -> Lock:
    """Read the lock.

    Raises `InconsistentError` for what patchkit did not write.
    """
    try:
        lock = documents.decode(text, Lock)
    except documents.MalformedDocument as error:
        raise InconsistentError(
            f"{file_name} is damaged: {error}",
            hint=f"restore it: git checkout -- {file_name}",
        ) from error
    if lock.schema != SCHEMA:
        raise InconsistentError(
            f"{file_name} has the schema '{lock.schema}'; this patchkit reads '{SCHEMA}'",
            hint="use the patchkit that wrote it, or a newer one",
        )
    for tag, locked in lock.releases.items():
        if tag != locked.tag or Release.from_tag(tag) is None:
            raise InconsistentError(
                f"{file_name} files '{locked.tag}' under '{tag}'",
                hint=f"restore it: git checkout -- {file_name}",
            )
        for patch in locked.patches:
            if patch.file is not None and not _FILE_NAME.fullmatch(patch.file):
                raise InconsistentError(
                    f"{file_name} names {patch.file!r} for {tag}, which is no patch's file name",
                    hint=f"restore it: git checkout -- {file_name}",
                )
    return lock


def lock_release(
    *,
    tree: UpstreamTree,
    base: Release,
    series: Series,
    result: RebaseResult,
    accepted: frozenset[str] = frozenset(),
    dropped: Mapping[str, Tombstone] | None = None,
    left_out: Mapping[str, LockedPatch] | None = None,
) -> LockedRelease:
    """The record of a finished rebase of `series` (written for `base`) onto `tree`.

    A series that was rebased onto its own base comes from itself, in canonical form. `left_out`
    are the patches that the base goes without already, by name.
    """
    source = result.series if base == tree.release else series
    digests = {patch.name: patch.sha256 for patch in source.patches}
    return LockedRelease(
        tag=tree.release.tag,
        tree=tree.tree,
        commit=tree.commit,
        tag_object=tree.tag_object,
        origin=tree.origin,
        base=LockedBase(release=base.tag, series_sha256=source.sha256, three_way=result.three_way),
        series_sha256=result.series.sha256,
        resolutions={
            each.original.name: lesson.key
            for each in result.results
            if (lesson := each.memory.lesson if each.memory else each.lesson) is not None
        },
        dropped=dict(dropped or {}),
        patches=tuple(
            LockedPatch(
                name=outcome.original.name,
                outcome=outcome.outcome,
                from_sha256=digests.get(outcome.original.name, outcome.original.sha256),
                file=outcome.patch.file_name if outcome.patch else None,
                sha256=outcome.patch.sha256 if outcome.patch else None,
                offsets=_extremes(outcome.offsets),
                strategy=outcome.strategy,
                accepted=outcome.original.name in accepted,
            )
            for outcome in result.results
        )
        + tuple((left_out or {}).values()),
    )


def _extremes(offsets: tuple[int, ...]) -> tuple[int, ...]:
    return (min(offsets), max(offsets)) if any(offsets) else ()
