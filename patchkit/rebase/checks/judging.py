"""Check a merged tree against what a patch is to hold, and point out what is new upstream."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from patchkit.rebase.checks.intent import Intent, Kind
from patchkit.rebase.checks.pattern import Match, Pattern, tokens_of
from patchkit.rebase.functions import (
    Function,
    changed_functions,
    headings_of,
    stretch_at,
)
from patchkit.rebase.strategies.definitions import definitions, errors, syntax_tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tree_sitter import Node

    from patchkit.rebase.tree import TreeView

_LEAVES = frozenset({"return_statement", "goto_statement", "break_statement", "continue_statement"})
_BRANCHES = frozenset(
    {"if_statement", "while_statement", "for_statement", "conditional_expression"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchChecks:
    """What is known of a patch: its files and functions, its rules, and what to watch for."""

    files: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    intents: tuple[Intent, ...] = ()
    watch: tuple[Pattern, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """Something that does not hold: where, and what."""

    path: str
    function: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trees:
    """A release's tree before and after a patch."""

    before: TreeView
    after: TreeView


def failures(checks: PatchChecks, target: Trees, base: Trees | None = None) -> Iterator[Failed]:
    """Everything that does not hold in the target with the patch.

    With `base`, the patch where it was written, the syntax is checked too: systemd's macros are
    errors to the grammar, so only what the patch does not bring along counts.
    """
    for intent in checks.intents:
        what = broken(intent, target.after)
        if what is not None:
            yield Failed(path=intent.file, function=intent.function, what=what)
    paths = [path for path in checks.files if path.endswith((".c", ".h"))]
    contents = [_read(target.after, path) for path in paths]
    for name in checks.functions:
        if contents and not _is_defined(contents, name):
            yield Failed(
                path="", function=name, what="is in none of the patch's files after the merge"
            )
    for path in paths if base else ():
        if base and _breaks_syntax(path, target, base):
            yield Failed(path=path, function="", what="has syntax errors that neither side has")


def astray(checks: PatchChecks, target: Trees, base: Trees) -> Iterator[Failed]:
    """The named functions that the patch changes in its base, and not in the target.

    Equal code elsewhere can take a hunk in without a conflict. A change that the target has by
    itself is none that went astray, nor is one in a function that is new upstream: code was moved
    there.
    """
    paths = [path for path in checks.files if path.endswith((".c", ".h"))]
    for name in checks.functions:
        for path in paths:
            old, new = (body_of(_read(tree, path), name) for tree in (base.before, base.after))
            if old is None or new is None or old == new:
                continue
            there = [_bodies(target, each, name) for each in paths]
            found = [bodies for bodies in there if bodies[1] is not None]
            if found and not any(_holds(old, new, *bodies) for bodies in found):
                if _moved_on(path, target, base):
                    continue
                yield Failed(path=path, function=name, what="does not have the patch's change")


def _moved_on(path: str, target: Trees, base: Trees) -> bool:
    """Whether what changes in a file of the target, and not in the base, is new upstream."""
    here, there = (
        {function.name for function in _changed(trees, path)[1]} for trees in (target, base)
    )
    strangers = here - there
    known = _read(base.before, path)
    return bool(strangers) and not any(body_of(known, name) for name in strangers)


def _bodies(trees: Trees, path: str, name: str) -> tuple[bytes | None, bytes | None]:
    return body_of(_read(trees.before, path), name), body_of(_read(trees.after, path), name)


def _holds(old: bytes, new: bytes, before: bytes | None, after: bytes | None) -> bool:
    """Whether a function was changed, or has all of a change (from `old` to `new`) already."""
    if before != after:
        return True
    was, now, lines = (
        {line.strip() for line in text.split(b"\n")} for text in (old, new, after or b"")
    )
    return now - was <= lines and not (was - now) & lines


def _breaks_syntax(path: str, target: Trees, base: Trees) -> bool:
    """Whether the patch brings more syntax errors to the target than to its base."""
    here, there = _changed(target, path), _changed(base, path)
    if here == there:
        return False
    brought = _errors_brought(here)
    return brought > 0 and brought > _errors_brought(there)


def _changed(trees: Trees, path: str) -> tuple[tuple[Function, ...], tuple[Function, ...]]:
    return changed_functions(_read(trees.before, path), _read(trees.after, path))


def _errors_brought(changed: tuple[tuple[Function, ...], tuple[Function, ...]]) -> int:
    old, new = changed
    return sum(errors(f.text) for f in new) - sum(errors(f.text) for f in old)


