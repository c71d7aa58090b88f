"""A release's whole chain, from the signature upstream to the evidence of its verification."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from patchkit.console import Cell, Table, Tone
from patchkit.trust.signature import SignatureRecord
from patchkit.upstream.sources import Origin
from patchkit.workspace.audit import audit_base, audit_record, audit_verification
from patchkit.workspace.identity import Relocked
from patchkit.workspace.lock import LockedBase, LockedPatch, LockedVerification

if TYPE_CHECKING:
    from collections.abc import Iterator

    from patchkit.workspace.config import SeriesConfig
    from patchkit.workspace.layout import Workspace
    from patchkit.workspace.lock import LockedRelease


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenanceReport:
    """What `patchkit provenance --json` prints: the lock's record, and whether it holds.

    `problems` are where what is on disk is not what was recorded: one sentence each. `whole`
    says that no link is missing: signed, rebased, verified and passed.
    """

    schema: str = "patchkit.provenance/1"
    release: str
    whole: bool
    problems: tuple[str, ...]
    signature: SignatureRecord | None
    origin: Origin
    also: tuple[Origin, ...]
    tag_object: str | None
    commit: str | None
    tree: str
    nar_hash: str | None
    relocked: tuple[Relocked, ...]
    base: LockedBase
    series_sha256: str
    patches: tuple[LockedPatch, ...]
    verification: LockedVerification | None


def trace(locked: LockedRelease, workspace: Workspace, config: SeriesConfig) -> ProvenanceReport:
    """Follow a release's chain through the lock, the patches and the evidence on disk."""
    doubts = (
        *audit_record(locked, workspace, config),
        audit_base(locked, workspace, config),
        audit_verification(locked, workspace, config),
    )
    problems = tuple(doubt for doubt in doubts if doubt is not None)
    signature, verification = locked.origin.signature, locked.verification
    is_signed = signature is not None and signature.is_verified
    is_proven = verification is not None and verification.verdict == "passed"
    return ProvenanceReport(
        release=locked.tag,
        whole=not problems and is_signed and is_proven,
        problems=problems,
        signature=signature,
        origin=locked.origin,
        also=locked.also,
        tag_object=locked.tag_object,
        commit=locked.commit,
        tree=locked.tree,
        nar_hash=locked.nar_hash,
        relocked=locked.relocked,
        base=locked.base,
        series_sha256=locked.series_sha256,
        patches=locked.patches,
        verification=verification,
    )


def table(report: ProvenanceReport) -> Table:
    """The chain for people, from upstream downwards."""
    return Table(
        headings=("Link", "Is", "Digest"),
        rows=tuple(
            (Cell(link, Tone.STRONG), Cell(what, tone), Cell(digest, Tone.FAINT))
            for link, what, digest, tone in _links(report)
        ),
    )


def _links(report: ProvenanceReport) -> Iterator[tuple[str, str, str, Tone]]:
    yield from _signature(report)
    yield from _source(report)
    base = report.base
    three_way = "" if base.three_way else ", without the base's tree"
    yield "rebased", f"from the series of {base.release}{three_way}", base.series_sha256, Tone.PLAIN
    for patch in report.patches:
        settled = f" ({patch.strategy})" if patch.strategy else ""
        accepted = ", taken by a person" if patch.accepted else ""
        what = f"{patch.name}: {patch.outcome}{settled}{accepted}"
        yield "patch", what, patch.sha256 or "left out", Tone.PLAIN
    yield (
        "series",
        f"{sum(p.file is not None for p in report.patches)} patches",
        (report.series_sha256),
        Tone.PLAIN,
    )
    yield from _verification(report)


def _signature(report: ProvenanceReport) -> Iterator[tuple[str, str, str, Tone]]:
    record = report.signature
    if record is None:
        yield "signature", "not checked", "-", Tone.CARE
        return
    tone = Tone.GOOD if record.is_verified else Tone.CARE
    yield "signature", record.sentence, record.fingerprint or "-", tone
    if record.keyring_sha256:
        yield (
            "keyring",
            f"the keys that it was checked with ({record.kind})",
            (record.keyring_sha256),
            Tone.PLAIN,
        )
    for name, digest in record.chain.items():
        yield "signed for", name, digest, Tone.PLAIN


def _source(report: ProvenanceReport) -> Iterator[tuple[str, str, str, Tone]]:
    for origin in (report.origin, *report.also):
        if origin.file and origin.sha256:
            yield "tarball", f"{origin.file} from {origin.source}", origin.sha256, Tone.PLAIN
    if report.tag_object:
        yield "tag", f"{report.release} from {report.origin.source}", report.tag_object, Tone.PLAIN
    if report.commit:
        yield "commit", "git", report.commit, Tone.PLAIN
    yield "tree", "git", report.tree, Tone.PLAIN
    if report.nar_hash:
        yield "archive", "as Nix sees it", report.nar_hash, Tone.PLAIN
    for old in report.relocked:
        yield "relocked", f"it was this tree before: {old.reason}", old.tree, Tone.CARE


def _verification(report: ProvenanceReport) -> Iterator[tuple[str, str, str, Tone]]:
    proof = report.verification
    if proof is None:
        yield "verification", "none", "-", Tone.CARE
        return
    tone = Tone.GOOD if proof.verdict == "passed" and not report.problems else Tone.BAD
    checks = sum(scenario.checks for scenario in proof.scenarios.values())
    where = f"{proof.engine.version}, kernel {proof.engine.kernel}"
    yield (
        "verification",
        f"{proof.verdict}: {checks} checks ({where})",
        (proof.evidence_sha256),
        tone,
    )
    yield "image", "stock", proof.stock, Tone.PLAIN
    yield "image", "patched", proof.patched, Tone.PLAIN
