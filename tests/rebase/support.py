"""Upstreams in real repositories, and series on them as git writes them."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from patchkit.rebase.engine import rebase_series
from patchkit.rebase.tree import TreeView
from patchkit.series.parse import parse_patch
from patchkit.series.patch import Series
from patchkit.upstream.store import Store
from tests import builders

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from patchkit.rebase.decisions import Decisions
    from patchkit.rebase.outcome import PatchResult, RebaseResult
    from tests.builders import Change, Files

BASE, TARGET = "v260", "v261"


@dataclass(frozen=True, kw_only=True)
class World:
    """An upstream with two releases, and a series written for the first one."""

    folder: Path
    series: Series

    def view(self, tag: str) -> TreeView:
        """A release's tree."""
        return TreeView(source=Store.open(self.folder), tree=builders.tree_of(self.folder, tag))

    def rebase(
        self,
        *,
        decisions: Decisions | None = None,
        three_way: bool = True,
        target: str = TARGET,
        series: Series | None = None,
    ) -> RebaseResult:
        """Rebase the series from the first release to the second."""
        return rebase_series(
            series or self.series,
            base=self.view(BASE) if three_way else None,
            target=self.view(target),
            base_name=BASE,
            target_name=target,
            decisions=decisions,
        )

    def one(self, **how: bool) -> PatchResult:
        """Rebase a series of one patch."""
        (result,) = self.rebase(three_way=how.get("three_way", True)).results
        return result


@contextmanager
def world(before: Files, after: Files, *changes: Change) -> Iterator[World]:
    """A world for as long as it is needed."""
    with tempfile.TemporaryDirectory() as folder:
        yield make(Path(folder), before, after, *changes)


def make(folder: Path, before: Files, after: Files, *changes: Change) -> World:
    """A world in a folder."""
    builders.upstream(folder, {BASE: before, TARGET: after})
    return World(folder=folder, series=read(builders.written_series(folder, BASE, changes)))


def read(files: Mapping[str, bytes]) -> Series:
    """A series from its files' contents; a patch is named for what follows its number."""
    return Series(
        tuple(
            parse_patch(content, name=name[5:].removesuffix(".patch"), file_name=name)
            for name, content in files.items()
        )
    )


def written(series: Series, folder: Path) -> list[Path]:
    """The series' files on disk, with quilt's list."""
    for patch in series.patches:
        (folder / patch.file_name).write_bytes(patch.content)
    (folder / "series").write_text("".join(f"{patch.file_name}\n" for patch in series.patches))
    return [folder / patch.file_name for patch in series.patches]


def rebase_onto_itself(world: World, series: Series) -> RebaseResult:
    """Rebase a series that stands on the second release onto that release."""
    return rebase_series(
        series,
        base=world.view(TARGET),
        target=world.view(TARGET),
        base_name=TARGET,
        target_name=TARGET,
    )
