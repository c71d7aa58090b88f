"""Gather the report from what is on disk: the lock, patches, evidence, git's history, the cache."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from patchkit import documents
from patchkit.errors import InconsistentError, PatchkitError, UnavailableError, UsageError
from patchkit.rebase.tree import TreeView
from patchkit.report.churn import Churn, churn
from patchkit.report.history import Milestones, milestones
from patchkit.report.range_diff import RangeDiff, range_diffs
from patchkit.report.series_report import (
    PatchPurpose,
    ReleasePatch,
    ReleaseReport,
    SeriesReport,
    Standing,
)
from patchkit.report.verify_evidence import Evidence
from patchkit.trust.signature import SignatureKind
from patchkit.upstream.dates import tagged_at
from patchkit.upstream.sources import GitSource
from patchkit.verify.catalogue import read_catalogue
from patchkit.verify.verdict import ControlOutcome, Verdict
from patchkit.workspace.audit import audit_base, audit_record, audit_verification

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from patchkit.proc import Runner
    from patchkit.series.patch import Series
    from patchkit.upstream.store import Store
    from patchkit.upstream.upstreams import Upstream
    from patchkit.workspace.config import SeriesConfig
    from patchkit.workspace.layout import Workspace
    from patchkit.workspace.lock import LockedPatch, LockedRelease

_FORGE = re.compile(r"https://github\.com/[A-Za-z0-9._-]+/[A-Za-z0-9._-]+?(?:\.git)?/?")
"""Repositories of which a page that compares two tags can be named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """The report, and the texts that its page shows: series and range-diffs by a release's tag.

    A release whose series cannot be read has none; `unread` names the releases whose trees are
    not in the cache, so that nothing is known of churn there.
    """

    report: SeriesReport
    series: Mapping[str, Series]
    ranges: Mapping[str, tuple[RangeDiff, ...]]
    unread: tuple[str, ...]


def gather(
    workspace: Workspace,
    *,
    upstream: Upstream,
    run: Runner,
    history: Path | None = None,
    seen: Callable[[int, int], None] = lambda _done, _total: None,
) -> Gathered:
    """Read everything; nothing is fetched and nothing is written.

    `history` is the work tree whose git history tells when a release came to be supported: the
    workspace's own, unless that is a copy. `seen` is told how many releases are done, of how many.

    Raises `UsageError` for a mistake in `series.toml`, `InconsistentError` for a damaged lock.
    What is wrong with one release is told of that release.
    """
    config, lock = workspace.config(), workspace.lock()
    locked = [lock.releases[release.tag] for release in lock.supported]
    for item in locked:
        _reach(item, upstream)
    series = {item.tag: found for item in locked if (found := _series(item, workspace, config))}
    pairs = {new.tag: old for old, new in pairwise(locked)}
    known = _Known(
        workspace=workspace,
        config=config,
        store=upstream.store,
        series=series,
        times=milestones(
            history or workspace.root,
            run,
            series={str(workspace.folder(item.release) / "series"): item.tag for item in locked},
            evidence={str(workspace.evidence_path(item.release)): item.tag for item in locked},
        ),
    )
    ranges = {
        tag: range_diffs(series[old.tag], series[tag])
        for tag, old in pairs.items()
        if tag in series and old.tag in series
    }
    releases = []
    for item in reversed(locked):
        releases.append(known.release(item, pairs.get(item.tag), ranges.get(item.tag, ())))
        seen(len(releases), len(locked))
    proven = [release.tag for release in releases if release.standing is Standing.PROVEN]
    report = SeriesReport(
        base=config.base.tag,
        newest_proven=proven[0] if proven else None,
        patches=tuple(
            PatchPurpose(
                name=entry.name,
                summary=entry.summary,
                why=entry.why,
                files=entry.files,
                functions=entry.functions,
                scenarios=entry.scenarios,
            )
            for entry in config.patches
        ),
        scenarios=_summaries(workspace),
        releases=tuple(releases),
    )
    unread = tuple(item.tag for item in locked if not known.has_tree(item))
    return Gathered(report=report, series=series, ranges=ranges, unread=unread)


def _reach(locked: LockedRelease, upstream: Upstream) -> None:
    """Have the objects of a local repository seen in the store, where upstream is one."""
    try:
        upstream.at_hand(locked.release)
    except PatchkitError:
        """What is held is damaged or differs: `patchkit check` tells; objects go by their ids."""


def _summaries(workspace: Workspace) -> dict[str, str]:
    """What each scenario is about; nothing where one of the repository's own is mistaken."""
    try:
        return {scenario.name: scenario.summary for scenario in read_catalogue(workspace.root)}
    except PatchkitError:
        return {}


