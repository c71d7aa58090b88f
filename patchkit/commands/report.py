"""`patchkit report`: what is supported and proven, as a table, and as a folder of pages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from patchkit.console import Tone
from patchkit.errors import ExitCode
from patchkit.proc import SystemRunner
from patchkit.report.folder import write_folder
from patchkit.report.gathering import gather
from patchkit.report.page import INDEX, render_folder
from patchkit.report.series_report import table
from patchkit.workspace.layout import LOCK
from patchkit.writeplan import steadily

if TYPE_CHECKING:
    import argparse

    from patchkit.commands.invocation import Invocation

_EXAMPLES = """\
examples:
  patchkit report                  what is supported and proven
  patchkit report -o public        pages for people, support.json and badge.svg
  patchkit report -o public --upstream ~/systemd   with upstream's trees from there
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = _EXAMPLES
    parser.add_argument(
        "-o", "--output", type=Path, metavar="DIR", help="write the pages to this folder"
    )
    parser.add_argument(
        "--upstream",
        metavar="URL|PATH",
        help="upstream's git: only what is at hand is looked at, nothing is fetched",
    )
    parser.add_argument(
        "--history",
        type=Path,
        metavar="DIR",
        help="the work tree whose git history tells when a release came to be supported"
        " (the patch repository's own)",
    )


def run(arguments: argparse.Namespace, invocation: Invocation) -> ExitCode:
    """Report; what is not proven is told, and is no failure."""
    workspace, console = invocation.workspace(), invocation.console
    upstream = invocation.upstream(workspace.config(), arguments.upstream)
    with console.progress("reading the series, its evidence and upstream", unit="releases") as bar:
        gathered = steadily(
            workspace.root,
            LOCK,
            lambda: gather(
                workspace,
                upstream=upstream,
                run=SystemRunner(),
                history=arguments.history,
                seen=bar.update,
            ),
        )
    console.table(table(gathered.report))
    if gathered.unread:
        console.note(
            f"upstream's trees of {', '.join(gathered.unread)} are not in the cache: what changed"
            " near the patches is not known there (`patchkit check` fetches them)"
        )
    if arguments.output is not None:
        changed = write_folder(arguments.output, render_folder(gathered))
        index = arguments.output / INDEX
        console.say(f"wrote {index}" if changed else f"{index} is up to date", Tone.GOOD)
    console.document(gathered.report)
    return ExitCode.DONE
