"""Lines that upstream moved within a file."""

from patchkit.rebase.strategies.climbing import settle
from patchkit.rebase.strategies.settling import Grade, Strategy
from tests.rebase.strategies.support import against, c, texts

FILL = "".join(f"            step_{n}(u);\n" for n in range(8))
OLD = "if (!IN_SET(r, -ENOENT, -ENOTDIR))"
NEW = "if (!IN_SET(r, -ENOENT, -ENOTDIR, -ENOTTY))"


def function(name: str, *body: str) -> str:
    lines = "".join(f"                    {line}\n" for line in body)
    return f"            int {name}(void) {{\n{lines}{FILL}            }}\n\n"


BASE = "\n" + function("first", "a();") + function("second", OLD, "        return r;", "b();")
PATCH = BASE.replace(OLD, NEW)


def test_follows_a_line_to_its_new_place() -> None:
    target = "\n" + function("first", OLD, "        return x;") + function("second", "z(1);")
    found = settle(texts(BASE, target, PATCH))
    assert found is not None
    assert found.strategies == (Strategy.MOVED_LINES,)
    assert found.grade is Grade.PROPOSED
    assert found.content == c(target.replace(OLD, NEW))
    assert "not the code that the patch was written for" in against(found.evidence)


def test_declines_when_the_line_is_there_twice() -> None:
    target = "\n" + function("first", OLD, "x();", OLD) + function("second", "z(1);")
    found = settle(texts(BASE, target, PATCH))
    assert found is not None
    assert found.strategies == (Strategy.LACKING,)


def test_declines_a_line_that_says_nothing() -> None:
    base = BASE.replace(OLD, "else")
    target = "\n" + function("first", "else", "x();") + function("second", "z(1);")
    found = settle(texts(base, target, base.replace("else", "elif")))
    assert found is None or Strategy.MOVED_LINES not in found.strategies
