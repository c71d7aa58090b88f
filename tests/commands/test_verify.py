"""`patchkit verify`: what is wrong is told before a compiler or an engine is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from patchkit.commands.verify import _require_pure_cgroups
from patchkit.engine.facts import read_facts
from patchkit.errors import ExitCode, VerificationError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.commands.support import Desk

GOOD = 'schema = "patchkit.scenario/1"\nsummary = "Mine"\n[[runs]]\nname = "r"\n'


@pytest.fixture
def supported(desk: Desk) -> Desk:
    """A repository that supports v261."""
    desk.done("rebase", "v261")
    return desk


def scenario(desk: Desk, name: str, text: str) -> Path:
    folder = desk.patches / "scenarios"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.toml").write_text(text)
    return folder


def test_a_release_that_is_not_supported(supported: Desk) -> None:
    ran = supported.run("verify", "v250")
    assert ran.code == ExitCode.USAGE
    assert "v250 is not supported here" in ran.err


def test_a_series_that_is_not_as_the_lock_has_it(supported: Desk) -> None:
    patch = next((supported.patches / "v261").glob("0001-*.patch"))
    patch.write_bytes(patch.read_bytes() + b"\n")
    ran = supported.run("verify", "v261")
    assert ran.code == ExitCode.INCONSISTENT
    assert "has been changed since it was written" in ran.err


def test_a_scenario_that_there_is_not(supported: Desk) -> None:
    ran = supported.run("verify", "v261", "--scenario", "shutdwon")
    assert ran.code == ExitCode.USAGE
    assert "did you mean 'shutdown'?" in ran.err


def test_a_scenario_file_with_mistakes(supported: Desk) -> None:
    scenario(supported, "mine", GOOD + "privileged = true\nsteps = [{ wate = 1 }]\n")
    ran = supported.run("verify", "v261")
    assert ran.code == ExitCode.USAGE
    assert "patches/scenarios/mine.toml:5: 'privileged' is refused" in ran.err
    assert "patches/scenarios/mine.toml:6: unknown key 'wate'; did you mean 'wait'?" in ran.err


def test_a_number_of_boots_that_is_none(supported: Desk) -> None:
    assert supported.run("verify", "v261", "--repeat", "-3").code == ExitCode.USAGE


def test_no_engine(supported: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    before = supported.snapshot()
    ran = supported.run("verify", "v261", "--json")
    assert ran.code == ExitCode.MISSING_TOOL, ran.said
    assert ran.document["schema"] == "patchkit.error/1"
    assert "Traceback" not in ran.said
    assert supported.snapshot() == before


def test_a_host_with_cgroup_v1() -> None:
    version = {"Version": "28.0", "ApiVersion": "1.48"}
    facts = read_facts(version, {"CgroupVersion": "1"}, endpoint="unix:///x")
    with pytest.raises(VerificationError, match=r"the verdict is void.*cgroup v1") as caught:
        _require_pure_cgroups(facts)
    assert caught.value.exit_code == ExitCode.VERIFICATION
    _require_pure_cgroups(read_facts(version, {"CgroupVersion": "2"}, endpoint="unix:///x"))
