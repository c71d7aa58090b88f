from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchkit.build.variant import PATCHED, STOCK, Variant, VariantKind
from patchkit.errors import UsageError


@pytest.mark.parametrize(
    ("text", "tag"),
    [("stock", "stock"), ("patched", "patched"), ("without:exec-invoke", "without-exec-invoke")],
)
def test_round_trip(text: str, tag: str) -> None:
    variant = Variant.parse(text)
    assert str(variant) == text
    assert variant.tag_text == tag


def test_the_named_ones() -> None:
    assert Variant.parse("stock") == STOCK
    assert Variant.parse("patched") == PATCHED


@pytest.mark.parametrize("text", ["", "without", "without:", "stock:x", "patched:", "Stock", "all"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a variant"):
        Variant.parse(text)


def test_a_name_belongs_to_one_kind_only() -> None:
    with pytest.raises(ValueError, match="without"):
        Variant(kind=VariantKind.STOCK, without="x")


@given(st.text(min_size=1))
def test_a_tag_is_always_fit_for_docker(name: str) -> None:
    tag = Variant(kind=VariantKind.WITHOUT, without=name).tag_text
    assert re.fullmatch(r"[a-z0-9._-]+", tag)
