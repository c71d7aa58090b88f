"""What the report finds in a patch repository."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from patchkit.report.range_diff import RangeKind
from patchkit.report.series_report import Standing
from tests import builders
from tests.report.support import CORE, Shelf

if TYPE_CHECKING:
    from pathlib import Path

    from patchkit.report.gathering import Gathered
    from patchkit.report.series_report import ReleaseReport


def of(gathered: Gathered, tag: str) -> ReleaseReport:
    return next(release for release in gathered.report.releases if release.tag == tag)


def test_releases_are_newest_first_each_with_how_it_stands(gathered: Gathered) -> None:
    assert [(release.tag, release.standing) for release in gathered.report.releases] == [
        ("v262", Standing.PROVEN),
        ("v261.1", Standing.FAILED),
        ("v261", Standing.PROVEN),
        ("v260", Standing.UNVERIFIED),
    ]
    assert gathered.report.newest_proven == "v262"


def test_a_failed_verification_says_why(gathered: Gathered) -> None:
    failed = of(gathered, "v261.1")
    assert [problem.partition(": ")[0] for problem in failed.problems] == [
        "logs/logs, with a terminal"
    ]
    assert "expected 0" in failed.problems[0]


def test_times_are_those_of_the_tag_and_of_the_repositorys_commits(gathered: Gathered) -> None:
    newest = of(gathered, "v262")
    assert newest.tagged == "2026-01-02T03:04:05Z"
    assert newest.supported == "2026-01-12T03:04:05Z"
    assert newest.proven == "2026-01-12T05:04:05Z"
    assert of(gathered, "v260").proven is None


def test_churn_is_counted_in_the_functions_that_a_patch_touches(gathered: Gathered) -> None:
    near = {
        (release.tag, patch.name): patch.churn.near
        for release in gathered.report.releases
        for patch in release.patches
        if patch.churn
    }
    assert near == {
        ("v261", "main"): 0,
        ("v261", "log"): 0,
        ("v261.1", "main"): 4,
        ("v261.1", "log"): 0,
        ("v262", "main"): 0,
        ("v262", "log"): 0,
    }
    churn = of(gathered, "v261.1").patches[0].churn
    assert churn is not None
    assert [(place.path, place.function, place.lines) for place in churn.places] == [
        (CORE, "main", 4)
    ]


def test_a_patch_is_compared_with_the_release_before(gathered: Gathered) -> None:
    since = {patch.name: patch.since for patch in of(gathered, "v261").patches}
    assert since == {"main": RangeKind.MOVED, "log": RangeKind.MOVED}
    assert [patch.since for patch in of(gathered, "v260").patches] == [None, None]
    assert of(gathered, "v261").before == "v260"


def test_without_trees_in_the_cache_churn_is_not_known(shelf: Shelf, tmp_path: Path) -> None:
    config = shelf.root / "patches/series.toml"
    known = config.read_text(encoding="utf-8")
    line = next(line for line in known.split("\n") if line.startswith("url ="))
    config.write_text(known.replace(line, 'url = "https://localhost:1/"'), encoding="utf-8")
    found = Shelf(root=shelf.root, cache=tmp_path / "empty").gather()
    assert found.unread == ("v260", "v261", "v261.1", "v262")
    assert all(
        patch.churn is None for release in found.report.releases for patch in release.patches
    )
    assert of(found, "v262").tagged is None


@pytest.mark.parametrize(
    ("kind", "status", "tagged"),
    [
        ("openpgp", "verified", "2026-07-01T00:00:00Z"),
        ("openpgp", "key missing", None),
        ("debian-archive", "verified", None),
    ],
)
def test_a_verified_signature_dates_a_tag_that_is_not_at_hand(
    shelf: Shelf, tmp_path: Path, kind: str, status: str, tagged: str | None
) -> None:
    lock = shelf.root / "patches/lock.json"
    document = json.loads(lock.read_bytes())
    document["releases"]["v262"]["origin"]["signature"] = {
        "kind": kind, "status": status, "signed": "2026-07-01T00:00:00Z"
    }  # fmt: skip
    document["releases"]["v262"].update(tag_object=None, commit=None)
    lock.write_text(json.dumps(document), encoding="utf-8")
    found = Shelf(root=shelf.root, cache=tmp_path / "empty").gather()
    assert of(found, "v262").tagged == tagged


def test_without_git_no_time_of_support_is_claimed(shelf: Shelf) -> None:
    shutil.rmtree(shelf.root / ".git")
    assert of(shelf.gather(), "v262").supported is None


def test_a_shallow_clone_claims_no_time_of_support(shelf: Shelf, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    builders.git(tmp_path, "clone", "-q", "--depth=1", shelf.root.as_uri(), str(clone))
    assert of(Shelf(root=clone, cache=shelf.cache).gather(), "v262").supported is None


def test_a_changed_patch_takes_the_proof_away(shelf: Shelf) -> None:
    patch = next((shelf.root / "patches/v262").glob("0001-*.patch"))
    patch.write_bytes(patch.read_bytes().replace(b"keep(", b"held("))
    found = of(shelf.gather(), "v262")
    assert found.standing is Standing.INCONSISTENT
    assert "has been changed" in found.problems[0]
    assert found.verification is None
    assert found.evidence_sha256 is None


def test_changed_evidence_proves_nothing(shelf: Shelf) -> None:
    evidence = shelf.root / "patches/evidence/v262.json"
    evidence.write_bytes(evidence.read_bytes().replace(b"Docker Engine", b"Rocket Engine"))
    found = of(shelf.gather(), "v262")
    assert found.standing is Standing.VOID
    assert "evidence has been changed" in found.problems[0]
    assert found.proven is None


def test_a_series_that_cannot_be_read_is_told_of_its_release_only(shelf: Shelf) -> None:
    next((shelf.root / "patches/v261").glob("0001-*.patch")).write_bytes(b"nothing\n")
    found = shelf.gather()
    assert of(found, "v261").standing is Standing.INCONSISTENT
    assert "v261" not in found.series
    assert of(found, "v262").standing is Standing.PROVEN
    assert [patch.since for patch in of(found, "v261.1").patches] == [None, None]


def test_a_stale_release_is_named(shelf: Shelf) -> None:
    patch = next((shelf.root / "patches/v260").glob("0002-*.patch"))
    patch.write_bytes(patch.read_bytes().replace(b"at last", b"at once"))
    assert "has changed since" in (of(shelf.gather(), "v261").stale or "")


def test_the_page_that_compares_two_tags_is_named_for_known_forges(shelf: Shelf) -> None:
    config = shelf.root / "patches/series.toml"
    text = config.read_text(encoding="utf-8")
    line = next(line for line in text.split("\n") if line.startswith("url ="))
    config.write_text(
        text.replace(line, 'url = "https://github.com/systemd/systemd.git"'), encoding="utf-8"
    )
    found = shelf.gather()
    compare = "https://github.com/systemd/systemd/compare/v261.1...v262"
    assert of(found, "v262").compare == compare
    assert of(found, "v260").compare is None
