"""Does a series apply on top of nixpkgs' own patches, without fuzz? Judged in memory."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from patchkit.errors import InconsistentError
from patchkit.rebase.apply import Refused, apply_nearby
from patchkit.rebase.strict import states
from patchkit.series.parse import parse_patch

if TYPE_CHECKING:
    from collections.abc import Iterable

    from patchkit.nix.derivation import NixpkgsPatch
    from patchkit.nix.nixpkgs import Nixpkgs
    from patchkit.rebase.outcome import FileState
    from patchkit.rebase.tree import TreeView
    from patchkit.releases import Release
    from patchkit.series.patch import Patch, Series


class Fit(StrEnum):
    """How a patch applies. `unseen` ones were not looked at, `unused` ones need not be."""

    EXACT = "exact"
    OFFSET = "offset"
    CONFLICT = "conflict"
    UNSEEN = "not looked at"
    UNUSED = "not used here"


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchFit:
    """How one patch applies. `detail` names the file and line, the offsets or the condition."""

    name: str
    ours: bool
    fit: Fit
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesFit:
    """How nixpkgs' patches and then ours apply, in that order."""

    patches: tuple[PatchFit, ...]

    @property
    def applies(self) -> bool:
        """Whether every patch that was looked at applies."""
        return not self.conflicts

    @property
    def conflicts(self) -> tuple[PatchFit, ...]:
        """Those that do not."""
        return tuple(patch for patch in self.patches if patch.fit is Fit.CONFLICT)


def choose(release: Release, known: Iterable[Release]) -> Release | None:
    """The release whose series the overlay takes for a version of nixpkgs, or None.

    The same one, else the nearest earlier one of the same major; as overlays/overlay.nix does.
    """
    fitting = [each for each in known if each.major == release.major and each <= release]
    return max(fitting, default=None)


def judge(
    nixpkgs: Nixpkgs, own: tuple[NixpkgsPatch, ...], series: Series, tree: TreeView
) -> SeriesFit:
    """Apply nixpkgs' patches to the tree of its release, then ours.

    A patch that does not apply changes nothing for those after it. Raises what reading
    nixpkgs raises.
    """
    found: list[PatchFit] = []
    for patch in own:
        if patch.used is False:
            found.append(_note(patch, Fit.UNUSED))
        elif patch.used is None or patch.path is None:
            found.append(_note(patch, Fit.UNSEEN))
        else:
            content = nixpkgs.patch(patch.path)
            try:
                parsed = parse_patch(content, name=patch.name, file_name=patch.name)
            except InconsistentError as error:
                found.append(
                    PatchFit(name=patch.name, ours=False, fit=Fit.CONFLICT, detail=error.message)
                )
                continue
            fit, tree = _apply(parsed, tree, ours=False)
            found.append(fit)
    for ours in series.patches:
        fit, tree = _apply(ours, tree, ours=True)
        found.append(fit)
    return SeriesFit(patches=tuple(found))


def _note(patch: NixpkgsPatch, fit: Fit) -> PatchFit:
    detail = f"only when {patch.condition}" if patch.condition else "not a file of nixpkgs"
    return PatchFit(name=patch.name, ours=False, fit=fit, detail=detail)


def _apply(patch: Patch, tree: TreeView, *, ours: bool) -> tuple[PatchFit, TreeView]:
    """One patch without fuzz, its hunks where their whole context stands."""
    changes: dict[str, FileState | None] = {}
    offsets: list[int] = []

    def refused(why: str) -> tuple[PatchFit, TreeView]:
        return PatchFit(name=patch.file_name, ours=ours, fit=Fit.CONFLICT, detail=why), tree

    for change in patch.files:
        before = tree.read(change.old_path) if change.old_path is not None else None
        if change.old_path is not None and before is None:
            return refused(f"{change.old_path} is not there")
        if change.old_path is None and tree.read(change.path) is not None:
            return refused(f"{change.path} is there already")
        applied = apply_nearby(before.content if before else b"", change.hunks)
        if isinstance(applied, Refused):
            hunk = change.hunks[applied.hunk]
            where = "is ambiguous" if applied.places else "has no place"
            return refused(f"{change.path}: the hunk for line {hunk.old_start} {where}")
        offsets += applied.offsets
        changes.update(states(change, before, applied.content))
    moved = [offset for offset in offsets if offset]
    detail = f"{', '.join(f'{offset:+d}' for offset in moved)} lines" if moved else ""
    fit = Fit.OFFSET if moved else Fit.EXACT
    return (
        PatchFit(name=patch.file_name, ours=ours, fit=fit, detail=detail),
        tree.with_changes(changes),
    )
