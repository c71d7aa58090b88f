"""`patchkit schema`: the JSON schemas of the documents that patchkit prints and writes."""

from __future__ import annotations

import importlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from patchkit.console import Cell, Table, Tone
from patchkit.errors import ExitCode, StorageError, UsageError
from patchkit.report.json_schema import schema_text
from patchkit.writeplan import atomic_write

if TYPE_CHECKING:
    import argparse

    from patchkit.commands.invocation import Invocation

_EXAMPLES = """\
examples:
  patchkit schema                    which documents there are
  patchkit schema rebase             the schema of what `patchkit rebase --json` prints
  patchkit schema -o docs/schemas    all of them, a file each
"""

DOCUMENTS = {
    "build": "patchkit.commands.build:BuildReport",
    "bump": "patchkit.bump.ended:BumpReport",
    "check": "patchkit.commands.check:CheckReport",
    "doctor": "patchkit.commands.doctor:DoctorReport",
    "error": "patchkit.errors:ErrorDocument",
    "evidence": "patchkit.report.verify_evidence:Evidence",
    "explain": "patchkit.report.explain:ExplainReport",
    "forecast": "patchkit.commands.forecast:ForecastReport",
    "image": "patchkit.commands.image:ImageReport",
    "lock": "patchkit.workspace.lock:Lock",
    "merge-evidence": "patchkit.commands.merge_evidence:MergeReport",
    "nixpkgs": "patchkit.commands.nixpkgs:NixpkgsReport",
    "overlay": "patchkit.commands.overlay:OverlayReport",
    "plan": "patchkit.bump.matrix:PlanReport",
    "provenance": "patchkit.report.provenance:ProvenanceReport",
    "rebase": "patchkit.report.rebase:RebaseReport",
    "rebase-abort": "patchkit.commands.rebase:AbortReport",
    "releases": "patchkit.commands.releases:ReleasesReport",
    "replay": "patchkit.commands.replay:ReplayReport",
    "report": "patchkit.report.series_report:SeriesReport",
    "resolution": "patchkit.workspace.resolutions:KeptResolution",
    "schemas": "patchkit.commands.schema:SchemasReport",
    "status": "patchkit.commands.status:StatusReport",
    "support": "patchkit.report.support:SupportDocument",
    "upstream-export": "patchkit.report.upstream_export:ExportReport",
    "verify": "patchkit.report.verify:VerifyReport",
}
"""The type of each document, by the short name of its form: `patchkit.NAME/N`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemasReport:
    """What `patchkit schema --json` prints: the documents' names; `wrote` are files."""

    schema: str = "patchkit.schemas/1"
    documents: tuple[str, ...] = tuple(DOCUMENTS)
    wrote: tuple[str, ...] = ()


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = _EXAMPLES
    parser.add_argument("name", nargs="?", metavar="NAME", help="a document's short name")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="DIR", help="write all of them to this folder"
    )


def run(arguments: argparse.Namespace, invocation: Invocation) -> ExitCode:
    """Print or write schemas."""
    console = invocation.console
    if arguments.name is not None:
        if arguments.name not in DOCUMENTS:
            raise UsageError(
                f"there is no document '{arguments.name}'",
                hint=f"there are {', '.join(DOCUMENTS)}",
            )
        text = published(arguments.name)
        console.say(text.rstrip("\n"))
        console.document(json.loads(text))
        return ExitCode.DONE
    wrote = write(arguments.output) if arguments.output is not None else ()
    if wrote:
        console.say(f"wrote {len(wrote)} schemas to {arguments.output}", Tone.GOOD)
    else:
        rows = tuple((Cell(name, Tone.STRONG), Cell(_title(name))) for name in DOCUMENTS)
        console.table(Table(headings=("Document", "What it is"), rows=rows))
    console.document(SchemasReport(wrote=wrote))
    return ExitCode.DONE


def published(name: str) -> str:
    """The schema of a document, by its short name."""
    return schema_text(_document(name))


def write(folder: Path) -> tuple[str, ...]:
    """Write every schema, and remove those that are no more. Raises `StorageError`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for stale in folder.glob("*.json"):
            if stale.stem not in DOCUMENTS:
                stale.unlink()
        for name in DOCUMENTS:
            atomic_write(folder / f"{name}.json", published(name).encode())
    except OSError as error:
        raise StorageError.from_os_error(f"write to {folder}", error) from error
    return tuple(str(folder / f"{name}.json") for name in DOCUMENTS)


def _document(name: str) -> type:
    module, _, kind = DOCUMENTS[name].partition(":")
    return cast("type", getattr(importlib.import_module(module), kind))


def _title(name: str) -> str:
    """The first sentence of what the document's type says of itself."""
    return (_document(name).__doc__ or "").strip().split("\n")[0]