def broken(intent: Intent, tree: TreeView) -> str | None:
    """Why a rule does not hold in a tree; None when it does."""
    content = _read(tree, intent.file)
    code = body_of(content, intent.function)
    if code is None:
        return f"is not in {intent.file}, so that this cannot hold: {intent.text}"
    found = list(intent.pattern.matches(tokens_of(code)))
    match intent.kind:
        case Kind.HAS:
            return None if found else f"lacks what it is to have: {intent.pattern.text}"
        case Kind.NEVER:
            return f"has what it is never to have: {intent.pattern.text}" if found else None
        case Kind.UNDER:
            return _not_under(intent, code, found)
        case _:
            assert_never(intent.kind)


def _is_defined(contents: list[bytes], name: str) -> bool:
    """Whether a function of that name is in some file, by git's rule or by the syntax."""
    headings = (line for content in contents for _, line in headings_of(content, name))
    if any(not line.rstrip().endswith(b";") for line in headings):
        return True
    wanted = name.encode()
    return any(
        definition.name == wanted
        for content in contents
        if wanted in content
        for definition in definitions(content)
    )


def body_of(content: bytes, name: str) -> bytes | None:
    """A function's text, by git's rule, or by its syntax where that does not find it."""
    headings = (s for s, line in headings_of(content, name) if not line.rstrip().endswith(b";"))
    start = next(headings, None)
    if start is not None:
        text = stretch_at(content, start)
        brace = text.find(b"\n}\n")
        text = text[: brace + 3] if brace >= 0 else text
        if text.count(b"{") == text.count(b"}"):
            return text
    for definition in definitions(content) if name.encode() in content else ():
        if definition.name == name.encode():
            return content[definition.start : definition.end]
    return None


def watched(checks: PatchChecks, base: TreeView, target: TreeView) -> Iterator[Failed]:
    """New code in the patch's files of the kind that the patch guards against."""
    for path in checks.files if checks.watch else ():
        if not path.endswith((".c", ".h")):
            continue
        before, now = _read(base, path), _read(target, path)
        if before == now:
            continue
        old, new = changed_functions(before, now)
        for pattern in checks.watch:
            rest = Counter(_places(old, pattern))
            for name in _places(new, pattern):
                rest[name] -= 1
                if rest[name] < 0:
                    yield Failed(path=path, function=name, what=f"has a new {pattern.text}")


def _places(functions: Iterable[Function], pattern: Pattern) -> list[str]:
    """The function in which each match stands."""
    return [
        function.name
        for function in functions
        if pattern.may_be_in(function.text)
        for _ in pattern.matches(tokens_of(function.text))
    ]


def _read(tree: TreeView, path: str) -> bytes:
    state = tree.read(path)
    return state.content if state else b""


def _not_under(intent: Intent, code: bytes, found: list[Match]) -> str | None:
    if not found:
        return f"lacks what it is to have: {intent.pattern.text}"
    root = syntax_tree(code)
    for match in found:
        if intent.check is not None and not _is_under(root, code, match, intent.check):
            line = code.count(b"\n", 0, match.start) + 1
            return (
                f"has {intent.pattern.text} in its line {line}, "
                f"not under a check of {intent.check.text}"
            )
    return None


def _is_under(root: Node, code: bytes, match: Match, check: Pattern) -> bool:
    node = root.descendant_for_byte_range(match.start, match.end)
    child: Node | None = None
    while node is not None:
        if node.type in _BRANCHES and child is not None:
            condition = node.child_by_field_name("condition")
            if condition is not None and condition != child and _has(condition, code, check):
                return True
        if node.type == "binary_expression" and child is not None:
            left = node.child_by_field_name("left")
            if left is not None and left != child and _has(left, code, check):
                return True
        if node.type == "compound_statement" and child is not None:
            earlier = (n for n in node.children if n.end_byte <= child.start_byte)
            if any(_leaves(statement, code, check) for statement in earlier):
                return True
        node, child = node.parent, node
    return False


def _leaves(statement: Node, code: bytes, check: Pattern) -> bool:
    """Whether a statement is an `if` with the check, all of whose branch leaves the block."""
    if statement.type != "if_statement":
        return False
    condition = statement.child_by_field_name("condition")
    branch = statement.child_by_field_name("consequence")
    if condition is None or branch is None or not _has(condition, code, check):
        return False
    last = branch
    if branch.type == "compound_statement":
        inside = [n for n in branch.named_children if n.type != "comment"]
        if not inside:
            return False
        last = inside[-1]
    return last.type in _LEAVES


def _has(node: Node, code: bytes, pattern: Pattern) -> bool:
    return next(pattern.matches(tokens_of(code[node.start_byte : node.end_byte])), None) is not None
