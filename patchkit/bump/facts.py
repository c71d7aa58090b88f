"""Gathering what a pull request tells, from the bench and from upstream's tree."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from patchkit.bump.body import Facts
from patchkit.bump.news import headings
from patchkit.bump.wording import read_evidence
from patchkit.errors import InconsistentError, PatchkitError
from patchkit.releases import Release
from patchkit.report.range_diff import range_diffs
from patchkit.upstream.sources import GitSource

if TYPE_CHECKING:
    from patchkit.bump.bench import Bench
    from patchkit.bump.ended import Findings
    from patchkit.upstream.sources import Source
    from patchkit.upstream.upstreams import Upstream

_SITE = re.compile(r"https://(?:github\.com|codeberg\.org)/[A-Za-z0-9._-]+/[A-Za-z0-9._-]+")


def gather_facts(bench: Bench, findings: Findings, upstream: Upstream) -> Facts:
    """Everything that a pull request tells. Raises `InconsistentError` without a rebase."""
    told = findings.rebase
    if told is None:
        raise InconsistentError(f"nothing is known of the rebase onto {bench.release}")
    workspace = bench.workspace
    config = workspace.config()
    base, release = Release.parse(told.base), bench.release
    new = workspace.series(release, config)
    old = workspace.series(base, config)
    locked = workspace.lock().get(release)
    return Facts(
        rebase=told,
        verify=findings.verify,
        before=read_evidence(workspace.evidence(base)) if base != release else None,
        ranges=range_diffs(old, new) if base != release else (),
        nar_hash=locked.nar_hash if locked else None,
        compare=_compare(config.sources, base, release),
        news=_news(upstream, release, told.tree),
    )


def _compare(sources: tuple[Source, ...], base: Release, release: Release) -> str | None:
    """The page on upstream's forge that shows what changed; both tags are there."""
    for source in sources:
        if isinstance(source, GitSource) and base != release:
            site = source.location.removesuffix("/").removesuffix(".git")
            if _SITE.fullmatch(site):
                return f"{site}/compare/{base}...{release}"
    return None


def _news(upstream: Upstream, release: Release, tree: str) -> tuple[str, ...]:
    """The headings of NEWS; nothing where it cannot be read: it is a courtesy."""
    try:
        upstream.at_hand(release)  # what is on this machine is lent to the store
        entry = upstream.store.entry(tree, "NEWS")
        text = upstream.store.blob(entry.id) if entry else b""
    except PatchkitError:
        return ()
    return headings(text.decode("utf-8", "replace"), release)
