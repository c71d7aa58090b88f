"""Keys, made once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests import keys

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.keys import Gpg, Ssh


@dataclass(frozen=True, kw_only=True)
class Ring:
    """OpenPGP keys by what they are for; `brief` was valid in January 2024 only."""

    gpg: Gpg
    good: str
    other: str
    brief: str
    revoked: str


@pytest.fixture(scope="session")
def ring() -> Iterator[Ring]:
    with keys.gpg_home() as gpg:
        brief = gpg.make("Brief <brief@example.org>", expires="30d", at="20240101T000000")
        revoked = gpg.make("Revoked <revoked@example.org>")
        yield Ring(
            gpg=gpg,
            good=gpg.make("Good <good@example.org>"),
            other=gpg.make("Other <other@example.org>"),
            brief=brief,
            revoked=revoked,
        )


@pytest.fixture(scope="session")
def ssh(tmp_path_factory: pytest.TempPathFactory) -> Ssh:
    return keys.ssh_key(tmp_path_factory.mktemp("ssh") / "key")


@pytest.fixture(scope="session")
def other_ssh(tmp_path_factory: pytest.TempPathFactory) -> Ssh:
    return keys.ssh_key(tmp_path_factory.mktemp("ssh") / "other")
