"""The chain of a release, and the statement of it, from the outside."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from patchkit.cli import main
from patchkit.commands.schema import published
from patchkit.errors import ExitCode
from patchkit.trust.signature import SignatureKind, SignatureRecord, SignatureStatus
from patchkit.upstream.sources import Origin, SourceKind
from patchkit.workspace.layout import LOCK, Workspace

if TYPE_CHECKING:
    from pathlib import Path

    from tests.report.support import Shelf

_DIGESTS = {
    "type": "object",
    "minProperties": 1,
    "additionalProperties": {"type": "string", "minLength": 1},
    "properties": {
        "sha256": {"pattern": "^[0-9a-f]{64}$"},
        **{name: {"pattern": "^[0-9a-f]{40}$"} for name in ("gitCommit", "gitTree", "gitTag")},
    },
}
_RESOURCE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["digest"],
    "properties": {
        "name": {"type": "string"},
        "uri": {"type": "string", "format": "uri", "pattern": "^[a-z][a-z0-9+.-]*:"},
        "digest": _DIGESTS,
        "content": {"type": "string"},
        "downloadLocation": {"type": "string"},
        "mediaType": {"type": "string"},
        "annotations": {"type": "object"},
    },
}
_TYPE_URI = {"type": "string", "pattern": "^[a-z][a-z0-9+.-]*:"}
SLSA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "additionalProperties": False,
    "required": ["_type", "subject", "predicateType", "predicate"],
    "properties": {
        "_type": {"const": "https://in-toto.io/Statement/v1"},
        "subject": {
            "type": "array",
            "minItems": 1,
            "items": {**_RESOURCE, "required": ["name", "digest"]},
        },
        "predicateType": {"const": "https://slsa.dev/provenance/v1"},
        "predicate": {
            "type": "object",
            "additionalProperties": False,
            "required": ["buildDefinition", "runDetails"],
            "properties": {
                "buildDefinition": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["buildType", "externalParameters"],
                    "properties": {
                        "buildType": _TYPE_URI,
                        "externalParameters": {"type": "object"},
                        "internalParameters": {"type": "object"},
                        "resolvedDependencies": {"type": "array", "items": _RESOURCE},
                    },
                },
                "runDetails": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["builder"],
                    "properties": {
                        "builder": {
                            "type": "object",
                            "additionalProperties": False,
                            "required": ["id"],
                            "properties": {
                                "id": _TYPE_URI,
                                "version": {
                                    "type": "object",
                                    "additionalProperties": {"type": "string"},
                                },
                                "builderDependencies": {"type": "array", "items": _RESOURCE},
                            },
                        },
                        "metadata": {
                            "type": "object",
                            "additionalProperties": False,
                            "properties": {
                                "invocationId": {"type": "string"},
                                "startedOn": {"type": "string"},
                                "finishedOn": {"type": "string"},
                            },
                        },
                        "byproducts": {"type": "array", "items": _RESOURCE},
                    },
                },
            },
        },
    },
}
"""Statement v1 and SLSA provenance v1, written from their specifications; nothing may be added."""


def patchkit(shelf: Shelf, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main(shelf.argv(*words))
    said = capsys.readouterr()
    return code, said.out, said.err


def signed(shelf: Shelf, tag: str) -> None:
    """Have the lock say that somebody signed a release, and that Debian has it too."""
    workspace = Workspace(shelf.root)
    lock = workspace.lock()
    locked = lock.releases[tag]
    record = SignatureRecord(
        kind=SignatureKind.OPENPGP,
        status=SignatureStatus.VERIFIED,
        signer="Sam",
        fingerprint="A" * 40,
        keyring_sha256="b" * 64,
    )
    tarball = Origin(
        kind=SourceKind.DEBIAN, source="debian", file=f"systemd_{tag}.orig.tar.gz", sha256="c" * 64
    )
    entry = replace(locked, origin=replace(locked.origin, signature=record), also=(tarball,))
    plan = workspace.plan_release(
        locked.release,
        workspace.series(locked.release, workspace.config()),
        replace(lock, releases={**lock.releases, tag: entry}),
    )
    (shelf.root / LOCK).write_bytes(plan.writes[LOCK])


@pytest.fixture
def tag(shelf: Shelf) -> str:
    """A release that is proven."""
    releases = Workspace(shelf.root).lock().releases
    return next(
        each.tag
        for each in releases.values()
        if each.verification is not None and each.verification.verdict == "passed"
    )


def test_the_chain_as_text_and_as_json(
    shelf: Shelf, tag: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = patchkit(shelf, capsys, "provenance", tag)
    assert code == ExitCode.DONE
    assert out.startswith(f"{tag}: the chain holds, but it is not proven who signed it\n")
    signed(shelf, tag)
    code, out, _ = patchkit(shelf, capsys, "provenance", tag)
    assert out.startswith(f"{tag}: signed, rebased, verified: the chain is whole\n")
    locked = Workspace(shelf.root).lock().releases[tag]
    proof = locked.verification
    assert proof is not None
    for digest in (
        "A" * 40,
        locked.tree,
        str(locked.commit),
        str(locked.tag_object),
        *(str(patch.sha256) for patch in locked.patches if patch.file),
        locked.series_sha256,
        proof.evidence_sha256,
        proof.patched,
    ):
        assert digest in out
    code, out, _ = patchkit(shelf, capsys, "--json", "provenance", tag)
    document = json.loads(out)
    jsonschema.Draft202012Validator(json.loads(published("provenance"))).validate(document)
    assert document["whole"] is True


def test_the_statement(shelf: Shelf, tag: str, capsys: pytest.CaptureFixture[str]) -> None:
    signed(shelf, tag)
    code, out, _ = patchkit(shelf, capsys, "provenance", tag, "--intoto")
    assert code == ExitCode.DONE
    told: Any = json.loads(out)
    jsonschema.Draft202012Validator(SLSA).validate(told)
    locked = Workspace(shelf.root).lock().releases[tag]
    assert [item["digest"]["sha256"] for item in told["subject"]] == [
        patch.sha256 for patch in locked.patches if patch.file
    ]
    for item in told["subject"]:
        assert (shelf.root / item["name"]).is_file()
    git, tarball, *base = told["predicate"]["buildDefinition"]["resolvedDependencies"]
    assert git["digest"] == {
        "gitTree": locked.tree,
        "gitCommit": locked.commit,
        "gitTag": locked.tag_object,
    }
    assert git["annotations"]["signature"]["signer"] == "Sam"
    assert tarball["digest"] == {"sha256": "c" * 64}
    assert [each["digest"]["sha256"] for each in base] == [p.from_sha256 for p in locked.patches]
    evidence = told["predicate"]["runDetails"]["byproducts"][0]
    assert evidence["digest"]["sha256"] == locked.verification.evidence_sha256  # type: ignore[union-attr]
    assert (shelf.root / evidence["name"]).is_file()


def test_the_statement_is_canonical_and_the_same_every_time(
    shelf: Shelf, tag: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "statement.json"
    _, out, _ = patchkit(shelf, capsys, "provenance", tag, "--intoto")
    assert patchkit(shelf, capsys, "provenance", tag, "--intoto", "-o", str(file))[0] == 0
    assert file.read_text("utf-8") == out
    sorted_again = json.dumps(
        json.loads(out), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    assert out == sorted_again + "\n"
    jsonschema.Draft202012Validator.check_schema(SLSA)


def test_one_byte_of_a_patch_voids_it_all(
    shelf: Shelf, tag: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The patch, its verification, the chain, the statement and the check, each says so."""
    assert patchkit(shelf, capsys, "check", tag, "--offline")[0] == ExitCode.DONE
    patch = min((shelf.root / "patches" / tag).glob("*.patch"))
    text = patch.read_bytes()
    at = text.index(b"\n\n") + 2  # in the message: it applies as before
    patch.write_bytes(text[:at] + bytes([text[at] ^ 1]) + text[at + 1 :])
    code, out, _ = patchkit(shelf, capsys, "check", tag, "--offline")
    assert code == ExitCode.INCONSISTENT
    assert f"{patch.name} has been changed since it was written" in out
    assert "its verification is void: the series is not the one that was verified" in out
    code, out, _ = patchkit(shelf, capsys, "provenance", tag)
    assert code == ExitCode.INCONSISTENT
    assert "its verification is void" in out
    code, out, err = patchkit(shelf, capsys, "provenance", tag, "--intoto")
    assert (code, out) == (ExitCode.INCONSISTENT, "")
    assert "nothing can be stated" in err
    patch.write_bytes(text)
    assert patchkit(shelf, capsys, "provenance", tag, "--intoto")[0] == ExitCode.DONE


def test_one_byte_of_the_evidence(
    shelf: Shelf, tag: str, capsys: pytest.CaptureFixture[str]
) -> None:
    evidence = shelf.root / "patches" / "evidence" / f"{tag}.json"
    evidence.write_bytes(evidence.read_bytes().replace(b"exit 255", b"exit 254", 1))
    for words in (("check", tag, "--offline"), ("provenance", tag)):
        code, out, _ = patchkit(shelf, capsys, *words)
        assert code == ExitCode.INCONSISTENT
        assert "its evidence has been changed" in out


def test_what_cannot_be_asked(shelf: Shelf, tag: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert patchkit(shelf, capsys, "provenance", "v1")[0] == ExitCode.USAGE
    assert patchkit(shelf, capsys, "provenance", tag, "-o", "x")[0] == ExitCode.USAGE
    assert patchkit(shelf, capsys, "provenance", tag, "--intoto", "--json")[0] == ExitCode.USAGE
