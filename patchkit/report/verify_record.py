"""Writing a verification's evidence into the repository, with the lock that binds to it."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from patchkit.errors import BusyError, InconsistentError
from patchkit.releases import Release
from patchkit.report.verify_evidence import evidence, lock_verification
from patchkit.verify.verdict import Verdict
from patchkit.writeplan import commit, held

if TYPE_CHECKING:
    from patchkit.console import Console
    from patchkit.report.verify import VerifyReport
    from patchkit.workspace.layout import Workspace

_PATIENCE = 20.0
"""How long, in seconds, another patchkit may hold the repository while evidence is written."""


def record(report: VerifyReport, workspace: Workspace, console: Console) -> None:
    """Write the evidence of a whole verification that proves something; else say why not.

    Raises `InconsistentError` when the series is not the one that was verified any more,
    `BusyError` and `StorageError`.
    """
    if not report.whole:
        console.note("no evidence is written: not every scenario was run")
        return
    if report.verdict is Verdict.VOID:
        console.note("no evidence is written: a void verdict proves nothing")
        return
    content, release = evidence(report), Release.parse(report.release)
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            with held(workspace.root, doing=f"verify {report.release}"):
                lock = workspace.lock()
                locked = lock.get(release)
                if locked is None or locked.series_sha256 != report.series_sha256:
                    raise InconsistentError(
                        f"the series of {report.release} was changed while it was verified",
                        hint=f"the evidence is about what it was; patchkit verify {report.release}",
                    )
                record = lock_verification(report, content, locked.verification)
                changed = lock.with_release(replace(locked, verification=record))
                plan = workspace.plan_verification(release, content, changed)
                for path in commit(workspace.root, plan):
                    console.note(f"wrote {path}")
                return
        except BusyError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)
