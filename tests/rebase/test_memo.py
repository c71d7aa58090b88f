"""Merges are made once, and a rebase with a memory gives what one without gives."""

from functools import partial

from patchkit.rebase.engine import rebase_series
from patchkit.rebase.filemerge import FileMerge
from patchkit.rebase.memo import Memo
from patchkit.rebase.outcome import Outcome, RebaseResult
from tests.builders import Change, Files, numbered, text
from tests.rebase.support import TARGET, World, world

CODE = text(*numbered(40))
BEFORE: Files = {"a.c": CODE, "b.c": CODE}
AFTER: Files = {"a.c": b"new();\n" + CODE, "b.c": CODE.replace(b"statement_20();", b"goto fail;")}
PATCHED_A = CODE.replace(b"statement_30", b"patched")
PATCHED_B = CODE.replace(b"statement_20();", b"return 0;")
CHANGES = (
    Change(message="one: b\n", files={"b.c": PATCHED_B}),
    Change(message="two: a\n", files={"a.c": PATCHED_A}),
)


def test_the_latest_results_are_kept() -> None:
    memo: Memo[int] = Memo()
    made: list[int] = []

    def make(n: int) -> int:
        made.append(n)
        return n * n

    numbers = [0, 1, 0, *range(64), 0, 1]
    assert [memo.get(n, partial(make, n)) for n in numbers] == [n * n for n in numbers]
    assert made == [0, *range(1, 64)]
    memo.get(64, partial(make, 64))
    memo.get(2, partial(make, 2))  # the one that was not asked for the longest
    assert made[-2:] == [64, 2]


def rebased(of: World, memo: Memo[FileMerge] | None) -> RebaseResult:
    return rebase_series(
        of.series,
        base=of.view("v260"),
        target=of.view(TARGET),
        base_name="base",
        target_name="target",
        memo=memo,
        onwards=True,
    )


def test_a_rebase_with_a_memory_is_the_same_and_goes_on_after_a_conflict() -> None:
    with world(BEFORE, AFTER, *CHANGES) as there:
        plain = rebased(there, None)
        assert [one.outcome for one in plain.results] == [Outcome.CONFLICT, Outcome.CLEAN]
        memo: Memo[FileMerge] = Memo()
        assert rebased(there, memo) == plain
        assert rebased(there, memo) == plain
        assert len(there.rebase().results) == 1  # not asked to go on


def test_another_patch_on_the_same_file_is_another_merge() -> None:
    memo: Memo[FileMerge] = Memo()
    for content in (PATCHED_A, CODE.replace(b"statement_31", b"patched")):
        change = Change(message="one: a\n", files={"a.c": content})
        with world(BEFORE, AFTER, change) as there:
            assert rebased(there, memo) == rebased(there, None)
