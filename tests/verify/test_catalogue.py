"""The shipped scenarios are there, are right, and a person can add one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from patchkit.errors import UsageError
from patchkit.verify.catalogue import OWN, choose, read_catalogue
from patchkit.verify.scenario_image import enabling_links, scenario_files

if TYPE_CHECKING:
    from pathlib import Path

SHIPPED = {
    "boot", "directories", "logs", "matrix", "mount", "processes", "services", "shutdown",
    "survival",
}  # fmt: skip
OWN_ONE = (
    'schema = "patchkit.scenario/1"\nsummary = "Mine"\n'
    '[[runs]]\nname = "r"\nsteps = [{ wait = "running" }]\n'
)


def test_the_shipped_ones(tmp_path: Path) -> None:
    scenarios = read_catalogue(tmp_path)
    assert {scenario.name for scenario in scenarios} == SHIPPED
    assert [s.name for s in scenarios if s.control] == ["boot"]
    for scenario in scenarios:
        assert all(case.steps for case in scenario.cases)
        if not scenario.matrix:
            assert not any(case.options.beyond_plain for case in scenario.cases)


def test_one_of_a_repository_is_found_and_takes_a_shipped_ones_place(tmp_path: Path) -> None:
    (tmp_path / OWN).mkdir(parents=True)
    (tmp_path / OWN / "mine.toml").write_text(OWN_ONE)
    (tmp_path / OWN / "boot.toml").write_text(OWN_ONE)
    scenarios = {scenario.name: scenario for scenario in read_catalogue(tmp_path)}
    assert set(scenarios) == {*SHIPPED, "mine"}
    assert scenarios["boot"].summary == "Mine"


def test_mistakes_of_several_files_are_told_together(tmp_path: Path) -> None:
    (tmp_path / OWN).mkdir(parents=True)
    (tmp_path / OWN / "a.toml").write_text("x = 1\n")
    (tmp_path / OWN / "b.toml").write_bytes(b"\xff")
    with pytest.raises(UsageError) as caught:
        read_catalogue(tmp_path)
    assert "2 scenario files" in caught.value.message
    assert "a.toml:1: unknown key 'x'" in str(caught.value.hint)
    assert "b.toml is not UTF-8" in str(caught.value.hint)


def test_choosing(tmp_path: Path) -> None:
    scenarios = read_catalogue(tmp_path)
    assert choose(scenarios, []) == scenarios
    assert [s.name for s in choose(scenarios, ["logs"])] == ["logs"]
    with pytest.raises(UsageError, match="did you mean 'shutdown'"):
        choose(scenarios, ["shutdwon"])


def test_a_unit_is_enabled_as_its_install_section_says() -> None:
    text = "[Unit]\nWantedBy=no\n[Install]\nWantedBy=a.target b.target\nRequiredBy=c.target\n"
    assert list(enabling_links("x.service", text)) == [
        "a.target.wants/x.service", "b.target.wants/x.service", "c.target.requires/x.service",
    ]  # fmt: skip


def test_files_of_the_image(tmp_path: Path) -> None:
    (services,) = choose(read_catalogue(tmp_path), ["services"])
    files = scenario_files(services)
    link = files["/etc/systemd/system/multi-user.target.wants/web.service"]
    assert link.target == "../web.service"
    assert (files["/srv/www/index.html"].content or b"").startswith(b"<h1>")
