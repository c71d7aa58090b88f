"""`patchkit plan`: the work of a bump as a CI matrix."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec

from patchkit.bump import follow, matrix
from patchkit.bump.surroundings import Surroundings
from patchkit.commands.supply import known_releases
from patchkit.console import Cell, Table, Tone
from patchkit.errors import ExitCode
from patchkit.releases import Release

if TYPE_CHECKING:
    import argparse

    from patchkit.commands.invocation import Invocation

_EXAMPLES = """\
examples:
  patchkit plan                  the jobs for every new release that is followed
  patchkit plan v261.2 v262      for these releases
  patchkit plan --json           for machines: .matrix is what strategy.matrix takes

In a CI job the outputs `matrix`, `count` and `releases` are set for the jobs after it.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = _EXAMPLES
    parser.add_argument("releases", nargs="*", metavar="RELEASE", help="default: all that are new")
    parser.add_argument("--no-ablate", action="store_true", help="no jobs without single patches")
    parser.add_argument("--refresh", action="store_true", help="ask the sources again now")
    parser.add_argument("--upstream", metavar="URL|PATH", help="take upstream's git from here")


def run(arguments: argparse.Namespace, invocation: Invocation) -> ExitCode:
    """Print the jobs; nothing is done."""
    workspace, console = invocation.workspace(), invocation.console
    config, lock = workspace.config(), workspace.lock()
    if arguments.releases:
        wanted = tuple(sorted({Release.parse(tag) for tag in arguments.releases}))
    else:
        upstream = invocation.upstream(config, arguments.upstream)
        listings = upstream.listings(refresh=arguments.refresh)
        known = known_releases(listings, console)
        wanted = follow.wanted(config.follow, supported=lock.supported, known=known)
    names = tuple(entry.name for entry in config.patches)
    report = matrix.plan(wanted, names, ablate=not arguments.no_ablate)
    console.table(
        Table(
            headings=("Release", "Variant", "Command"),
            rows=tuple(
                (
                    Cell(c.release, Tone.STRONG),
                    Cell(c.variant),
                    Cell(" ".join(("patchkit", *c.words))),
                )
                for c in report.matrix.include
            ),
        )
    )
    if not report.count:
        console.say("nothing to do", Tone.GOOD)
    Surroundings().put_outputs(
        {
            "matrix": json.dumps(msgspec.to_builtins(report.matrix)),
            "count": str(report.count),
            "releases": json.dumps(report.releases),
        }
    )
    console.document(report)
    return ExitCode.DONE
