"""The program as people start it: help, streams, terminals, and what it ends with."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from patchkit import __version__
from patchkit.cli import main
from patchkit.errors import ExitCode
from patchkit.parser import COMMANDS
from tests.commands import support

if TYPE_CHECKING:
    from pathlib import Path

    from tests.builders import PatchRepository


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> PatchRepository:
    return support.make_repository(tmp_path_factory.mktemp("original"))


def words(repository: PatchRepository, *more: str) -> list[str]:
    return ["--repo", str(repository.root), "--cache", str(repository.cache), *more]


# Help


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    told = capsys.readouterr().out
    for name, summary in COMMANDS.items():
        assert name in told
        assert summary.split()[0] in told


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    told = capsys.readouterr()
    assert told.out.startswith(f"usage: patchkit {name}")
    assert told.err == ""
    assert "--json" in told.out


def test_help_loads_nothing_heavy() -> None:
    script = (
        "import sys; from patchkit.cli import main; main(['--help']); "
        "heavy = {'pygit2', 'requests', 'rich', 'msgspec', 'unidiff', 'jinja2'}; "
        "sys.exit(sorted(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=support.SOURCE, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"patchkit {__version__}\n"


@pytest.mark.parametrize(
    "argv",
    [[], ["no-such-command"], ["rebase", "--no-such-option"], ["rebase", "a", "b"], ["--rep", "x"]],
)
def test_a_wrong_command_line_is_told(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == ExitCode.USAGE
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("usage: patchkit")


@pytest.mark.parametrize("place", ["before", "after"])
def test_common_options_may_stand_before_and_after(
    repository: PatchRepository, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    options = words(repository, "--json")
    argv = [*options, "status"] if place == "before" else ["status", *options]
    assert main(argv) == 0
    assert capsys.readouterr().out.startswith("{")


# Streams


def test_as_a_module_and_in_a_process(repository: PatchRepository) -> None:
    ran = support.program(words(repository, "rebase", "v261", "--dry-run"))
    assert ran.code == 0
    assert "v260 -> v261" in ran.out
    assert "\x1b" not in ran.said
    assert support.program(words(repository, "rebase", "v262", "--dry-run")).code == 3


def test_a_reader_that_goes_away_is_no_failure(repository: PatchRepository) -> None:
    argv = [sys.executable, "-m", "patchkit", *words(repository, "releases")]
    with subprocess.Popen(
        argv, cwd=support.SOURCE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert b"Traceback" not in err
    assert b"BrokenPipe" not in err


def on_a_terminal(argv: list[str], **environment: str) -> tuple[int, str]:
    """Run on a pseudo-terminal of 100 columns; the exit code and all that it showed."""
    leader, follower = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "patchkit", *argv],
        cwd=support.SOURCE,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", **environment},
        stdin=subprocess.DEVNULL,
        stdout=follower,
        stderr=follower,
    ) as process:
        os.close(follower)
        shown = b""
        while True:
            try:
                piece = os.read(leader, 65536)
            except OSError:  # the terminal's other end is closed
                break
            if not piece:
                break
            shown += piece
    os.close(leader)
    return process.returncode, shown.decode("utf-8", "replace")


_COLOUR = re.compile(r"\x1b\[(?:\d+;)*3[0-7]m")


def test_a_terminal_shows_colour_and_a_table(repository: PatchRepository) -> None:
    code, shown = on_a_terminal(words(repository, "rebase", "v261", "--dry-run"))
    assert code == 0
    assert _COLOUR.search(shown)
    assert "───" in shown
    assert "Outcome" in shown


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_a_terminal_without_colour_shows_none(
    repository: PatchRepository, environment: dict[str, str]
) -> None:
    code, shown = on_a_terminal(words(repository, "rebase", "v262", "--dry-run"), **environment)
    assert code == ExitCode.CONFLICT
    assert not _COLOUR.search(shown)
    assert "goto fail;" in shown


def test_json_on_a_terminal_is_still_json_alone(repository: PatchRepository) -> None:
    code, shown = on_a_terminal(words(repository, "releases", "--json", "-q"))
    assert code == 0
    assert shown.startswith("{")
    assert not _COLOUR.search(shown)


# The cache


@pytest.mark.parametrize("way", ["option", "PATCHKIT_CACHE", "XDG_CACHE_HOME", "HOME"])
def test_where_the_cache_is(
    repository: PatchRepository, tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    argv = ["--repo", str(repository.root), "releases", "-q"]
    wanted = tmp_path / "cache"
    match way:
        case "option":
            argv += ["--cache", str(wanted)]
        case "PATCHKIT_CACHE":
            monkeypatch.setenv("PATCHKIT_CACHE", str(wanted))
        case "XDG_CACHE_HOME":
            monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
            wanted = tmp_path / "patchkit"
        case _:
            monkeypatch.setenv("HOME", str(tmp_path))
            wanted = tmp_path / ".cache" / "patchkit"
    assert main(argv) == 0
    assert (wanted / "upstream.git").is_dir()


# What goes wrong


def test_a_bug_ends_in_a_log_and_a_sentence(
    repository: PatchRepository, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """A broken terminal stands for a bug: nothing in patchkit expects it."""

    class Broken:
        encoding = "utf-8"

        def write(self, _: str) -> int:
            raise ZeroDivisionError("broken on purpose")

        def flush(self) -> None:
            """Nothing to do."""

        def isatty(self) -> bool:
            return False

    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr("sys.stdout", Broken())
    assert main(words(repository, "status")) == ExitCode.UNEXPECTED
    told = capsys.readouterr().err
    assert "patchkit: unexpected: ZeroDivisionError: broken on purpose" in told
    assert "Traceback" not in told
    (log,) = tmp_path.glob("patchkit-*.log")
    assert str(log) in told
    assert "Traceback" in log.read_text()
