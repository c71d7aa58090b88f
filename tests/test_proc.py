"""Running programs: real ones."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from patchkit.errors import ExitCode, MissingToolError
from patchkit.proc import ProgramFailedError, SystemRunner

if TYPE_CHECKING:
    from pathlib import Path

run = SystemRunner()
PYTHON = sys.executable


def test_what_a_program_writes_comes_back(tmp_path: Path) -> None:
    done = run(
        [PYTHON, "-c", "import os, sys; print(os.getcwd()); sys.stderr.write('x')"], cwd=tmp_path
    )
    assert (done.returncode, done.stderr) == (0, b"x")
    assert done.text.strip() == str(tmp_path)
    assert done.check() is done


def test_nothing_is_on_standard_input_unless_given() -> None:
    read = [PYTHON, "-c", "import sys; print(repr(sys.stdin.buffer.read()))"]
    assert run(read).text.strip() == "b''"
    assert run(read, stdin=b"\0x").text.strip() == r"b'\x00x'"


def test_only_what_is_allowed_is_inherited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", "/elsewhere")
    monkeypatch.setenv("SECRET_TOKEN", "x")
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    done = run(
        [PYTHON, "-c", "import os; print(sorted(os.environ), os.environ['LC_ALL'])"],
        env={"MORE": "1"},
    )
    assert "GIT_DIR" not in done.text
    assert "SECRET_TOKEN" not in done.text
    assert "'MORE'" in done.text
    assert "'PATH'" in done.text
    assert done.text.strip().endswith("C.UTF-8")


def test_arguments_are_never_a_shell_s() -> None:
    assert run(["echo", "$HOME; `id`", "*"]).text == "$HOME; `id` *\n"


def test_a_program_that_is_not_there_is_told() -> None:
    with pytest.raises(
        MissingToolError, match="'no-such-program' is not on this machine"
    ) as caught:
        run(["no-such-program"])
    assert caught.value.exit_code is ExitCode.MISSING_TOOL


def test_a_program_that_does_not_end_is_told() -> None:
    with pytest.raises(ProgramFailedError, match="did not end within") as caught:
        run(["sleep", "60"], timeout=0.05)
    assert "sleep 60" in (caught.value.hint or "")


def test_a_program_that_fails_is_told_with_its_last_line() -> None:
    failing = run(["sh", "-c", "echo first >&2; echo last words >&2; exit 3"])
    assert failing.returncode == 3
    with pytest.raises(ProgramFailedError, match="exit code 3: last words") as caught:
        failing.check()
    assert "sh -c" in (caught.value.hint or "")


def test_a_program_that_is_killed_is_told() -> None:
    with pytest.raises(ProgramFailedError, match="killed by signal 9"):
        run(["sh", "-c", "kill -9 $$"]).check()
