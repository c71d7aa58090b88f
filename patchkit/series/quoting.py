"""Paths as git writes them into patches: quoted like C strings where they need it.

The format is that of git's `quote_c_style`, see git-config(1), `core.quotePath`.
"""

from __future__ import annotations

import re

_NAMED = {7: "a", 8: "b", 9: "t", 10: "n", 11: "v", 12: "f", 13: "r", 34: '"', 92: "\\"}
_BACK = {letter: code for code, letter in _NAMED.items()}
_PLAIN = re.compile(r"[ !#-\[\]-~]*")
_ESCAPE = re.compile(r"\\([0-3][0-7]{2}|.)", re.DOTALL)


def quote(path: str) -> str:
    """Write a path as git does: in double quotes with escapes when any byte needs one."""
    if _PLAIN.fullmatch(path):
        return path
    raw = path.encode("utf-8", "surrogateescape")
    return '"' + "".join(_quoted(byte) for byte in raw) + '"'


def unquote(text: str) -> str:
    """Read a path that may be quoted. Raises `ValueError` for an escape that git has not."""
    if not (len(text) >= 2 and text.startswith('"') and text.endswith('"')):
        return text
    raw = bytearray()
    position = 1
    end = len(text) - 1
    while position < end:
        if text[position] != "\\":
            raw += text[position].encode("utf-8", "surrogateescape")
            position += 1
            continue
        match = _ESCAPE.match(text, position, end)
        if match is None:
            raise ValueError(f"a path with a broken escape: {text}")
        code = match[1]
        if len(code) == 3:
            raw.append(int(code, 8))
        elif code in _BACK:
            raw.append(_BACK[code])
        else:
            raise ValueError(f"a path with the unknown escape \\{code}: {text}")
        position = match.end()
    return raw.decode("utf-8", "surrogateescape")


def _quoted(byte: int) -> str:
    if byte in _NAMED:
        return "\\" + _NAMED[byte]
    return chr(byte) if 0x20 <= byte < 0x7F else f"\\{byte:03o}"
