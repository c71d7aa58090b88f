"""libgit2's merge, diff and rename detection are those of the git program."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from patchkit.rebase.objects import Labels, ObjectSpace, blob_id, difference
from patchkit.series.patch import FileChange
from patchkit.series.render import render_diff
from tests.builders import PLAIN, git, upstream
from tests.depth import examples
from tests.series import strategies

LABELS = Labels(target="v261", base="v260", patch="main (patch)")
_LINES = st.lists(st.sampled_from([b"a", b"b", b"c", b"}", b"", b"int f(void) {"]), max_size=12)


@st.composite
def three_sides(draw: st.DrawFn) -> tuple[bytes, bytes, bytes]:
    base = b"\n".join(draw(_LINES)) + b"\n" * draw(st.integers(0, 1))
    return base, draw(strategies.edited(base)), draw(strategies.edited(base))


def merge_file(base: bytes, target: bytes, patch: bytes) -> tuple[bytes, bool]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for side, content in (("base", base), ("target", target), ("patch", patch)):
            (folder / side).write_bytes(content)
        names = ["-L", LABELS.target, "-L", LABELS.base, "-L", LABELS.patch]
        done = subprocess.run(
            ["git", "merge-file", "--diff3", "-p", *names, "target", "base", "patch"],
            cwd=folder,
            capture_output=True,
            check=False,
        )
    assert 0 <= done.returncode < 128, done.stderr
    return done.stdout, done.returncode == 0


@examples(50)
@given(three_sides())
def test_a_merge_is_git_s_merge(sides: tuple[bytes, bytes, bytes]) -> None:
    base, target, patch = sides
    ours = ObjectSpace().merge(base=base, target=target, patch=patch, labels=LABELS)
    assert (ours.content, ours.clean) == merge_file(base, target, patch)


@examples(50)
@given(strategies.contents(), st.data())
def test_a_difference_is_git_s_diff(old: bytes, data: st.DataObject) -> None:
    new = data.draw(strategies.edited(old))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "a").mkdir()
        (folder / "b").mkdir()
        (folder / "a" / "f").write_bytes(old)
        (folder / "b" / "f").write_bytes(new)
        done = subprocess.run(
            ["git", "diff", "--no-index", "--text", "--full-index", "--no-prefix", "a/f", "b/f"],
            cwd=folder,
            capture_output=True,
            check=False,
        )
    change = FileChange(
        old_path="f",
        new_path="f",
        old_mode=PLAIN,
        new_mode=PLAIN,
        old_id=blob_id(old),
        new_id=blob_id(new),
        hunks=difference(old, new),
    )
    assert (render_diff([change]) if old != new else b"") == done.stdout


@given(st.binary(max_size=40))
def test_a_blob_s_id_is_git_s(content: bytes) -> None:
    assert blob_id(content) == blob_id(bytes(content))
    assert len(blob_id(content)) == 40


def test_a_blob_s_id_is_the_one_that_git_prints(tmp_path: Path) -> None:
    printed = git(tmp_path, "hash-object", "--stdin", stdin=b"some\n").decode().strip()
    assert blob_id(b"some\n") == printed


def test_the_renamed_file_is_the_one_that_git_finds(tmp_path: Path) -> None:
    old = b"".join(b"line %d\n" % n for n in range(40))
    near = old.replace(b"line 3\n", b"other\n")
    nearer = old.replace(b"line 7\n", b"line seven\n") + b"more\n"
    far = b"".join(b"nothing %d\n" % n for n in range(40))
    candidates = {"x/near.c": near, "y/nearer.c": nearer, "z/far.c": far}
    origin = upstream(tmp_path, {"v260": {"old.c": old}, "v261": candidates})
    listed = git(origin, "diff-tree", "-M", "-r", "--name-status", "v260", "v261").decode()
    (renamed,) = [line.split("\t")[2] for line in listed.splitlines() if line.startswith("R")]
    assert ObjectSpace().most_similar(old, candidates) == renamed
    assert ObjectSpace().most_similar(old, {"z/far.c": far}) is None
    assert ObjectSpace().most_similar(old, {}) is None


def test_contents_without_an_ancestor_are_marked_where_they_differ() -> None:
    merged = ObjectSpace().merge_added(target=b"a\nb\n", patch=b"a\nc\n", labels=LABELS)
    assert not merged.clean
    assert b"<<<<<<< v261\n" in merged.content
    assert b">>>>>>> main (patch)\n" in merged.content
    same = ObjectSpace().merge_added(target=b"a\n", patch=b"a\n", labels=LABELS)
    assert (same.content, same.clean) == (b"a\n", True)
