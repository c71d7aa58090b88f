"""What is known of headers: right, kept, and never trusted when damaged."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchkit.rebase.facts import Facts, header_of, include_lines, includes_of
from patchkit.rebase.objects import blob_id
from patchkit.upstream.store import Entry, MissingObjectError
from tests.rebase.strategies.trees import Files

HEADER = b'#pragma once\n#include "deep.h"\n  #  include "sys/x.h"\nint helper(int x);\n'
TREE = {"src/a/one.h": HEADER, "src/deep.h": b"int deep;\n", "src/main.c": b"", "x.h": b""}
TEXT = st.text(st.sampled_from('ab_1 \t\n#"<>(include/.hé'), max_size=80).map(str.encode)


class Watched(Files):
    """A source that tells what was read."""

    read: tuple[str, ...] = ()

    def blob(self, id: str) -> bytes:  # noqa: A002
        object.__setattr__(self, "read", (*self.read, id))
        return super().blob(id)


def test_includes_in_quotes_at_the_start_of_a_line() -> None:
    text = HEADER + b'#include <sys/stat.h>\n// #include "no.h"\n'
    assert includes_of(text) == ("deep.h", "sys/x.h")
    assert include_lines(text) == b'#include "deep.h"\n#include "sys/x.h"\n'


@given(TEXT)
def test_includes_as_a_line_by_line_reading_has_them(text: bytes) -> None:
    lines = (re.match(rb'[ \t]*#[ \t]*include[ \t]+"([^"]+)"', line) for line in text.split(b"\n"))
    assert includes_of(text) == tuple(match[1].decode() for match in lines if match)


@given(TEXT, st.sampled_from([b"abc", b"inc", b"include", b"a_1", b"ab"]))
def test_words_are_whole_ones(text: bytes, word: bytes) -> None:
    there = re.search(rb"\b" + word + rb"\b", text) is not None
    assert header_of(text).has(word) == (there and len(word) > 2)


def test_headers_below_a_top_folder() -> None:
    source = Files(TREE)
    shelf = Facts().shelf(source, source.tree(), "src")
    assert set(shelf.ids) == {"src/a/one.h", "src/deep.h"}
    assert shelf.find("src/x", ("one.h", "a/one.h", "b/one.h", "none.h")) == ("src/a/one.h",) * 2
    assert Facts().shelf(source, source.tree(), "x.h").ids == {}
    assert Facts().shelf(source, source.tree(), "none").ids == {}


def test_the_header_beside_is_meant_before_others_of_its_name() -> None:
    source = Files({"s/a/x.h": b"", "s/b/x.h": b"", "s/c.h": b""})
    shelf = Facts().shelf(source, source.tree(), "s")
    assert shelf.find("s/b", ("x.h",)) == ("s/b/x.h",)
    assert shelf.find("s/b", ("../c.h", "../a/x.h")) == ("s/c.h", "s/a/x.h")
    assert set(shelf.find("s", ("x.h",))) == {"s/a/x.h", "s/b/x.h"}


def test_another_run_reads_nothing_again(tmp_path: Path) -> None:
    path = tmp_path / "cache" / "headers"
    first = Facts.open(path)
    found = first.header(Files(TREE), blob_id(HEADER))
    first.keep()
    source = Watched(TREE)
    again = Facts.open(path).header(source, blob_id(HEADER))
    assert (again, source.read) == (found, ())
    assert again.includes == ("deep.h", "sys/x.h")
    assert again.has(b"helper")
    assert not again.has(b"help")


def test_what_others_knew_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "headers"
    for content in (HEADER, b"int deep;\n", HEADER):
        facts = Facts.open(path)
        facts.header(Files(TREE), blob_id(content))
        facts.keep()
    source = Watched(TREE)
    facts = Facts.open(path)
    assert facts.header(source, blob_id(HEADER)).has(b"helper")
    assert facts.header(source, blob_id(b"int deep;\n")).has(b"deep")
    assert source.read == ()


@pytest.mark.parametrize(
    "damage",
    [
        lambda _kept: b"",
        lambda kept: kept[:-20],
        lambda kept: kept.replace(b"helper", b"helped"),
        lambda kept: kept.replace(b"facts 1", b"facts 0"),
        lambda kept: b"\0" * len(kept),
    ],
)
def test_a_damaged_file_is_as_none(tmp_path: Path, damage: object) -> None:
    path = tmp_path / "headers"
    facts = Facts.open(path)
    facts.header(Files(TREE), blob_id(HEADER))
    facts.keep()
    assert callable(damage)
    path.write_bytes(damage(path.read_bytes()))
    source = Watched(TREE)
    facts = Facts.open(path)
    assert facts.header(source, blob_id(HEADER)).has(b"helper")
    assert source.read == (blob_id(HEADER),)
    facts.keep()
    assert Facts.open(path).header(Files({}), blob_id(HEADER)).has(b"helper")


def test_a_place_that_cannot_be_written_matters_to_nobody(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    facts = Facts.open(tmp_path / "file" / "headers")
    facts.header(Files(TREE), blob_id(HEADER))
    facts.keep()
    assert (tmp_path / "file").read_bytes() == b""


def test_a_missing_blob_is_not_remembered(tmp_path: Path) -> None:
    path = tmp_path / "headers"
    facts = Facts.open(path)
    assert facts.header(Files({}), blob_id(HEADER)).words.split() == []
    facts.keep()
    assert not path.exists()
    assert facts.header(Files(TREE), blob_id(HEADER)).has(b"helper")


def test_a_missing_folder_is_told() -> None:
    class Holed(Files):
        def children(self, tree: str) -> Iterator[tuple[str, Entry]]:
            raise MissingObjectError(tree)

    source = Holed(TREE)
    with pytest.raises(MissingObjectError):
        Facts().shelf(source, source.tree(), "src")
