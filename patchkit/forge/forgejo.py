"""Forgejo's and Gitea's API, version 1 (each server describes it at /swagger.v1.json)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from patchkit.forge.forge import Entry, Forge, Pull

if TYPE_CHECKING:
    from patchkit.forge.values import Issue, PullRequest

_PAGE = 50
"""What a server gives at most unless it is set up otherwise (MAX_RESPONSE_ITEMS)."""
_PAGES = 100


class Forgejo(Forge):
    """A repository on Forgejo or Gitea."""

    headers: ClassVar[dict[str, str]] = {"Accept": "application/json"}
    scheme = "token"
    closing: ClassVar[dict[str, str]] = {"state": "closed"}

    def open_pull_request(self, head: str) -> PullRequest | None:
        """The open pull request from a branch of this repository."""
        for page in range(1, _PAGES + 1):
            some = self.wire.get(
                f"{self.path}/pulls", list[Pull], state="open", limit=_PAGE, page=page
            )
            for pull in some:
                if pull.head.ref == head and pull.head.repo_id == pull.base.repo_id:
                    return pull.value()
            if not some:
                break
        return None

    def open_issues(self) -> tuple[Issue, ...]:
        """The open issues, without pull requests."""
        found: list[Issue] = []
        for page in range(1, _PAGES + 1):
            some = self.wire.get(
                f"{self.path}/issues",
                list[Entry],
                state="open",
                type="issues",
                limit=_PAGE,
                page=page,
            )
            found += [issue.value() for issue in some]
            if not some:  # a server may give fewer than asked for on a page that is not the last
                break
        return tuple(found)
