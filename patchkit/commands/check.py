"""`patchkit check`: is everything on disk consistent?"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from patchkit.console import Cell, Table, Tone
from patchkit.errors import ExitCode, InconsistentError, UnavailableError, UsageError
from patchkit.nix.overlay import stale_overlay
from patchkit.rebase.landing import Fate
from patchkit.rebase.tree import TreeView
from patchkit.releases import Release
from patchkit.workspace import identity
from patchkit.workspace.audit import (
    audit_base,
    audit_record,
    audit_resolutions,
    audit_tree,
    audit_verification,
    unused_resolutions,
)
from patchkit.workspace.layout import LOCK
from patchkit.workspace.lock import Tombstone
from patchkit.workspace.resolutions import read_shelf
from patchkit.workspace.tombstones import sentence
from patchkit.writeplan import steadily

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from patchkit.commands.invocation import Invocation
    from patchkit.upstream.upstreams import Upstream
    from patchkit.workspace.config import SeriesConfig
    from patchkit.workspace.layout import Workspace
    from patchkit.workspace.lock import LockedRelease

_EXAMPLES = """\
examples:
  patchkit check              every supported release
  patchkit check v262         one of them
  patchkit check --offline    without fetching any tree
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseCheck:
    """One release: what is wrong, and whether the patches were applied to its tree.

    `unproven` says why they could not be applied although nothing is known to be wrong;
    `dropped` why patches are left out, by their names.
    """

    release: str
    applied: bool
    problems: tuple[str, ...]
    unproven: str | None = None
    dropped: dict[str, Tombstone] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolutionsCheck:
    """`patches/resolutions/`: what is wrong there, and the files that no release uses."""

    problems: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """What `patchkit check --json` prints. `overlay` has the paths that are out of date."""

    schema: str = "patchkit.check/1"
    consistent: bool
    releases: tuple[ReleaseCheck, ...]
    overlay: tuple[str, ...] = ()
    resolutions: ResolutionsCheck = ResolutionsCheck()


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = _EXAMPLES
    parser.add_argument("release", nargs="?", metavar="RELEASE", help="default: all supported")
    parser.add_argument("--offline", action="store_true", help="use only trees in the cache")
    parser.add_argument("--upstream", metavar="URL|PATH", help="take upstream's git from here")


def run(arguments: argparse.Namespace, invocation: Invocation) -> ExitCode:
    """Check, and end with 7 when anything is inconsistent."""
    workspace, console = invocation.workspace(), invocation.console
    report = steadily(workspace.root, LOCK, lambda: _look(arguments, invocation, workspace))
    console.table(_table(report))
    for text, tone in _remarks(report):
        console.say(text, tone)
    if report.overlay:
        console.say(f"not what would be rendered: {', '.join(report.overlay)}", Tone.BAD)
        console.say("regenerate it: patchkit overlay", Tone.NOTE)
    console.document(report)
    if not report.consistent:
        return ExitCode.INCONSISTENT
    unproven = [check.release for check in report.releases if check.unproven]
    if unproven:
        console.error(
            f"the tree of {', '.join(unproven)} cannot be had, so the patches were not applied",
            "name a repository that has it with --upstream, or leave trees out with --offline",
        )
        return ExitCode.UNAVAILABLE
    return ExitCode.DONE


def _look(
    arguments: argparse.Namespace, invocation: Invocation, workspace: Workspace
) -> CheckReport:
    config, lock = workspace.config(), workspace.lock()
    chosen = [Release.parse(arguments.release)] if arguments.release else list(lock.supported)
    upstream = invocation.upstream(config, arguments.upstream)
    shelf = read_shelf(workspace.root)
    checks = []
    for release in chosen:
        locked = lock.get(release)
        if locked is None:
            raise UsageError(
                f"{release} is not supported here",
                hint=f"supported: {', '.join(r.tag for r in lock.supported) or 'none yet'}",
            )
        found = _check(locked, workspace, config, upstream, offline=arguments.offline)
        gone = audit_resolutions(locked, shelf)
        checks.append(replace(found, problems=found.problems + gone, dropped=locked.dropped))
    checks += _unrecorded(workspace, {release.tag for release in lock.supported})
    overlay = stale_overlay(workspace.root, lock)
    resolutions = ResolutionsCheck(problems=shelf.problems, unused=unused_resolutions(lock, shelf))
    return CheckReport(
        consistent=not overlay
        and not resolutions.problems
        and not any(check.problems for check in checks),
        releases=tuple(checks),
        overlay=overlay,
        resolutions=resolutions,
    )


def _check(
    locked: LockedRelease,
    workspace: Workspace,
    config: SeriesConfig,
    upstream: Upstream,
    *,
    offline: bool,
) -> ReleaseCheck:
    problems = list(audit_record(locked, workspace, config))
    if stale := audit_base(locked, workspace, config):
        problems.append(stale)
    if void := audit_verification(locked, workspace, config):
        problems.append(void)
    applied = False
    if not problems:
        try:
            tree = (
                upstream.store.tree(locked.release)
                if offline
                else upstream.tree(locked.release, expected=locked.tree)
            )
        except UnavailableError as error:
            return ReleaseCheck(
                release=locked.tag, applied=False, problems=(), unproven=error.message
            )
        except InconsistentError as error:
            problems.append(error.message)
            tree = None
        if tree is not None and tree.tree != locked.tree:
            problems.append(f"the tree at hand is {tree.tree}, the lock has {locked.tree}")
        elif tree is not None:
            problems += [each.clause for each in identity.differences(locked, tree)]
            view = TreeView(source=upstream.store, tree=tree.tree)
            fault = audit_tree(locked, workspace, config, view)
            problems += [fault] if fault else []
            applied = fault is None
    return ReleaseCheck(release=locked.tag, applied=applied, problems=tuple(problems))


def _unrecorded(workspace: Workspace, known: set[str]) -> list[ReleaseCheck]:
    """Folders under `patches/` that the lock knows nothing of."""
    found = []
    for folder in sorted((workspace.root / "patches").iterdir()):
        release = Release.from_tag(folder.name) if folder.is_dir() else None
        if release is not None and folder.name not in known and workspace.has_series(release):
            problem = f"patches/{folder.name}/ is not in the lock: patchkit rebase {folder.name}"
            found.append(ReleaseCheck(release=folder.name, applied=False, problems=(problem,)))
    return found


def _remarks(report: CheckReport) -> Iterator[tuple[str, Tone]]:
    """What is left out of releases against what upstream has now, and the resolutions."""
    for check in report.releases:
        for name, stone in check.dropped.items():
            if stone.fate is not Fate.STAYS:
                said, tone = sentence(name, stone, check.release)
                yield f"{check.release}: {said}", tone
    for problem in report.resolutions.problems:
        yield problem, Tone.BAD
        name = problem.partition(" ")[0]
        yield f"restore it (git checkout -- {name}), or remove it and resolve again", Tone.NOTE
    for path in report.resolutions.unused:
        yield f"{path} is used by no release: remove it if it is of no more use", Tone.NOTE


def _table(report: CheckReport) -> Table:
    return Table(
        headings=("Release", "State", "Patches", "Problem"),
        rows=tuple(
            (
                Cell(check.release, Tone.STRONG),
                _state(check),
                Cell("apply strictly" if check.applied else "not tried"),
                Cell("; ".join(check.problems) or check.unproven or "-"),
            )
            for check in report.releases
        ),
    )


def _state(check: ReleaseCheck) -> Cell:
    if check.problems:
        return Cell("inconsistent", Tone.BAD)
    return Cell("unproven", Tone.CARE) if check.unproven else Cell("consistent", Tone.GOOD)
