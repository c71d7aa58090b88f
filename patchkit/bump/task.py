"""One release's bump with everything that it has at hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from patchkit.bump.branch import branch_name
from patchkit.bump.delivery import show_issue
from patchkit.bump.issue import issue_body, issue_title
from patchkit.errors import PatchkitError

if TYPE_CHECKING:
    from patchkit.bump.bench import Bench
    from patchkit.bump.branch import Author
    from patchkit.bump.checkout import Checkout
    from patchkit.bump.ended import Failure, Findings
    from patchkit.bump.remote import RemoteRepository
    from patchkit.bump.surroundings import Surroundings
    from patchkit.bump.walk import Manner, Verbs
    from patchkit.console import Console
    from patchkit.forge.forge import Forge
    from patchkit.upstream.upstreams import Upstream


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a bump is delivered: the remote and its forge, and the branch to merge into."""

    remote: RemoteRepository
    forge: Forge
    base: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What is to be done for a release, and with what.

    `author` is None where nothing is committed, `target` where nothing is delivered.
    """

    checkout: Checkout
    bench: Bench
    manner: Manner
    verbs: Verbs
    console: Console
    surroundings: Surroundings
    upstream: Upstream
    author: Author | None
    target: Target | None
    remote_name: str = "origin"

    @property
    def branch(self) -> str:
        """The branch's name."""
        return branch_name(self.bench.release)

    def raise_issue(self, failure: Failure, findings: Findings) -> str | None:
        """Open or refresh the issue about a failure that a person must see; its page."""
        if self.target is None or not failure.is_about_series:
            return None
        tag = self.bench.release.tag
        try:
            said = show_issue(
                self.target.forge,
                release=tag,
                title=issue_title(tag, failure, findings),
                body=issue_body(tag, failure, findings, branch=self.branch),
            )
        except PatchkitError as error:  # what broke is told all the same
            self.console.warn(f"no issue could be opened: {error.message}")
            return None
        return said.url
