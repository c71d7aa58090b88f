"""`patchkit provenance`: where a release comes from, and what proves it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from patchkit import __version__
from patchkit.console import Tone
from patchkit.errors import ExitCode, InconsistentError, StorageError, UsageError
from patchkit.releases import Release
from patchkit.report.provenance import table, trace
from patchkit.report.statement import canonical, statement
from patchkit.writeplan import atomic_write

if TYPE_CHECKING:
    import argparse

    from patchkit.commands.invocation import Invocation
    from patchkit.report.provenance import ProvenanceReport

_EXAMPLES = """\
examples:
  patchkit provenance v262                    the chain, from the signature to the evidence
  patchkit provenance v262 --intoto           an in-toto statement with SLSA provenance
  patchkit provenance v262 --intoto -o v262.intoto.json
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = _EXAMPLES
    parser.add_argument("release", metavar="RELEASE", help="a supported release")
    parser.add_argument(
        "--intoto", action="store_true", help="print an in-toto statement (SLSA provenance)"
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="write the statement to a file"
    )


def run(arguments: argparse.Namespace, invocation: Invocation) -> ExitCode:
    """Follow the chain; end with 7 where something on disk is not what was recorded."""
    workspace, console = invocation.workspace(), invocation.console
    if arguments.output and not arguments.intoto:
        raise UsageError("-o is for a statement", hint="add --intoto")
    if arguments.intoto and console.json:
        raise UsageError("--intoto is JSON by itself", hint="leave --json out")
    config, lock = workspace.config(), workspace.lock()
    release = Release.parse(arguments.release)
    locked = lock.get(release)
    if locked is None:
        raise UsageError(
            f"{release} is not supported here",
            hint=f"supported: {', '.join(r.tag for r in lock.supported) or 'none yet'}",
        )
    report = trace(locked, workspace, config)
    if arguments.intoto:
        return _state(report, arguments.output, invocation)
    console.say(f"{report.release}: {_verdict(report)}", _tone(report))
    console.table(table(report))
    for problem in report.problems:
        console.say(problem, Tone.BAD)
    console.document(report)
    return ExitCode.INCONSISTENT if report.problems else ExitCode.DONE


def _state(report: ProvenanceReport, output: Path | None, invocation: Invocation) -> ExitCode:
    """Print or write the statement; nothing is stated of what does not hold."""
    if report.problems:
        raise InconsistentError(
            f"nothing can be stated of {report.release}: {report.problems[0]}",
            hint=f"patchkit check {report.release}",
        )
    text = canonical(statement(report, version=__version__))
    if output is None:
        invocation.console.say(text)
        return ExitCode.DONE
    try:
        atomic_write(output, text.encode() + b"\n")
    except OSError as error:
        raise StorageError.from_os_error(f"write {output}", error) from error
    invocation.console.note(f"wrote {output}")
    return ExitCode.DONE


def _verdict(report: ProvenanceReport) -> str:
    if report.problems:
        return "what is on disk is not what was recorded"
    if report.whole:
        return "signed, rebased, verified: the chain is whole"
    is_signed = report.signature is not None and report.signature.is_verified
    is_proven = report.verification is not None and report.verification.verdict == "passed"
    links = {"who signed it": is_signed, "that it works": is_proven}
    missing = " and ".join(name for name, proven in links.items() if not proven)
    return f"the chain holds, but it is not proven {missing}"


def _tone(report: ProvenanceReport) -> Tone:
    if report.problems:
        return Tone.BAD
    return Tone.GOOD if report.whole else Tone.CARE
