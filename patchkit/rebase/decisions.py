"""What a person decided of a series, now or before."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from patchkit.rebase.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from patchkit.rebase.lesson import Memory
    from patchkit.rebase.outcome import Resolution

BY_HAND = "by hand"
"""The strategy of what a person settled."""

REMEMBERED = "remembered"
"""The strategy of what a person settled for another release."""

WAITS = frozenset({Outcome.CONFLICT, Outcome.PROPOSED})
"""The outcomes that need a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """What a person decided.

    Resolutions by patch name, the names of patches left out, and of those whose proposal is
    accepted; and what was learnt from decisions before, by the key of the conflict. Nothing but
    what is left out changes the outcome of a patch that needs nobody.
    """

    resolutions: Mapping[str, Resolution] = field(default_factory=dict)
    skipped: frozenset[str] = frozenset()
    accepted: frozenset[str] = frozenset()
    remembered: Mapping[str, Memory] = field(default_factory=dict)
