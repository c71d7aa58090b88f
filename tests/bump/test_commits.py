"""What goes into which commit."""

from __future__ import annotations

from pathlib import PurePosixPath

from hypothesis import given
from hypothesis import strategies as st

from patchkit.bump.commits import plan_commits, starting_text
from patchkit.rebase.outcome import Outcome
from tests.bump.support import patch, told

FOLDER = PurePosixPath("patches/v262")
LOCK = PurePosixPath("patches/lock.json")
OLD = b"""Subject: [PATCH] main: x

diff --git a/m.c b/m.c
index 1111111..2222222 100644
--- a/m.c
+++ b/m.c
@@ -10,3 +10,3 @@ int f(void)
 a
-b
+B
 c
"""
NEW = b"""Subject: [PATCH] main: x

diff --git a/m.c b/m.c
index 3333333..4444444 100644
--- a/m.c
+++ b/m.c
@@ -20,3 +20,3 @@ int f(void)
 a
-b
+BB
 c
"""


def test_new_text_is_alone_in_its_commit() -> None:
    about = told(patch("cgroup", Outcome.CLEAN), patch("main", Outcome.MERGED))
    cgroup, main = (FOLDER / f"0001-{name}-x.patch" for name in ("cgroup", "main"))
    moved, text, rest = plan_commits(
        about,
        writes={cgroup: b"moved", main: NEW, LOCK: b"{}", FOLDER / "old.patch": None},
        starts={"main": OLD, "cgroup": b"as it was"},
        summary="passed",
    )
    assert set(moved.changes) == {cgroup, main}
    assert set(text.changes) == {main}
    assert set(rest.changes) == {LOCK, FOLDER / "old.patch"}
    assert rest.changes[FOLDER / "old.patch"] is None
    before, after = moved.changes[main], text.changes[main]
    assert before is not None and after is not None
    pairs = zip(before.content.split(b"\n"), after.content.split(b"\n"), strict=True)
    assert [(one, two) for one, two in pairs if one != two] == [(b"+B", b"+BB")]
    assert "passed" in rest.message
    for commit in (moved, text, rest):
        assert max(map(len, commit.message.split("\n")[:1])) <= 72
        assert "merged" in commit.message


def test_without_new_text_there_is_no_commit_for_it() -> None:
    about = told(patch("cgroup", Outcome.UNCHANGED))
    commits = plan_commits(
        about,
        writes={FOLDER / "0001-cgroup-x.patch": b"p", LOCK: b"{}"},
        starts={},
        summary="s",
    )
    assert [len(commit.changes) for commit in commits] == [1, 1]
    assert "no patch says anything new" in commits[0].message


def test_nothing_to_write_is_no_commit_unless_the_branch_must_follow() -> None:
    about = told(patch("cgroup", Outcome.UNCHANGED))
    assert plan_commits(about, writes={}, starts={}, summary="s") == ()
    (merge,) = plan_commits(about, writes={}, starts={}, summary="s", merges=True)
    assert merge.changes == {}


LINES = st.lists(st.sampled_from([b"a\n", b"+b\n", b"index 1..2\n", b"index 3..4\n",
                                  b"@@ -1 +1 @@\n", b"@@ -2 +2 @@ f\n"]), max_size=12)  # fmt: skip


@given(LINES, LINES)
def test_the_start_says_what_the_old_patch_said(old: list[bytes], new: list[bytes]) -> None:
    def meaning(text: bytes) -> list[bytes]:
        return [line[:3] if line[:2] in (b"@@", b"in") else line for line in text.splitlines()]

    start = starting_text(b"".join(old), b"".join(new))
    assert meaning(start) == meaning(b"".join(old))
    assert starting_text(b"".join(new), b"".join(new)) == b"".join(new)
