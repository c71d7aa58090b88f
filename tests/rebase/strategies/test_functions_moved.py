"""A change follows its function."""

from patchkit.rebase.strategies.definitions import definitions, errors
from patchkit.rebase.strategies.functions_moved import functions_moved
from patchkit.rebase.strategies.settling import Grade, Strategy
from tests.rebase.strategies.support import texts


def function(name: str, value: int = 1) -> str:
    body = "".join(f"        {name}_step_{n}();\n" for n in range(4))
    return f"static int {name}(void) {{\n{body}        return {value};\n}}\n\n"


ONE, TWO, THREE = function("one"), function("two"), function("three")
BASE = ONE + TWO + THREE


def test_a_change_follows_a_moved_function() -> None:
    found = functions_moved(texts(BASE, TWO + THREE + ONE, BASE.replace(ONE, function("one", 7))))
    assert found is not None
    assert found.content == (TWO + THREE + function("one", 7)).encode()
    assert found.strategies == (Strategy.MOVED_FUNCTION,)
    assert found.grade is Grade.RESOLVED
    assert "upstream moved one" in found.evidence[0].text


def test_declines_when_nothing_that_the_patch_changes_moved() -> None:
    assert functions_moved(texts(BASE, BASE, BASE.replace(ONE, function("one", 7)))) is None
    moved = texts(BASE, ONE + THREE + TWO, BASE.replace(ONE, function("one", 7)))
    assert functions_moved(moved) is None


def test_declines_when_both_changed_the_same_line() -> None:
    target = TWO + THREE + function("one", 5)
    assert functions_moved(texts(BASE, target, BASE.replace(ONE, function("one", 7)))) is None


def test_declines_a_function_that_is_there_twice() -> None:
    base = ONE + ONE + TWO
    assert functions_moved(texts(base, TWO + ONE + ONE, base.replace("1;", "7;", 1))) is None


def test_declines_when_what_stands_between_functions_clashes() -> None:
    found = functions_moved(
        texts(
            "int a = 1;\n" + BASE,
            "int a = 2;\n" + TWO + THREE + ONE,
            "int a = 3;\n" + BASE.replace(ONE, function("one", 7)),
        )
    )
    assert found is None


def test_definitions_have_whole_lines() -> None:
    text = BASE.encode()
    found = definitions(text)
    assert [d.name for d in found] == [b"one", b"two", b"three"]
    assert text[found[1].start : found[1].end] == TWO.rstrip("\n").encode() + b"\n"


def test_errors_are_counted() -> None:
    assert errors(b"int f(void) { return 1; }\n") == 0
    assert errors(b"int f(void) { return 1 + ; }\n") > 0
