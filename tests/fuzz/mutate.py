"""Real input made broken or hostile: bytes, lines, numbers, words, and the parts of documents."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

_LONGEST = 1 << 20
"""What a mutated input may grow to, in bytes."""

WORDS = (
    b"", b"\0", b"\n", b"\r\n", b"\xff\xfe", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"../", b"/",
    b"..", b"/etc/passwd", b"../../../../tmp/x", b".git/hooks/x", b"C:\\x", b"~", b"-", b"--",
    b"%s%n", b"%0A", b"::error::x", b"::stop-commands::x", b"\x1b]0;x\x07", b"\x1b[2J",
    b"<script>", b"</pre>", b"```", b"]]>", b"&lt;", b"${jndi}", b"`id`", b"$(id)", b"' OR 1",
    b"\xe2\x80\xae", b"\xf0\x9f\x92\xa9", b"-1", b"0", b"1e999", b"NaN", b"Infinity", b"9" * 30,
    b"9" * 5000, b"0x1p9", b"4294967296", b"9223372036854775808", b"-0", b"true", b"null",
    b"[]", b"{}", b'""', b"[" * 3000, b"{\"a\":" * 3000, b"a" * 5000, b"\xd9\xa1\xd9\xa2",
    b"\xc2\xb2", b"@@ -1 +1 @@", b"--- a/", b"+++ b/", b"From ", b"diff --git ", b"v262", b"v0",
    b"v999999.999999-rc9999", b"*", b"?", b"[a", b"(" * 200, b"(a+)+$", b"\\",
)  # fmt: skip
"""What breaks parsers, leads out of folders, or means something to whoever shows it."""

_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, 2**64, -(2**63) - 1, 10**400, 1.5, 1e308, "",
    "x", "../x", "/etc/passwd", "a" * 10000, "\0", "\x1b[31m", "\u202e", "v262", "0" * 40,
    "f" * 64, [], {}, [[]], [None], {"": ""}, "\n", "@everyone", "#1", "](x)", "::error::x",
)  # fmt: skip


def mutated(seed: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    """One to six changes of a seed; `others` are other seeds to splice with."""
    text = seed
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 6))):
        text = chance.choice(_WAYS)(text, chance)
        if others and chance.random() < 0.05:
            other = chance.choice(others)
            text = text[: chance.randint(0, len(text))] + other[chance.randint(0, len(other)) :]
    return text[:_LONGEST]


def _spot(text: bytes, chance: random.Random) -> tuple[int, int]:
    """A place in a text: start and end, mostly near one another."""
    start = chance.randint(0, len(text))
    return start, min(len(text), start + int(chance.expovariate(1 / 8)))


def _flip(text: bytes, chance: random.Random) -> bytes:
    if not text:
        return b"\0"
    at = chance.randrange(len(text))
    return text[:at] + bytes((text[at] ^ (1 << chance.randrange(8)),)) + text[at + 1 :]


def _cut(text: bytes, chance: random.Random) -> bytes:
    start, end = _spot(text, chance)
    return text[:start] + text[end:]


def _truncate(text: bytes, chance: random.Random) -> bytes:
    return text[: chance.randint(0, len(text))]


def _repeat(text: bytes, chance: random.Random) -> bytes:
    start, end = _spot(text, chance)
    return text[:end] + text[start:end] * chance.choice((1, 2, 50, 2000)) + text[end:]


def _insert(text: bytes, chance: random.Random) -> bytes:
    start, end = _spot(text, chance)
    return text[:start] + chance.choice(WORDS) + text[chance.choice((start, end)) :]


def _word(text: bytes, chance: random.Random) -> bytes:
    """Replace a whole word."""
    found = list(re.finditer(rb"[\w./:-]+", text[:200_000]))
    if not found:
        return _insert(text, chance)
    match = chance.choice(found)
    return text[: match.start()] + chance.choice(WORDS) + text[match.end() :]


def _number(text: bytes, chance: random.Random) -> bytes:
    found = list(re.finditer(rb"\d+", text[:200_000]))
    if not found:
        return _flip(text, chance)
    match = chance.choice(found)
    value = int(match[0][:18])
    new = chance.choice(
        (value + 1, value - 1, 0, -1, value * 10**9, 10**4400, 2**31, 2**32, 2**63, 2**64)
    )
    shown = b"9" * 4401 if new == 10**4400 else str(new).encode()
    return text[: match.start()] + shown + text[match.end() :]


def _lines(text: bytes, chance: random.Random) -> bytes:
    lines = text.split(b"\n")
    at, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    match chance.randrange(5):
        case 0:
            del lines[at]
        case 1:
            lines.insert(other, lines[at])
        case 2:
            lines[at], lines[other] = lines[other], lines[at]
        case 3:
            lines[at:at] = [lines[at]] * chance.choice((2, 300))
        case _:
            lines[at] = chance.choice(WORDS)
    return b"\n".join(lines)


def _document(text: bytes, chance: random.Random) -> bytes:
    """A part of a JSON document replaced, taken out, or put elsewhere."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return _word(text, chance)
    places = list(_places(document))
    if not places:
        return _insert(text, chance)
    inside, key = chance.choice(places)
    match chance.randrange(4):
        case 0:
            del inside[key]
        case 1:
            other, there = chance.choice(places)
            inside[key] = json.loads(json.dumps(other[there]))
        case 2 if isinstance(inside, dict):
            inside[chance.choice(("", "x", "../x", "v1", "a" * 3000))] = inside[key]
        case _:
            inside[key] = chance.choice(_VALUES)
    try:
        return json.dumps(document).encode("utf-8", "surrogatepass")
    except ValueError:  # a circle, or a number that is too long to write
        return text


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every place in a document: what it is in, and its key there."""
    found: list[tuple[Any, Any]] = []
    todo = [value]
    while todo:
        here = todo.pop()
        keys = (
            here if isinstance(here, dict) else range(len(here)) if isinstance(here, list) else ()
        )
        for key in keys:
            found.append((here, key))
            todo.append(here[key])
    return found


_WAYS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _flip, _cut, _truncate, _repeat, _insert, _insert, _word, _word, _number, _lines, _lines,
    _document, _document, _document,
)  # fmt: skip
