"""JSON documents in and out: typed values on one side, stable text on the other."""

from __future__ import annotations

import json
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


class MalformedDocument(ValueError):  # noqa: N818 - callers turn it into an error with a file name
    """A document is not JSON, or not of the wanted shape; the text says where."""


def decode(text: bytes, shape: type[T]) -> T:
    """Read JSON into `shape` (a dataclass or a type made of such).

    Raises `MalformedDocument`, whose text names the place in the document.
    """
    try:
        return msgspec.json.decode(text, type=shape)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedDocument(str(error)) from error


def encode(value: Any) -> str:
    """Sorted, indented JSON with a newline at its end: the same value gives the same bytes."""
    plain = msgspec.to_builtins(value)
    return json.dumps(plain, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
