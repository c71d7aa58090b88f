"""Changes to the same lines, and when each answer is declined."""

from patchkit.rebase.strategies.overlap import both_added, lacking, removed, replaced, upstream_part
from patchkit.rebase.strategies.settling import Grade
from tests.rebase.strategies.support import against, clash

CHECK = "assert_return(!bus_origin_changed(bus), -ECHILD);\n"
REWORDED = "assert_return(!bus_pid_changed(bus), -ECHILD);\n"


def test_removes_what_upstream_reworded() -> None:
    found = removed(clash(CHECK, REWORDED, ""))
    assert found is not None
    assert (found.lines, found.grade) == ((), Grade.RESOLVED)
    assert "bus_pid_changed" in found.evidence[0].text


def test_does_not_remove_another_code() -> None:
    assert removed(clash(CHECK, "log_info(hello);\n", "")) is None


def test_removing_needs_a_pure_removal() -> None:
    assert removed(clash(CHECK, REWORDED, "other(bus);\n")) is None
    assert removed(clash("a\nb\n", "a\nx\nb\n", "a\ny\nb\n")) is None


def test_removing_what_upstream_lengthened_is_only_proposed() -> None:
    more = REWORDED + "a(bus);\nb(bus);\nc(bus);\n"
    found = removed(clash(CHECK * 4, REWORDED * 4 + more[len(REWORDED) :], ""))
    assert found is not None
    assert found.grade is Grade.PROPOSED


def test_writing_anew_what_upstream_reworded_is_proposed_with_what_is_lost() -> None:
    found = replaced(clash(CHECK, REWORDED, "return_if_forked(bus_to_look_at);\n"))
    assert found is not None
    assert found.lines == (b"return_if_forked(bus_to_look_at);\n",)
    assert found.grade is Grade.PROPOSED
    assert "bus_pid_changed" in against(found.evidence)


def test_replacing_declines_when_both_reworded() -> None:
    assert replaced(clash("if (r < 0)\n", "if (r <= 0)\n", "if (r == 0)\n")) is None


def test_replacing_declines_a_word_that_upstream_took_out() -> None:
    assert replaced(clash(CHECK, REWORDED, "use(bus_origin_changed);\n")) is None


def test_replacing_declines_other_code_and_removals() -> None:
    assert replaced(clash(CHECK, "log_info(hello);\n", "x();\n")) is None
    assert replaced(clash(CHECK, REWORDED, "")) is None


def test_both_added_puts_the_target_first() -> None:
    found = both_added(clash("a\nb\n", "a\nSTRIP=no\nb\n", "a\nINIT=yes\nb\n"))
    assert found is not None
    assert found.lines == (b"STRIP=no\n", b"INIT=yes\n")
    assert found.grade is Grade.PROPOSED


def test_both_added_declines_what_both_have() -> None:
    same = "shared_line();\n"
    found = clash("a\nb\n", f"a\n{same}x();\nb\n", f"a\ny();\n{same}b\n")
    assert both_added(found) is None
    assert both_added(clash("a\n", "b\n", "c\n")) is None


def test_a_part_that_is_upstream_keeps_the_target() -> None:
    found = upstream_part(clash("a\nb\n", "a\nnew();\nmore();\nb\n", "a\nnew();\nb\n"))
    assert found is not None
    assert found.lines == (b"new();\n", b"more();\n")


def test_a_part_is_upstream_only_with_every_line() -> None:
    assert upstream_part(clash("a\nb\n", "a\nnew();\nb\n", "a\nother();\nb\n")) is None
    assert upstream_part(clash(CHECK, REWORDED, "")) is None


def test_what_the_target_lacks_is_left_out_and_said() -> None:
    found = lacking(clash("a\nold_code(1);\nb\n", "a\nb\n", "a\nold_code(2);\nb\n"))
    assert found is not None
    assert found.lines == ()
    assert found.left_out == (b"old_code(2);\n",)
    assert found.grade is Grade.PROPOSED
    assert "left out" in against(found.evidence)


def test_nothing_is_left_out_where_the_target_has_the_like() -> None:
    assert lacking(clash(CHECK, REWORDED, CHECK.replace("bus", "b"))) is None
    assert lacking(clash("a\nb\n", "a\nx\nb\n", "a\ny\nb\n")) is None
