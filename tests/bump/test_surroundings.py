"""What a CI system is told."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from patchkit.bump.surroundings import Surroundings
from patchkit.errors import StorageError

if TYPE_CHECKING:
    from pathlib import Path


def test_outside_of_ci_nothing_is_written(tmp_path: Path) -> None:
    out = io.StringIO()
    around = Surroundings(environ={}, out=out)
    with around.group("v262: rebase"):
        around.summarize("# all")
        around.put_outputs({"changed": "true"})
    assert out.getvalue() == ""
    assert list(tmp_path.iterdir()) == []


def test_groups_close_whatever_happens() -> None:
    out = io.StringIO()
    around = Surroundings(environ={"GITHUB_ACTIONS": "true"}, out=out)
    with pytest.raises(KeyError), around.group("a\n::set-output name=x::\x1b[31m"):
        raise KeyError
    lines = out.getvalue().split("\n")
    assert lines[0].startswith("::group::a")
    assert lines[-2:] == ["::endgroup::", ""]
    assert "\x1b" not in out.getvalue()
    assert not any(line.startswith("::set-output") for line in lines)


def test_no_line_that_is_logged_commands_the_runner() -> None:
    text = "fine :: here\n  ::set-env name=PATH::x\n::stop-commands::y"
    harmless = Surroundings(environ={"GITHUB_ACTIONS": "true"}).harmless(text)
    assert not any(line.lstrip().startswith("::") for line in harmless.split("\n"))
    assert "fine :: here" in harmless
    assert Surroundings(environ={}).harmless(text) == text


def test_no_value_can_set_another(tmp_path: Path) -> None:
    around = Surroundings(environ={"GITHUB_OUTPUT": str(tmp_path / "out")})
    around.put_outputs({"release": "v262\nverdict<<x\npassed\nx", "verdict": "failed"})
    lines = iter((tmp_path / "out").read_text().split("\n"))
    found = {}
    for line in lines:
        name, _, fence = line.partition("<<")
        if fence:
            found[name] = list(iter(lambda: next(lines), fence))
    assert found == {
        "release": ["v262", "verdict<<x", "passed", "x"],
        "verdict": ["failed"],
    }


def test_a_summary_is_added_to_what_is_there(tmp_path: Path) -> None:
    around = Surroundings(environ={"GITHUB_STEP_SUMMARY": str(tmp_path / "sum")})
    around.summarize("one")
    around.summarize("two\n\n")
    assert (tmp_path / "sum").read_text() == "one\ntwo\n"
    bad = Surroundings(environ={"GITHUB_STEP_SUMMARY": str(tmp_path)})
    with pytest.raises(StorageError):
        bad.summarize("x")
