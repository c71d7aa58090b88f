"""Attributes are read as git reads them: every answer is held against `git check-attr`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from patchkit.nix.attributes import Attributes
from tests import builders

if TYPE_CHECKING:
    from collections.abc import Mapping

PATHS = ["a", "b.c", "a/b.c", "a/b/c", "x/a", "x/a/b.c", "x/y/z.o", "[q]", "a b", "Ab", "1.c"]


def asked(files: Mapping[str, bytes], paths: list[str]) -> dict[str, dict[str, object]]:
    """What git itself says."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        builders.git(folder, "init", "-q")
        for path, content in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        given = b"".join(path.encode() + b"\0" for path in paths)
        answer = builders.git(folder, "check-attr", "-z", "--stdin", "-a", stdin=given)
    fields = answer.decode().split("\0")[:-1]
    found: dict[str, dict[str, object]] = {path: {} for path in paths}
    for path, attribute, value in zip(fields[::3], fields[1::3], fields[2::3], strict=True):
        found[path][attribute] = {"set": True, "unset": False}.get(value, value)
    return found


def agree(files: Mapping[str, bytes]) -> None:
    attributes = Attributes(files)
    ours = {
        path: {name: value for name, value in attributes.of(path).items() if value is not None}
        for path in PATHS
    }
    assert ours == asked(files, PATHS)


def test_the_usual() -> None:
    agree({".gitattributes": b"*.c text\na/* -text\n/a -x y=1\n*.o binary\n"})


def test_macros_of_the_root_only() -> None:
    agree(
        {
            ".gitattributes": b"[attr]mine one -two three=3\na mine\n*.c -mine\n",
            "x/.gitattributes": b"[attr]other four\na other\n",
        }
    )


def test_what_git_passes_over() -> None:
    long = b"*.c " + b"x" * 2100 + b"\n"
    rules = b"\xef\xbb\xbfa first\n!a no\n# a no\n\n   \na -\na 1=\xc3\xbc\n* bad/name\n" + long
    agree({".gitattributes": rules + b'"a b" quoted\n"a\\142" octal\n"open a\n\ta tabbed \r\n'})


PIECES = ["*", "**", "?", "/", "a", "b", ".c", "x", "[ab]", "[!a]", "[a-z]", "[]]", "[[:upper:]]"]
PIECES += ["\\*", "\\[", "**/", "/**", "[", "[b-a]", "[[:nope:]]", ".", "[\\]q]", "[^.]", "1"]
PATTERNS = st.lists(st.sampled_from(PIECES), min_size=1, max_size=5).map("".join)
VALUES = st.sampled_from(["one", "-one", "!one", "one=v", "two", "-two", "binary", "-binary", "m"])
LINES = st.tuples(PATTERNS, st.lists(VALUES, min_size=1, max_size=3)).map(
    lambda line: " ".join([line[0], *line[1]])
)
TEXTS = st.lists(LINES, max_size=5).map(lambda lines: "\n".join(lines).encode() + b"\n")


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(TEXTS, TEXTS)
def test_any_rules(root: bytes, inner: bytes) -> None:
    agree({".gitattributes": b"[attr]m one -two\n" + root, "x/.gitattributes": inner})


def test_folders_only() -> None:
    attributes = Attributes({".gitattributes": b"a/ one\nb two\n"})
    assert attributes.of("a", folder=True) == {"one": True}
    assert attributes.of("a") == {}
    assert attributes.of("b", folder=True) == {"two": True}
    assert attributes.of("a/b") == {"two": True}


def test_whether_anything_is_said() -> None:
    wanted = frozenset({"export-ignore"})
    assert Attributes({}).says_nothing_of(wanted)
    assert Attributes({".gitattributes": b"* text binary\n"}).says_nothing_of(wanted)
    assert not Attributes({"x/.gitattributes": b"* export-ignore\n"}).says_nothing_of(wanted)
    macro = b"[attr]p export-ignore\n[attr]q p\nx q\n"
    assert not Attributes({".gitattributes": macro}).says_nothing_of(wanted)
