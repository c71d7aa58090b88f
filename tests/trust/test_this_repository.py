"""The keys and signers of this very repository, and real tags of systemd's."""

from __future__ import annotations

from pathlib import Path

import pytest

from patchkit.commands.trusting import read_trust
from patchkit.releases import Release
from patchkit.trust.judging import judge_tag
from patchkit.trust.packets import listed_keys
from patchkit.trust.signature import SignatureStatus
from patchkit.workspace.layout import Workspace

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(__file__).with_name("data")
COMMITS = {
    "v258.2": "15bd1496c9b59c1ec8ee05e78c65eeb3f148c898",
    "v261.2": "4925d9f07fc697efccd98a93046ff535b8832445",
}


def judged(tag: str, raw: bytes) -> tuple[SignatureStatus, str | None, str | None]:
    workspace = Workspace(ROOT)
    trust = read_trust(workspace, workspace.config())
    release = Release.parse(tag)
    record = judge_tag(raw, release=release, commit=COMMITS[tag], trust=trust)
    return record.status, record.signer, record.fingerprint


def test_a_real_tag_is_verified_with_the_keyring_here() -> None:
    assert judged("v261.2", (DATA / "v261.2.tag").read_bytes()) == (
        SignatureStatus.VERIFIED,
        "Luca Boccassi",
        "AC24AAC7DDC420F18ECA6B91286BF7EFCD77241E",
    )


@pytest.mark.parametrize("at", [10, 60, 90, 145])
def test_one_bit_of_it(at: int) -> None:
    raw = bytearray((DATA / "v261.2.tag").read_bytes())
    raw[at] ^= 1
    assert judged("v261.2", bytes(raw))[0] is SignatureStatus.BAD


def test_the_other_maintainer_s_key_is_missing() -> None:
    assert judged("v258.2", (DATA / "v258.2.tag").read_bytes()) == (
        SignatureStatus.KEY_MISSING,
        "Zbigniew Jędrzejewski-Szmek",
        "5C251B5FC54EB2F80F407AAAC54CA336CFEB557E",
    )


def test_every_key_here_belongs_to_somebody_who_is_trusted() -> None:
    workspace = Workspace(ROOT)
    trust = read_trust(workspace, workspace.config())
    primaries = {key.primary for key in listed_keys(trust.keys)}
    assert primaries <= {signer.fingerprint for signer in trust.signers}
    assert not any(key.is_revoked for key in listed_keys(trust.keys))
