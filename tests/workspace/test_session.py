"""A rebase that waits: its state comes back, and what a person made is read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from patchkit.errors import ConflictError, InconsistentError
from patchkit.rebase.outcome import Conflict, FileState, Resolution
from patchkit.workspace import session as sessions
from patchkit.workspace.session import KeptFile, Session

if TYPE_CHECKING:
    from pathlib import Path

MARKED = b"<<<<<<< v262\na\n||||||| v260\nb\n=======\nc\n>>>>>>> main (patch)\n"
DRAFT = {
    "src/main.c": FileState(mode=0o100644, content=MARKED),
    "run.sh": FileState(mode=0o100755, content=b"#!/bin/sh\n"),
    "gone": None,
}
SESSION = Session(
    target="v262",
    base="v260",
    upstream=None,
    series_sha256="b" * 64,
    patch="main",
    paths=sessions.modes(DRAFT),
)


def saved(root: Path, session: Session = SESSION) -> Path:
    return sessions.save(root, session, Conflict(files=(), draft=DRAFT))


def test_comes_back(tmp_path: Path) -> None:
    session = replace(
        SESSION,
        skipped=("cgroup",),
        resolutions={"x": {"a": KeptFile(mode=0o100755, content=b"\0\xff"), "b": None}},
    )
    saved(tmp_path, session)
    assert sessions.load(tmp_path) == session
    decisions = session.decisions
    assert decisions.skipped == {"cgroup"}
    assert decisions.resolutions["x"] == Resolution(
        files={"a": FileState(mode=0o100755, content=b"\0\xff"), "b": None}
    )
    assert sessions.kept(decisions) == session.resolutions


def test_there_is_none_at_first(tmp_path: Path) -> None:
    assert sessions.load(tmp_path) is None
    sessions.forget(tmp_path)


def test_only_touched_files_are_there(tmp_path: Path) -> None:
    place = saved(tmp_path)
    assert sorted(p.relative_to(place).as_posix() for p in place.rglob("*") if p.is_file()) == [
        "run.sh",
        "src/main.c",
    ]


def test_markers_are_told_by_file(tmp_path: Path) -> None:
    saved(tmp_path)
    with pytest.raises(ConflictError, match=r"markers are left in src/main\.c"):
        sessions.collect(tmp_path, SESSION)


@pytest.mark.parametrize(
    "line", [b"<<<<<<< v262\n", b"<<<<<<<\n", b"||||||| v260\n", b"|||||||\n", b">>>>>>> x\n"]
)
def test_any_marker_counts(tmp_path: Path, line: bytes) -> None:
    (saved(tmp_path) / "src/main.c").write_bytes(b"a\n" + line + b"b\n")
    with pytest.raises(ConflictError, match="markers are left"):
        sessions.collect(tmp_path, SESSION)


def test_what_a_person_made_is_read(tmp_path: Path) -> None:
    place = saved(tmp_path)
    (place / "src/main.c").write_bytes(b"done\n")
    (place / "run.sh").unlink()
    (place / "new.sh").write_bytes(b"new\n")
    (place / "new.sh").chmod(0o755)
    (place / "src/main.c~").write_bytes(MARKED)
    assert sessions.collect(tmp_path, SESSION) == {
        "src/main.c": KeptFile(mode=0o100644, content=b"done\n"),
        "run.sh": None,
        "new.sh": KeptFile(mode=0o100755, content=b"new\n"),
        "gone": None,
    }


def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(InconsistentError, match="is gone"):
        sessions.collect(tmp_path, SESSION)


def test_the_next_conflict_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    first = saved(tmp_path)
    second = saved(tmp_path, replace(SESSION, patch="manager"))
    assert second.is_dir()
    assert not first.exists()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is damaged"),
        ('{"schema": "patchkit.rebase-state/1"}', "is damaged"),
        (None, "was begun by another patchkit"),
    ],
)
def test_a_state_that_is_no_good_is_told(tmp_path: Path, text: str | None, sentence: str) -> None:
    place = saved(tmp_path, replace(SESSION, schema="patchkit.rebase-state/9"))
    if text is not None:
        (place.parent / "state.json").write_text(text)
    with pytest.raises(InconsistentError, match=sentence) as caught:
        sessions.load(tmp_path)
    assert "--abort" in (caught.value.hint or "") or "another" in caught.value.message
    sessions.forget(tmp_path)
    assert sessions.load(tmp_path) is None
