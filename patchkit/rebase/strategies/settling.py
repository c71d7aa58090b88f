"""What a strategy answers: the settled lines, how sure it is, and what speaks for and against."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum


class Strategy(StrEnum):
    """The ladder's rungs; the values are written for people."""

    ADJACENT = "adjacent lines"
    WORDS = "word by word"
    REMOVED = "removed though reworded"
    BOTH_ADDED = "both added here"
    REPLACED = "replaced though reworded"
    LACKING = "left out where the target lacks the code"
    UPSTREAM_PART = "part is upstream"
    MOVED_LINES = "lines moved upstream"
    RENAMED = "names renamed upstream"
    RENAMED_FILE = "file renamed upstream"
    MOVED_FUNCTION = "function moved upstream"
    MOVED_FILE = "code moved to another file"
    ABSENT_FILE = "file that the target lacks left out"


class Grade(StrEnum):
    """`resolved` is taken; `proposed` is shown, and taken when a person accepts it."""

    RESOLVED = "resolved"
    PROPOSED = "proposed"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that speaks for (`favours`) or against a result."""

    favours: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A settled stretch.

    `left_out` are lines that the patch adds or changes and the result does not have.
    """

    lines: tuple[bytes, ...]
    strategy: Strategy
    grade: Grade
    evidence: tuple[Evidence, ...] = ()
    left_out: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """A settled file: its content, and what is to be said of it.

    `content` is None where the file is left alone: there is none in the target.
    """

    content: bytes | None
    strategies: tuple[Strategy, ...]
    grade: Grade
    evidence: tuple[Evidence, ...] = ()
    left_out: tuple[bytes, ...] = field(default=())

    def doubted(self, *against: str) -> Settlement:
        """The same with what speaks against it: whatever does makes it a proposal."""
        if not against:
            return self
        doubts = tuple(Evidence(favours=False, text=text) for text in against)
        return replace(self, grade=Grade.PROPOSED, evidence=(*self.evidence, *doubts))


def favours(text: str) -> Evidence:
    """Something that speaks for a result."""
    return Evidence(favours=True, text=text)


def opposes(text: str) -> Evidence:
    """Something that speaks against a result."""
    return Evidence(favours=False, text=text)


def shown(line: bytes) -> str:
    """A line as evidence quotes it."""
    text = line.decode("utf-8", "replace").strip()
    return text if len(text) <= 72 else f"{text[:69]}…"


def merged(content: bytes) -> Settlement:
    """What a clean merge gave."""
    return Settlement(content=content, strategies=(), grade=Grade.RESOLVED)


def into_file(settlement: Settlement, where: str) -> Settlement:
    """A settlement in another file than the patch names, which had its own life before."""
    moved = replace(
        settlement,
        strategies=tuple(dict.fromkeys((Strategy.MOVED_FILE, *settlement.strategies))),
        evidence=(favours(where), *settlement.evidence),
    )
    return moved.doubted("whether the change belongs there too is for a person to say")


def left_out(path: str, before: bytes, after: bytes) -> Settlement:
    """A change to a file that the target has nothing of: there is nothing to do, which is said."""
    lines = set(before.splitlines())
    return Settlement(
        content=None,
        strategies=(Strategy.ABSENT_FILE,),
        grade=Grade.PROPOSED,
        evidence=(
            favours(f"the target has neither {path} nor its code in any other file"),
            opposes(f"what the patch does to {path} is left out"),
        ),
        left_out=tuple(line for line in after.splitlines(keepends=True) if line not in lines),
    )
