"""Patches that are left out: which upstream commits have them, and whether they still do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from patchkit.errors import InconsistentError
from patchkit.rebase.apply import Applied, apply_nearby
from patchkit.rebase.engine import rebase_series
from patchkit.rebase.objects import Labels, ObjectSpace
from patchkit.rebase.outcome import Outcome
from patchkit.rebase.strict import states
from patchkit.series.patch import Series

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from patchkit.rebase.culprit import Culprit
    from patchkit.rebase.outcome import FileState
    from patchkit.rebase.tree import TreeView
    from patchkit.series.patch import FileChange, Patch

    Find: TypeAlias = Callable[[str, Callable[[bytes | None], bool]], Culprit | None]
    """The first commit with which something of a file holds no more; None where none is known."""

_LABELS = Labels(target="target", base="base", patch="patch")
_APPLIES = frozenset({Outcome.UNCHANGED, Outcome.CLEAN, Outcome.MERGED})
"""Outcomes of git's merge: what is settled beyond it says nothing of what upstream meant."""


class Fate(StrEnum):
    """What became of a patch that a release before went without; the values are for people."""

    STAYS = "upstream has it still"
    RETURNED = "upstream has it no longer: the patch applies again"
    UNCLEAR = "upstream changed that code since, and whether it has it still cannot be told"
    UNKNOWN = "what it was, or was written for, is not at hand"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A patch, and the tree that it was written for, with the patches before it."""

    patch: Patch
    base: TreeView


def written(series: Series, name: str, base: TreeView) -> Written | None:
    """A patch of a series with its own ground; None when it is not there or does not apply."""
    for patch in series.patches:
        if patch.name == name:
            return Written(patch=patch, base=base)
        for change in patch.files:
            before, after = _sides(change, base)
            if after is None:
                return None
            base = base.with_changes(states(change, before, after))
    return None


def fate(written: Written, target: TreeView, *, base_name: str, target_name: str) -> Fate:
    """Whether the target has a patch that was left out since upstream had it.

    `target` has those patches of the series that come before.
    """
    try:
        (result,) = rebase_series(
            Series((written.patch,)),
            base=written.base,
            target=target,
            base_name=base_name,
            target_name=target_name,
        ).results
    except InconsistentError:
        return Fate.UNKNOWN
    if result.outcome is Outcome.UPSTREAM:
        return Fate.STAYS
    return Fate.RETURNED if result.outcome in _APPLIES else Fate.UNCLEAR


def landed(written: Written, find: Find | None) -> tuple[Culprit, ...]:
    """The upstream commits that brought a patch, each once; empty without history."""
    return _commits(written, find, there=False)


def removed(written: Written, find: Find | None) -> tuple[Culprit, ...]:
    """The upstream commits that took a patch's change away again; empty without history."""
    return _commits(written, find, there=True)


def _commits(written: Written, find: Find | None, *, there: bool) -> tuple[Culprit, ...]:
    """The first commits after which the change is there no longer, or no longer not there."""
    if find is None:
        return ()
    space = ObjectSpace()
    found: dict[str, Culprit] = {}
    for change in written.patch.files:
        before, after = _sides(change, written.base)
        old = before.content if before else None
        new = after if change.new_path is not None else None
        if after is None:
            continue

        def holds(content: bytes | None, old: bytes | None = old, new: bytes | None = new) -> bool:
            return _has(space, content, old, new) is there

        culprit = find(change.old_path or change.path, holds)
        if culprit is not None:
            found.setdefault(culprit.commit, culprit)
    return tuple(found.values())


def _has(space: ObjectSpace, content: bytes | None, old: bytes | None, new: bytes | None) -> bool:
    if content is None or old is None or new is None:
        return content == new
    return space.has_change(content, before=old, after=new, labels=_LABELS)


def _sides(change: FileChange, base: TreeView) -> tuple[FileState | None, bytes | None]:
    """A change's file before it, and its content after it; None where it does not apply."""
    before = base.read(change.old_path) if change.old_path is not None else None
    applied = apply_nearby(before.content if before else b"", change.hunks)
    return before, applied.content if isinstance(applied, Applied) else None
