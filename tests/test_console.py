"""What is printed, where, and in what form."""

from __future__ import annotations

import io
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchkit.console import Cell, Console, Table, Tone, clean, shorten

TABLE = Table(
    headings=("Patch", "Outcome"),
    rows=((Cell("main"), Cell("clean", Tone.GOOD)), (Cell("exec-invoke"), Cell("-"))),
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def console(
    *,
    json: bool = False,
    verbosity: int = 0,
    terminal: bool = False,
    environ: dict[str, str] | None = None,
) -> tuple[Console, io.StringIO, io.StringIO]:
    out, err = (Terminal(), Terminal()) if terminal else (io.StringIO(), io.StringIO())
    made = Console(json=json, verbosity=verbosity, out=out, err=err, environ=environ or {})
    return made, out, err


@given(st.text())
def test_no_text_can_steer_the_terminal(text: str) -> None:
    shown = clean(text)
    for character in shown:
        assert character in "\t\n" or unicodedata.category(character) != "Cc"
        assert character not in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f"
    shown.encode("utf-8")


@pytest.mark.parametrize("text", ["plain", "tab\tand\nnewline", "é → 日本", "a — b"])
def test_usual_text_stays_as_it_is(text: str) -> None:
    assert clean(text) == text


def test_escapes_are_shown_as_such() -> None:
    assert clean("\x1b[31mred\x07\udc80") == r"\x1b[31mred\x07\udc80"


def test_a_table_in_a_pipe_is_aligned_and_never_wrapped() -> None:
    made, out, _ = console()
    made.table(TABLE)
    assert out.getvalue() == "Patch        Outcome\nmain         clean\nexec-invoke  -\n"


def test_a_table_s_cells_cannot_break_a_line_with_escapes() -> None:
    table = Table(headings=("A",), rows=((Cell("\x1b[2J\r"),),))
    assert "\x1b" not in table.plain()


def test_json_keeps_words_off_standard_output() -> None:
    made, out, err = console(json=True)
    made.say("words")
    made.table(TABLE)
    made.note("more")
    made.document({"schema": "x/1"})
    assert out.getvalue() == '{\n  "schema": "x/1"\n}\n'
    assert "words" in err.getvalue()
    assert "Outcome" in err.getvalue()


def test_without_json_there_is_no_document() -> None:
    made, out, _ = console()
    made.document({"schema": "x/1"})
    assert out.getvalue() == ""


@pytest.mark.parametrize(
    ("verbosity", "wanted"),
    [(-1, ["warning: w", "patchkit: e", "  h"]),
     (0, ["n", "warning: w", "patchkit: e", "  h"]),
     (1, ["n", "d", "warning: w", "patchkit: e", "  h"])],
)  # fmt: skip
def test_how_much_is_said(verbosity: int, wanted: list[str]) -> None:
    made, out, err = console(verbosity=verbosity)
    made.say("s")
    made.note("n")
    made.detail("d")
    made.warn("w")
    made.error("e", "h")
    assert err.getvalue().splitlines() == wanted
    assert out.getvalue() == ("s\n" if verbosity >= 0 else "")


def test_a_terminal_gets_colour_and_a_drawn_table() -> None:
    made, out, _ = console(terminal=True)
    made.say("good", Tone.GOOD)
    made.table(TABLE)
    assert "\x1b[32mgood" in out.getvalue()
    assert "─" in out.getvalue()


@pytest.mark.parametrize("environ", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_whoever_wants_no_colour_gets_none(environ: dict[str, str]) -> None:
    made, out, _ = console(terminal=True, environ=environ)
    made.say("good", Tone.GOOD)
    made.table(TABLE)
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", out.getvalue())
    assert "main" in out.getvalue()


def test_progress_in_a_pipe_is_one_line() -> None:
    made, out, err = console()
    with made.progress("fetching v261", unit="bytes") as bar:
        bar.update(1, 10)
        bar.update(10, 10)
    assert err.getvalue() == "fetching v261 …\n"
    assert out.getvalue() == ""


def test_progress_on_a_terminal_is_a_bar_that_goes_away() -> None:
    made, _, err = console(terminal=True)
    with made.progress("fetching\x1b[2J v261", unit="objects") as bar:
        bar.update(5, 10)
    assert "fetching\\x1b[2J v261" in err.getvalue()


def test_progress_is_silent_when_quiet() -> None:
    made, out, err = console(verbosity=-1)
    with made.progress("fetching") as bar:
        bar.update(1)
    assert out.getvalue() + err.getvalue() == ""


def test_names_are_shortened() -> None:
    assert shorten(["a", "b"], 2) == "a, b"
    assert shorten(["a", "b", "c", "d"], 2) == "a, b and 2 more"
    assert shorten([], 2) == ""
