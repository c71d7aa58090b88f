"""The commit that broke something, found in small real histories."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pygit2
import pytest

from patchkit.rebase.culprit import Search, Touching, pull_number
from tests import builders
from tests.builders import Commit, git

if TYPE_CHECKING:
    from pathlib import Path


def holds(content: bytes | None) -> bool:
    return content is not None and b"wanted" in content


def history(folder: Path, *contents: bytes) -> Path:
    commits = [
        Commit(
            files={"a.c": content, "other": b"%d" % n}, message=f"change {n} (#{n})", tag=f"v{n}"
        )
        for n, content in enumerate(contents)
    ]
    return builders.repository(folder / "git", commits)


def search(repository: Path, base: str, target: str) -> str | None:
    named = [
        git(repository, "rev-parse", f"{n}^{{commit}}").decode().strip() for n in (base, target)
    ]
    found = Search(pygit2.Repository(str(repository)), holds).first_broken(
        "a.c", base=named[0], target=named[1]
    )
    return found.subject if found else None


def test_the_first_commit_that_broke_it(tmp_path: Path) -> None:
    repository = history(
        tmp_path, b"wanted\n", b"wanted too\n", b"gone\n", b"gone too\n", b"gone 3\n"
    )
    assert search(repository, "v0", "v4") == "change 2 (#2)"
    assert search(repository, "v1", "v2") == "change 2 (#2)"


def test_nothing_broke_it(tmp_path: Path) -> None:
    repository = history(tmp_path, b"wanted\n", b"wanted too\n", b"gone\n")
    assert search(repository, "v0", "v1") is None
    assert search(repository, "v2", "v2") is None


def merged(repository: Path, *texts: bytes) -> str:
    """A branch from v0 with these texts of a.c, merged; the merge's id."""
    start = "v0^{commit}"
    side = [Commit(files={"a.c": text, "other": b"0"}, message=f"side: {text.decode()}")
            for text in texts]  # fmt: skip
    builders.append(repository, side, branch="side", start=start)
    tree = git(repository, "rev-parse", "side^{tree}").decode().strip()
    return git(
        repository, "-c", "user.name=A", "-c", "user.email=a@example.org",
        "commit-tree", tree, "-p", start, "-p", "side", "-m", "Merge pull request #77 from x/y",
    ).decode().strip()  # fmt: skip


def test_a_merged_branch_is_searched_too(tmp_path: Path) -> None:
    repository = history(tmp_path, b"wanted\n")
    merge = merged(repository, b"wanted 2", b"broken", b"broken more")
    base = git(repository, "rev-parse", "v0^{commit}").decode().strip()
    found = Search(pygit2.Repository(str(repository)), holds).first_broken(
        "a.c", base=base, target=merge
    )
    assert found is not None
    assert (found.subject, found.pull, found.path) == ("side: broken", 77, "a.c")
    assert found.author == "A Tester"


def test_without_history_nobody_is_named(tmp_path: Path) -> None:
    repository = history(tmp_path, b"wanted\n", b"gone\n")
    known = git(repository, "rev-parse", "v0^{commit}").decode().strip()
    bare = Search(pygit2.Repository(str(repository)), holds)
    assert bare.first_broken("a.c", base=known, target="0" * 40) is None


@pytest.mark.parametrize(
    ("message", "number"),
    [
        ("Merge pull request #42099 from someone/branch\n\nText (#1)", 42099),
        ("core: mend it (#123)", 123),
        ("core: mend #123 at last", None),
        ("", None),
    ],
)
def test_pull_requests(message: str, number: int | None) -> None:
    assert pull_number(message) == number


def touching(repository: Path, base: str, target: str) -> list[str]:
    named = [
        git(repository, "rev-parse", f"{n}^{{commit}}").decode().strip() for n in (base, target)
    ]
    search = Touching(pygit2.Repository(str(repository)), base=named[0], target=named[1])
    return [found.subject for found in search.commits("a.c", lambda text: (text or b"")[:3])]


def test_every_commit_that_changes_a_part(tmp_path: Path) -> None:
    repository = history(tmp_path, b"one 1", b"one 2", b"two 2", b"two 3", b"one 3")
    assert touching(repository, "v0", "v4") == ["change 2 (#2)", "change 4 (#4)"]
    assert touching(repository, "v0", "v1") == []
    assert touching(repository, "v4", "v4") == []


def test_commits_of_a_merged_branch_are_named_in_place_of_the_merge(tmp_path: Path) -> None:
    repository = history(tmp_path, b"one")
    merge = merged(repository, b"two", b"two 2", b"six")
    git(repository, "update-ref", "refs/heads/main", merge)
    assert touching(repository, "v0", "main") == ["side: two", "side: six"]


def test_without_history_no_commit_is_named(tmp_path: Path) -> None:
    repository = history(tmp_path, b"one", b"two")
    known = git(repository, "rev-parse", "v0^{commit}").decode().strip()
    search = Touching(pygit2.Repository(str(repository)), base=known, target="0" * 40)
    assert search.commits("a.c", lambda text: text) == ()
