"""`support.json`: what image builders and other programs need to choose a release and check it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from patchkit import __version__
from patchkit.rebase.outcome import Outcome
from patchkit.report.series_report import Standing
from patchkit.upstream.sources import Origin
from patchkit.verify.verdict import worst

if TYPE_CHECKING:
    from patchkit.report.series_report import ReleaseReport, SeriesReport

SCHEMA = "patchkit.support/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportedPatch:
    """A patch to apply: its path in the patch repository, and the digest of its bytes."""

    name: str
    path: str
    sha256: str
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What proves a release: the verdict, the digest of the evidence, what ran the containers.

    `images` are the digests of the images' configurations, by variant. `boot_ms` and `stop_ms`
    are medians in milliseconds, null where they were not measured.
    """

    verdict: str
    evidence: str
    evidence_sha256: str
    engine: str
    kernel: str
    architecture: str
    images: dict[str, str]
    scenarios: dict[str, str]
    boot_ms: int | None
    stop_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportedRelease:
    """A supported release: the source by its ids, the patches in order, how it stands.

    `usable` says that what is on disk is what the lock records, and that no verification failed.
    `series_sha256` is the digest of the lines `<sha256>  <file name>` of all patches in order.
    """

    tag: str
    version: str
    standing: Standing
    usable: bool
    tree: str
    commit: str | None
    tag_object: str | None
    nar_hash: str | None
    origin: Origin
    series_sha256: str
    patches: tuple[SupportedPatch, ...]
    proof: Proof | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportDocument:
    """The whole file; releases newest first. `newest_proven` and `newest` are tags or null."""

    schema: str = SCHEMA
    patchkit: str = __version__
    newest: str | None
    newest_proven: str | None
    releases: tuple[SupportedRelease, ...]


def support(report: SeriesReport) -> SupportDocument:
    """The document that goes beside the page."""
    return SupportDocument(
        newest=report.releases[0].tag if report.releases else None,
        newest_proven=report.newest_proven,
        releases=tuple(_release(release) for release in report.releases),
    )


def _release(release: ReleaseReport) -> SupportedRelease:
    return SupportedRelease(
        tag=release.tag,
        version=release.version,
        standing=release.standing,
        usable=release.standing not in {Standing.FAILED, Standing.INCONSISTENT},
        tree=release.tree,
        commit=release.commit,
        tag_object=release.tag_object,
        nar_hash=release.nar_hash,
        origin=release.origin,
        series_sha256=release.series_sha256,
        patches=tuple(
            SupportedPatch(
                name=patch.name,
                path=f"patches/{release.tag}/{patch.file}",
                sha256=patch.sha256,
                outcome=patch.outcome,
            )
            for patch in release.patches
            if patch.file is not None and patch.sha256 is not None
        ),
        proof=_proof(release),
    )


def _proof(release: ReleaseReport) -> Proof | None:
    evidence = release.verification
    if evidence is None or release.evidence is None or release.evidence_sha256 is None:
        return None
    return Proof(
        verdict=evidence.verdict,
        evidence=release.evidence,
        evidence_sha256=release.evidence_sha256,
        engine=f"{evidence.engine.name} {evidence.engine.version}",
        kernel=evidence.engine.kernel,
        architecture=evidence.engine.architecture,
        images=evidence.images,
        scenarios={
            name: str(worst(case.verdict for case in scenario.values()))
            for name, scenario in evidence.scenarios.items()
        },
        boot_ms=release.median.get("boot"),
        stop_ms=release.median.get("stop"),
    )
