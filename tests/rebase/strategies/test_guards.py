"""What speaks against a merged file."""

import pytest

from patchkit.rebase.strategies.guards import doubts
from tests.rebase.strategies.support import texts


def said(base: str, target: str, patch: str, result: str, path: str = "src/core/main.c") -> str:
    return "\n".join(doubts(texts(base, target, patch, path), result.encode()))


def test_nothing_speaks_against_a_plain_merge() -> None:
    assert said("a();\nb();\n", "a();\nb(1);\n", "c();\nb();\n", "c();\nb(1);\n") == ""


def test_a_word_that_the_base_has_and_the_target_has_not() -> None:
    base = "sym_lookup(x);\n"
    found = said(base, "lookup(x);\n", base + "sym_lookup(y);\n", "lookup(x);\nsym_lookup(y);\n")
    assert "sym_lookup" in found


def test_a_word_in_a_comment_is_no_use_of_it() -> None:
    base = "sym_lookup(x);\n"
    line = "/* as sym_lookup does */\n"
    assert said(base, "lookup(x);\n", base + line, "lookup(x);\n" + line) == ""


def test_signs_count_outside_c() -> None:
    found = said("A={{A}}\n", "A=@A@\n", "A={{A}}\nB={{B}}\n", "A=@A@\nB={{B}}\n", "x.ent.in")
    assert "{{" in found


def test_a_line_that_the_patch_moves_and_the_result_has_not_moved() -> None:
    line = "r = path_join(root, dir, name);\n"
    middle = "first_long_step();\nsecond_long_step();\nthird_long_step();\n"
    target = f"r = join(root);\n{middle}"
    found = said(line + middle, target, middle + line, target + line)
    assert "the patch moves a line" in found


def test_a_line_that_the_target_has_already() -> None:
    line = "path_simplify(p, false);\n"
    found = said("a();\n", f"{line}a();\n", f"a();\n{line}", f"{line}a();\n{line}")
    assert "has a line already" in found


@pytest.mark.parametrize("call", ["log_it(a, b, c);", "log_it(a, (b, c), d[1, 2]);"])
def test_a_call_with_other_arguments_than_the_targets(call: str) -> None:
    found = said(
        "log_it(x, y, z);\nend();\n",
        "log_it(x, y);\nend();\n",
        f"log_it(x, y, z);\n{call}\nend();\n",
        f"log_it(x, y);\n{call}\nend();\n",
    )
    assert "log_it() is called here with other arguments" in found


def test_a_result_that_does_not_parse() -> None:
    body = "int f(void) {\n        return 1;\n}\n"
    assert "syntax errors" in said(body, body, body, "int f(void) {\n        return 1 +;\n")
