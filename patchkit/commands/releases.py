"""`patchkit releases`: what upstream has released, and what is supported here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from patchkit.commands.supply import known_releases
from patchkit.console import Cell, Table, Tone, shorten
from patchkit.errors import ExitCode
from patchkit.releases import Release, newest_stable
from patchkit.upstream.sources import Listing
from patchkit.upstream.store import Store

if TYPE_CHECKING:
    import argparse

    from patchkit.commands.invocation import Invocation
    from patchkit.workspace.lock import Lock

_EXAMPLES = """\
examples:
  patchkit releases                the newest releases proper
  patchkit releases --pre --all    every tag, pre-releases too
  patchkit releases --refresh      ask the sources again now
"""
_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseRow:
    """One release; `sources` are the names of those that have it."""

    tag: str
    supported: bool
    base: bool
    newest_stable: bool
    pre_release: bool
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    """What one source has, as tags, newest first.

    `passed_over` are those that it lists but cannot deliver; `problem` says why it could not be
    asked.
    """

    source: str
    releases: tuple[str, ...]
    passed_over: tuple[str, ...]
    problem: str | None

    @classmethod
    def of(cls, listing: Listing) -> SourceRow:
        """What a source said."""
        return cls(
            source=listing.source,
            releases=_newest_first(listing.releases),
            passed_over=_newest_first(listing.passed_over),
            problem=listing.problem,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasesReport:
    """What `patchkit releases --json` prints: newest first."""

    schema: str = "patchkit.releases/1"
    releases: tuple[ReleaseRow, ...]
    sources: tuple[SourceRow, ...]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = _EXAMPLES
    parser.add_argument("--pre", action="store_true", help="pre-releases too")
    parser.add_argument("--all", action="store_true", help=f"all, not only the newest {_SHOWN}")
    parser.add_argument("--refresh", action="store_true", help="ask the sources again now")
    parser.add_argument("--upstream", metavar="URL|PATH", help="take upstream's git from here")
    parser.add_argument(
        "--rebuild-cache", action="store_true", help="throw the cache of upstream away first"
    )


def run(arguments: argparse.Namespace, invocation: Invocation) -> ExitCode:
    """List releases, newest first."""
    workspace, console = invocation.workspace(), invocation.console
    config, lock = workspace.config(), workspace.lock()
    if arguments.rebuild_cache:
        Store.rebuild(invocation.cache / "upstream.git")
        console.note("the cache of upstream is empty now; what is needed will be fetched again")
    listings = invocation.upstream(config, arguments.upstream).listings(refresh=arguments.refresh)
    known = known_releases(listings, console)
    wanted = [r for r in sorted(known, reverse=True) if r.is_stable or arguments.pre]
    shown = wanted if arguments.all else wanted[:_SHOWN]
    newest = newest_stable(known)
    rows = tuple(_row(release, listings, lock, config.base, newest) for release in shown)
    console.table(_table(rows))
    if len(shown) < len(wanted):
        console.note(f"{len(wanted) - len(shown)} older ones: patchkit releases --all")
    for listing in listings:
        if listing.passed_over:
            names = shorten(_newest_first(listing.passed_over), 5)
            console.note(f"{listing.source} lists {names}, but the file is not there")
    console.document(ReleasesReport(releases=rows, sources=tuple(map(SourceRow.of, listings))))
    return ExitCode.DONE


def _newest_first(releases: frozenset[Release]) -> tuple[str, ...]:
    return tuple(release.tag for release in sorted(releases, reverse=True))


def _row(
    release: Release,
    listings: tuple[Listing, ...],
    lock: Lock,
    base: Release,
    newest: Release | None,
) -> ReleaseRow:
    return ReleaseRow(
        tag=release.tag,
        supported=lock.get(release) is not None,
        base=release == base,
        newest_stable=release == newest,
        pre_release=not release.is_stable,
        sources=tuple(item.source for item in listings if release in item.releases),
    )


def _table(rows: tuple[ReleaseRow, ...]) -> Table:
    return Table(
        headings=("Release", "Here", "Notes", "Sources"),
        rows=tuple(
            (
                Cell(row.tag, Tone.STRONG if row.supported else Tone.PLAIN),
                Cell("supported", Tone.GOOD) if row.supported else Cell("-", Tone.FAINT),
                Cell(_notes(row)),
                Cell(", ".join(row.sources), Tone.FAINT),
            )
            for row in rows
        ),
    )


def _notes(row: ReleaseRow) -> str:
    marks = (
        (row.base, "base"),
        (row.newest_stable, "newest stable"),
        (row.pre_release, "pre-release"),
    )
    return ", ".join(text for holds, text in marks if holds) or "-"
