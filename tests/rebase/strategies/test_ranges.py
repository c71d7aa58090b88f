"""Words give the text back, and changes lead from one text to the other."""

from hypothesis import given
from hypothesis import strategies as st

from patchkit.rebase.apply import split_lines
from patchkit.rebase.strategies.ranges import Change, line_changes, word_changes, words

C_TEXT = st.lists(
    st.sampled_from(["if (r < 0)", "return r;", "", "{", "}", "\tx = y + 1;", "/* é */"])
).map(lambda lines: "\n".join(lines).encode())


@given(st.binary())
def test_words_joined_are_the_text(text: bytes) -> None:
    # Lone control characters belong to no word of C; they may be lost from no text of ours.
    if not set(text) & set(range(0x20)) - {9, 10, 12, 13}:
        assert b"".join(words(text)).replace(b" ", b"") == text.replace(b" ", b"")


@given(C_TEXT, C_TEXT)
def test_line_changes_lead_from_one_text_to_the_other(old: bytes, new: bytes) -> None:
    before, after = split_lines(old), split_lines(new)
    made: list[bytes] = []
    at = 0
    for change in line_changes(old, new):
        made += before[at : change.low] + after[change.new_low : change.new_high]
        at = change.high
    assert made + before[at:] == after


def test_equal_texts_have_no_changes() -> None:
    assert line_changes(b"a\n", b"a\n") == ()


def test_an_insertion_stands_between_lines() -> None:
    assert line_changes(b"a\nb\n", b"a\nx\nb\n") == (Change(1, 1, 1, 2),)


def test_a_newline_is_a_word_of_its_own() -> None:
    assert word_changes([b"a", b"\n", b"b"], [b"a", b" b"]) == (Change(1, 3, 1, 2),)
