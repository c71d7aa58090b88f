"""Merge a C file function by function: where a function stands in the file does not matter.

This is semi-structured merge: what stands between the functions is merged as lines, with a mark
in place of each function; each function's own text is merged apart and put where its mark is.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from patchkit.rebase.strategies.adjacent import adjacent
from patchkit.rebase.strategies.clash import Kept, weave
from patchkit.rebase.strategies.definitions import definitions
from patchkit.rebase.strategies.reflow import words_merged
from patchkit.rebase.strategies.settling import (
    Evidence,
    Grade,
    Settled,
    Settlement,
    Strategy,
    favours,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from patchkit.rebase.strategies.texts import Texts


def functions_moved(texts: Texts) -> Settlement | None:
    """Merge by functions. Declines when upstream moved none that the patch changes.

    Also when a function is defined twice, or something clashes within a function or between them.
    """
    sides = [_apart(content) for content in (texts.base, texts.target, texts.patch)]
    if any(side is None for side in sides):
        return None
    (base_rest, old), (rest, now), (patch_rest, new) = (side for side in sides if side)
    moved = _moved(list(old), list(now))
    followed = [name for name in moved if name in new and old[name] != new[name]]
    if not followed:
        return None
    skeleton = _merge(base_rest, rest, patch_rest)
    if skeleton is None:
        return None
    evidence = list(skeleton[1])
    made = skeleton[0]
    for name in {**old, **now, **new}:
        body = _merge(old.get(name, b""), now.get(name, b""), new.get(name, b""))
        if body is None or made.count(_mark(name)) > 1:
            return None
        evidence += body[1]
        made = made.replace(_mark(name), body[0])
    names = ", ".join(name.decode() for name in followed)
    doubts = any(not e.favours for e in evidence)
    return Settlement(
        content=made,
        strategies=(Strategy.MOVED_FUNCTION,),
        grade=Grade.PROPOSED if doubts else Grade.RESOLVED,
        evidence=(
            favours(f"upstream moved {names} within the file, and the patch's change with it"),
            *dict.fromkeys(evidence),
        ),
    )


def _apart(content: bytes) -> tuple[bytes, Mapping[bytes, bytes]] | None:
    """The text with marks for its functions, and the functions by name."""
    found = definitions(content)
    if max(Counter(d.name for d in found).values(), default=0) > 1:
        return None
    rest = b""
    at = 0
    for definition in found:
        rest += content[at : definition.start] + _mark(definition.name)
        at = definition.end
    return rest + content[at:], {d.name: content[d.start : d.end] for d in found}


def _mark(name: bytes) -> bytes:
    return b"\0" + name + b"\0\n"


def _moved(old: list[bytes], now: list[bytes]) -> list[bytes]:
    """The names whose place among the names that both have is another."""
    kept_now = [name for name in now if name in set(old)]
    kept_old = [name for name in old if name in set(now)]
    before = dict(zip(kept_old, [b"", *kept_old], strict=False))
    after = dict(zip(kept_now, [b"", *kept_now], strict=False))
    return [name for name in kept_old if before[name] != after[name]]


def _merge(base: bytes, target: bytes, patch: bytes) -> tuple[bytes, list[Evidence]] | None:
    if base in (target, patch):
        return (patch if base == target else target), []
    lines: list[bytes] = []
    evidence: list[Evidence] = []
    for section in weave(base, target, patch):
        if isinstance(section, Kept):
            lines += section.lines
            continue
        answer: Settled | None = adjacent(section) or words_merged(section)
        if answer is None:
            return None
        lines += answer.lines
        evidence += answer.evidence
    return b"".join(lines), evidence
