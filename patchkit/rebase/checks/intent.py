"""What a patch is to hold, written by a person in one line.

    in FUNCTION of FILE: has PATTERN            the function has such code
    in FUNCTION of FILE: never PATTERN          and has no such code
    in FUNCTION of FILE: PATTERN under PATTERN  the first stands only under a check of the second

Code stands under a check when it is in a branch of an `if` (or behind `&&`, `||`, `?`) whose
condition has the check, or after an `if` with that check that leaves the block.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from patchkit.rebase.checks.pattern import Pattern

_INTENT = re.compile(
    r"in\s+(?P<function>\w+)\s+of\s+(?P<file>\S+)\s*:\s+"
    r"(?:(?P<kind>has|never)\s+(?P<alone>.+)|(?P<code>.+?)\s+under\s+(?P<check>.+))",
    re.DOTALL,
)


class Kind(StrEnum):
    """What an intent says of its pattern."""

    HAS = "has"
    NEVER = "never"
    UNDER = "under"


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """One rule; `check` is what `pattern` is to stand under (None for the other kinds)."""

    text: str
    file: str
    function: str
    kind: Kind
    pattern: Pattern
    check: Pattern | None = None

    @classmethod
    def parse(cls, text: str) -> Intent:
        """Read a rule. Raises `ValueError` that says what is wrong with it."""
        match = _INTENT.fullmatch(text.strip())
        if match is None:
            raise ValueError(
                f"'{text}' is no rule: write 'in FUNCTION of FILE: has PATTERN', "
                "'…: never PATTERN' or '…: PATTERN under PATTERN'"
            )
        kind = Kind(match["kind"]) if match["kind"] else Kind.UNDER
        return cls(
            text=text.strip(),
            file=match["file"],
            function=match["function"],
            kind=kind,
            pattern=Pattern.parse(match["alone"] or match["code"]),
            check=Pattern.parse(match["check"]) if match["check"] else None,
        )
