"""Is a supported release's record true to what is on disk? Judging only; nothing is fetched."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from patchkit.errors import InconsistentError, StorageError, UsageError
from patchkit.rebase.strict import apply_series
from patchkit.releases import Release
from patchkit.workspace.resolutions import FOLDER

if TYPE_CHECKING:
    from patchkit.rebase.tree import TreeView
    from patchkit.workspace.config import SeriesConfig
    from patchkit.workspace.layout import Workspace
    from patchkit.workspace.lock import Lock, LockedRelease
    from patchkit.workspace.resolutions import Shelf


def audit_record(
    locked: LockedRelease, workspace: Workspace, config: SeriesConfig
) -> tuple[str, ...]:
    """What in the release's folder is not as the lock has it: one sentence each."""
    try:
        series = workspace.series(locked.release, config)
    except (InconsistentError, UsageError) as error:
        return (error.message,)
    problems = []
    on_disk = {patch.name: patch for patch in series.patches}
    for recorded in locked.patches:
        patch = on_disk.pop(recorded.name, None)
        if recorded.file is None:
            if patch is not None:
                problems.append(f"{patch.file_name} is there, but the lock says it is left out")
        elif patch is None:
            problems.append(f"{recorded.file} is missing")
        elif patch.file_name != recorded.file:
            problems.append(f"{patch.file_name} is recorded as {recorded.file}")
        elif patch.sha256 != recorded.sha256:
            problems.append(f"{patch.file_name} has been changed since it was written")
    problems += [f"{patch.file_name} is not in the lock" for patch in on_disk.values()]
    for entry in config.patches:
        touched = [set(p.paths) for p in series.patches if p.name == entry.name]
        unnamed = sorted(set().union(*touched) - set(entry.files))
        if unnamed:
            problems.append(f"{entry.name} changes {unnamed[0]}, which series.toml does not name")
    if not problems and series.sha256 != locked.series_sha256:
        problems.append("the series' digest is not the one in the lock")
    return tuple(problems)


def edited_by_hand(locked: LockedRelease, workspace: Workspace) -> tuple[str, ...]:
    """The release's patch files that are there and are not what was written.

    Raises `StorageError`.
    """
    folder = workspace.folder(locked.release)
    found = []
    for recorded in locked.patches:
        if recorded.file is None:
            continue
        try:
            content = (workspace.root / folder / recorded.file).read_bytes()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise StorageError.from_os_error(f"read {folder / recorded.file}", error) from error
        if hashlib.sha256(content).hexdigest() != recorded.sha256:
            found.append(str(folder / recorded.file))
    return tuple(found)


def audit_verification(
    locked: LockedRelease, workspace: Workspace, config: SeriesConfig
) -> str | None:
    """Why the recorded verification proves nothing of what is on disk, or None.

    A release that was never verified has none that could be wrong.
    """
    verification = locked.verification
    if verification is None:
        return None
    again = f"verify it again: patchkit verify {locked.tag}"
    try:
        series = workspace.series(locked.release, config)
        evidence = workspace.evidence(locked.release)
    except (InconsistentError, UsageError, StorageError) as error:
        return f"its verification cannot be checked: {error.message}"
    if series.sha256 != verification.series_sha256:
        return f"its verification is void: the series is not the one that was verified; {again}"
    if evidence is None:
        return f"its verification is void: its evidence is missing; {again}"
    if hashlib.sha256(evidence).hexdigest() != verification.evidence_sha256:
        return f"its verification is void: its evidence has been changed; {again}"
    return None


def audit_resolutions(locked: LockedRelease, shelf: Shelf) -> tuple[str, ...]:
    """Which of the resolutions that settled the release's conflicts are gone."""
    return tuple(
        f"{name} was settled by a resolution that is gone from {FOLDER}: "
        f"restore it, or resolve the conflict again: patchkit rebase {locked.tag}"
        for name, key in sorted(locked.resolutions.items())
        if key not in shelf.resolutions and not shelf.problems
    )


def unused_resolutions(lock: Lock, shelf: Shelf) -> tuple[str, ...]:
    """The files of resolutions that settled no conflict of any release in the lock."""
    used = {key for locked in lock.releases.values() for key in locked.resolutions.values()}
    return tuple(str(kept.path) for key, kept in shelf.resolutions.items() if key not in used)


def audit_base(locked: LockedRelease, workspace: Workspace, config: SeriesConfig) -> str | None:
    """Why the release is stale (its base's series changed since), or None."""
    base = Release.parse(locked.base.release)
    if base == locked.release:
        return None
    try:
        series = workspace.series(base, config)
    except (InconsistentError, UsageError) as error:
        return f"its base cannot be read: {error.message}"
    if series.sha256 != locked.base.series_sha256:
        return f"the series of {base} has changed since; rebase {locked.tag} again"
    return None


def audit_tree(
    locked: LockedRelease, workspace: Workspace, config: SeriesConfig, tree: TreeView
) -> str | None:
    """Why the series does not apply strictly to its release's tree, or None."""
    try:
        apply_series(workspace.series(locked.release, config), tree)
    except (InconsistentError, UsageError) as error:
        return error.message + (f" ({error.hint})" if error.hint else "")
    return None
