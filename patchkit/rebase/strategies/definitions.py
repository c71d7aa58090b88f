"""The functions that a C file defines, found with tree-sitter's grammar."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

_NAME = re.compile(rb"([A-Za-z_]\w*)\s*\(")


@dataclass(frozen=True, slots=True)
class Definition:
    """A function: its name, and where its lines start and end (bytes, whole lines)."""

    name: bytes
    start: int
    end: int


@lru_cache(maxsize=1)
def _parser() -> Parser:
    # Both are wanted only after git's merge gave up, and take a while to load.
    import tree_sitter  # noqa: PLC0415
    import tree_sitter_c  # noqa: PLC0415

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_c.language()))


def syntax_tree(content: bytes) -> Node:
    """The root of a C text's syntax tree."""
    return _parser().parse(content).root_node


@lru_cache(maxsize=32)
def definitions(content: bytes) -> tuple[Definition, ...]:
    """The function definitions at the top of a file, in order.

    systemd's macros leave errors in the syntax tree. A definition with errors counts as long as
    it ends as one does, with a brace in column one; what is not found belongs to no function.
    """
    root = syntax_tree(content)
    found: list[Definition] = []
    for node in root.children:
        if node.type == "function_definition":
            name = _name(node, content)
            if node.has_error and content[node.end_byte - 2 : node.end_byte] != b"\n}":
                continue
            start = content.rfind(b"\n", 0, node.start_byte) + 1
            end = content.find(b"\n", node.end_byte) + 1 or len(content)
            if name and (not found or start >= found[-1].end):
                found.append(Definition(name, start, end))
    return tuple(found)


@lru_cache(maxsize=32)
def errors(content: bytes) -> int:
    """How many places of a C file the grammar cannot read."""
    count = 0
    todo = [syntax_tree(content)]
    while todo:
        node = todo.pop()
        if node.is_error or node.is_missing:
            count += 1
        elif node.has_error:
            todo += node.children
    return count


def _name(node: Node, content: bytes) -> bytes:
    body = node.child_by_field_name("body")
    heading = content[node.start_byte : body.start_byte if body else node.end_byte]
    match = _NAME.search(heading)
    return match[1] if match else b""
