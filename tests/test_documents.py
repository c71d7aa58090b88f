"""JSON in and out."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchkit import documents


@dataclass(frozen=True, kw_only=True)
class Thing:
    name: str
    sizes: tuple[int, ...] = ()
    raw: bytes = b""


@given(
    st.builds(
        Thing,
        name=st.text(st.characters(exclude_categories=["Cs"])),
        sizes=st.lists(st.integers(-(2**60), 2**60)).map(tuple),
        raw=st.binary(),
    )
)
def test_a_value_comes_back(thing: Thing) -> None:
    written = documents.encode(thing)
    assert documents.decode(written.encode(), Thing) == thing
    assert (
        written
        == json.dumps(json.loads(written), indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    )


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (b"", "truncated"),
        (b"{", "truncated"),
        (b"\xff", "malformed"),
        (b"[]", "Expected `object`"),
        (b"{}", "missing required field `name`"),
        (b'{"name": 1}', "`$.name`"),
        (b'{"name": "x", "sizes": ["a"]}', "$.sizes"),
        (b'{"name": "x", "sizes": ' + b"[" * 100_000, ""),
    ],
)
def test_what_is_no_good_is_told_with_its_place(text: bytes, where: str) -> None:
    with pytest.raises(documents.MalformedDocument) as caught:
        documents.decode(text, Thing)
    assert where in str(caught.value)
