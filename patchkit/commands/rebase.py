"""`patchkit rebase`: move the series onto a release, and go on after a conflict."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from patchkit.commands.rebase_run import Rebase
from patchkit.commands.trusting import add_trust_arguments
from patchkit.errors import ConflictError, ExitCode, UsageError
from patchkit.proc import SystemRunner
from patchkit.workspace import session as sessions
from patchkit.workspace.provenance import provenance
from patchkit.workspace.session import Session
from patchkit.writeplan import held

if TYPE_CHECKING:
    import argparse

    from patchkit.commands.invocation import Invocation
    from patchkit.workspace.layout import Workspace

_EXAMPLES = """\
examples:
  patchkit rebase                        onto the newest stable release
  patchkit rebase v261 --dry-run         show what would become of each patch
  patchkit rebase v261 --from v260       start from the series for v260
  patchkit rebase v261 --upstream ~/systemd
                                         use a local repository, in place
  patchkit rebase --continue             after the files of a conflict were edited
  patchkit rebase --accept cgroup        take what is proposed for that patch
  patchkit rebase --skip                 leave the patch out of this release
  patchkit rebase --abort                forget the rebase
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = _EXAMPLES
    parser.add_argument("release", nargs="?", metavar="RELEASE", help="default: newest stable")
    parser.add_argument("--from", dest="base", metavar="RELEASE", help="the series to start from")
    parser.add_argument("--upstream", metavar="URL|PATH", help="take upstream's git from here")
    parser.add_argument("--dry-run", action="store_true", help="write nothing")
    parser.add_argument(
        "--cross-check",
        action="store_true",
        help="get the release from every source that has it and refuse on a difference",
    )
    parser.add_argument(
        "--relock", metavar="REASON", help="replace what the lock has of a release that changed"
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="write patches anew that were edited by hand"
    )
    add_trust_arguments(parser, default="not refused")
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument("--continue", dest="go_on", action="store_true", help="the files are edited")
    ways.add_argument(
        "--accept", metavar="NAME", help="take what is proposed for the waiting patch"
    )
    ways.add_argument("--skip", action="store_true", help="leave the waiting patch out")
    ways.add_argument("--abort", action="store_true", help="forget the rebase that waits")


def run(arguments: argparse.Namespace, invocation: Invocation) -> ExitCode:
    """Rebase, or settle the rebase that waits."""
    workspace = invocation.workspace()
    resuming = arguments.go_on or arguments.skip or arguments.abort or arguments.accept
    if resuming and (arguments.release or arguments.base or arguments.dry_run):
        raise UsageError(
            "--continue, --accept, --skip and --abort take no release and no other option"
        )
    if arguments.dry_run:
        return Rebase.begin(arguments, invocation, workspace).run(dry_run=True)
    with held(workspace.root, doing="rebase"):
        if arguments.abort:
            return _abort(workspace, invocation)
        waiting = sessions.load(workspace.root)
        if resuming:
            return _settle(
                waiting, workspace, invocation, skip=arguments.skip, accept=arguments.accept
            )
        if waiting is not None:
            raise _still_open(waiting, workspace)
        return Rebase.begin(arguments, invocation, workspace).run(dry_run=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AbortReport:
    """What `patchkit rebase --abort --json` prints."""

    schema: str = "patchkit.rebase-abort/1"


def _abort(workspace: Workspace, invocation: Invocation) -> ExitCode:
    sessions.forget(workspace.root)
    invocation.console.say("The rebase is forgotten; patches/ is as it was.")
    invocation.console.document(AbortReport())
    return ExitCode.DONE


def _still_open(waiting: Session, workspace: Workspace) -> ConflictError:
    place = sessions.folder(workspace.root, waiting.patch)
    return ConflictError(
        f"a rebase onto {waiting.target} waits at the patch '{waiting.patch}'",
        hint=f"edit in {place}, then `patchkit rebase --continue` (or --skip, or --abort)",
    )


def _settle(
    waiting: Session | None,
    workspace: Workspace,
    invocation: Invocation,
    *,
    skip: bool,
    accept: str | None,
) -> ExitCode:
    """Take what the person decided, and rebase again with it."""
    if waiting is None:
        raise UsageError("no rebase waits here", hint="begin one: patchkit rebase [RELEASE]")
    signed = provenance(workspace.root, SystemRunner())
    waiting = replace(waiting, decided={**waiting.decided, waiting.patch: signed})
    if accept is not None:
        if accept != waiting.patch or not waiting.proposed:
            raise UsageError(
                f"nothing is proposed for '{accept}'",
                hint=f"the rebase waits at '{waiting.patch}': --continue, --skip or --abort",
            )
        waiting = replace(waiting, accepted=(*waiting.accepted, accept))
    elif skip:
        waiting = replace(waiting, skipped=(*waiting.skipped, waiting.patch))
    else:
        made = sessions.collect(workspace.root, waiting)
        resolutions = {**waiting.resolutions, waiting.patch: made}
        waiting = replace(waiting, resolutions=resolutions)
    return Rebase.resume(waiting, invocation, workspace).run(dry_run=False)
