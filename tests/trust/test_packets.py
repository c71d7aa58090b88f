from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchkit.trust.openpgp import read_status
from patchkit.trust.packets import binary_keys, listed_keys
from patchkit.trust.ssh import read_seal
from patchkit.trust.tags import read_tag

if TYPE_CHECKING:
    from tests.trust.conftest import Ring


def test_armour_and_binary_are_the_same_keys(ring: Ring) -> None:
    armoured, binary = (ring.gpg.public(ring.good, ring.other, armour=a) for a in (True, False))
    assert binary_keys(armoured) == binary == binary_keys(binary)
    together = ring.gpg.public(ring.good) + b"a word between\n" + ring.gpg.public(ring.other)
    assert {key.fingerprint for key in listed_keys(binary_keys(together))} == {
        ring.good,
        ring.other,
    }


def test_subkeys_have_their_primary_key(ring: Ring) -> None:
    ring.gpg("--quick-gen-key", "Sub <sub@example.org>", "ed25519", "cert", "never")
    listed = ring.gpg("--list-keys", "--with-colons", "sub@example.org").decode()
    primary = next(line.split(":")[9] for line in listed.splitlines() if line[:3] == "fpr")
    ring.gpg("--quick-add-key", primary, "ed25519", "sign", "never")
    keys = listed_keys(ring.gpg.public(primary, armour=False))
    assert [key.primary for key in keys] == [primary, primary]
    assert not any(key.is_revoked for key in keys)


@pytest.mark.parametrize("text", [b"", b"hello", b"\x99\x01", b"\xc6\xff", b"\xff\xff\xff"])
def test_what_is_no_keyring(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        binary_keys(text)


def test_damaged_armour(ring: Ring) -> None:
    text = ring.gpg.public(ring.good)
    with pytest.raises(ValueError, match=r"armour|cut short|packets"):
        binary_keys(text.replace(b"m", b"*"))


@given(st.binary(max_size=200))
def test_any_bytes(raw: bytes) -> None:
    """Whatever comes, it is a value or a `ValueError`."""
    block = b"-----BEGIN SSH SIGNATURE-----\n" + raw + b"\n-----END SSH SIGNATURE-----\n"
    for read in (binary_keys, listed_keys, read_seal, read_tag):
        for text in (raw, block, b"object 1\ntype commit\ntag v1\n\n" + raw):
            try:
                read(text)
            except ValueError:
                continue


@given(st.text(max_size=200), st.lists(st.sampled_from(["NEWSIG", "GOODSIG", "VALIDSIG", "1"])))
def test_any_status(text: str, words: list[str]) -> None:
    """Nothing is good that gpgv has not confirmed whole."""
    lines = f"[GNUPG:] {' '.join(words)}\n[GNUPG:] {text}"
    assert not any(seal.status == "verified" and not seal.primary for seal in read_status(lines))