def _series(locked: LockedRelease, workspace: Workspace, config: SeriesConfig) -> Series | None:
    try:
        return workspace.series(locked.release, config)
    except (InconsistentError, UsageError):
        return None  # `audit_record` says what is wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What the reports of all releases are made from."""

    workspace: Workspace
    config: SeriesConfig
    store: Store
    series: Mapping[str, Series]
    times: Milestones

    def release(
        self, locked: LockedRelease, before: LockedRelease | None, ranges: tuple[RangeDiff, ...]
    ) -> ReleaseReport:
        problems = audit_record(locked, self.workspace, self.config)
        evidence, void = self._evidence(locked)
        recorded = locked.verification
        standing = _standing(locked, problems, void)
        if standing is Standing.INCONSISTENT:
            evidence = None
        proves = evidence is not None and recorded is not None
        tagged = tagged_at(self.store, tag_object=locked.tag_object, commit=locked.commit)
        return ReleaseReport(
            tag=locked.tag,
            version=locked.release.version,
            standing=standing,
            problems=problems or ((void,) if void else _shortfalls(evidence)),
            stale=audit_base(locked, self.workspace, self.config),
            base=locked.base.release,
            before=before.tag if before else None,
            tree=locked.tree,
            commit=locked.commit,
            tag_object=locked.tag_object,
            nar_hash=locked.nar_hash,
            origin=locked.origin,
            series_sha256=locked.series_sha256,
            evidence=str(self.workspace.evidence_path(locked.release)) if proves else None,
            evidence_sha256=recorded.evidence_sha256 if recorded and proves else None,
            tagged=_moment(tagged) or _signed(locked),
            supported=_moment(self.times.supported.get(locked.tag)),
            proven=_moment(self.times.proven.get(locked.tag)) if proves else None,
            compare=self._compare(locked, before),
            patches=self._patches(locked, before, ranges),
            ablation=recorded.ablation if recorded and proves else None,
            verification=evidence,
        )

    def has_tree(self, locked: LockedRelease) -> bool:
        """Whether the release's tree is in the cache."""
        try:
            self.store.entry(locked.tree, ".gitattributes")
        except PatchkitError:
            return False
        return True

    def _evidence(self, locked: LockedRelease) -> tuple[Evidence | None, str | None]:
        """The evidence where it holds, and why it does not where there is any."""
        if locked.verification is None:
            return None, None
        if void := audit_verification(locked, self.workspace, self.config):
            return None, void
        content = self.workspace.evidence(locked.release)
        try:
            return documents.decode(content or b"", Evidence), None
        except documents.MalformedDocument as error:
            return None, f"its verification is void: its evidence cannot be read: {error}"

    def _patches(
        self, locked: LockedRelease, before: LockedRelease | None, ranges: tuple[RangeDiff, ...]
    ) -> tuple[ReleasePatch, ...]:
        near = self._churn(locked, before)
        since = {each.name: each.kind for each in ranges}
        series = self.series.get(locked.tag)
        texts = {patch.name: patch for patch in series.patches} if series else {}

        def told(recorded: LockedPatch) -> ReleasePatch:
            patch = texts.get(recorded.name)
            return ReleasePatch(
                name=recorded.name,
                outcome=recorded.outcome,
                strategy=recorded.strategy,
                offsets=recorded.offsets,
                file=recorded.file,
                sha256=recorded.sha256,
                subject=patch.message.subject if patch else None,
                hunks=patch.hunk_count if patch else 0,
                added=sum(file.added for file in patch.files) if patch else 0,
                removed=sum(file.removed for file in patch.files) if patch else 0,
                since=since.get(recorded.name),
                churn=near.get(recorded.name),
            )

        return tuple(told(recorded) for recorded in locked.patches)

    def _churn(self, locked: LockedRelease, before: LockedRelease | None) -> dict[str, Churn]:
        """Nothing where a tree is not at hand or the series does not apply to it."""
        series = self.series.get(locked.tag)
        if before is None or series is None:
            return {}
        old = TreeView(source=self.store, tree=before.tree)
        new = TreeView(source=self.store, tree=locked.tree)
        try:
            return churn(series, old, new)
        except (InconsistentError, UnavailableError):
            return {}

    def _compare(self, locked: LockedRelease, before: LockedRelease | None) -> str | None:
        if before is None:
            return None
        for source in self.config.sources:
            if isinstance(source, GitSource) and _FORGE.fullmatch(source.location):
                site = source.location.rstrip("/").removesuffix(".git")
                return f"{site}/compare/{before.tag}...{locked.tag}"
        return None


def _shortfalls(evidence: Evidence | None) -> tuple[str, ...]:
    """What a verification that did not pass says of why: a sentence each."""
    if evidence is None or evidence.verdict is Verdict.PASSED:
        return ()
    control = tuple(
        f"systemd without the patches, {each.name}: {each.outcome}, {each.measured}"
        for each in evidence.control
        if each.outcome in {ControlOutcome.BOOTED, ControlOutcome.OTHER}
    )
    cases = tuple(
        f"{name}/{which}: {case.reason}"
        for name, scenario in evidence.scenarios.items()
        for which, case in scenario.items()
        if case.verdict.falls_short
    )
    return control + cases or (f"its verdict is '{evidence.verdict}'",)


def _standing(locked: LockedRelease, problems: tuple[str, ...], void: str | None) -> Standing:
    if problems:
        return Standing.INCONSISTENT
    if locked.verification is None:
        return Standing.UNVERIFIED
    if void is not None:
        return Standing.VOID
    match locked.verification.verdict:
        case Verdict.PASSED:
            return Standing.PROVEN
        case Verdict.FAILED:
            return Standing.FAILED
        case _:
            return Standing.VOID


def _signed(locked: LockedRelease) -> str | None:
    """When the release's tag was signed, where the lock knows; Debian signs later, and indices."""
    signature = locked.origin.signature
    if signature is None or signature.kind is SignatureKind.DEBIAN or not signature.is_verified:
        return None
    return signature.signed


def _moment(seconds: int | None) -> str | None:
    """A time as RFC 3339 writes it, in UTC."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
