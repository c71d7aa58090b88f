"""`patchkit status`: what is supported, what is newest, what to do next."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from patchkit.console import Cell, Table, Tone
from patchkit.errors import ExitCode, PatchkitError
from patchkit.nix.channels import (
    BOOK,
    ChannelBook,
    ChannelState,
    channel_lines,
    channel_steps,
)
from patchkit.nix.overlay import stale_overlay
from patchkit.rebase.landing import Fate
from patchkit.rebase.outcome import Outcome
from patchkit.releases import Release, newest_stable
from patchkit.verify.verdict import Verdict
from patchkit.workspace import session as sessions
from patchkit.workspace.audit import audit_base, audit_record, audit_verification
from patchkit.workspace.layout import LOCK
from patchkit.workspace.lock import Tombstone
from patchkit.workspace.resolutions import read_shelf
from patchkit.workspace.tombstones import sentence
from patchkit.writeplan import steadily

if TYPE_CHECKING:
    import argparse

    from patchkit.commands.invocation import Invocation
    from patchkit.workspace.config import SeriesConfig
    from patchkit.workspace.layout import Workspace
    from patchkit.workspace.lock import LockedRelease


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportedRelease:
    """A supported release: how its patches came about, and what is wrong with it, if anything.

    `verdict` is that of its verification, None where there is none or it is void; `void` says
    why it is. `dropped` says why patches are left out, by their names.
    """

    tag: str
    base: str
    outcomes: dict[str, Outcome]
    by_hand: tuple[str, ...]
    problems: tuple[str, ...]
    verdict: str | None = None
    void: str | None = None
    dropped: dict[str, Tombstone] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReport:
    """What `patchkit status --json` prints. `newest` is None when no source could be asked.

    `overlay` has the paths in overlays/ that are out of date, `nixpkgs` what is known of its
    channels since `patchkit nixpkgs` asked them last.
    """

    schema: str = "patchkit.status/1"
    base: str
    newest: str | None
    waiting: str | None
    releases: tuple[SupportedRelease, ...]
    overlay: tuple[str, ...] = ()
    nixpkgs: tuple[ChannelState, ...] = ()
    next: tuple[str, ...]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--refresh", action="store_true", help="ask the sources again now")
    parser.add_argument("--upstream", metavar="URL|PATH", help="take upstream's git from here")


def run(arguments: argparse.Namespace, invocation: Invocation) -> ExitCode:
    """Tell how things stand."""
    workspace, console = invocation.workspace(), invocation.console
    newest = _newest(invocation, workspace.config(), arguments.upstream, refresh=arguments.refresh)
    channels = tuple(ChannelBook(invocation.cache / BOOK).read().values())
    report = steadily(workspace.root, LOCK, lambda: _look(workspace, newest, channels))
    console.say(f"base {report.base}, newest stable upstream {report.newest or 'not known'}")
    console.table(_table(report))
    for line in channel_lines(channels, workspace.lock().supported):
        console.say(line)
    for step in report.next:
        console.say(f"next: {step}", Tone.NOTE)
    if not report.next:
        console.say("nothing to do", Tone.GOOD)
    console.document(report)
    return ExitCode.DONE


def _look(
    workspace: Workspace, newest: Release | None, channels: tuple[ChannelState, ...]
) -> StatusReport:
    """What the repository says, all of it at one time."""
    config, lock = workspace.config(), workspace.lock()
    waiting = sessions.load(workspace.root)
    releases = tuple(
        _supported(lock.releases[release.tag], workspace, config)
        for release in reversed(lock.supported)
    )
    overlay = stale_overlay(workspace.root, lock)
    return StatusReport(
        base=config.base.tag,
        newest=newest.tag if newest else None,
        waiting=f"{waiting.target}: {waiting.patch}" if waiting else None,
        releases=releases,
        overlay=overlay,
        nixpkgs=channels,
        next=(
            *_next_steps(releases, newest, waiting),
            *(f"mend {problem}" for problem in read_shelf(workspace.root).problems),
            *(("bring overlays/ up to date: patchkit overlay",) if overlay else ()),
            *channel_steps(channels, lock.supported),
        ),
    )


def _newest(
    invocation: Invocation, config: SeriesConfig, override: str | None, *, refresh: bool
) -> Release | None:
    """The newest stable release that any source names; a status needs no network."""
    try:
        listings = invocation.upstream(config, override).listings(refresh=refresh)
    except PatchkitError as error:
        invocation.console.warn(error.message)
        return None
    for listing in listings:
        if listing.problem:
            invocation.console.note(f"{listing.source}: {listing.problem}")
    return newest_stable(release for listing in listings for release in listing.releases)


def _supported(
    locked: LockedRelease, workspace: Workspace, config: SeriesConfig
) -> SupportedRelease:
    stale = audit_base(locked, workspace, config)
    void = audit_verification(locked, workspace, config)
    proof = locked.verification
    return SupportedRelease(
        tag=locked.tag,
        base=locked.base.release,
        outcomes={patch.name: patch.outcome for patch in locked.patches},
        by_hand=tuple(patch.name for patch in locked.patches if patch.strategy is not None),
        problems=(*audit_record(locked, workspace, config), *((stale,) if stale else ())),
        verdict=proof.verdict if proof is not None and void is None else None,
        void=void,
        dropped=locked.dropped,
    )


def _next_steps(
    releases: tuple[SupportedRelease, ...], newest: Release | None, waiting: sessions.Session | None
) -> list[str]:
    steps = []
    if waiting is not None:
        steps.append(
            f"finish the rebase onto {waiting.target} at '{waiting.patch}': "
            "patchkit rebase --continue, --skip or --abort"
        )
    supported = [Release.parse(release.tag) for release in releases]
    if newest is not None and newest not in supported:
        steps.append(f"support {newest}: patchkit rebase {newest}")
    steps += [f"mend {r.tag}: {r.problems[0]}" for r in releases if r.problems]
    steps += [
        f"prove {r.tag}{why}: patchkit verify {r.tag}" for r in releases if (why := _unproven(r))
    ]
    steps += [
        f"look at {r.tag}: {sentence(name, stone, r.tag)[0]}"
        for r in releases
        for name, stone in r.dropped.items()
        if stone.fate is not Fate.STAYS
    ]
    return steps


def _unproven(release: SupportedRelease) -> str | None:
    """Why a release is to be verified, as the middle of a sentence; None when it is proven."""
    if release.verdict == Verdict.PASSED:
        return None
    if release.void is not None:
        return f" ({release.void.partition(';')[0]})"
    return f" (it has {release.verdict})" if release.verdict else " in Docker"


def _proof(release: SupportedRelease) -> Cell:
    if release.verdict is None:
        return Cell("void", Tone.CARE) if release.void else Cell("not yet", Tone.FAINT)
    return Cell(release.verdict, Tone.GOOD if release.verdict == Verdict.PASSED else Tone.BAD)


def _table(report: StatusReport) -> Table:
    return Table(
        headings=("Release", "Series", "In Docker", "From", "Outcomes", "By hand"),
        rows=tuple(
            (
                Cell(release.tag, Tone.STRONG),
                Cell("stale", Tone.CARE) if release.problems else Cell("consistent", Tone.GOOD),
                _proof(release),
                Cell(release.base),
                Cell(_counts(release.outcomes)),
                Cell(", ".join(release.by_hand) or "-"),
            )
            for release in report.releases
        ),
    )


def _counts(outcomes: dict[str, Outcome]) -> str:
    counted = {outcome: list(outcomes.values()).count(outcome) for outcome in Outcome}
    return ", ".join(f"{count} {outcome}" for outcome, count in counted.items() if count)
