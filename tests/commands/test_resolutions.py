"""`patches/resolutions/`: a person settles a conflict once, for every line of releases."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from patchkit import documents
from patchkit.errors import ExitCode
from patchkit.workspace.resolutions import KeptResolution
from tests import builders
from tests.commands.support import MAIN, RELEASES, Desk, code, release

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FIXED = code("main", line="    goto keep;")


@pytest.fixture
def desk(desk: Desk, tmp_path: Path) -> Desk:
    """Upstream has three releases with the same conflict in `main`, at other lines each."""
    releases = {
        "v260": RELEASES["v260"],
        "v261": release(main=code("main", line="    goto fail;")),
        "v261.1": release(main=code("main", above=3, line="    goto fail;")),
        "v263": release(main=code("main", above=9, line="    goto fail;"), readme=b"new\n"),
        "v264": release(main=code("main", line="    goto other;")),
    }
    folder = builders.upstream(tmp_path / "upstream.git", releases)
    config = desk.patches / "series.toml"
    config.write_text(config.read_text().replace(str(desk.repository.upstream), str(folder)))
    return replace(desk, repository=replace(desk.repository, upstream=folder))


def settled(desk: Desk, release: str = "v261", content: bytes = FIXED) -> None:
    assert desk.run("rebase", release).code == ExitCode.CONFLICT
    desk.edited("main", MAIN, content)
    ran = desk.done("rebase", "--continue")
    assert "what you decided is kept in patches/resolutions/main-" in ran.out


def kept(desk: Desk) -> Path:
    (file,) = (desk.patches / "resolutions").iterdir()
    return file


def read(desk: Desk) -> Any:
    return json.loads(kept(desk).read_bytes())


def test_it_is_a_file_that_a_person_can_read(desk: Desk) -> None:
    settled(desk)
    document = read(desk)
    assert document["schema"] == "patchkit.resolution/1"
    assert (document["patch"], document["release"], document["base"]) == ("main", "v261", "v260")
    assert document["date"] == "2026-01-02T03:04:05+00:00"
    (file,) = document["files"]
    assert file["path"] == MAIN
    assert file["reason"] == "both sides changed the same lines"
    assert file["places"] == [
        {
            "target": ["    goto fail;"],
            "base": ["    return r;"],
            "patch": ["    return keep(r);"],
            "resolved": ["    goto keep;"],
        }
    ]
    locked = desk.lock()["releases"]["v261"]
    assert locked["resolutions"] == {"main": document["conflict"]}
    assert kept(desk).name == f"main-{document['conflict'][:12]}.json"


def test_who_it_was_is_what_git_says(desk: Desk) -> None:
    root = desk.repository.root
    builders.git(root, "init", "-q")
    builders.git(root, "config", "user.name", "Ada")
    builders.git(root, "config", "user.email", "ada@example.org")
    settled(desk)
    assert read(desk)["by"] == "Ada <ada@example.org>"


def test_nobody_is_named_where_git_knows_nobody(desk: Desk) -> None:
    settled(desk)
    assert read(desk)["by"] is None


def test_another_line_of_releases_is_settled_by_it(desk: Desk) -> None:
    settled(desk)
    before = kept(desk).read_bytes()
    for tag in ("v261.1", "v263"):
        ran = desk.done("rebase", tag, "--from", "v260")
        assert "resolved (remembered)" in ran.out
        assert "main: for: a person resolved the same conflict on 2026-01-02 for v261" in ran.out
        locked = desk.lock()["releases"][tag]
        patch = next(p for p in locked["patches"] if p["name"] == "main")
        assert (patch["outcome"], patch["strategy"]) == ("resolved", "remembered")
        assert locked["resolutions"]["main"] == read(desk)["conflict"]
        (file,) = (desk.patches / tag).glob("*-main-*")
        assert b"-    goto fail;\n+    goto keep;\n" in file.read_bytes()
    assert kept(desk).read_bytes() == before


def test_the_document_says_whose_it_is(desk: Desk) -> None:
    settled(desk)
    document = desk.done("rebase", "v263", "--from", "v260", "--dry-run", "--json").document
    patch = next(p for p in document["patches"] if p["name"] == "main")
    assert patch["remembered"] == {
        "by": None,
        "date": "2026-01-02T03:04:05+00:00",
        "release": "v261",
        "accepted": False,
        "file": f"patches/resolutions/{kept(desk).name}",
    }


def test_reruns_write_nothing(desk: Desk) -> None:
    settled(desk)
    desk.done("rebase", "v263", "--from", "v260")
    before = desk.snapshot()
    assert "nothing to write" in desk.done("rebase", "v263", "--from", "v260").out
    assert "nothing to write" in desk.done("rebase", "v261").out
    assert desk.snapshot() == before


def test_another_conflict_waits_for_a_person(desk: Desk) -> None:
    settled(desk)
    assert desk.run("rebase", "v264", "--from", "v260").code == ExitCode.CONFLICT
    desk.edited("main", MAIN, code("main", line="    goto another;"))
    desk.done("rebase", "--continue")
    assert len(list((desk.patches / "resolutions").iterdir())) == 2


def test_a_changed_patch_is_another_conflict(desk: Desk) -> None:
    settled(desk)
    (file,) = (desk.patches / "v260").glob("*-main-*")
    file.write_bytes(file.read_bytes().replace(b"keep(r)", b"keep(r, 1)"))
    assert desk.run("rebase", "v261").code == ExitCode.CONFLICT
    assert desk.run("rebase", "v263", "--from", "v260").code == ExitCode.CONFLICT


def test_a_rule_that_it_breaks_makes_it_a_conflict_again(desk: Desk) -> None:
    settled(desk)
    config = desk.patches / "series.toml"
    entry = f'files = ["{MAIN}"]\n'
    assert entry in config.read_text()
    rule = f'intents = ["in main of {MAIN}: has keep(...)"]\n'
    config.write_text(config.read_text().replace(entry, entry + rule))
    ran = desk.run("rebase", "v263", "--from", "v260")
    assert ran.code == ExitCode.CONFLICT
    assert "a person resolved the same conflict on 2026-01-02 for v261" in ran.out
    assert "that was tried, and does not hold" in ran.out
    assert "lacks what it is to have: keep(...)" in ran.out
    assert b"<<<<<<<" in (desk.repository.edit("main") / MAIN).read_bytes()
    better = code("main", above=9, line="    keep(r);")
    desk.edited("main", MAIN, better)
    desk.done("rebase", "--continue")
    assert read(desk)["release"] == "v263"  # the same conflict has one answer: the newest


def test_replay_and_forecast_remember_too(desk: Desk) -> None:
    settled(desk)
    upstream = ("--upstream", str(desk.repository.upstream))
    rows = desk.run("replay", *upstream, "--json").document["replayed"]
    outcomes = {row["release"]: row["casts"][1] for row in rows}
    settled_again = outcomes["v263"]
    assert (settled_again["outcome"], settled_again["strategy"]) == ("resolved", "remembered")
    assert outcomes["v264"]["outcome"] == "conflict"


def test_what_cannot_be_kept_is_told(desk: Desk) -> None:
    assert desk.run("rebase", "v261").code == ExitCode.CONFLICT
    desk.edited("main", MAIN, FIXED.replace(b"goto keep;", b"goto keep; /* \xff */"))
    ran = desk.done("rebase", "--continue")
    assert "what you made of main cannot be kept" in ran.err
    assert not (desk.patches / "resolutions").exists()


def test_a_time_that_is_none_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "soon")
    assert desk.run("rebase", "v261").code == ExitCode.CONFLICT
    desk.edited("main", MAIN, FIXED)
    ran = desk.run("rebase", "--continue")
    assert ran.code == ExitCode.USAGE
    assert "SOURCE_DATE_EPOCH is 'soon'" in ran.err


# Files that are no good


def _answer(text: bytes) -> bytes:
    return text.replace(b'"    goto keep;"', b'"    goto hell;"')


def _shape(text: bytes) -> bytes:
    return text.replace(b'"base": "v260"', b'"base": 260')


DAMAGED: list[tuple[Callable[[bytes], bytes], str]] = [
    (lambda _: b"", "is damaged"),
    (lambda _: b"\xff\xfe", "is damaged"),
    (lambda _: b"[" * 100_000, "is damaged"),
    (lambda text: text[:200], "is damaged"),
    (_shape, "is damaged"),
    (lambda text: text.replace(b"resolution/1", b"resolution/9"), "has the schema"),
    (_answer, "has been changed by hand"),
    (lambda text: text.replace(b"  ", b"   "), "has been changed by hand"),
    (lambda text: text.replace(b'"base": "v260"', b'"base": "v26"'), "has been changed by hand"),
]


@pytest.mark.parametrize(("damage", "sentence"), DAMAGED)
def test_a_file_that_is_no_good(
    desk: Desk, damage: Callable[[bytes], bytes], sentence: str
) -> None:
    settled(desk)
    desk.done("rebase", "v260")
    desk.done("overlay", "-q")
    desk.done("check")
    file = kept(desk)
    file.write_bytes(damage(file.read_bytes()))
    before = desk.snapshot()
    for words in (["rebase", "v263", "--from", "v260"], ["rebase", "v261"]):
        ran = desk.run(*words)
        assert ran.code == ExitCode.INCONSISTENT
        assert f"patches/resolutions/{file.name} {sentence}" in ran.err
        assert f"git checkout -- patches/resolutions/{file.name}" in ran.err
    checked = desk.run("check")
    assert checked.code == ExitCode.INCONSISTENT
    assert f"patches/resolutions/{file.name} {sentence}" in checked.out
    assert desk.snapshot() == before


def test_a_file_under_another_name(desk: Desk) -> None:
    settled(desk)
    kept(desk).rename(kept(desk).with_name("main-000000000000.json"))
    ran = desk.run("rebase", "v261")
    assert ran.code == ExitCode.INCONSISTENT
    assert "is not named for the conflict" in ran.err


def test_a_link_is_refused(desk: Desk, tmp_path: Path) -> None:
    settled(desk)
    file = kept(desk)
    file.rename(tmp_path / "elsewhere.json")
    file.symlink_to(tmp_path / "elsewhere.json")
    ran = desk.run("rebase", "v261")
    assert ran.code == ExitCode.INCONSISTENT
    assert "is a symbolic link" in ran.err


def test_a_folder_in_place_of_a_file_is_told(desk: Desk) -> None:
    (desk.patches / "resolutions" / "x.json").mkdir(parents=True)
    ran = desk.run("rebase", "v261")
    assert ran.code == ExitCode.INCONSISTENT
    assert "patches/resolutions/x.json cannot be read" in ran.err


def test_other_files_there_are_nobody_s_business(desk: Desk) -> None:
    settled(desk)
    (desk.patches / "resolutions" / "README.md").write_text("ours\n")
    desk.done("rebase", "v261")


def test_one_that_no_release_uses_is_pointed_out(desk: Desk) -> None:
    settled(desk)
    desk.done("rebase", "v260")
    desk.done("overlay", "-q")
    assert desk.done("check", "--json").document["resolutions"] == {"problems": [], "unused": []}
    lock = desk.lock()
    lock["releases"]["v261"]["resolutions"] = {}
    (desk.patches / "lock.json").write_text(
        json.dumps(lock, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    )
    ran = desk.done("check")
    assert f"patches/resolutions/{kept(desk).name} is used by no release" in ran.out
    document = desk.done("check", "--json").document
    assert document["resolutions"]["unused"] == [f"patches/resolutions/{kept(desk).name}"]


def test_a_record_of_a_resolution_that_is_gone(desk: Desk) -> None:
    settled(desk)
    desk.done("rebase", "v260")
    desk.done("overlay", "-q")
    kept(desk).unlink()
    ran = desk.run("check")
    assert ran.code == ExitCode.INCONSISTENT
    assert "main was settled by a resolution that is gone from patches/resolutions" in ran.out


@pytest.mark.parametrize(
    "damage",
    [
        {"path": "../../etc/passwd"},
        {"path": "/etc/passwd"},
        {"path": ".git/config"},
        {"mode": "100666"},
        {"mode": "x"},
        {"edits": ((),)},
        {"reason": None},
    ],
)
def test_one_that_no_conflict_could_have_left(desk: Desk, damage: dict[str, Any]) -> None:
    settled(desk)
    file = kept(desk)
    whole = documents.decode(file.read_bytes(), KeptResolution)
    bad = replace(whole, files=(replace(whole.files[0], **damage),))
    bad = replace(bad, conflict=bad.lesson.key).sealed()
    file.unlink()
    (desk.repository.root / bad.path).write_text(documents.encode(bad))
    ran = desk.run("rebase", "v261")
    assert ran.code == ExitCode.INCONSISTENT
    assert "says what no resolution can say" in ran.err
