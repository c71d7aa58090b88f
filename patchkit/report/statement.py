"""A release's provenance as an in-toto statement, which other tools read.

Forms: in-toto Attestation Framework, Statement v1 and ResourceDescriptor v1; SLSA v1.0,
"Provenance", predicate v1. Resources are named by package URLs (purl-spec).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from patchkit.upstream.sources import SourceKind

if TYPE_CHECKING:
    from patchkit.report.provenance import ProvenanceReport
    from patchkit.trust.signature import SignatureRecord
    from patchkit.upstream.sources import Origin

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = "urn:patchkit:build-type:rebase:1"
BUILDER = "urn:patchkit:builder:patchkit"


def statement(report: ProvenanceReport, *, version: str) -> dict[str, Any]:
    """What was made (the patches), from what, and how it was proven.

    Nothing of it depends on when or where it is asked for.
    """
    return {
        "_type": STATEMENT,
        "subject": [
            {"name": f"patches/{report.release}/{patch.file}", "digest": {"sha256": patch.sha256}}
            for patch in report.patches
            if patch.file is not None
        ],
        "predicateType": PREDICATE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {"release": report.release, "from": report.base.release},
                "internalParameters": {
                    "seriesSha256": report.series_sha256,
                    "baseSeriesSha256": report.base.series_sha256,
                    "threeWay": report.base.three_way,
                    "outcomes": {
                        patch.name: {
                            "outcome": str(patch.outcome),
                            "strategy": patch.strategy,
                            "acceptedByPerson": patch.accepted,
                        }
                        for patch in report.patches
                    },
                },
                "resolvedDependencies": [*_sources(report), *_base(report)],
            },
            "runDetails": {
                "builder": {"id": BUILDER, "version": {"patchkit": version}},
                "metadata": {},
                "byproducts": _evidence(report),
            },
        },
    }


def canonical(value: dict[str, Any]) -> str:
    """Canonical JSON: keys sorted, no space, UTF-8 (RFC 8785; there are no fractions)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _sources(report: ProvenanceReport) -> list[dict[str, Any]]:
    """Upstream's release by its ids in git and as a tarball, and who signed it."""
    version = report.release.removeprefix("v")
    git = {"gitTree": report.tree}
    git |= {"gitCommit": report.commit} if report.commit else {}
    git |= {"gitTag": report.tag_object} if report.tag_object else {}
    signed = report.signature if report.origin.kind is SourceKind.GIT else None
    found = [
        {
            "name": f"systemd {report.release}",
            "uri": f"pkg:generic/systemd@{version}?vcs_url=git%2Bhttps://github.com/systemd/systemd",
            "digest": git,
            "annotations": {
                "source": report.origin.source,
                "narHash": report.nar_hash,
                "signature": _signature(signed),
            },
        }
    ]
    return found + [
        _tarball(origin, version)
        for origin in (report.origin, *report.also)
        if origin.file is not None
    ]


def _tarball(origin: Origin, version: str) -> dict[str, Any]:
    return {
        "name": origin.file,
        "uri": f"pkg:deb/debian/systemd@{version}?arch=source",
        "digest": {"sha256": origin.sha256},
        "annotations": {"source": origin.source, "signature": _signature(origin.signature)},
    }


def _signature(record: SignatureRecord | None) -> dict[str, Any] | None:
    if record is None:
        return None
    return {
        "kind": str(record.kind),
        "status": str(record.status),
        "signer": record.signer,
        "fingerprint": record.fingerprint,
        "keyringSha256": record.keyring_sha256,
        "chain": dict(record.chain),
    }


def _base(report: ProvenanceReport) -> list[dict[str, Any]]:
    """The patches that were rebased."""
    return [
        {
            "name": f"{patch.name} of {report.base.release}",
            "digest": {"sha256": patch.from_sha256},
        }
        for patch in report.patches
    ]


def _evidence(report: ProvenanceReport) -> list[dict[str, Any]]:
    """What the verification left: the evidence and the images that it was about."""
    proof = report.verification
    if proof is None:
        return []
    images = {"stock": proof.stock, "patched": proof.patched}
    evidence = {
        "name": f"patches/evidence/{report.release}.json",
        "digest": {"sha256": proof.evidence_sha256},
        "annotations": {"verdict": proof.verdict, "engine": proof.engine.version},
    }
    return [evidence] + [
        {"name": f"image {name}", "digest": {"sha256": image.removeprefix("sha256:")}}
        for name, image in images.items()
    ]
