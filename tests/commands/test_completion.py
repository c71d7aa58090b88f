"""Completion scripts are what their shells accept."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from patchkit.errors import ExitCode
from patchkit.parser import COMMANDS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.commands.support import Desk


def test_bash_accepts_it_and_completes_with_it(desk: Desk, tmp_path: Path) -> None:
    script = tmp_path / "patchkit.bash"
    script.write_text(desk.done("completion", "bash").out, encoding="utf-8")
    checked = subprocess.run(["bash", "-n", str(script)], capture_output=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, b"")
    asked = """
source "$1"
COMP_WORDS=(patchkit "$2"); COMP_CWORD=1
"$(complete -p patchkit | sed 's/.*-F \\([^ ]*\\).*/\\1/')"
printf '%s\\n' "${COMPREPLY[@]}"
"""
    answered = subprocess.run(
        ["bash", "-c", asked, "bash", str(script), "re"], capture_output=True, check=True, text=True
    )
    words = set(answered.stdout.split())
    assert {name for name in COMMANDS if name.startswith("re")} <= words


@pytest.mark.parametrize("shell", ["zsh", "tcsh"])
def test_every_command_is_in_it(desk: Desk, shell: str) -> None:
    script = desk.done("completion", shell).out
    for name in COMMANDS:
        assert name in script


def test_an_unknown_shell_is_told(desk: Desk) -> None:
    assert desk.run("completion", "fish").code == ExitCode.USAGE
