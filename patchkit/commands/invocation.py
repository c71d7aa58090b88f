"""What every command is given: where to work, how to talk, and upstream at hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from patchkit.rebase.facts import Facts
from patchkit.upstream.sources import OVERRIDE, DebianSource, GitSource, Source
from patchkit.upstream.store import Store
from patchkit.upstream.upstreams import Upstream
from patchkit.workspace.layout import Workspace
from patchkit.writeplan import settle

if TYPE_CHECKING:
    from pathlib import Path

    from patchkit.console import Console
    from patchkit.workspace.config import SeriesConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """One run of patchkit: the folder to start from, the cache folder, the console."""

    start: Path
    cache: Path
    console: Console

    def workspace(self) -> Workspace:
        """The patch repository that `start` is in, with nothing half-done in it."""
        found = Workspace.find(self.start)
        settle(found.root)
        return found

    def store(self) -> Store:
        """The cache's object store."""
        return Store.open(self.cache / "upstream.git")

    def facts(self) -> Facts:
        """What earlier runs found out about upstream's headers."""
        return Facts.open(self.cache / "headers")

    def upstream(self, config: SeriesConfig, override: str | None = None) -> Upstream:
        """The sources of `series.toml`; `override` takes the place of its git repositories."""
        return Upstream(
            store=self.store(),
            sources=sources_of(config, override),
            cache=self.cache,
            console=self.console,
        )


def sources_of(config: SeriesConfig, override: str | None) -> tuple[Source, ...]:
    """The sources to ask, in order."""
    if override is None:
        return config.sources
    rest = tuple(source for source in config.sources if isinstance(source, DebianSource))
    return (GitSource(name=OVERRIDE, location=override), *rest)
