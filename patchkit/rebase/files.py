"""Merge one file of a patch: trivial ways first, libgit2's three-way merge where sides clash."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from patchkit.rebase.apply import Refused, apply_nearby
from patchkit.rebase.conflict import mark_without_base, regions
from patchkit.rebase.filemerge import FileMerge, ThreeSides, refused
from patchkit.rebase.memo import Memo
from patchkit.rebase.outcome import ConflictReason, FileConflict, FileState
from patchkit.rebase.renames import renamed
from patchkit.rebase.strategies.homes import find_home
from patchkit.rebase.strategies.settling import into_file, left_out, merged

if TYPE_CHECKING:
    from collections.abc import Mapping

    from patchkit.rebase.objects import Labels, ObjectSpace
    from patchkit.rebase.tree import TreeView
    from patchkit.series.patch import FileChange

_REGULAR = (0o100644, 0o100755)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileMerger:
    """Merges files into `target`, which has the patches so far; `base` likewise, if it is known."""

    space: ObjectSpace
    base: TreeView | None
    target: TreeView
    renames: dict[str, str | None] = field(default_factory=dict)
    memo: Memo[FileMerge] = field(default_factory=Memo)

    def advanced(
        self, *, base: Mapping[str, FileState | None], target: Mapping[str, FileState | None]
    ) -> FileMerger:
        """The merger for the next patch."""
        return FileMerger(
            space=self.space,
            base=self.base.with_changes(base) if self.base else None,
            target=self.target.with_changes(target),
            renames=self.renames,
            memo=self.memo,
        )

    def merge(self, sides: ThreeSides, labels: Labels) -> FileMerge:
        """Three-way merge of one file."""
        change = sides.change
        if sides.before is None:
            return self._added(change, sides.after, labels)
        path = self._find(change.old_path or change.path, sides.before)
        if path is None:
            return self._gone(sides, labels)
        ours = self.target.read(path)
        if ours is None:
            return self._gone(sides, labels)
        if not _same_kind(ours, sides.before):
            return refused(change, path, ConflictReason.KIND, None)
        if change.new_path is None:
            return self._removed(sides, path, ours)
        return self._changed(sides, path, ours, labels)

    # The cases

    def _changed(self, sides: ThreeSides, path: str, ours: FileState, labels: Labels) -> FileMerge:
        change = sides.change
        what = (change.old_path, change.new_path, change.old_mode, change.new_mode)
        key = (*what, path, sides.before, sides.after, ours, labels)
        found = self.memo.get(key, lambda: self._merged(sides, path, ours, labels))
        return found if found.change is change else replace(found, change=change)

    def _merged(self, sides: ThreeSides, path: str, ours: FileState, labels: Labels) -> FileMerge:
        change, before = sides.change, sides.before or ours
        merged = self.space.merge(
            base=before.content, target=ours.content, patch=sides.after, labels=labels
        )
        mode = ours.mode
        if change.new_mode and change.old_mode and change.new_mode != change.old_mode:
            mode = change.new_mode
        place = path if change.new_path in (None, change.old_path) else str(change.new_path)
        state = FileState(mode=mode, content=merged.content)
        changes: dict[str, FileState | None] = {place: state}
        if place != path:
            changes[path] = None
        conflict = settlement = None
        if not merged.clean:
            # The strategies are a dozen modules, and most merges need none of them.
            from patchkit.rebase.strategies.climbing import settle  # noqa: PLC0415
            from patchkit.rebase.strategies.texts import Texts  # noqa: PLC0415

            settlement = settle(
                Texts(path=place, base=before.content, target=ours.content, patch=sides.after)
            )
            conflict = FileConflict(
                path=place,
                reason=ConflictReason.CONTENT,
                regions=regions(merged.content, labels, target=ours.content, path=path),
                marked=merged.content,
            )
        return FileMerge(
            change=change,
            path=place,
            changes=changes,
            before=before,
            after=sides.after,
            conflict=conflict,
            settlement=settlement,
            is_upstream=lambda: self.space.has_change(
                ours.content, before=before.content, after=sides.after, labels=labels
            ),
        )

    def _added(self, change: FileChange, content: bytes, labels: Labels) -> FileMerge:
        path = change.path
        ours = self.target.read(path)
        state = FileState(mode=change.new_mode or 0o100644, content=content)
        if ours is None:
            return FileMerge(change=change, path=path, changes={path: state}, after=content)
        if ours.mode not in _REGULAR:
            return refused(change, path, ConflictReason.KIND, None)
        if ours.content == content:
            return FileMerge(
                change=change, path=path, changes={path: ours}, after=content, is_upstream=_yes
            )
        merged = self.space.merge_added(target=ours.content, patch=content, labels=labels)
        conflict = FileConflict(
            path=path,
            reason=ConflictReason.EXISTS,
            regions=regions(merged.content, labels, target=ours.content, path=path),
            marked=merged.content,
        )
        marked = FileState(mode=ours.mode, content=merged.content)
        return FileMerge(change=change, path=path, changes={path: marked}, conflict=conflict)

    def _removed(self, sides: ThreeSides, path: str, ours: FileState) -> FileMerge:
        if sides.before is not None and ours.content == sides.before.content:
            return FileMerge(
                change=sides.change,
                path=path,
                changes={path: None},
                before=sides.before,
                after=b"",
            )
        return refused(sides.change, path, ConflictReason.CHANGED, ours)

    def _gone(self, sides: ThreeSides, labels: Labels) -> FileMerge:
        path = sides.change.old_path or sides.change.path
        if sides.change.new_path is None:  # both sides removed it
            return FileMerge(change=sides.change, path=path, changes={path: None}, is_upstream=_yes)
        state = FileState(mode=sides.before.mode if sides.before else 0o100644, content=sides.after)
        stays = refused(sides.change, path, ConflictReason.GONE, state)
        if self.base is None or sides.before is None or sides.before.mode not in _REGULAR:
            return stays
        home = find_home(path, sides.before.content, base=self.base, target=self.target)
        if home.is_nowhere:
            return replace(stays, settlement=left_out(path, sides.before.content, sides.after))
        if not home.is_whole or home.path is None or sides.change.old_path != sides.change.new_path:
            return stays
        return self._moved(sides, home.path, labels) or stays

    def _moved(self, sides: ThreeSides, path: str, labels: Labels) -> FileMerge | None:
        """Merge into the file that has the code of one that is gone."""
        ours = self.target.read(path)
        if ours is None or sides.before is None or not _same_kind(ours, sides.before):
            return None
        merge = self._changed(sides, path, ours, labels)
        where = f"{sides.change.old_path} is gone, and {path} has its code"
        if merge.settlement is None and merge.conflict is not None:
            return None
        if merge.settlement is not None:
            settlement = into_file(merge.settlement, where)
        else:
            content = self.space.merge(
                base=sides.before.content, target=ours.content, patch=sides.after, labels=labels
            ).content
            settlement = into_file(merged(content), where)
        conflict = FileConflict(path=path, reason=ConflictReason.GONE)
        return replace(merge, path=path, conflict=conflict, settlement=settlement)

    # Without a base

    def without_base(self, change: FileChange, labels: Labels) -> FileMerge:
        """Find the hunks' places in the target by their context alone."""
        if change.old_path is None:
            content = b"".join(line for hunk in change.hunks for line in hunk.new_lines)
            return self._added(change, content, labels)
        ours = self.target.read(change.old_path)
        if ours is None:
            return refused(change, change.old_path, ConflictReason.GONE, None)
        if ours.mode not in _REGULAR:
            return refused(change, change.old_path, ConflictReason.KIND, None)
        applied = apply_nearby(ours.content, change.hunks)
        if isinstance(applied, Refused):
            return _unplaced(change, ours, applied, labels)
        place = change.new_path
        changes: dict[str, FileState | None] = {}
        if place != change.old_path:
            changes[change.old_path] = None
        if place is not None:
            changes[place] = FileState(mode=change.new_mode or ours.mode, content=applied.content)
        return FileMerge(
            change=change,
            path=place or change.old_path,
            changes=changes,
            before=ours,
        )

    # Renames

    def _find(self, path: str, before: FileState) -> str | None:
        """Where the target has the base's file: at its path, or where upstream renamed it to."""
        if self.target.read(path) is not None:
            return path
        if path not in self.renames:
            self.renames[path] = (
                None
                if self.base is None
                else renamed(
                    path, before.content, base=self.base, target=self.target, space=self.space
                )
            )
        return self.renames[path]


def _yes() -> bool:
    return True


def _same_kind(ours: FileState, before: FileState) -> bool:
    return (ours.mode in _REGULAR) == (before.mode in _REGULAR) and (
        ours.mode == before.mode or ours.mode in _REGULAR
    )


def _unplaced(change: FileChange, ours: FileState, tried: Refused, labels: Labels) -> FileMerge:
    marked = mark_without_base(ours.content, change.hunks, labels)
    reason = ConflictReason.AMBIGUOUS if tried.places else ConflictReason.CONTEXT
    path = change.path
    conflict = FileConflict(
        path=path,
        reason=reason,
        regions=regions(marked, labels, target=ours.content, path=path),
        marked=marked,
    )
    state = FileState(mode=ours.mode, content=marked)
    return FileMerge(
        change=change, path=path, changes={path: state}, before=ours, conflict=conflict
    )
