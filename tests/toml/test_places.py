"""Every key and item of a TOML text is found on its line."""

from __future__ import annotations

import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from patchkit.toml.places import places

TEXT = '''schema = "a = 1"   # x = 3
[units]
"a.service" = \'\'\'
[Service]
Exec = { b = 1 }
\'\'\'
other = 2
[[runs]]
name = "a"
mounts = ["plain", "tmpfs"]
steps = [
  { wait = "running", exit = [1, 2] },
  # { no = 3 }
  { exec = """
a
b = 1
""", says = 'x' },
]
[[runs]]
name = "b"
steps = [{ stop = 10 }, { kill = "TERM" }]
'''


def test_keys_items_and_tables_are_on_their_lines() -> None:
    found = places(TEXT)
    assert found["schema",] == 1
    assert found["units", "a.service"] == 3
    assert found["units", "other"] == 7
    assert found["runs", 0] == 8
    assert found["runs", 0, "steps", 0, "exit"] == 12
    assert found["runs", 0, "steps", 1] == 14
    assert found["runs", 0, "steps", 1, "says"] == 17
    assert found["runs", 1] == 19
    assert found["runs", 1, "steps", 1, "kill"] == 21


def test_what_looks_like_a_key_in_a_string_or_comment_is_none() -> None:
    found = places(TEXT)
    assert ("b",) not in found
    assert ("x",) not in found
    assert ("runs", 0, "steps", 1, "b") not in found
    assert ("no",) not in {path[-1:] for path in found}


_words = st.text(alphabet="abcdefgh", min_size=1, max_size=6)
_values: st.SearchStrategy[Any] = st.one_of(
    st.integers(0, 9),
    st.booleans(),
    st.lists(st.integers(0, 9), max_size=3),
    st.dictionaries(_words, st.integers(0, 9), max_size=3),
    st.text(alphabet="ab=[]{}#,' \n", max_size=12),
)


def _toml(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case str():
            return '"' + value.replace("\n", "\\n") + '"'
        case list():
            return "[" + ", ".join(_toml(item) for item in value) + "]"
        case dict():
            return "{ " + ", ".join(f"{k} = {_toml(v)}" for k, v in value.items()) + " }"
    raise TypeError(value)


@given(st.lists(st.dictionaries(_words, _values, min_size=1, max_size=4), min_size=1, max_size=4))
def test_every_key_that_tomllib_reads_has_its_line(tables: list[dict[str, Any]]) -> None:
    lines: list[str] = []
    expected: dict[tuple[str | int, ...], int] = {}
    for number, table in enumerate(tables):
        lines.append("[[runs]]")
        expected["runs", number] = len(lines)
        for key, value in table.items():
            lines.append(f"{key} = {_toml(value)}")
            expected["runs", number, key] = len(lines)
            if isinstance(value, dict):
                for inner in value:
                    expected["runs", number, key, inner] = len(lines)
    text = "\n".join(lines) + "\n"
    assert tomllib.loads(text)["runs"] == tables
    found = places(text)
    assert {path: found.get(path) for path in expected} == expected
