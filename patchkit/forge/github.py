"""GitHub's REST API, version 2022-11-28 (docs.github.com/rest: pulls, issues, repos)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from patchkit.forge.forge import Entry, Forge, Pull

if TYPE_CHECKING:
    from patchkit.forge.values import Issue, PullRequest

_PAGE = 100
"""The most that one page may hold (REST docs, "Pagination")."""
_PAGES = 50


class GitHub(Forge):
    """A repository on GitHub."""

    headers: ClassVar[dict[str, str]] = {
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    scheme = "Bearer"
    closing: ClassVar[dict[str, str]] = {"state": "closed", "state_reason": "completed"}

    def open_pull_request(self, head: str) -> PullRequest | None:
        """The open pull request from a branch of this repository."""
        found = self.wire.get(
            f"{self.path}/pulls",
            list[Pull],
            state="open",
            head=f"{self.owner}:{head}",
            per_page=_PAGE,
        )
        # The API ignores a filter that it cannot read, and gives all.
        return next((pull.value() for pull in found if pull.head.ref == head), None)

    def open_issues(self) -> tuple[Issue, ...]:
        """The open issues, without pull requests."""
        found: list[Issue] = []
        for page in range(1, _PAGES + 1):
            some = self.wire.get(
                f"{self.path}/issues", list[Entry], state="open", per_page=_PAGE, page=page
            )
            found += [issue.value() for issue in some if issue.pull_request is None]
            if len(some) < _PAGE:
                break
        return tuple(found)
