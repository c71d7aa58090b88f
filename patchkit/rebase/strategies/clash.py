"""Lay both sides' changes over their base: what merges by itself, and where they clash."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from patchkit.rebase.apply import split_lines
from patchkit.rebase.strategies.ranges import Change, line_changes

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """A stretch that both sides changed.

    `base`, `target` and `patch` are its lines on each side. `theirs` (base to target) and `ours`
    (base to patch) are the changes in it, counted from its own first lines. `target_start` is
    where it starts in the target's file, counted from 0; `base_start` likewise. `before` is the
    line of the base before it.
    """

    base: tuple[bytes, ...]
    target: tuple[bytes, ...]
    patch: tuple[bytes, ...]
    theirs: tuple[Change, ...]
    ours: tuple[Change, ...]
    base_start: int
    target_start: int
    before: bytes = b""


@dataclass(frozen=True, slots=True)
class Kept:
    """Lines on which there is no dispute."""

    lines: tuple[bytes, ...]


Section = Kept | Clash


def weave(base: bytes, target: bytes, patch: bytes, *, patience: bool = False) -> list[Section]:
    """Split a three-way merge into what is settled and what clashes, in order.

    Changes clash when their ranges of the base meet or touch, as in git's own merge, and do not
    come to the same.
    """
    theirs = line_changes(base, target, patience=patience)
    ours = line_changes(base, patch, patience=patience)
    return weave_lines(split_lines(base), split_lines(target), split_lines(patch), theirs, ours)


def weave_lines(
    base: Sequence[bytes],
    target: Sequence[bytes],
    patch: Sequence[bytes],
    theirs: Sequence[Change],
    ours: Sequence[Change],
) -> list[Section]:
    """As `weave`, for sequences (of lines or words) whose changes are known."""
    groups = _groups(theirs, ours)
    bounds = [
        (min(c.low for c in both), max(c.high for c in both))
        for both in ([*one, *other] for one, other in groups)
    ]
    whole = Clash(
        base=tuple(base),
        target=tuple(target),
        patch=tuple(patch),
        theirs=tuple(theirs),
        ours=tuple(ours),
        base_start=0,
        target_start=0,
    )
    return _sections(whole, groups, bounds)


def _groups(
    theirs: Sequence[Change], ours: Sequence[Change]
) -> list[tuple[list[Change], list[Change]]]:
    """Changes that meet or touch, together."""
    marked = sorted(
        [(c.low, c.high, 0, c) for c in theirs] + [(c.low, c.high, 1, c) for c in ours],
        key=lambda item: item[:3],
    )
    groups: list[tuple[list[Change], list[Change]]] = []
    reach = [-1, -1]  # how far each side's changes of the current group go
    for low, high, side, change in marked:
        if not groups or low > reach[1 - side]:
            groups.append(([], []))
            reach = [-1, -1]
        groups[-1][side].append(change)
        reach[side] = high
    return groups


def _from(changes: Sequence[Change], low: int, new_low: int) -> tuple[Change, ...]:
    return tuple(
        Change(c.low - low, c.high - low, c.new_low - new_low, c.new_high - new_low)
        for c in changes
    )


def split(clash: Clash) -> list[Section]:
    """The same clash in parts: only changes that overlap, or add at one place, stay together."""
    marked = sorted(
        [(c.low, c.high, 0, c) for c in clash.theirs] + [(c.low, c.high, 1, c) for c in clash.ours],
        key=lambda item: item[:3],
    )
    groups: list[tuple[list[Change], list[Change]]] = []
    bounds: list[tuple[int, int]] = []
    for low, high, side, change in marked:
        here = bounds[-1] if bounds else (-1, -1)
        if not (low < here[1] or (low == high == here[0] == here[1])):
            groups.append(([], []))
            here = (low, high)
            bounds.append(here)
        groups[-1][side].append(change)
        bounds[-1] = (here[0], max(here[1], high))
    return _sections(clash, groups, bounds)


def _sections(
    clash: Clash, groups: list[tuple[list[Change], list[Change]]], bounds: list[tuple[int, int]]
) -> list[Section]:
    sections: list[Section] = []
    at = shift_theirs = shift_ours = 0
    for (theirs, ours), (low, high) in zip(groups, bounds, strict=True):
        sections.append(Kept(clash.base[at:low]))
        target_low, patch_low = low + shift_theirs, low + shift_ours
        if theirs:
            target_low = theirs[0].new_low - (theirs[0].low - low)
            shift_theirs = theirs[-1].new_high - theirs[-1].high
        if ours:
            patch_low = ours[0].new_low - (ours[0].low - low)
            shift_ours = ours[-1].new_high - ours[-1].high
        in_target = clash.target[target_low : high + shift_theirs]
        in_patch = clash.patch[patch_low : high + shift_ours]
        if not ours or in_target == in_patch:
            sections.append(Kept(in_target))
        elif not theirs:
            sections.append(Kept(in_patch))
        else:
            sections.append(
                Clash(
                    base=clash.base[low:high],
                    target=in_target,
                    patch=in_patch,
                    theirs=_from(theirs, low, target_low),
                    ours=_from(ours, low, patch_low),
                    base_start=clash.base_start + low,
                    target_start=clash.target_start + target_low,
                    before=clash.base[low - 1] if low else clash.before,
                )
            )
        at = high
    sections.append(Kept(clash.base[at:]))
    return sections
