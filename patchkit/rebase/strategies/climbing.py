"""Settle the clashes of one file: rung by rung, each clash by the first strategy that answers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from patchkit.rebase.apply import split_lines
from patchkit.rebase.strategies import guards
from patchkit.rebase.strategies.adjacent import adjacent
from patchkit.rebase.strategies.clash import Clash, Kept, split, weave
from patchkit.rebase.strategies.functions_moved import functions_moved
from patchkit.rebase.strategies.guards import added_lines, removed_lines
from patchkit.rebase.strategies.overlap import both_added, lacking, removed, replaced, upstream_part
from patchkit.rebase.strategies.reflow import bare_words, words_merged
from patchkit.rebase.strategies.relocating import Place, moved_to
from patchkit.rebase.strategies.renaming import learn
from patchkit.rebase.strategies.settling import (
    Evidence,
    Grade,
    Settled,
    Settlement,
    Strategy,
    favours,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from patchkit.rebase.strategies.texts import Texts

Answer = tuple[Settled, Clash | None]
"""A stretch of the result, and the clash that it settles (None where there was none)."""

_WHOLE = (adjacent, words_merged)
_PARTS = (words_merged, upstream_part, removed, both_added, replaced, lacking)


def settle(texts: Texts) -> Settlement | None:
    """The best that the strategies make of a file, or None.

    A result that is sure is taken from the first attempt that has one; else the first attempt's
    proposal.
    """
    proposal: Settlement | None = None
    for attempt in _attempts(texts):
        if attempt.grade is Grade.RESOLVED:
            return attempt
        proposal = proposal or attempt
    return proposal


def _attempts(texts: Texts) -> Iterator[Settlement]:
    plain = _settle(texts)
    if plain and plain.grade is Grade.RESOLVED:
        yield plain
        return
    names = _relevant(learn(texts.base, texts.target), texts)
    if names:
        renamed = _settle(texts.renamed(names))
        if renamed:
            yield _with_names(renamed, names)
    if texts.is_c:
        followed = functions_moved(texts)
        if followed and followed.content is not None:
            yield followed.doubted(*guards.doubts(texts, followed.content))
    if plain:
        yield plain


def _relevant(names: dict[bytes, bytes], texts: Texts) -> dict[bytes, bytes]:
    """The names that the patch's own lines, removed or added, use."""
    own = added_lines(texts.base, texts.patch) + removed_lines(texts.base, texts.patch)
    used = set(bare_words(own))
    return {old: new for old, new in names.items() if old in used}


def _with_names(settlement: Settlement, names: dict[bytes, bytes]) -> Settlement:
    said: list[Evidence] = [
        favours(f"upstream renamed {old.decode()} to {new.decode()}")
        for old, new in sorted(names.items())[:4]
    ]
    return replace(
        settlement,
        strategies=tuple(dict.fromkeys((Strategy.RENAMED, *settlement.strategies))),
        evidence=(*said, *settlement.evidence),
    )


def _settle(texts: Texts) -> Settlement | None:
    answers = _answers(texts)
    if answers is None:
        return None
    moves = _moves(answers, texts)
    if moves:
        places = [place for _, _, place in moves]
        answers = _answers(replace(texts, target=_relocated(texts.target, places)))
        if answers is None:
            return None
        answers = _with_moves(answers, moves)
    return _together(texts, answers)


def _moves(answers: list[Answer], texts: Texts) -> list[tuple[Clash, Settled, Place]]:
    """Clashes that would be left out, and whose lines upstream has elsewhere in the file."""
    found = []
    base, target = split_lines(texts.base), split_lines(texts.target)
    for answer, clash in answers:
        if clash and answer.strategy is Strategy.LACKING:
            moved = moved_to(clash, base, target)
            if moved:
                found.append((clash, *moved))
    places = [place for _, _, place in found]
    overlap = any(a[0] < b[1] and b[0] < a[1] for a in places for b in places if a is not b)
    return [] if overlap else found


def _relocated(target: bytes, places: list[Place]) -> bytes:
    lines = split_lines(target)
    for low, high, new in sorted(places, reverse=True):
        lines[low:high] = new
    return b"".join(lines)


def _with_moves(answers: list[Answer], moves: list[tuple[Clash, Settled, Place]]) -> list[Answer]:
    """The answers again, now that moved lines are where they belong."""
    by_start = {clash.base_start: moved for clash, moved, _ in moves}
    changed: list[Answer] = []
    for answer, clash in answers:
        moved = by_start.get(clash.base_start) if clash else None
        if moved and answer.strategy is Strategy.LACKING:
            changed.append((replace(moved, lines=answer.lines), clash))
        else:
            changed.append((answer, clash))
    return changed


def _answers(texts: Texts) -> list[Answer] | None:
    """Every stretch of the result; None when some clash has no answer."""
    answers: list[Answer] = []
    for section in weave(texts.base, texts.target, texts.patch):
        if isinstance(section, Kept):
            answers.append((_undisputed(section), None))
            continue
        settled = _clash(section)
        if settled is None:
            return None
        answers += settled
    return answers


def _undisputed(section: Kept) -> Settled:
    return Settled(lines=section.lines, strategy=Strategy.ADJACENT, grade=Grade.RESOLVED)


def _together(texts: Texts, answers: list[Answer]) -> Settlement:
    content = b"".join(line for answer, _ in answers for line in answer.lines)
    given = [answer for answer, clash in answers if clash]
    sure = all(answer.grade is Grade.RESOLVED for answer in given)
    settlement = Settlement(
        content=content,
        strategies=tuple(dict.fromkeys(answer.strategy for answer in given)),
        grade=Grade.RESOLVED if sure else Grade.PROPOSED,
        evidence=tuple(dict.fromkeys(e for answer in given for e in answer.evidence)),
        left_out=tuple(line for answer in given for line in answer.left_out),
    )
    if Strategy.WORDS in settlement.strategies and not texts.is_c:
        settlement = settlement.doubted("words were merged, and only C is checked afterwards")
    return settlement.doubted(*guards.doubts(texts, content))


def _clash(clash: Clash) -> list[Answer] | None:
    """Settle a clash as a whole, or part by part; None when some part has no answer."""
    for strategy in _WHOLE:
        answer = strategy(clash)
        if answer is not None and (answer.grade is Grade.RESOLVED or strategy is adjacent):
            return [(answer, clash)]
    settled: list[Answer] = []
    for section in split(clash):
        if isinstance(section, Kept):
            settled.append((_undisputed(section), None))
            continue
        answers = (strategy(section) for strategy in _PARTS)
        answer = next((answer for answer in answers if answer is not None), None)
        if answer is None:
            return None
        settled.append((answer, section))
    return settled
