"""A verification binds to bytes: change one, and it is void."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from patchkit.releases import Release
from patchkit.workspace.audit import audit_verification
from patchkit.workspace.layout import Workspace
from patchkit.workspace.lock import Lock, LockedEngine, LockedRelease, LockedVerification
from patchkit.writeplan import commit
from tests import builders
from tests.builders import Change, text

if TYPE_CHECKING:
    from pathlib import Path

CONTENT = b'{"schema": "patchkit.evidence/1"}\n'
RELEASE = Release.parse("v260")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A repository whose v260 is verified."""
    made = builders.patch_repository(
        tmp_path,
        {"v260": {"a.c": text("one", "two", "three")}},
        {"main": Change(message="main: two\n\nWhy.\n", files={"a.c": text("one", "2", "three")})},
        base="v260",
    )
    return Workspace(made.root)


def verified(workspace: Workspace) -> LockedRelease:
    """Write the evidence, and give the record that goes with it."""
    series = workspace.series(RELEASE, workspace.config())
    record = LockedVerification(
        verdict="passed",
        patchkit="0",
        series_sha256=series.sha256,
        evidence_sha256=hashlib.sha256(CONTENT).hexdigest(),
        stock="sha256:a",
        patched="sha256:b",
        engine=LockedEngine(version="docker 1", kernel="1", runtime="runc 1", architecture="x"),
        control={},
        scenarios={},
        median_ms={},
    )
    from tests.workspace.test_lock import LOCKED  # noqa: PLC0415 - a record to start from

    locked = replace(LOCKED, tag="v260", series_sha256=series.sha256, verification=record)
    plan = workspace.plan_verification(RELEASE, CONTENT, Lock().with_release(locked))
    commit(workspace.root, plan)
    return locked


def audited(workspace: Workspace, locked: LockedRelease) -> str:
    return audit_verification(locked, workspace, workspace.config()) or ""


def test_what_is_as_it_was_verified(workspace: Workspace) -> None:
    locked = verified(workspace)
    assert audited(workspace, locked) == ""
    assert workspace.lock().releases["v260"].verification == locked.verification


def test_one_byte_of_a_patch(workspace: Workspace) -> None:
    locked = verified(workspace)
    (patch,) = (workspace.root / "patches/v260").glob("*.patch")
    patch.write_bytes(patch.read_bytes().replace(b"Why.", b"why."))
    assert "its verification is void: the series is not the one" in audited(workspace, locked)


def test_one_byte_of_the_evidence(workspace: Workspace) -> None:
    locked = verified(workspace)
    path = workspace.root / workspace.evidence_path(RELEASE)
    path.write_bytes(CONTENT.replace(b"1", b"2"))
    assert "its evidence has been changed" in audited(workspace, locked)
    path.unlink()
    assert "its evidence is missing" in audited(workspace, locked)


def test_what_was_never_verified(workspace: Workspace) -> None:
    locked = replace(verified(workspace), verification=None)
    assert audited(workspace, locked) == ""


def test_a_verification_stays_with_its_series(workspace: Workspace) -> None:
    locked = verified(workspace)
    lock = Lock().with_release(locked)
    bare = replace(locked, verification=None)
    assert lock.with_release(bare).releases["v260"].verification == locked.verification
    other = replace(bare, series_sha256="d" * 64)
    assert lock.with_release(other).releases["v260"].verification is None


def test_a_new_series_takes_the_evidence_away(workspace: Workspace) -> None:
    locked = verified(workspace)
    lock = Lock().with_release(replace(locked, series_sha256="d" * 64, verification=None))
    series = workspace.series(RELEASE, workspace.config())
    plan = workspace.plan_release(RELEASE, series, lock)
    assert workspace.evidence_path(RELEASE) in plan.removals
    kept = workspace.plan_release(RELEASE, series, Lock().with_release(locked))
    assert workspace.evidence_path(RELEASE) not in kept.removals
