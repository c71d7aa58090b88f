"""`patchkit doctor --security`: what this machine checks and keeps apart."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from patchkit.errors import ExitCode
from tests import keys

if TYPE_CHECKING:
    from pathlib import Path

    from tests.commands.support import Desk, Run

OPENPGP = '\n[[signers]]\nname = "Sam"\nkind = "openpgp"\nfingerprint = "{key}"\nsince = "v260"\n'
SSH = '\n[[signers]]\nname = "Sally"\nkind = "ssh"\nkey = "{key}"\nuntil = "2030"\n'


@pytest.fixture(autouse=True)
def no_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none")


def findings(ran: Run) -> dict[str, dict[str, Any]]:
    return {finding["name"]: finding for finding in ran.document["findings"]}


def configure(desk: Desk, text: str) -> None:
    with (desk.patches / "series.toml").open("a", encoding="utf-8") as config:
        config.write(text)


def test_nobody_is_trusted(desk: Desk) -> None:
    desk.done("rebase", "v261")
    found = findings(desk.done("doctor", "--security", "--json"))
    assert found["trusted signers"]["state"] == "absent"
    assert found["signature of v261"]["state"] == "absent"
    assert found["gpgv"]["state"] == "good"
    assert found["ssh-keygen"]["state"] == "good"
    assert found["container engine"]["state"] == "absent"
    assert ("root" in found["user"]["detail"]) is (os.geteuid() == 0)
    assert "Debian's archive keyring" not in found  # there is no such source
    said = desk.done("doctor", "--security").out
    assert "trusted signers: name them in [[signers]]" in said


def test_whose_key_is_at_hand(desk: Desk, tmp_path: Path) -> None:
    ssh = keys.ssh_key(tmp_path / "key")
    with keys.gpg_home() as gpg:
        key = gpg.make("Sam <sam@example.org>")
        configure(desk, OPENPGP.format(key=key) + SSH.format(key=ssh.public))
        found = findings(desk.done("doctor", "--security", "--json"))
        assert found["signer Sam"]["state"] == "absent"
        assert key in found["signer Sam"]["remedy"]
        assert found["signer Sally"]["state"] == "good"
        assert "trusted to 2030; ssh SHA256:" in found["signer Sally"]["detail"]
        folder = desk.patches / "keyring"
        folder.mkdir()
        (folder / "sam.asc").write_bytes(gpg.public(key))
        found = findings(desk.done("doctor", "--security", "--json"))
        assert found["signer Sam"]["state"] == "good"
        assert "trusted from v260" in found["signer Sam"]["detail"]
        gpg.revoke(key)
        (folder / "sam.asc").write_bytes(gpg.public(key))
        found = findings(desk.done("doctor", "--security", "--json"))
        assert found["signer Sam"]["state"] == "broken"


def test_a_program_that_trust_rests_on_is_needed(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert desk.run("doctor", "--security").code == ExitCode.DONE
    configure(desk, OPENPGP.format(key="A" * 40))
    ran = desk.run("doctor", "--security")
    assert ran.code == ExitCode.MISSING_TOOL
    assert "gpgv: apt-get install gpgv" in ran.out


def test_debian_s_keyring(desk: Desk) -> None:
    configure(desk, '\n[[sources]]\nkind = "debian"\nname = "debian"\nsuites = ["sid"]\n')
    found = findings(desk.done("doctor", "--security", "--json"))
    assert found["Debian's archive keyring"]["state"] in ("good", "absent")


def test_what_is_no_repository(desk: Desk) -> None:
    configure(desk, '\n[[signers]]\nname = "X"\nkind = "opengpg"\n')
    ran = desk.run("doctor", "--security")
    assert ran.code == ExitCode.MISSING_TOOL
    assert "did you mean 'openpgp'?" in ran.out
