"""Every failure has its own exit code, and the codes are the documented ones."""

from __future__ import annotations

import errno
import importlib
import pkgutil
from typing import TYPE_CHECKING

import patchkit
from patchkit import errors
from patchkit.errors import ExitCode, PatchkitError, StorageError
from patchkit.parser import build_parser

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCUMENTED = {
    "DONE": 0,
    "UNEXPECTED": 1,
    "USAGE": 2,
    "CONFLICT": 3,
    "VERIFICATION": 4,
    "UNAVAILABLE": 5,
    "MISSING_TOOL": 6,
    "INCONSISTENT": 7,
    "STORAGE": 8,
    "BUSY": 9,
    "INTERRUPTED": 130,
}


def test_the_codes_are_the_documented_ones_and_unique() -> None:
    assert {code.name: code.value for code in ExitCode} == DOCUMENTED
    assert len({code.value for code in ExitCode}) == len(ExitCode.__members__)
    assert len({code.meaning for code in ExitCode}) == len(ExitCode)


def test_the_help_lists_every_code() -> None:
    told = build_parser(set()).format_help()
    for code in ExitCode:
        assert f"  {code.value:>3}  {code.meaning}\n" in told


def test_each_code_belongs_to_one_branch_of_the_tree() -> None:
    branches = [
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, PatchkitError)
    ]
    codes = [branch.exit_code for branch in branches]
    assert len(set(codes)) == len(codes)


def test_every_error_of_the_project_has_a_code_and_says_what_it_is() -> None:
    for module in pkgutil.walk_packages(patchkit.__path__, "patchkit."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for error in _descendants(PatchkitError):
        assert isinstance(error.exit_code, ExitCode)
        assert error.exit_code not in (ExitCode.DONE, ExitCode.INTERRUPTED)
        assert error.__doc__


def _descendants(error: type[PatchkitError]) -> Iterator[type[PatchkitError]]:
    for child in error.__subclasses__():
        yield child
        yield from _descendants(child)


def test_what_the_system_refused_is_told_in_one_sentence() -> None:
    full = OSError(errno.ENOSPC, "No space left on device", "/repo/patches/x")
    told = StorageError.from_os_error("write the result", full)
    assert told.message == "cannot write the result /repo/patches/x: No space left on device"
    assert told.hint
    assert StorageError.from_os_error("write /repo/patches/x", full).message.count("patches/x") == 1


def test_a_message_that_quotes_without_end_is_cut() -> None:
    error = PatchkitError("x" * 100_000, hint="y" * 100_000)
    assert len(error.message) < 2_100
    assert len(error.hint or "") < 10_100
    assert error.message.endswith("… (100000 characters)")


def test_a_message_can_be_written_whatever_it_quotes() -> None:
    error = PatchkitError("a \udcff byte at http://me:secret@host/x", hint="ssh://git:secret@h/x")
    assert error.message == "a \\udcff byte at http://host/x"
    assert error.hint == "ssh://git@h/x"
    assert str(error).encode()
