"""Patterns of C, as a person writes them."""

import pytest

from patchkit.rebase.checks.pattern import Pattern, tokens_of

CODE = b"""
static int f(Unit *u) {
        CGroupRuntime *crt = ASSERT_PTR(unit_get_cgroup_runtime(u)); /* ASSERT_PTR(x) */
        if (r < 0 && detect_container() > 0)
                return log_error_errno(r, "g(1)");
        return g(a, (b, c), a);
}
"""


def found(pattern: str) -> list[str]:
    matches = Pattern.parse(pattern).matches(tokens_of(CODE))
    return [CODE[match.start : match.end].decode() for match in matches]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("unit_get_cgroup_runtime(...)", ["unit_get_cgroup_runtime(u)"]),
        ("ASSERT_PTR( unit_get_cgroup_runtime( $u ) )", ["ASSERT_PTR(unit_get_cgroup_runtime(u))"]),
        ("detect_container() > 0", ["detect_container() > 0"]),
        ("g($a, $b, $a)", ["g(a, (b, c), a)"]),
        ("g($a, $a, $b)", []),
        ("g($a, $b)", []),
        ("g(..., a)", ["g(a, (b, c), a)"]),
        ("return ... ;", ['return log_error_errno(r, "g(1)");', "return g(a, (b, c), a);"]),
        ("absent(...)", []),
    ],
)
def test_matches(pattern: str, expected: list[str]) -> None:
    assert found(pattern) == expected


@pytest.mark.parametrize("text", ["", "/* only */", "... x", "$x + 1", "f(", "f)", "f(]"])
def test_refuses_what_is_no_pattern(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Pattern.parse(text)


def test_an_unclosed_call_matches_nothing() -> None:
    assert list(Pattern.parse("f(...)").matches(tokens_of(b"f(a, b"))) == []
