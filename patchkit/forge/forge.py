"""Pull requests and issues of one repository, the same for both kinds of forge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, assert_never

from patchkit.forge.address import ForgeKind
from patchkit.forge.forgejo import Forgejo
from patchkit.forge.github import GitHub

if TYPE_CHECKING:
    from patchkit.forge.address import ForgeAddress
    from patchkit.forge.values import Issue, PullRequest
    from patchkit.forge.wire import Patience


class Forge(Protocol):
    """What is asked of a forge. Everything raises `ForgeError`."""

    def default_branch(self) -> str:
        """The branch that pull requests go to."""

    def open_pull_request(self, head: str) -> PullRequest | None:
        """The open pull request from a branch of this repository."""

    def create_pull_request(self, *, head: str, base: str, title: str, body: str) -> PullRequest:
        """Open one."""

    def edit_pull_request(self, number: int, *, title: str, body: str) -> PullRequest:
        """Change what one says."""

    def open_issues(self) -> tuple[Issue, ...]:
        """The open issues, without pull requests."""

    def create_issue(self, *, title: str, body: str) -> Issue:
        """Open one."""

    def edit_issue(self, number: int, *, title: str, body: str) -> Issue:
        """Change what one says."""

    def close_issue(self, number: int, *, comment: str) -> None:
        """Say why, and close it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Where, and by what right."""

    address: ForgeAddress
    token: str

    def __repr__(self) -> str:
        return f"Account({self.address!r}, token=***)"


def open_forge(account: Account, *, patience: Patience | None = None) -> Forge:
    """The forge at an address."""
    match account.address.kind:
        case ForgeKind.GITHUB:
            return GitHub(account.address, account.token, patience=patience)
        case ForgeKind.FORGEJO:
            return Forgejo(account.address, account.token, patience=patience)
        case other:
            assert_never(other)
