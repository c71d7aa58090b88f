"""Changes to the same lines: one side's reworded, removed or missing under the other's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from patchkit.rebase.strategies.reflow import bare_words, likeness
from patchkit.rebase.strategies.settling import (
    Grade,
    Settled,
    Strategy,
    favours,
    opposes,
    shown,
)

if TYPE_CHECKING:
    from patchkit.rebase.strategies.clash import Clash

_REWORDED = 0.5
_ANOTHER = 0.4
_TELLING = 4


def upstream_part(clash: Clash) -> Settled | None:
    """Keep the target when it has, in order, every line that the patch has here."""
    if not clash.patch or not _contains(clash.target, clash.patch):
        return None
    return Settled(
        lines=clash.target,
        strategy=Strategy.UPSTREAM_PART,
        grade=Grade.PROPOSED,
        evidence=(favours("the target has every line that the patch leaves here"),),
    )


def removed(clash: Clash) -> Settled | None:
    """Remove what the patch removes, though upstream reworded it.

    Declines when the patch puts something in its place, or upstream's wording is another code.
    """
    if clash.patch or not clash.base:
        return None
    if not clash.target:
        return None
    alike = likeness(bare_words(clash.base), bare_words(clash.target))
    if alike < _REWORDED:
        return None
    doubts = []
    if len(clash.target) > len(clash.base) + 2:
        doubts.append(opposes("upstream added lines to what the patch removes"))
    return Settled(
        lines=(),
        strategy=Strategy.REMOVED,
        grade=Grade.PROPOSED if doubts else Grade.RESOLVED,
        evidence=(
            favours(f"upstream reworded what the patch removes: {shown(clash.target[0])}"),
            *doubts,
        ),
    )


def replaced(clash: Clash) -> Settled | None:
    """Take the patch's lines, where it writes anew what upstream reworded.

    Declines when upstream's wording is another code; when the patch rewords too, since then both
    meant the same words; or when its lines use a word that upstream took out here.
    """
    if not clash.base or not clash.patch or not clash.target:
        return None
    base, target, patch = map(bare_words, (clash.base, clash.target, clash.patch))
    if likeness(base, target) < _REWORDED or likeness(base, patch) >= _REWORDED:
        return None
    lost = {word for word in set(base) - set(target) if len(word) >= 3}
    if lost & set(patch):
        return None
    return Settled(
        lines=clash.patch,
        strategy=Strategy.REPLACED,
        grade=Grade.PROPOSED,
        evidence=(
            favours("the patch replaces what upstream reworded"),
            opposes(f"upstream's wording is lost: {shown(clash.target[0])}"),
        ),
    )


def both_added(clash: Clash) -> Settled | None:
    """Put the patch's lines after the target's where both added something at one place."""
    if clash.base or not clash.target or not clash.patch:
        return None
    again = set(map(bytes.strip, clash.target)) & set(map(bytes.strip, clash.patch))
    if any(len(line) >= _TELLING for line in again):
        return None
    return Settled(
        lines=(*clash.target, *clash.patch),
        strategy=Strategy.BOTH_ADDED,
        grade=Grade.PROPOSED,
        evidence=(
            favours("both add lines at one place, and share none"),
            opposes("which of them comes first is a guess: the target's do"),
        ),
    )


def lacking(clash: Clash) -> Settled | None:
    """Leave a change out where the target has other code, or none, in place of what it changes.

    Declines when the target has something that is like it.
    """
    if not clash.base:
        return None
    alike = likeness(bare_words(clash.base), bare_words(clash.target)) if clash.target else 0.0
    if alike >= _ANOTHER:
        return None
    what = next((line for line in clash.base if len(line.strip()) >= _TELLING), clash.base[0])
    gone = "has nothing in its place" if not clash.target else "has other code in its place"
    added = tuple(
        line for change in clash.ours for line in clash.patch[change.new_low : change.new_high]
    )
    return Settled(
        lines=clash.target,
        strategy=Strategy.LACKING,
        grade=Grade.PROPOSED,
        evidence=(
            favours(f"the target does not have what is changed here and {gone}: {shown(what)}"),
            opposes("this part of the patch is left out"),
        ),
        left_out=added,
    )


def _contains(lines: tuple[bytes, ...], wanted: tuple[bytes, ...]) -> bool:
    rest = iter(lines)
    return all(line in rest for line in wanted)
