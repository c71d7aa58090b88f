"""Names that upstream changed, learnt from its own diff."""

from patchkit.rebase.strategies.climbing import settle
from patchkit.rebase.strategies.renaming import learn, rename
from patchkit.rebase.strategies.settling import Strategy
from tests.rebase.strategies.support import c, texts

BASE = "check(!bus_origin_changed(bus));\nuse(bus);\ncheck(!bus_origin_changed(b));\n"


def test_learns_a_renamed_name() -> None:
    target = BASE.replace("bus_origin_changed", "bus_pid_changed")
    assert learn(c(BASE), c(target)) == {b"bus_origin_changed": b"bus_pid_changed"}


def test_learns_nothing_from_two_new_names_for_one() -> None:
    target = "check(!one_changed(bus));\nuse(bus);\ncheck(!two_changed(b));\n"
    assert learn(c(BASE), c(target)) == {}


def test_learns_nothing_while_the_old_name_is_still_there() -> None:
    target = BASE.replace("bus_origin_changed", "bus_pid_changed", 1)
    assert learn(c(BASE), c(target)) == {}


def test_learns_nothing_when_the_new_name_was_there_before() -> None:
    assert learn(b"old_name(x);\nnew_name(y);\n", b"new_name(x);\nnew_name(y);\n") == {}


def test_learns_nothing_where_more_than_names_changed() -> None:
    assert learn(b'log_notice_errno(r, "x");\n', b'log_notice("x");\n') == {}


def test_renames_whole_names_only() -> None:
    assert rename(b"old older old_er old", {b"old": b"new"}) == b"new older old_er new"


def test_the_patchs_own_lines_get_the_new_name() -> None:
    target = BASE.replace("bus_origin_changed", "bus_pid_changed")
    patch = BASE.replace("use(bus);\n", "").replace("check(!bus_origin_changed(b));\n", "", 1)
    found = settle(texts(BASE, target, patch + "more(bus_origin_changed);\n"))
    assert found is not None
    assert Strategy.RENAMED in found.strategies
    assert found.content == b"check(!bus_pid_changed(bus));\nmore(bus_pid_changed);\n"
    assert "upstream renamed bus_origin_changed to bus_pid_changed" in found.evidence[0].text
