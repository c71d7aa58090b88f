"""The published JSON schemas of patchkit's documents, made from the types that are written.

`python -m patchkit.report.published` writes them to `patchkit/report/schemas/`; a test holds
them to the code.
"""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import msgspec

from patchkit.report.rebase import RebaseReport
from patchkit.report.series_report import SeriesReport
from patchkit.report.support import SupportDocument
from patchkit.report.verify import VerifyReport
from patchkit.report.verify_evidence import Evidence
from patchkit.workspace.lock import Lock

FOLDER = Path(__file__).parent / "schemas"

DOCUMENTS: dict[str, type] = {
    "evidence": Evidence,
    "lock": Lock,
    "rebase": RebaseReport,
    "report": SeriesReport,
    "support": SupportDocument,
    "verify": VerifyReport,
}
"""The type of each document by the short name of its schema."""

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def published() -> dict[str, str]:
    """Every schema's file name with its text."""
    return {f"{name}.json": schema_text(kind) for name, kind in DOCUMENTS.items()}


def schema_text(document: type) -> str:
    """The JSON schema of a document as patchkit writes it.

    Every field is written always, hence required; `schema` is the constant that names the form.
    """
    (top,), parts = msgspec.json.schema_components([document], ref_template="#/$defs/{name}")
    name = top["$ref"].rpartition("/")[2]
    for part in parts.values():
        _tighten(part)
    form = parts[name]["properties"]["schema"]
    form["const"] = form.pop("default")
    whole = {
        "$schema": _DIALECT,
        "$id": f"urn:patchkit:schema:{form['const'].removeprefix('patchkit.').replace('/', ':')}",
        "title": form["const"],
        "$ref": top["$ref"],
        "$defs": dict(sorted(parts.items())),
    }
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _tighten(part: dict[str, Any]) -> None:
    """What msgspec leaves open since it reads leniently, but patchkit always writes."""
    if "description" in part:
        part["description"] = inspect.cleandoc(part["description"])
    if "properties" not in part:
        return
    part["required"] = list(part["properties"])
    for name, field in part["properties"].items():
        if name != "schema":
            field.pop("default", None)


def write(folder: Path) -> None:
    """Write the schemas, and remove those that are no more. Raises `OSError`."""
    folder.mkdir(exist_ok=True)
    wanted = published()
    for stale in folder.glob("*.json"):
        if stale.name not in wanted:
            stale.unlink()
    for name, text in wanted.items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(FOLDER)
