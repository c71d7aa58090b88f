"""Where the code of a file is that the target has no longer."""

from patchkit.rebase.strategies.homes import find_home
from tests.rebase.strategies.trees import view

CODE = b"".join(b"static int step_number_%d(Unit *u);\n" % n for n in range(20))
OTHER = b"".join(b"void nothing_of_the_kind_%d(void);\n" % n for n in range(20))


def test_code_in_another_file_is_found() -> None:
    base = view({"src/a.c": CODE, "src/b.c": OTHER})
    target = view({"src/b.c": OTHER + CODE, "src/c.c": OTHER})
    home = find_home("src/a.c", CODE, base=base, target=target)
    assert (home.path, home.share, home.is_whole) == ("src/b.c", 1.0, True)


def test_code_that_is_nowhere() -> None:
    home = find_home("a.c", CODE, base=view({"a.c": CODE}), target=view({"b.c": OTHER}))
    assert home.is_nowhere
    assert not home.is_whole


def test_half_of_the_code_is_neither() -> None:
    half = b"".join(CODE.splitlines(keepends=True)[:10])
    home = find_home("a.c", CODE, base=view({"a.c": CODE}), target=view({"b.c": half}))
    assert not home.is_nowhere
    assert not home.is_whole


def test_files_of_another_kind_and_unchanged_files_are_no_home() -> None:
    base = view({"a.c": CODE, "same.c": CODE})
    target = view({"same.c": CODE, "a.txt": CODE})
    assert find_home("a.c", CODE, base=base, target=target).is_nowhere


def test_a_blob_that_the_mirror_lacks_is_passed_over() -> None:
    base, target = view({"a.c": CODE}), view({"big.c": None, "b.c": CODE})
    assert find_home("a.c", CODE, base=base, target=target).path == "b.c"


def test_a_file_without_telling_lines_has_no_home() -> None:
    base, target = view({"a.c": b"x\n"}), view({"b.c": b"x\n"})
    assert find_home("a.c", b"x\n", base=base, target=target).is_nowhere
