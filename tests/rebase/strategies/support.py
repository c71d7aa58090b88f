"""Small C files in three versions."""

from __future__ import annotations

from textwrap import dedent

from patchkit.rebase.strategies.clash import Clash, weave
from patchkit.rebase.strategies.texts import Texts


def c(text: str) -> bytes:
    """A text as it is; one over several indented lines loses the indentation."""
    if text.startswith("\n "):
        text = dedent(text).removeprefix("\n")
    return text.encode()


def texts(base: str, target: str, patch: str, path: str = "src/core/main.c") -> Texts:
    return Texts(path=path, base=c(base), target=c(target), patch=c(patch))


def clash(base: str, target: str, patch: str) -> Clash:
    """The one clash of three texts."""
    found = [s for s in weave(c(base), c(target), c(patch)) if isinstance(s, Clash)]
    assert len(found) == 1, found
    return found[0]


def against(evidence: object) -> str:
    """Everything that speaks against a result, as one text."""
    assert isinstance(evidence, tuple)
    return "\n".join(e.text for e in evidence if not e.favours)
