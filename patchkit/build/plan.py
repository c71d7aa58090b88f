"""Plan a build: which tree, which patches in it, which options, and where it all goes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from patchkit.build.variant import VariantKind
from patchkit.errors import InconsistentError, UsageError
from patchkit.rebase.decisions import Decisions
from patchkit.rebase.engine import rebase_series
from patchkit.rebase.strict import apply_series
from patchkit.rebase.tree import TreeView
from patchkit.series.patch import Series

if TYPE_CHECKING:
    from pathlib import Path

    from patchkit.build.variant import Variant
    from patchkit.releases import Release
    from patchkit.upstream.upstreams import Upstream
    from patchkit.workspace.config import BuildConfig
    from patchkit.workspace.layout import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildPlan:
    """One build, ready to be carried out.

    `view` is the tree with the variant's patches in it, `series` those patches (empty for
    stock), `series_sha256` their digest (None for stock). `folder` is what all variants of the
    release share, below the cache; `ccache` is the compiler cache that all releases share.
    """

    release: Release
    variant: Variant
    view: TreeView
    series: Series
    series_sha256: str | None
    config: BuildConfig
    folder: Path
    ccache: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What a build made.

    `prefix` is the tree of what was installed, as DESTDIR would have it. `inputs_sha256` names
    everything that went into it; `version_text` is the first line of `systemd --version`;
    `seconds` is how long the build took when it was made, `reused` whether that was earlier.
    `log` is the program output of that build.
    """

    release: Release
    variant: Variant
    series_sha256: str | None
    prefix: Path
    inputs_sha256: str
    version_text: str
    seconds: float
    log: Path
    reused: bool = False


def plan_build(
    release: Release,
    variant: Variant,
    *,
    workspace: Workspace,
    upstream: Upstream,
    cache: Path,
) -> BuildPlan:
    """Read the series, get the tree, apply in memory what the variant takes.

    Raises `UsageError` for a release without a series or a variant that names no patch,
    `InconsistentError` when the patches do not apply, and what `Upstream.tree` raises.
    """
    config = workspace.config()
    locked = workspace.lock().get(release)
    series = _series(release, variant, workspace)
    tree = upstream.tree(release, expected=locked.tree if locked else None)
    stock = TreeView(source=upstream.store, tree=tree.tree)
    chosen = _chosen(series, variant, release, stock)
    return BuildPlan(
        release=release,
        variant=variant,
        view=apply_series(chosen, stock),
        series=chosen,
        series_sha256=None if variant.kind is VariantKind.STOCK else chosen.sha256,
        config=config.build,
        folder=cache / "builds" / release.tag,
        ccache=cache / "ccache",
    )


def _series(release: Release, variant: Variant, workspace: Workspace) -> Series:
    if variant.kind is VariantKind.STOCK:
        return Series(())
    series = workspace.series(release, workspace.config())
    if variant.without is not None and variant.without not in series.names:
        raise UsageError(
            f"the series of {release} has no patch '{variant.without}'",
            hint=f"its patches are: {', '.join(series.names)}",
        )
    return series


def _chosen(series: Series, variant: Variant, release: Release, stock: TreeView) -> Series:
    """The variant's patches, as they apply without the one that is left out."""
    if variant.without is None:
        return series
    left = rebase_series(
        series,
        base=stock,
        target=stock,
        base_name=release.tag,
        target_name=release.tag,
        decisions=Decisions(skipped=frozenset({variant.without})),
    )
    if left.conflict is not None:
        raise InconsistentError(
            f"without '{variant.without}', the patch '{left.conflict.original.name}' "
            f"does not apply to {release}",
            hint="the two change the same lines: this variant cannot be built",
        )
    return left.series


def digest(*parts: str) -> str:
    """One SHA-256 (hexadecimal) over texts in order, each framed by its length."""
    total = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogateescape")
        total.update(b"%d:" % len(data) + data)
    return total.hexdigest()
