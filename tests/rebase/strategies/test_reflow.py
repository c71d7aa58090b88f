"""Merging word by word, with each side's blanks and wrapping kept."""

from patchkit.rebase.strategies.reflow import likeness, words_merged
from patchkit.rebase.strategies.settling import Grade, Strategy
from tests.rebase.strategies.support import against, clash


def test_different_words_of_one_line() -> None:
    found = words_merged(
        clash(
            "        r = acquire_user(handle, username, &ur, bus_data);\n",
            "        r = acquire_user(handle, username, &ur);\n",
            "        r = acquire_user(handle, username, debug, &ur, bus_data);\n",
        )
    )
    assert found is not None
    assert found.lines == (b"        r = acquire_user(handle, username, debug, &ur);\n",)
    assert found.strategy is Strategy.WORDS


def test_a_call_that_upstream_wrapped_stays_wrapped() -> None:
    found = words_merged(
        clash(
            "r = append(to, &ts, boot_id, items, n_items, seqnum, seqnum_id, object);\n",
            "r = append(\n        to,\n        &ts,\n        boot_id,\n        items,\n"
            "        n_items,\n        seqnum,\n        seqnum_id,\n        object);\n",
            "r = append(to, &ts, &boot_id, items, n_items, seqnum, seqnum_id, object);\n",
        )
    )
    assert found is not None
    assert b"        &boot_id,\n        items,\n" in found.lines[0]
    assert "nothing but blanks" in against(found.evidence)


def test_a_block_that_upstream_indented_takes_the_change_at_its_depth() -> None:
    found = words_merged(
        clash(
            "r = attach(u, pids);\nif (r < 0)\n        return r;\n",
            "if (u) {\n        r = attach(u, pids);\n        if (r < 0)\n"
            "                return r;\n}\n",
            "r = attach(u, pids);\nif (r < 0 && r != -EROFS)\n        return r;\n",
        )
    )
    assert found is not None
    assert b"        if (r < 0 && r != -EROFS)\n                return r;\n" in found.lines[0]


def test_new_lines_get_the_targets_indentation() -> None:
    found = words_merged(
        clash(
            "one(alpha, beta);\ntwo(gamma, delta);\n",
            "    one(alpha, beta);\n    two(gamma, epsilon);\n",
            "one(alpha, beta);\nextra(zeta);\ntwo(gamma, delta);\n",
        )
    )
    assert found is not None
    assert b"    extra(zeta);\n    two(gamma, epsilon);\n" in found.lines[0]


def test_declines_when_the_same_word_changed() -> None:
    assert words_merged(clash("return -EINVAL;\n", "return -EIO;\n", "return 0;\n")) is None


def test_declines_without_a_base() -> None:
    assert words_merged(clash("a\nb\n", "a\nx\nb\n", "a\ny\nb\n")) is None


def test_declines_when_the_code_is_another_and_changes_touch() -> None:
    found = clash(
        "_unused_ mode_t u = umask(0);\n", "int r;\n", "_unused_ _cleanup_ mode_t u = umask(0);\n"
    )
    assert words_merged(found) is None


def test_declines_on_very_long_clashes() -> None:
    long = "".join(f"f{n}(a, b, c);\n" for n in range(900))
    found = clash(long, long.replace("a,", "x,"), long.replace("c)", "z)"))
    assert words_merged(found) is None


def test_doubts_words_that_touch() -> None:
    found = words_merged(
        clash(
            "log_debug(u, first_error, second_error, third);\n",
            "log_debug(u, first_errno, second_error, third);\n",
            "log_debug(u, first_error second_error, third);\n",
        )
    )
    assert found is None or found.grade is Grade.PROPOSED


def test_likeness_counts_what_is_left_in_order() -> None:
    assert likeness([], []) == 1.0
    assert likeness([b"a", b"b"], [b"a", b"b"]) == 1.0
    assert likeness([b"a", b"b"], [b"a", b"c"]) == 0.5
