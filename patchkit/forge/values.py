"""A pull request and an issue, as far as patchkit looks at them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequest:
    """An open pull request. `url` is the page for people."""

    number: int
    url: str
    title: str
    body: str
    head: str
    base: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """An open issue. `url` is the page for people."""

    number: int
    url: str
    title: str
    body: str
