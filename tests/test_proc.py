"""Running programs: real ones."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from patchkit.errors import ExitCode, MissingToolError
from patchkit.proc import ProgramFailedError, SystemRunner

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


class TestStream:
    def test_lines_of_both_streams_and_the_code(self) -> None:
        lines: list[str] = []
        script = "echo out; echo err >&2; printf 'last without newline'; exit 3"
        assert SystemRunner().stream(["sh", "-c", script], on_line=lines.append) == 3
        assert sorted(lines) == ["err", "last without newline", "out"]

    def test_bytes_that_are_no_text_are_replaced(self) -> None:
        lines: list[str] = []
        SystemRunner().stream(["printf", r"a\377b\n"], on_line=lines.append)
        assert lines == ["a\ufffdb"]

    @pytest.mark.parametrize("script", ["sleep 60 & sleep 60", "sleep 60 & exit 0"])
    def test_what_is_late_is_ended_with_all_that_it_started(self, script: str) -> None:
        begin = time.monotonic()
        with pytest.raises(ProgramFailedError, match=r"within 0\.5 seconds"):
            SystemRunner().stream(["sh", "-c", script], on_line=print, timeout=0.5)
        assert time.monotonic() - begin < 5

    def test_an_interruption_ends_the_program(self, tmp_path: Path) -> None:
        def stop(line: str) -> None:
            (tmp_path / "pid").write_text(line)
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            SystemRunner().stream(["sh", "-c", "echo $$; exec sleep 60"], on_line=stop)
        assert not Path("/proc", (tmp_path / "pid").read_text()).exists()

    def test_a_program_that_is_not_there(self) -> None:
        with pytest.raises(MissingToolError, match="nobody-has-me"):
            SystemRunner().stream(["nobody-has-me"], on_line=print)
