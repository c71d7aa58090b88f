"""Cutting a patch's lines into colours loses nothing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from patchkit.report.coloured import coloured
from patchkit.series.patch import FileChange, Hunk, Line, LineKind

TEXT = st.text(alphabet=st.characters(blacklist_characters="\n\r", codec="utf-8"), max_size=30)
LINES = st.lists(st.tuples(st.sampled_from(LineKind), TEXT), min_size=1, max_size=12)


def change(lines: list[tuple[LineKind, str]], path: str = "src/core/main.c") -> FileChange:
    hunk = Hunk(
        old_start=10,
        new_start=12,
        heading=b"int main(void) {",
        lines=tuple(Line(kind, f"{text}\n".encode()) for kind, text in lines),
    )
    return FileChange(old_path=path, new_path=path, hunks=(hunk,))


def shown(found: FileChange) -> list[tuple[LineKind, str]]:
    return [
        (line.kind, "".join(piece.text for piece in line.pieces))
        for line in coloured(found)[0].lines
    ]


@given(LINES, st.sampled_from(["main.c", "meson.build", "README", "a.service.in", "x.py"]))
def test_every_character_stays_on_its_line(lines: list[tuple[LineKind, str]], path: str) -> None:
    assert shown(change(lines, path)) == lines


def test_numbers_count_each_side_for_itself() -> None:
    lines = [
        (LineKind.CONTEXT, "a;"),
        (LineKind.REMOVED, "b;"),
        (LineKind.ADDED, "c;"),
        (LineKind.ADDED, "d;"),
        (LineKind.CONTEXT, "e;"),
    ]
    numbers = [(line.old, line.new) for line in coloured(change(lines))[0].lines]
    assert numbers == [(10, 12), (11, None), (None, 13), (None, 14), (12, 15)]


def test_a_comment_over_lines_is_a_comment_on_each() -> None:
    lines = [(LineKind.ADDED, "/* one"), (LineKind.ADDED, "   return two */ return 3;")]
    found = coloured(change(lines))[0].lines
    assert [[(piece.kind, piece.text) for piece in line.pieces] for line in found] == [
        [("c", "/* one")],
        [("c", "   return two */"), ("", " "), ("k", "return"), ("", " "), ("m", "3"), ("", ";")],
    ]


def test_a_line_without_an_end_is_told() -> None:
    bare = FileChange(
        old_path="a.c",
        new_path="a.c",
        hunks=(Hunk(old_start=1, new_start=1, heading=b"", lines=(Line(LineKind.ADDED, b"x;"),)),),
    )
    assert [line.ends for line in coloured(bare)[0].lines] == [False]


def test_bytes_that_are_no_text_are_shown_replaced() -> None:
    odd = FileChange(
        old_path="a.c",
        new_path="a.c",
        hunks=(
            Hunk(
                old_start=1,
                new_start=1,
                heading=b"\xff",
                lines=(Line(LineKind.ADDED, b"\xfe\rx\n"),),
            ),
        ),
    )
    found = coloured(odd)[0]
    assert found.heading == "\ufffd"
    assert "".join(piece.text for piece in found.lines[0].pieces) == "\ufffd␍x"
