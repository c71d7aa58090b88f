"""Quoting is git's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchkit.series.quoting import quote, unquote
from tests.builders import git

if TYPE_CHECKING:
    from pathlib import Path


@given(st.binary(min_size=1).map(lambda raw: raw.decode("utf-8", "surrogateescape")))
def test_a_path_comes_back(path: str) -> None:
    if not path.startswith('"'):
        assert unquote(quote(path)) == path
    written = quote(path)
    assert written.isascii()
    assert "\n" not in written


def test_git_quotes_the_same(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    names = [bytes([byte]) + b"x" for byte in range(1, 256) if byte != ord("/")]
    for name in names:
        (tmp_path / name.decode("utf-8", "surrogateescape")).write_bytes(b"")
    git(tmp_path, "add", "-A", "--", ".")
    listed = git(tmp_path, "ls-files").decode("ascii").splitlines()
    ours = [quote(name.decode("utf-8", "surrogateescape")) for name in sorted(names)]
    assert listed == ours
    assert [unquote(line).encode("utf-8", "surrogateescape") for line in listed] == sorted(names)


@pytest.mark.parametrize("broken", ['"\\q"', '"\\9"', '"\\77"', '"x\\"'])
def test_an_escape_that_git_has_not_is_refused(broken: str) -> None:
    with pytest.raises(ValueError, match="escape"):
        unquote(broken)
