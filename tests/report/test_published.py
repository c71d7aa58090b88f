"""The published schemas are those of the code."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from patchkit.report.published import DOCUMENTS, FOLDER, published, write

if TYPE_CHECKING:
    from pathlib import Path

    from tests.report.support import Shelf


def validator(name: str) -> jsonschema.Draft202012Validator:
    schema: Any = json.loads((FOLDER / f"{name}.json").read_bytes())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_published_schemas_are_those_of_the_code() -> None:
    on_disk = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}
    assert on_disk == published(), "write them: python -m patchkit.report.published"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_each_names_its_document(name: str) -> None:
    schema = json.loads(published()[f"{name}.json"])
    form, _, version = schema["title"].rpartition("/")
    assert form == f"patchkit.{name}"
    assert schema["$id"] == f"urn:patchkit:schema:{name}:{version}"
    validator(name)


def test_the_lock_and_the_evidence_on_disk_fit(library: Shelf) -> None:
    patches = library.root / "patches"
    validator("lock").validate(json.loads((patches / "lock.json").read_bytes()))
    for path in (patches / "evidence").iterdir():
        validator("evidence").validate(json.loads(path.read_bytes()))


def test_what_rebase_prints_fits(shelf: Shelf, capsys: pytest.CaptureFixture[str]) -> None:
    from patchkit.cli import main  # noqa: PLC0415

    assert main(shelf.argv("--json", "rebase", "v262", "--dry-run")) == 0
    validator("rebase").validate(json.loads(capsys.readouterr().out))


def test_another_form_does_not_fit(library: Shelf) -> None:
    document = json.loads((library.root / "patches/lock.json").read_bytes())
    document["schema"] = "patchkit.lock/2"
    with pytest.raises(jsonschema.ValidationError):
        validator("lock").validate(document)


def test_schemas_that_are_no_more_are_removed(tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text("{}", encoding="utf-8")
    write(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(published())
