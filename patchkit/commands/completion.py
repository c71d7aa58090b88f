"""`patchkit completion`: a completion script for a shell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from patchkit.errors import ExitCode, MissingToolError
from patchkit.parser import COMMANDS, build_parser

if TYPE_CHECKING:
    import argparse

    from patchkit.commands.invocation import Invocation

_EXAMPLES = """\
examples:
  patchkit completion bash > ~/.local/share/bash-completion/completions/patchkit
  patchkit completion zsh > "${fpath[1]}/_patchkit"
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = _EXAMPLES
    parser.add_argument("shell", choices=("bash", "zsh", "tcsh"))


def run(arguments: argparse.Namespace, invocation: Invocation) -> ExitCode:
    """Print the script."""
    try:
        import shtab  # noqa: PLC0415 - an extra that not every installation has
    except ImportError as error:
        raise MissingToolError(
            "completion scripts need the Python package shtab",
            hint="install patchkit with its extra: pipx install 'patchkit[completion]'",
        ) from error
    invocation.console.say(shtab.complete(build_parser(set(COMMANDS)), shell=arguments.shell))
    return ExitCode.DONE
