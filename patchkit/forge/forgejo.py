"""Forgejo's and Gitea's API, version 1 (each server describes it at /swagger.v1.json)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from patchkit.forge.values import Issue, PullRequest
from patchkit.forge.wire import Wire

if TYPE_CHECKING:
    from patchkit.forge.address import ForgeAddress
    from patchkit.forge.wire import Patience

_PAGE = 50
"""What a server gives at most unless it is set up otherwise (MAX_RESPONSE_ITEMS)."""
_PAGES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class _Branch:
    """A side of a pull request; `repo_id` tells a fork's branch of the same name apart."""

    ref: str
    repo_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pull:
    number: int
    html_url: str
    title: str
    head: _Branch
    base: _Branch
    body: str = ""

    def value(self) -> PullRequest:
        return PullRequest(
            number=self.number,
            url=self.html_url,
            title=self.title,
            body=self.body,
            head=self.head.ref,
            base=self.base.ref,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Issue:
    number: int
    html_url: str
    title: str
    body: str = ""

    def value(self) -> Issue:
        return Issue(number=self.number, url=self.html_url, title=self.title, body=self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Repository:
    default_branch: str


class Forgejo:
    """A repository on Forgejo or Gitea."""

    def __init__(
        self, address: ForgeAddress, token: str, *, patience: Patience | None = None
    ) -> None:
        self._path = f"/repos/{address.repository}"
        self._wire = Wire(
            api=address.api,
            token=token,
            headers={"Accept": "application/json", "Authorization": f"token {token}"},
            patience=patience,
        )

    def default_branch(self) -> str:
        """The branch that pull requests go to."""
        return self._wire.get(self._path, _Repository).default_branch

    def open_pull_request(self, head: str) -> PullRequest | None:
        """The open pull request from a branch of this repository."""
        for page in range(1, _PAGES + 1):
            some = self._wire.get(
                f"{self._path}/pulls", list[_Pull], state="open", limit=_PAGE, page=page
            )
            for pull in some:
                if pull.head.ref == head and pull.head.repo_id == pull.base.repo_id:
                    return pull.value()
            if not some:
                break
        return None

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
                f"{self._path}/issues",
                list[_Issue],
                state="open",
                type="issues",
                limit=_PAGE,
                page=page,
            )
            found += [issue.value() for issue in some]
            if not some:  # a server may give fewer than asked for on a page that is not the last
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
        self._wire.patch(f"{self._path}/issues/{number}", {"state": "closed"}, _Issue)
