"""`patchkit explain` shows each hunk's way, and the commit that broke it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.commands.support import Desk


def test_every_patch_has_its_page(desk: Desk) -> None:
    ran = desk.done("explain", "v261")
    for name in ("mount-setup", "main", "manager"):
        assert name in ran.out


def test_one_patch_alone(desk: Desk) -> None:
    document = desk.done("explain", "v261", "main", "--json").document
    assert document["schema"] == "patchkit.explain/1"
    assert [patch["name"] for patch in document["patches"]] == ["main"]
    assert document["patches"][0]["hunks"]


def test_a_break_names_its_commit(desk: Desk) -> None:
    ran = desk.run("explain", "v262", "main")
    assert ran.code in (0, 3)
    assert "goto fail" in ran.out


def test_markdown_is_markdown(desk: Desk) -> None:
    assert "# " in desk.done("explain", "v261", "main", "--markdown").out


def test_an_unknown_patch_is_refused(desk: Desk) -> None:
    ran = desk.run("explain", "v261", "nonsense")
    assert ran.code == 2
    assert "nonsense" in ran.err
