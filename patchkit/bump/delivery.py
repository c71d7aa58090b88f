"""What the forge is to show: one pull request of a release, or one issue; said twice, done once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from patchkit.bump.blocks import mark
from patchkit.forge.wire import ForgeError

if TYPE_CHECKING:
    from patchkit.forge.forge import Forge
    from patchkit.forge.values import Issue, PullRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A page on the forge, and whether it was changed."""

    url: str
    changed: bool


def show_pull_request(
    forge: Forge, *, release: str, branch: str, base: str, title: str, body: str
) -> Said:
    """Open the pull request of a branch, or refresh the one that is open.

    What a person wrote below patchkit's mark stays; a title that a person gave it stays, too.
    Raises `ForgeError`.
    """
    found = forge.open_pull_request(branch)
    if found is None:
        return _created(forge, branch=branch, base=base, title=title, body=body)
    wanted = _with_persons_words(found, release, body)
    keeps_title = found.title if not found.title.startswith(f"systemd {release}:") else title
    if _same(found.body, wanted) and found.title == keeps_title:
        return Said(url=found.url, changed=False)
    edited = forge.edit_pull_request(found.number, title=keeps_title, body=wanted)
    return Said(url=edited.url, changed=True)


def _created(forge: Forge, *, branch: str, base: str, title: str, body: str) -> Said:
    try:
        made = forge.create_pull_request(head=branch, base=base, title=title, body=body)
    except ForgeError:
        # It may be there all the same: the answer was lost, or another run was first.
        made_after_all = forge.open_pull_request(branch)
        if made_after_all is None:
            raise
        made = made_after_all
    return Said(url=made.url, changed=True)


def _with_persons_words(found: PullRequest, release: str, body: str) -> str:
    _, there, after = found.body.replace("\r\n", "\n").partition(mark(release))
    return body.rstrip("\n") + after if there and after.strip() else body


def show_issue(forge: Forge, *, release: str, title: str, body: str) -> Said:
    """Open the issue of a release, or refresh the one that is open. Raises `ForgeError`."""
    mine = issues_of(forge, release)
    if not mine:
        return _created_issue(forge, release=release, title=title, body=body)
    first = mine[0]
    for other in mine[1:]:
        forge.close_issue(other.number, comment=f"The same as #{first.number}.")
    if _same(first.body, body) and first.title == title:
        return Said(url=first.url, changed=False)
    return Said(url=forge.edit_issue(first.number, title=title, body=body).url, changed=True)


def _created_issue(forge: Forge, *, release: str, title: str, body: str) -> Said:
    try:
        made = forge.create_issue(title=title, body=body)
    except ForgeError:
        after_all = issues_of(forge, release)
        if not after_all:
            raise
        made = after_all[0]
    return Said(url=made.url, changed=True)


def close_issues(forge: Forge, release: str, *, why: str) -> tuple[str, ...]:
    """Close what is open about a release; the pages that were closed. Raises `ForgeError`."""
    mine = issues_of(forge, release)
    for issue in mine:
        forge.close_issue(issue.number, comment=why)
    return tuple(issue.url for issue in mine)


def close_issues_of(forge: Forge, releases: tuple[str, ...], *, why: str) -> tuple[str, ...]:
    """Close what is open about several releases; the pages. Raises `ForgeError`."""
    marks = tuple(mark(release) for release in releases)
    mine = [each for each in forge.open_issues() if any(text in each.body for text in marks)]
    for issue in mine:
        forge.close_issue(issue.number, comment=why)
    return tuple(issue.url for issue in mine)


def issues_of(forge: Forge, release: str) -> tuple[Issue, ...]:
    """The open issues that patchkit opened for a release, the oldest first."""
    wanted = mark(release)
    return tuple(
        sorted(
            (issue for issue in forge.open_issues() if wanted in issue.body),
            key=lambda issue: issue.number,
        )
    )


def _same(one: str, other: str) -> bool:
    """Whether two texts are the same to a forge, which may change line ends and trim."""
    return one.replace("\r\n", "\n").strip() == other.replace("\r\n", "\n").strip()
