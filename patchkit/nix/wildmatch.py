"""Git's wildcard patterns as regular expressions (gitignore(5), "PATTERN FORMAT")."""

from __future__ import annotations

import re

_CLASSES = {
    "alnum": "a-zA-Z0-9",
    "alpha": "a-zA-Z",
    "blank": " \\t",
    "cntrl": "\\x00-\\x1f\\x7f",
    "digit": "0-9",
    "graph": "\\x21-\\x7e",
    "lower": "a-z",
    "print": "\\x20-\\x7e",
    "punct": "!-/:-@\\[-`{-~",
    "space": " \\t\\n\\v\\f\\r",
    "upper": "A-Z",
    "xdigit": "0-9a-fA-F",
}
"""POSIX's character classes in the C locale."""

_SPECIAL = re.compile(r"[*?\[\\]")


def translate(pattern: str, *, across_folders: bool) -> re.Pattern[str] | None:
    """The regular expression of a pattern; None when the pattern can match nothing.

    With `across_folders` a star matches slashes too (the pattern is held against a bare name);
    without, only `**` between slashes does.
    """
    out: list[str] = []
    star = ".*" if across_folders else "[^/]*"
    any_one = "." if across_folders else "[^/]"
    at = 0
    while at < len(pattern):
        char = pattern[at]
        if char == "*":
            end = at
            while end < len(pattern) and pattern[end] == "*":
                end += 1
            piece, at = _stars(pattern, at, end, star, across_folders=across_folders)
            out.append(piece)
        elif char == "?":
            out.append(any_one)
            at += 1
        elif char == "[":
            bracket = _bracket(pattern, at + 1)
            if bracket is None:
                return None
            out.append(bracket[0] if across_folders else f"(?!/){bracket[0]}")
            at = bracket[1]
        elif char == "\\":
            if at + 1 == len(pattern):
                return None
            out.append(re.escape(pattern[at + 1]))
            at += 2
        else:
            out.append(re.escape(char))
            at += 1
    return re.compile("".join(out), re.DOTALL)


def _stars(pattern: str, at: int, end: int, star: str, *, across_folders: bool) -> tuple[str, int]:
    """A run of stars, and where to go on: two or more are special as a whole part of a path.

    So are those behind plain text from the start, which git compares beforehand and cuts off
    (dir.c, match_pathname).
    """
    begins = _SPECIAL.search(pattern, 0, at) is None or pattern[at - 1] == "/"
    bounded = begins and end - at >= 2
    if across_folders or not bounded:
        return star, end
    if pattern.startswith("/", end):
        return "(?:.*/)?", end + 1
    return (".*" if end == len(pattern) or pattern.startswith("\\/", end) else star), end


def _bracket(pattern: str, at: int) -> tuple[str, int] | None:
    """A bracket expression from behind its `[`: the expression, and where to go on."""
    negated = pattern[at : at + 1] in ("!", "^")
    at += negated
    members: list[str] = []
    first = True
    while at < len(pattern) and (first or pattern[at] != "]"):
        first = False
        if pattern.startswith("[:", at):
            end = pattern.find("]", at + 2)
            if end > at + 2 and pattern[end - 1] == ":":
                name = pattern[at + 2 : end - 1]
                if name not in _CLASSES:
                    return None
                members.append(_CLASSES[name])
                at = end + 1
                continue
        low, at = _member(pattern, at)
        if low is None:
            return None
        if pattern[at : at + 1] == "-" and pattern[at + 1 : at + 2] not in ("", "]"):
            high, at = _member(pattern, at + 1)
            if high is None:
                return None
            # a range that runs backwards still has its first character (wildmatch.c)
            ends = f"{re.escape(low)}-{re.escape(high)}" if low <= high else re.escape(low)
            members.append(ends)
        else:
            members.append(re.escape(low))
    if at >= len(pattern):
        return None
    if not members:
        return ("." if negated else "(?!)"), at + 1
    return f"[{'^' if negated else ''}{''.join(members)}]", at + 1


def _member(pattern: str, at: int) -> tuple[str | None, int]:
    """One character of a bracket expression, its escape undone."""
    if pattern[at] != "\\":
        return pattern[at], at + 1
    return (pattern[at + 1], at + 2) if at + 1 < len(pattern) else (None, at + 1)
