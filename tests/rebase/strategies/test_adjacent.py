"""Neighbouring changes: made where that is sure, doubted where it is not."""

from patchkit.rebase.strategies.adjacent import adjacent
from patchkit.rebase.strategies.settling import Grade, Strategy
from tests.rebase.strategies.support import against, c, clash


def test_neighbouring_lines_take_both_changes() -> None:
    found = adjacent(
        clash(
            """
            r = cg_create(scope);
            if (r < 0)
            """,
            """
            r = cg_create_everywhere(scope);
            if (r < 0)
            """,
            """
            r = cg_create(scope);
            if (r < 0 && !in_container())
            """,
        )
    )
    assert found is not None
    assert b"".join(found.lines) == c(
        """
        r = cg_create_everywhere(scope);
        if (r < 0 && !in_container())
        """
    )
    assert (found.strategy, found.grade) == (Strategy.ADJACENT, Grade.RESOLVED)


def test_an_include_beside_one_that_is_gone() -> None:
    found = adjacent(
        clash(
            '#include "path-util.h"\n#include "plymouth-util.h"\n#include "process-util.h"\n',
            '#include "path-util.h"\n#include "process-util.h"\n',
            '#include "path-util.h"\n#include "plymouth-util.h"\n#include "pretty-print.h"\n'
            '#include "process-util.h"\n',
        )
    )
    assert found is not None
    assert found.grade is Grade.RESOLVED
    assert found.lines == (b'#include "pretty-print.h"\n',)


def test_declines_when_changes_overlap() -> None:
    assert adjacent(clash("int r = 0;\n", "int r;\n", "int r = -1;\n")) is None


def test_declines_when_both_add_at_one_place() -> None:
    assert adjacent(clash("a();\nb();\n", "a();\nx();\nb();\n", "a();\ny();\nb();\n")) is None


def test_doubts_lines_before_what_is_gone() -> None:
    """A decorator stood before a function that the target does not have."""
    found = adjacent(
        clash(
            "done();\nstatic int undo(void);\nend();\n",
            "done();\nend();\n",
            "done();\n_unused_\nstatic int undo(void);\nend();\n",
        )
    )
    assert found is not None
    assert found.grade is Grade.PROPOSED
    assert "what followed the added lines is gone: static int undo(void);" in against(
        found.evidence
    )


def test_does_not_doubt_a_list_that_goes_on() -> None:
    found = adjacent(
        clash(
            "static bool can_unshare;\nstatic unsigned n_ran;\nend();\n",
            "static bool can_unshare;\nend();\n",
            "static bool can_unshare;\nstatic bool have_dummy;\nstatic unsigned n_ran;\nend();\n",
        )
    )
    assert found is not None
    assert found.grade is Grade.RESOLVED


def test_doubts_a_blank_line_at_the_seam() -> None:
    found = adjacent(
        clash(
            "RateLimit reload;\n\nsd_event_source *memory;\n}\n",
            "RateLimit reload;\n}\n",
            "RateLimit reload;\nRateLimit dump;\n\nsd_event_source *memory;\n}\n",
        )
    )
    assert found is not None
    assert "a blank line stands where the two changes meet" in against(found.evidence)


def test_does_not_doubt_paragraph_after_paragraph() -> None:
    found = adjacent(
        clash("one();\n\ntwo();\n}\n", "one();\n}\n", "one();\n\ntwo();\n\nthree();\n}\n")
    )
    assert found is not None
    assert found.grade is Grade.RESOLVED
    assert b"".join(found.lines) == b"\nthree();\n"


def test_doubts_a_blank_line_that_upstream_added() -> None:
    found = adjacent(clash("if (!v)\n", "\nif (!v)\n", "if (v)\n"))
    assert found is not None
    assert "upstream put a blank line" in against(found.evidence)


def test_doubts_code_in_place_of_a_blank_line() -> None:
    found = adjacent(clash("a();\n\nb();\n", "a();\nx();\nb();\n", "a();\n\nc();\n"))
    assert found is not None
    assert "in place of a blank line" in against(found.evidence)


def test_doubts_a_neighbour_that_differs_in_signs_alone() -> None:
    found = adjacent(clash("switch (c) {\nuse(c);\n", "switch(c) {\nuse(c);\n", "switch (c) {\n"))
    assert found is not None
    assert "which signs and blanks are right" in against(found.evidence)
