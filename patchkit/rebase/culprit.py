"""Which upstream commits did it: found by bisecting history in the object store.

A merge of a file depends on that file alone. So the first-parent history between two releases is
reduced to the states of one path, the states are bisected, and where the change came by a merge
commit, the merged branch is searched in the same way.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pygit2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PULL = re.compile(r"Merge pull request #(\d+)|\(#(\d+)\)\s*$")
_MOST_COMMITS = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Culprit:
    """An upstream commit; `date` is its author's (ISO 8601), `pull` its pull request if known."""

    commit: str
    author: str
    date: str
    subject: str
    path: str
    pull: int | None = None


@dataclass(frozen=True, slots=True)
class _State:
    """A commit and the blob that it has at the path (None where there is none)."""

    commit: pygit2.Commit
    blob: str | None


class _History:
    """The states of paths in one repository."""

    def __init__(self, repository: pygit2.Repository) -> None:
        self._repository = repository

    def commit(self, name: str) -> pygit2.Commit:
        """A commit, or the one that a tag names. Raises `KeyError`, `ValueError`."""
        return self._repository[name].peel(pygit2.Commit)

    def fork(self, one: pygit2.Commit, other: pygit2.Commit) -> str:
        """Where two commits' histories part. Raises `KeyError` when they share none."""
        found: pygit2.Oid | None = self._repository.merge_base(one.id, other.id)
        if not found:
            raise KeyError(str(other.id))
        return str(found)

    def content(self, state: _State) -> bytes | None:
        """What the path holds in a state."""
        if state.blob is None:
            return None
        return self._repository[state.blob].peel(pygit2.Blob).data

    def states(self, path: str, start: str, end: pygit2.Commit) -> Iterator[_State]:
        """The commits of the first-parent history that change the path, oldest first.

        The first one is where the history begins, whatever it changes.
        """
        chain: list[pygit2.Commit] = [end]
        reached = {start} | {str(parent.id) for parent in self.commit(start).parents}
        while str(chain[-1].id) not in reached and len(chain) < _MOST_COMMITS:
            parents = chain[-1].parents
            if not parents:
                break
            chain.append(parents[0])
        last: tuple[str | None] | None = None
        for commit in reversed(chain):
            blob = _blob_at(commit, path)
            if last is None or last[0] != blob:
                last = (blob,)
                yield _State(commit, blob)


class Search:
    """A search in one repository, between two commits.

    `holds` says of a file's content (None where it is gone) whether what is looked for still
    holds; it is asked once per content.
    """

    def __init__(
        self, repository: pygit2.Repository, holds: Callable[[bytes | None], bool]
    ) -> None:
        self._history = _History(repository)
        self._holds = holds
        self._known: dict[str | None, bool] = {}

    def first_broken(self, path: str, *, base: str, target: str) -> Culprit | None:
        """The first commit after `base`, up to `target`, with which it no longer holds.

        None when it does not hold at the base, holds at the target, when the two have no history
        in common here, or objects are missing.
        """
        history = self._history
        try:
            start, end = history.commit(base), history.commit(target)
            return self._search(path, history.fork(start, end), end, pull=None)
        except (KeyError, ValueError, pygit2.GitError):
            return None  # a shallow or partial repository: the releases are named instead

    def _search(
        self, path: str, start: str, end: pygit2.Commit, pull: int | None
    ) -> Culprit | None:
        states = list(self._history.states(path, start, end))
        if not states or not self._good(states[0]) or self._good(states[-1]):
            return None
        low, high = 0, len(states) - 1
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._good(states[middle]) else (low, middle)
        found = states[high].commit
        number = pull_number(found.message) or pull
        if len(found.parents) > 1:
            fork = self._history.fork(found.parents[0], found.parents[1])
            inside = self._search(path, fork, found.parents[1], number)
            if inside is not None:
                return inside
        return _culprit(found, path, number)

    def _good(self, state: _State) -> bool:
        if state.blob not in self._known:
            self._known[state.blob] = self._holds(self._history.content(state))
        return self._known[state.blob]


class Touching:
    """The commits between two that change a part of a file, in one repository."""

    def __init__(self, repository: pygit2.Repository, *, base: str, target: str) -> None:
        self._history = _History(repository)
        self._base = base
        self._target = target

    def commits(self, path: str, part: Callable[[bytes | None], object]) -> tuple[Culprit, ...]:
        """The commits with which what `part` makes of the file's content becomes another thing.

        Oldest first; empty when the two have no history in common here, or objects are missing.
        """
        history = self._history
        try:
            end = history.commit(self._target)
            start = history.fork(history.commit(self._base), end)
            return tuple(self._walk(path, part, start, end, None))
        except (KeyError, ValueError, pygit2.GitError):
            return ()

    def _walk(
        self,
        path: str,
        part: Callable[[bytes | None], object],
        start: str,
        end: pygit2.Commit,
        pull: int | None,
    ) -> Iterator[Culprit]:
        known: tuple[object] | None = None
        for state in self._history.states(path, start, end):
            now = part(self._history.content(state))
            if known is not None and known[0] != now:
                yield from self._told(path, part, state.commit, pull)
            known = (now,)

    def _told(
        self,
        path: str,
        part: Callable[[bytes | None], object],
        commit: pygit2.Commit,
        pull: int | None,
    ) -> Iterator[Culprit]:
        """A commit, or in the place of a merge those of the branch that it merges."""
        number = pull_number(commit.message) or pull
        inside: list[Culprit] = []
        if len(commit.parents) > 1:
            fork = self._history.fork(commit.parents[0], commit.parents[1])
            inside = list(self._walk(path, part, fork, commit.parents[1], number))
        yield from inside or [_culprit(commit, path, number)]


def finder(
    repository: pygit2.Repository, base: str | None, target: str | None
) -> Callable[[str, Callable[[bytes | None], bool]], Culprit | None] | None:
    """How to find the first commit between two with which something of a file holds no more.

    None where one of them is a tree without history.
    """
    if base is None or target is None:
        return None

    def find(path: str, holds: Callable[[bytes | None], bool]) -> Culprit | None:
        return Search(repository, holds).first_broken(path, base=base, target=target)

    return find


def pull_number(message: str) -> int | None:
    """The pull request that a commit's subject names, or None."""
    match = _PULL.search(message.split("\n", 1)[0])
    return int(match[1] or match[2]) if match else None


def _blob_at(commit: pygit2.Commit, path: str) -> str | None:
    try:
        return str(commit.tree[path].id)
    except KeyError:
        return None


def _culprit(commit: pygit2.Commit, path: str, pull: int | None) -> Culprit:
    zone = timezone(timedelta(minutes=commit.author.offset))
    return Culprit(
        commit=str(commit.id),
        author=commit.author.name,
        date=datetime.fromtimestamp(commit.author.time, UTC).astimezone(zone).isoformat(),
        subject=commit.message.split("\n", 1)[0],
        path=path,
        pull=pull,
    )
