"""`patchkit schema`: the published schemas are those of the code, and what is printed fits them."""

from __future__ import annotations

import dataclasses
import importlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from patchkit.commands.schema import DOCUMENTS, published, write
from patchkit.parser import COMMANDS

if TYPE_CHECKING:
    from tests.commands.support import Desk

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "schemas"


def validator(name: str) -> jsonschema.Draft202012Validator:
    schema: Any = json.loads((FOLDER / f"{name}.json").read_bytes())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_published_schemas_are_those_of_the_code() -> None:
    on_disk = {path.stem: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}
    assert on_disk == {name: published(name) for name in DOCUMENTS}, (
        "write them: patchkit schema -o docs/schemas"
    )


@pytest.mark.parametrize("name", DOCUMENTS)
def test_each_names_its_document(name: str) -> None:
    schema = json.loads(published(name))
    form, _, version = schema["title"].rpartition("/")
    assert form == f"patchkit.{name}"
    assert schema["$id"] == f"urn:patchkit:schema:{name}:{version}"
    validator(name)


@pytest.mark.parametrize("command", COMMANDS)
def test_what_a_command_prints_is_published(command: str) -> None:
    module = importlib.import_module(f"patchkit.commands.{command.replace('-', '_')}")
    forms = {
        str(field.default).removeprefix("patchkit.").split("/")[0]
        for kind in vars(module).values()
        if dataclasses.is_dataclass(kind)
        for field in dataclasses.fields(kind)
        if field.name == "schema" and str(field.default).startswith("patchkit.")
    }
    assert forms - {"rebase-state"} <= set(DOCUMENTS)  # read back by nobody but the command itself


def test_the_lock_and_the_evidence_on_disk_fit() -> None:
    validator("lock").validate(json.loads((ROOT / "patches/lock.json").read_bytes()))
    for path in (ROOT / "patches/evidence").iterdir():
        validator("evidence").validate(json.loads(path.read_bytes()))


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("rebase", "v261", "--dry-run"), 0),
        (("rebase", "v262"), 3),
        (("rebase", "v999"), 5),
        (("rebase", "--abort"), 0),
        (("releases",), 0),
        (("status",), 0),
        (("check", "--offline"), 0),
        (("overlay",), 0),
        (("plan",), 0),
        (("forecast", "--no-main"), 0),
        (("explain", "v261"), 0),
        (("replay",), 3),
        (("report",), 0),
        (("schema",), 0),
        (("bump", "--dry-run"), 2),
        (("doctor",), None),
    ],
)
def test_what_is_printed_fits(desk: Desk, words: tuple[str, ...], code: int | None) -> None:
    desk.done("rebase", "v260")
    ran = desk.run(*words, "--json")
    assert code in (None, ran.code), ran.err
    name = str(ran.document["schema"]).removeprefix("patchkit.").split("/")[0]
    assert name.startswith(words[0]) or name == "error"
    validator(name).validate(ran.document)


def test_another_form_does_not_fit() -> None:
    document = json.loads((ROOT / "patches/lock.json").read_bytes())
    document["schema"] = "patchkit.lock/2"
    with pytest.raises(jsonschema.ValidationError):
        validator("lock").validate(document)


def test_schemas_that_are_no_more_are_removed(tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text("{}", encoding="utf-8")
    write(tmp_path)
    assert {path.stem for path in tmp_path.iterdir()} == set(DOCUMENTS)


def test_one_is_printed_and_an_unknown_one_is_refused_with_2(desk: Desk) -> None:
    assert json.loads(desk.done("schema", "lock").out) == json.loads(published("lock"))
    ran = desk.run("schema", "loc")
    assert ran.code == 2
    assert "there is no document 'loc'" in ran.err
