"""Markdown that text from elsewhere cannot get out of; pure."""

from __future__ import annotations

import re

from patchkit.console import clean

LIMIT = 60_000
"""The most characters of a text on a forge: GitHub takes 65,536."""

_MARK = "<!-- patchkit bump {release} -->"
_BACKTICKS = re.compile(r"`{3,}")


def mark(release: str) -> str:
    """What tells an issue or a pull request of a release from all others."""
    return _MARK.format(release=release)


def fenced(text: str, language: str) -> str:
    """Text from elsewhere as a block of code that it cannot end."""
    safe = clean(text)
    fence = "`" * max([3, *(len(run) + 1 for run in _BACKTICKS.findall(safe))])
    return f"{fence}{language}\n{safe}\n{fence}"


def code(text: str) -> str:
    """Text that can stand between backticks."""
    return " ".join(clean(text).replace("`", "'").split()) or "-"  # two backticks open a code


def joined(parts: list[str]) -> str:
    """Paragraphs, without the empty ones."""
    return "\n\n".join(part for part in parts if part) + "\n"
