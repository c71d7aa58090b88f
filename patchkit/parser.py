"""The command line's grammar: commands are loaded by name, and only those that are wanted."""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from patchkit import __version__
from patchkit.errors import ExitCode

if TYPE_CHECKING:
    from patchkit.commands.invocation import Invocation

COMMANDS = {
    "releases": "upstream's releases, newest first, and which are supported here",
    "status": "what is supported, what is newest, what to do next",
    "rebase": "move the series onto a release",
    "check": "is everything on disk consistent?",
    "overlay": "regenerate the Nix overlay",
    "nixpkgs": "which systemd nixpkgs carries, and whether the series applies there",
    "build": "build a release, stock or patched",
    "image": "make a Docker image of what was built",
    "verify": "run a release in unprivileged Docker: the verdict, with evidence",
    "bump": "the whole way: what is new upstream, onto a branch and into a pull request",
    "plan": "the work of a bump as a CI matrix",
    "merge-evidence": "bring the evidence of parallel jobs into the lock",
    "forecast": "what would break: the series on pre-releases and upstream's main branch",
    "replay": "the series on every release at hand, as a matrix of outcomes",
    "explain": "one patch on one release: each hunk's way, what broke it, and what is checked",
    "upstream-export": "a patch as it would be proposed upstream, and what it has cost so far",
    "report": "what is supported and proven, as pages for people and files for programs",
    "schema": "the JSON schemas of what patchkit prints and writes",
    "provenance": "where a release comes from and what proves it, also as an in-toto statement",
    "doctor": "what this machine has and lacks for each command",
    "completion": "a completion script for your shell",
}

_EXAMPLES = """\
examples:
  patchkit rebase                  move the series onto the newest stable systemd
  patchkit rebase v261 --dry-run   what would become of each patch
  patchkit rebase --continue       go on after a conflict was edited
  patchkit releases --json         for machines

exit codes:
"""


class Command(Protocol):
    """What a module in `patchkit.commands` has."""

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""

    def run(self, arguments: argparse.Namespace, invocation: Invocation) -> ExitCode:
        """Do it; a failure is a `PatchkitError`."""


def build_parser(wanted: set[str]) -> argparse.ArgumentParser:
    """The parser. Only the wanted commands' modules are loaded for their arguments."""
    common = _common_options(default=False)
    parser = argparse.ArgumentParser(
        prog="patchkit",
        description="Keeps a patch series on systemd alive, release after release.",
        epilog=_EXAMPLES + "".join(f"  {c.value:>3}  {c.meaning}\n" for c in ExitCode),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[_common_options(default=True)],
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"patchkit {__version__}")
    verbs = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, summary in COMMANDS.items():
        verb = verbs.add_parser(
            name,
            help=summary,
            description=summary[0].upper() + summary[1:] + ".",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            parents=[common],
            allow_abbrev=False,
        )
        if name in wanted:
            command(name).configure(verb)
    return parser


def _common_options(*, default: bool) -> argparse.ArgumentParser:
    """Options that may stand before the command and after it."""
    options = argparse.ArgumentParser(add_help=False)
    group = options.add_argument_group("common options")

    def add(*names: str, fallback: Any, **how: Any) -> None:
        group.add_argument(*names, default=fallback if default else argparse.SUPPRESS, **how)

    add("--repo", fallback=Path(), type=Path, metavar="DIR", help="the patch repository (here)")
    add("--cache", fallback=None, type=Path, metavar="DIR", help="the cache ($PATCHKIT_CACHE)")
    add("--json", fallback=False, action="store_true", help="one JSON document on standard output")
    add("-v", "--verbose", fallback=False, action="store_true", help="say more")
    add("-q", "--quiet", fallback=False, action="store_true", help="say only what went wrong")
    return options


def command(name: str) -> Command:
    """Load a command's module: now, since commands bring libgit2 and more."""
    return cast("Command", importlib.import_module(f"patchkit.commands.{name.replace('-', '_')}"))
