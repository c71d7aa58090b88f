"""Pull requests and issues of one repository: what GitHub's API and Forgejo's, its like, share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from patchkit.forge.values import Issue, PullRequest
from patchkit.forge.wire import Wire

if TYPE_CHECKING:
    from patchkit.forge.address import ForgeAddress
    from patchkit.forge.wire import Patience


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A side of a pull request. `repo_id` tells a fork's branch of the same name apart."""

    ref: str
    repo_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pull:
    """A pull request as it is sent."""

    number: int
    html_url: str
    title: str
    head: Side
    base: Side
    body: str | None = None

    def value(self) -> PullRequest:
        """As a value of ours."""
        return PullRequest(
            number=self.number,
            url=self.html_url,
            title=self.title,
            body=self.body or "",
            head=self.head.ref,
            base=self.base.ref,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An issue as it is sent. A pull request is one too, to GitHub, and has `pull_request`."""

    number: int
    html_url: str
    title: str
    body: str | None = None
    pull_request: dict[str, Any] | None = None

    def value(self) -> Issue:
        """As a value of ours."""
        return Issue(number=self.number, url=self.html_url, title=self.title, body=self.body or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Repository:
    default_branch: str


class Forge(ABC):
    """Pull requests and issues of one repository. Everything raises `ForgeError`."""

    headers: ClassVar[dict[str, str]]
    """Sent with every request."""
    scheme: ClassVar[str]
    """What the token is called in the header that has it."""
    closing: ClassVar[dict[str, str]]
    """What closes an issue."""

    def __init__(
        self, address: ForgeAddress, token: str, *, patience: Patience | None = None
    ) -> None:
        self.owner = address.owner
        self.path = f"/repos/{address.repository}"
        self.wire = Wire(
            api=address.api,
            token=token,
            headers={**self.headers, "Authorization": f"{self.scheme} {token}"},
            patience=patience,
        )

    @abstractmethod
    def open_pull_request(self, head: str) -> PullRequest | None:
        """The open pull request from a branch of this repository."""

    @abstractmethod
    def open_issues(self) -> tuple[Issue, ...]:
        """The open issues, without pull requests."""

    def default_branch(self) -> str:
        """The branch that pull requests go to."""
        return self.wire.get(self.path, _Repository).default_branch

    def create_pull_request(self, *, head: str, base: str, title: str, body: str) -> PullRequest:
        """Open one."""
        wanted = {"title": title, "head": head, "base": base, "body": body}
        return self.wire.post(f"{self.path}/pulls", wanted, Pull).value()

    def edit_pull_request(self, number: int, *, title: str, body: str) -> PullRequest:
        """Change what one says."""
        wanted = {"title": title, "body": body}
        return self.wire.patch(f"{self.path}/pulls/{number}", wanted, Pull).value()

    def create_issue(self, *, title: str, body: str) -> Issue:
        """Open one."""
        wanted = {"title": title, "body": body}
        return self.wire.post(f"{self.path}/issues", wanted, Entry).value()

    def edit_issue(self, number: int, *, title: str, body: str) -> Issue:
        """Change what one says."""
        wanted = {"title": title, "body": body}
        return self.wire.patch(f"{self.path}/issues/{number}", wanted, Entry).value()

    def close_issue(self, number: int, *, comment: str) -> None:
        """Say why, and close it."""
        self.wire.post(f"{self.path}/issues/{number}/comments", {"body": comment}, dict[str, Any])
        self.wire.patch(f"{self.path}/issues/{number}", self.closing, Entry)
