"""[[signers]] in `series.toml`."""

from __future__ import annotations

import pytest

from patchkit.errors import UsageError
from patchkit.releases import Release
from patchkit.trust.signers import KeyKind, Signer
from patchkit.workspace.config import read_config
from tests.builders import CONFIG, ENTRY

BASE = CONFIG.format(base="v260", url="/srv/systemd") + ENTRY.format(name="main", file="a.c")
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKvUn7K6kgQVsyaZ+uFPmrcgf8HdNGfGPw9lbhQ2jrjm"


def read(signers: str) -> tuple[Signer, ...]:
    return read_config(BASE + signers, file_name="series.toml").signers


def entry(**fields: str) -> str:
    known = {"name": "Sam", "kind": "openpgp", "fingerprint": "a" * 40, **fields}
    lines = "".join(f'{name} = "{value}"\n' for name, value in known.items() if value)
    return f"\n[[signers]]\n{lines}"


def test_without_any_nobody_is_trusted() -> None:
    assert read("") == ()


def test_everything_can_be_said() -> None:
    text = entry(fingerprint="A9EA 9081 724F FAE0 484C  35A1 A81C EA22 BC8C 7E2E", since="v256")
    text += entry(name="Sally", kind="ssh", fingerprint="", key=f"{KEY} a@b", until="2027")
    assert read(text) == (
        Signer(
            name="Sam",
            kind=KeyKind.OPENPGP,
            fingerprint="A9EA9081724FFAE0484C35A1A81CEA22BC8C7E2E",
            since=Release.parse("v256"),
        ),
        Signer(
            name="Sally",
            kind=KeyKind.SSH,
            fingerprint="SHA256:e2ucXdo8g/C5DSnwU1QgNkt1/ejMy0VEK1dFhh80xsg",
            ssh_key=KEY,
            until=2027,
        ),
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (entry(kind="pgp"), "did you mean 'openpgp'?"),
        (entry(kind="x509"), "a signer's kind is 'openpgp' or 'ssh', not 'x509'"),
        (entry(fingerprint="286BF7EFCD77241E"), "is not the whole fingerprint"),
        (entry(fingerprint=""), "'fingerprint' is missing"),
        (entry(kind="ssh", fingerprint=""), "'key' is missing"),
        (entry(kind="ssh", fingerprint="", key="ssh-rsa AAAA"), "is not of the type ssh-rsa"),
        (entry(kind="ssh", fingerprint="", key="hello"), "is not an SSH public key"),
        (entry(kind="ssh", fingerprint="", key=KEY[:-1]), "cut short or damaged"),
        (entry(since="yesterday"), "neither a release (such as v262) nor a year"),
        (entry(untl="v262"), "did you mean 'until'?"),
        (entry() + entry(), "two entries of [[signers]] are named 'Sam'"),
        (entry(name=""), "'name' is missing"),
    ],
)
def test_mistakes(text: str, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(text)
    assert told in (caught.value.hint or "")
