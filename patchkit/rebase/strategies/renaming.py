"""Names that upstream changed between the two releases, learnt from its own diff of a file."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from patchkit.rebase.apply import split_lines
from patchkit.rebase.strategies.ranges import line_changes, word_changes
from patchkit.rebase.strategies.reflow import bare_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from patchkit.rebase.strategies.ranges import Change

_NAME = re.compile(rb"[A-Za-z_]\w{2,}")
_MOST_LINES = 40
"""A larger change is no renaming of a name within a line."""


def learn(base: bytes, target: bytes) -> dict[bytes, bytes]:
    """Each name of `base` that `target` has no more, with the one name that took its place.

    A name counts when some line changed in nothing but names, this one among them; when every
    replacement of it was by the same new name; and when the new name is not in `base`.
    """
    before, after = split_lines(base), split_lines(target)
    seen: dict[bytes, Counter[bytes]] = {}
    pure: set[bytes] = set()
    for change in line_changes(base, target):
        old, new = before[change.low : change.high], after[change.new_low : change.new_high]
        if not old or not new or max(len(old), len(new)) > _MOST_LINES:
            continue
        words, others = bare_words(old), bare_words(new)
        swaps = word_changes(words, others)
        only_names = len(old) == len(new) and all(_is_swap(swap) for swap in swaps)
        for swap in swaps:
            if _is_swap(swap):
                name, other = words[swap.low], others[swap.new_low]
                if _NAME.fullmatch(name) and _NAME.fullmatch(other):
                    seen.setdefault(name, Counter())[other] += 1
                    pure |= {name} if only_names else set()
    if not seen:
        return {}
    olds, news = set(_NAME.findall(base)), set(_NAME.findall(target))
    return {
        name: next(iter(others))
        for name, others in seen.items()
        if name in pure and len(others) == 1 and name not in news and next(iter(others)) not in olds
    }


def _is_swap(change: Change) -> bool:
    return change.high - change.low == 1 == change.new_high - change.new_low


def rename(content: bytes, names: Mapping[bytes, bytes]) -> bytes:
    """The content with whole names replaced."""
    if not names:
        return content
    pattern = rb"\b(?:" + b"|".join(re.escape(name) for name in sorted(names)) + rb")\b"
    return re.sub(pattern, lambda match: names[match[0]], content)
