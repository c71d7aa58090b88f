"""GitHub's REST API, version 2022-11-28 (docs.github.com/rest: pulls, issues, repos)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from patchkit.forge.values import Issue, PullRequest
from patchkit.forge.wire import Wire

if TYPE_CHECKING:
    from patchkit.forge.address import ForgeAddress
    from patchkit.forge.wire import Patience

_PAGE = 100
"""The most that one page may hold (REST docs, "Pagination")."""
_PAGES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class _Branch:
    ref: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pull:
    number: int
    html_url: str
    title: str
    head: _Branch
    base: _Branch
    body: str | None = None

    def value(self) -> PullRequest:
        return PullRequest(
            number=self.number,
            url=self.html_url,
            title=self.title,
            body=self.body or "",
            head=self.head.ref,
            base=self.base.ref,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Issue:
    number: int
    html_url: str
    title: str
    body: str | None = None
    pull_request: dict[str, Any] | None = None
    """There for a pull request, which is an issue to the API."""

    def value(self) -> Issue:
        return Issue(number=self.number, url=self.html_url, title=self.title, body=self.body or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Repository:
    default_branch: str


class GitHub:
    """A repository on GitHub."""

    def __init__(
        self, address: ForgeAddress, token: str, *, patience: Patience | None = None
    ) -> None:
        self._owner = address.owner
        self._path = f"/repos/{address.repository}"
        self._wire = Wire(
            api=address.api,
            token=token,
            headers={
                "Accept": "application/vnd.github+json",
                "X-GitHub-Api-Version": "2022-11-28",
                "Authorization": f"Bearer {token}",
            },
            patience=patience,
        )

    def default_branch(self) -> str:
        """The branch that pull requests go to."""
        return self._wire.get(self._path, _Repository).default_branch

    def open_pull_request(self, head: str) -> PullRequest | None:
        """The open pull request from a branch of this repository."""
        found = self._wire.get(
            f"{self._path}/pulls",
            list[_Pull],
            state="open",
            head=f"{self._owner}:{head}",
            per_page=_PAGE,
        )
        # The API ignores a filter that it cannot read, and gives all.
        return next((pull.value() for pull in found if pull.head.ref == head), None)

    def create_pull_request(self, *, head: str, base: str, title: str, body: str) -> PullRequest:
        """Open one."""
        wanted = {"title": title, "head": head, "base": base, "body": body}
        return self._wire.post(f"{self._path}/pulls", wanted, _Pull).value()

    def edit_pull_request(self, number: int, *, title: str, body: str) -> PullRequest:
        """Change what one says."""
        wanted = {"title": title, "body": body}
        return self._wire.patch(f"{self._path}/pulls/{number}", wanted, _Pull).value()

    def open_issues(self) -> tuple[Issue, ...]:
        """The open issues, without pull requests."""
        found: list[Issue] = []
        for page in range(1, _PAGES + 1):
            some = self._wire.get(
                f"{self._path}/issues", list[_Issue], state="open", per_page=_PAGE, page=page
            )
            found += [issue.value() for issue in some if issue.pull_request is None]
            if len(some) < _PAGE:
                break
        return tuple(found)

    def create_issue(self, *, title: str, body: str) -> Issue:
        """Open one."""
        wanted = {"title": title, "body": body}
        return self._wire.post(f"{self._path}/issues", wanted, _Issue).value()

    def edit_issue(self, number: int, *, title: str, body: str) -> Issue:
        """Change what one says."""
        wanted = {"title": title, "body": body}
        return self._wire.patch(f"{self._path}/issues/{number}", wanted, _Issue).value()

    def close_issue(self, number: int, *, comment: str) -> None:
        """Say why, and close it."""
        self._wire.post(f"{self._path}/issues/{number}/comments", {"body": comment}, dict[str, Any])
        wanted = {"state": "closed", "state_reason": "completed"}
        self._wire.patch(f"{self._path}/issues/{number}", wanted, _Issue)
