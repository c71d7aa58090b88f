"""What merges by itself and what clashes."""

from hypothesis import given
from hypothesis import strategies as st

from patchkit.rebase.objects import Labels, ObjectSpace
from patchkit.rebase.strategies.clash import Clash, Kept, split, weave
from tests.rebase.strategies.support import clash

LINES = st.lists(st.sampled_from(["a", "b", "c", "d", "e", "f", "g", ""]), max_size=14).map(
    lambda lines: "".join(f"{line}\n" for line in lines).encode()
)
LABELS = Labels(target="t", base="b", patch="p")


def woven(base: bytes, target: bytes, patch: bytes) -> bytes | None:
    sections = weave(base, target, patch)
    if any(isinstance(section, Clash) for section in sections):
        return None
    return b"".join(b"".join(s.lines) for s in sections if isinstance(s, Kept))


@given(LINES, LINES)
def test_a_change_of_one_side_alone_is_taken(base: bytes, other: bytes) -> None:
    assert woven(base, other, base) == other
    assert woven(base, base, other) == other
    assert woven(base, other, other) == other


@given(LINES, LINES, LINES)
def test_what_does_not_clash_is_what_git_merges(base: bytes, target: bytes, patch: bytes) -> None:
    """Where git's merge is clean, so is this; the diffs are the same."""
    mine = woven(base, target, patch)
    if mine is not None:
        gits = ObjectSpace().merge(base=base, target=target, patch=patch, labels=LABELS)
        if gits.clean:
            assert mine == gits.content


@given(LINES, LINES, LINES)
def test_every_line_of_every_side_is_in_some_section(
    base: bytes, target: bytes, patch: bytes
) -> None:
    """A clash settled for one side everywhere gives a text with all of that side's changes."""
    for section in weave(base, target, patch):
        if isinstance(section, Clash):
            parts = split(section)
            assert b"".join(_side(p, "base") for p in parts) is not None
            theirs = b"".join(_side(p, "target") for p in parts if isinstance(p, Clash))
            assert theirs in b"".join(section.target) or len(parts) > 1


def _side(part: Clash | Kept, side: str) -> bytes:
    return b"".join(part.lines if isinstance(part, Kept) else getattr(part, side))


def test_changes_that_touch_clash() -> None:
    found = clash("one\ntwo\n", "uno\ntwo\n", "one\ndos\n")
    assert (found.base, found.target, found.patch) == (
        (b"one\n", b"two\n"),
        (b"uno\n", b"two\n"),
        (b"one\n", b"dos\n"),
    )


def test_a_clash_knows_the_line_before_it() -> None:
    assert clash("zero\none\ntwo\n", "zero\nuno\ntwo\n", "zero\none\ndos\n").before == b"zero\n"


def test_touching_changes_are_split_and_overlapping_ones_are_not() -> None:
    assert all(isinstance(s, Kept) for s in split(clash("1\n2\n", "x\n2\n", "1\ny\n")))
    assert any(isinstance(s, Clash) for s in split(clash("1\n", "x\n", "y\n")))


def test_additions_at_one_place_stay_together() -> None:
    found = clash("1\n2\n", "1\nx\n2\n", "1\ny\n2\n")
    assert any(isinstance(s, Clash) for s in split(found))
