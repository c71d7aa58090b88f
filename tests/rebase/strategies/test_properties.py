"""What holds of every merge beyond git's, whatever the texts."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from patchkit.rebase.filemerge import FileMerge, ThreeSides
from patchkit.rebase.files import FileMerger
from patchkit.rebase.objects import Labels, ObjectSpace
from patchkit.rebase.outcome import FileState
from patchkit.rebase.strategies.climbing import settle
from patchkit.rebase.strategies.ladder import Verdict, climb
from patchkit.rebase.strategies.texts import Texts
from patchkit.series.patch import FileChange
from tests.rebase.strategies.trees import view

PATH = "src/core/main.c"
LINE = st.sampled_from(
    [
        "        r = attach(u, pids);",
        "        if (r < 0)",
        "                return r;",
        "",
        "static int realize(Unit *u) {",
        "}",
        "        log_unit_debug(u, first, second);",
        "        log_unit_debug(u, first, third);",
        '#include "unit.h"',
    ]
)
TEXT = st.lists(LINE, max_size=12).map(lambda lines: "".join(f"{x}\n" for x in lines).encode())
LABELS = Labels(target="t", base="b", patch="p")
PLAIN = 0o100644


def verdict(
    base: bytes, target: bytes, patch: bytes, beside: dict[str, bytes | None] | None = None
) -> Verdict | None:
    """What the engine makes of a change to one file."""
    more = beside or {}
    before, there = view({PATH: base, **more}), view({PATH: target, **more})
    merger = FileMerger(space=ObjectSpace(), base=before, target=there)
    change = FileChange(old_path=PATH, new_path=PATH, old_mode=PLAIN, new_mode=PLAIN)
    sides = ThreeSides(change=change, before=FileState(mode=PLAIN, content=base), after=patch)
    merges: list[FileMerge] = [merger.merge(sides, LABELS)]
    return climb(merges, base=before, target=there)


@given(TEXT, TEXT, TEXT)
@settings(max_examples=150, deadline=None)
def test_nothing_outside_the_touched_paths_changes(
    base: bytes, target: bytes, patch: bytes
) -> None:
    found = verdict(base, target, patch)
    assert found is None or set(found.changes) <= {PATH}


@given(TEXT, TEXT, TEXT, TEXT)
@settings(max_examples=100, deadline=None)
def test_unrelated_files_change_nothing(
    base: bytes, target: bytes, patch: bytes, other: bytes
) -> None:
    beside: dict[str, bytes | None] = {"src/other.c": other, "docs/x.md": b"x\n"}
    assert verdict(base, target, patch) == verdict(base, target, patch, beside)


@given(TEXT, TEXT)
@settings(max_examples=100, deadline=None)
def test_a_patch_that_the_target_has_changes_nothing(base: bytes, patch: bytes) -> None:
    found = verdict(base, patch, patch)
    assert found is not None
    assert found.changes[PATH] == FileState(mode=PLAIN, content=patch)


@given(TEXT, TEXT)
@settings(max_examples=100, deadline=None)
def test_a_target_that_is_the_base_gets_the_patch(base: bytes, patch: bytes) -> None:
    found = verdict(base, base, patch)
    assert found is not None
    assert found.changes[PATH] == FileState(mode=PLAIN, content=patch)


@given(TEXT, TEXT, TEXT)
@settings(max_examples=150, deadline=None)
def test_a_settled_file_says_why_and_what_is_left_out(
    base: bytes, target: bytes, patch: bytes
) -> None:
    found = settle(Texts(path=PATH, base=base, target=target, patch=patch))
    if found is None:
        return
    assert found.content is not None
    assert b"<<<<<<<" not in found.content
    assert bool(found.strategies) == bool(found.evidence) or not found.strategies
    known = set(base.split(b"\n")) | set(target.split(b"\n")) | set(patch.split(b"\n"))
    if not {"word by word", "names renamed upstream"} & set(map(str, found.strategies)):
        # Lines are never made up, except by what merges words.
        assert {line.strip() for line in found.content.split(b"\n")} <= {x.strip() for x in known}


@given(TEXT, TEXT, TEXT)
@settings(max_examples=60, deadline=None)
def test_the_same_texts_give_the_same_answer(base: bytes, target: bytes, patch: bytes) -> None:
    texts = Texts(path=PATH, base=base, target=target, patch=patch)
    assert settle(texts) == settle(texts)
