"""`patchkit releases`: newest first, with marks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from patchkit.errors import ExitCode
from tests import builders
from tests.upstream.support import free_port

if TYPE_CHECKING:
    from pathlib import Path

    from tests.commands.support import Desk


def rows(out: str) -> dict[str, str]:
    return {
        line.split()[0]: " ".join(line.split()[1:]) for line in out.splitlines() if line[:1] == "v"
    }


def test_newest_first_with_marks(desk: Desk) -> None:
    desk.done("rebase", "v261")
    assert list(rows(desk.done("releases").out).items()) == [
        ("v262", "- newest stable upstream"),
        ("v261", "supported - upstream"),
        ("v260", "- base upstream"),
        ("v259", "- - upstream"),
    ]


def test_pre_releases_are_shown_when_wanted(desk: Desk) -> None:
    listed = rows(desk.done("releases", "--pre").out)
    assert list(listed) == ["v262", "v261", "v261-rc1", "v260", "v259"]
    assert listed["v261-rc1"] == "- pre-release upstream"


def test_json_has_the_same(desk: Desk) -> None:
    document = desk.done("releases", "--pre", "--json").document
    assert document["schema"] == "patchkit.releases/1"
    first = document["releases"][0]
    assert (first["tag"], first["newest_stable"], first["sources"]) == ("v262", True, ["upstream"])
    assert [r["tag"] for r in document["releases"] if r["pre_release"]] == ["v261-rc1"]
    assert [r["tag"] for r in document["releases"] if r["base"]] == ["v260"]


@pytest.fixture
def many(tmp_path: Path) -> Path:
    return builders.upstream(
        tmp_path / "many.git", {f"v{n}": {"x": str(n).encode()} for n in range(9, 40)}
    )


def test_only_the_newest_are_shown_unless_all_are_wanted(desk: Desk, many: Path) -> None:
    ran = desk.done("releases", "--upstream", str(many))
    assert len(rows(ran.out)) == 20
    assert "11 older ones: patchkit releases --all" in ran.err
    listed = list(rows(desk.done("releases", "--all", "--upstream", str(many)).out))
    assert listed == [f"v{n}" for n in range(39, 8, -1)]


def test_no_source_is_told(desk: Desk) -> None:
    ran = desk.run("releases", "--upstream", f"git://127.0.0.1:{free_port()}/x.git")
    assert ran.code == ExitCode.UNAVAILABLE
    assert "no source of releases can be reached" in ran.err
