"""When a release was tagged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from patchkit.upstream.dates import tagged_at
from patchkit.upstream.store import Store
from tests import builders

if TYPE_CHECKING:
    from pathlib import Path

WHEN = 1767323045


def lent(tmp_path: Path) -> tuple[Store, str, str]:
    """A store that sees a tagged commit; the ids of both."""
    origin = builders.upstream(tmp_path / "origin.git", {"v260": {"README": b"x\n"}})
    tag = builders.git(origin, "rev-parse", "v260").decode().strip()
    commit = builders.git(origin, "rev-parse", "v260^0").decode().strip()
    store = Store.open(tmp_path / "cache" / "upstream.git")
    store.lend(origin)
    return store, tag, commit


def test_the_tag_tells(tmp_path: Path) -> None:
    store, tag, commit = lent(tmp_path)
    assert tag != commit
    assert tagged_at(store, tag_object=tag, commit=None) == WHEN


def test_without_a_tag_object_the_commit_tells(tmp_path: Path) -> None:
    store, _, commit = lent(tmp_path)
    assert tagged_at(store, tag_object=None, commit=commit) == WHEN
    assert tagged_at(store, tag_object="1" * 40, commit=commit) == WHEN


def test_what_is_not_at_hand_or_no_commit_tells_nothing(tmp_path: Path) -> None:
    store, _, _ = lent(tmp_path)
    tree = builders.tree_of(tmp_path / "origin.git", "v260")
    assert tagged_at(store, tag_object=None, commit=None) is None
    assert tagged_at(store, tag_object="1" * 40, commit="2" * 40) is None
    assert tagged_at(store, tag_object=tree, commit="not an id") is None
