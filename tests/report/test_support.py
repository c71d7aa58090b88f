"""`support.json`: enough to fetch a release, patch it and check it."""

from __future__ import annotations

import hashlib
import json
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.report.support import Shelf


@pytest.fixture
def document(pages: Mapping[PurePosixPath, bytes]) -> Any:
    return json.loads(pages[PurePosixPath("support.json")])


def test_every_digest_is_that_of_the_file_it_names(document: Any, library: Shelf) -> None:
    for release in document["releases"]:
        lines = ""
        for patch in release["patches"]:
            digest = hashlib.sha256((library.root / patch["path"]).read_bytes()).hexdigest()
            assert patch["sha256"] == digest
            lines += f"{digest}  {PurePosixPath(patch['path']).name}\n"
        assert release["series_sha256"] == hashlib.sha256(lines.encode()).hexdigest()
        if proof := release["proof"]:
            evidence = (library.root / proof["evidence"]).read_bytes()
            assert proof["evidence_sha256"] == hashlib.sha256(evidence).hexdigest()


def test_what_is_to_be_used(document: Any) -> None:
    assert (document["newest"], document["newest_proven"]) == ("v262", "v262")
    assert [(r["tag"], r["standing"], r["usable"]) for r in document["releases"]] == [
        ("v262", "proven", True),
        ("v261.1", "failed", False),
        ("v261", "proven", True),
        ("v260", "not verified", True),
    ]


def test_the_proof_has_a_verdict_for_every_scenario(document: Any) -> None:
    failed = document["releases"][1]["proof"]
    assert failed["verdict"] == "failed"
    assert failed["scenarios"] == {"boot": "passed", "logs": "failed", "shutdown": "passed"}
    assert document["releases"][0]["proof"]["boot_ms"] == 715
    assert document["releases"][-1]["proof"] is None
