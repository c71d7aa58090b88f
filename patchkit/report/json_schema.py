"""The JSON schema (draft 2020-12) of a document, made from the type that is written."""

from __future__ import annotations

import inspect
import json
from typing import Any

import msgspec

_DIALECT = "https://json-schema.org/draft/2020-12/schema"

_LATER = {
    "LockedRelease": frozenset({"also", "dropped", "relocked", "resolutions"}),
    "Origin": frozenset({"signature"}),
}
"""Fields that came to a form later, by type: documents from before lack them and stay valid."""


def schema_text(document: type) -> str:
    """The schema of a document as patchkit writes it.

    Every field is written always, hence required (but for those that came later); `schema` is
    the constant that names the form.
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
    later = _LATER.get(part.get("title", ""), frozenset())
    part["required"] = [name for name in part["properties"] if name not in later]
    for name, field in part["properties"].items():
        if name != "schema":
            field.pop("default", None)
