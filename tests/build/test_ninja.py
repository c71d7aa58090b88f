from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchkit.build.ninja import Output


def read(text: str) -> Output:
    said = Output()
    for line in text.splitlines():
        said.line(line)
    return said


GCC = """\
[12/878] Compiling C object src/core/x.p/cgroup.c.o
FAILED: src/core/x.p/cgroup.c.o
cc -Isrc -c ../source/src/core/cgroup.c
In file included from ../source/src/core/cgroup.c:3:
../source/src/core/cgroup.c: In function \u2018unit_attach\u2019:
../source/src/core/cgroup.c:123:16: error: \u2018crt\u2019 undeclared (first use in this function)
  123 |         return crt->path;
      |                ^~~
../source/src/core/cgroup.c:124:1: error: expected \u2018;\u2019 before \u2018}\u2019 token
ninja: build stopped: subcommand failed.
"""


def test_a_compilers_first_error_with_its_own_lines() -> None:
    said = read(GCC)
    error = said.first_error
    assert error is not None
    assert (error.path, error.line) == ("src/core/cgroup.c", 123)
    assert error.text.startswith("\u2018crt\u2019 undeclared")
    assert error.shown[1:] == ("  123 |         return crt->path;", "      |                ^~~")
    assert said.failed_step == "src/core/x.p/cgroup.c.o"
    assert (said.done, said.total) == (12, 878)


@pytest.mark.parametrize(
    ("line", "path", "number", "text"),
    [
        (
            "/usr/bin/ld: a.c.o: in function `f': ../source/src/a.c:7: undefined reference to `g'",
            None,
            None,
            None,
        ),
        ("../source/src/a.c:7: undefined reference to `g'", "src/a.c", 7, "undefined ref"),
        ("a.c:(.text.f+0x5): undefined reference to `g'", None, None, "undefined reference"),
        ("../source/src/a.h:1:10: fatal error: x.h: No such file", "src/a.h", 1, "x.h: No such"),
        ("../source/meson.build:5:0: ERROR: Unknown option", "meson.build", 5, "Unknown option"),
        ("src/generated.c:3:1: error: bad", None, 3, "bad"),
        ("../source/src/a.c:7:1: warning: odd", None, None, None),
        ("[3/9] Compiling error: not one", None, None, None),
    ],
)
def test_shapes(line: str, path: str | None, number: int | None, text: str | None) -> None:
    error = read(line).first_error
    if text is None:
        assert error is None
        return
    assert error is not None
    assert (error.path, error.line) == (path, number)
    assert error.text.startswith(text)


def test_a_full_disk_and_a_missing_dependency() -> None:
    assert read("cc1: fatal error: /tmp/x.s: No space left on device").disk_full
    said = read('meson.build:9:0: ERROR: Dependency "libseccomp" not found, tried pkgconfig')
    assert said.dependency == "libseccomp"


@given(st.lists(st.text()))
def test_any_output_is_survived(lines: list[str]) -> None:
    said = Output()
    for line in lines:
        said.line(line)
    assert said.first_error is None or said.first_error.shown


def test_numbers_without_end_are_text() -> None:
    output = Output()
    assert not output.line("[" + "9" * 5000 + "/7] x")
    output.line("src/x.c:" + "9" * 5000 + ": error: no")
    assert output.first_error is None


def test_a_line_without_end_costs_no_time() -> None:
    """Found by fuzzing: patterns that look for a file's name went over it again and again."""
    begun = time.monotonic()
    for text in ("x" * 300_000, "meson.build" * 30_000, "a:1: " * 60_000):
        Output().line(text)
    assert time.monotonic() - begun < 2
