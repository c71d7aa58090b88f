from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from patchkit.errors import MissingToolError
from patchkit.proc import SystemRunner
from patchkit.releases import Release
from patchkit.trust.judging import Trust, judge_tag
from patchkit.trust.packets import binary_keys
from patchkit.trust.signature import SignatureKind, SignatureStatus
from patchkit.trust.signers import KeyKind, Signer, ssh_fingerprint
from tests.keys import WHEN, tag_text

if TYPE_CHECKING:
    from patchkit.trust.signature import SignatureRecord
    from tests.keys import Ssh
    from tests.trust.conftest import Ring

COMMIT = "1" * 40
V261 = Release.parse("v261")
TEXT = tag_text(COMMIT, "v261")


@dataclass(frozen=True, kw_only=True)
class Court:
    """Judges with some trusted signers and some keys."""

    trust: Trust

    def judge(self, raw: bytes, release: Release = V261, commit: str = COMMIT) -> SignatureRecord:
        return judge_tag(raw, release=release, commit=commit, trust=self.trust)

    def status(self, raw: bytes) -> SignatureStatus:
        return self.judge(raw).status


def signer(fingerprint: str, **more: Any) -> Signer:
    return Signer(name="Good", kind=KeyKind.OPENPGP, fingerprint=fingerprint, **more)


def court(ring: Ring, *keys: str, trusted: tuple[Signer, ...]) -> Court:
    public = binary_keys(ring.gpg.public(*keys)) if keys else b""
    return Court(
        trust=Trust(
            signers=trusted,
            keys=public,
            archive_keys=None,
            archive_place="nowhere",
            run=SystemRunner(),
        )
    )


@pytest.fixture
def judging(ring: Ring) -> Court:
    return court(ring, ring.good, ring.other, trusted=(signer(ring.good),))


def signed(ring: Ring, key: str, text: bytes = TEXT, *words: str, at: str | None = None) -> bytes:
    return text + ring.gpg.sign(text, key, *words, at=at)


def test_a_trusted_signature(judging: Court, ring: Ring) -> None:
    record = judging.judge(signed(ring, ring.good))
    assert record.is_verified
    assert (record.kind, record.signer) == (SignatureKind.OPENPGP, "Good")
    assert record.fingerprint == ring.good
    assert record.keyring_sha256 is not None
    assert record.sentence.startswith("signed by Good on 20")


def test_a_key_that_nobody_listed(judging: Court, ring: Ring) -> None:
    record = judging.judge(signed(ring, ring.other))
    assert record.status is SignatureStatus.UNTRUSTED
    assert record.fingerprint == ring.other


def test_the_key_is_not_at_hand(ring: Ring) -> None:
    there = court(ring, ring.other, trusted=(signer(ring.good),))
    assert there.status(signed(ring, ring.good)) is SignatureStatus.KEY_MISSING
    assert [each.fingerprint for each in there.trust.missing()] == [ring.good]
    empty = court(ring, trusted=(signer(ring.good),))
    assert empty.status(signed(ring, ring.good)) is SignatureStatus.KEY_MISSING
    # with every trusted key at hand, an unknown one is simply not trusted
    full = court(ring, ring.good, trusted=(signer(ring.good),))
    assert full.status(signed(ring, ring.other)) is SignatureStatus.UNTRUSTED


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"tag v261", b"tag v262"),
        (COMMIT.encode(), b"2" * 40),
        (b"systemd\n", b"systemD\n"),
        (b"A Tester", b"B Tester"),
    ],
)
def test_one_changed_byte(judging: Court, ring: Ring, old: bytes, new: bytes) -> None:
    raw = signed(ring, ring.good).replace(old, new, 1)
    assert judging.status(raw) is SignatureStatus.BAD
    # and where the tag stands where its headers say, it is the signature that does not fit
    release = Release.parse("v262") if b"v262" in new else V261
    commit = "2" * 40 if new == b"2" * 40 else COMMIT
    assert judging.judge(raw, release, commit).status is SignatureStatus.BAD


def test_a_genuine_tag_in_the_place_of_another(judging: Court, ring: Ring) -> None:
    raw = signed(ring, ring.good)
    record = judging.judge(raw, Release.parse("v262"))
    assert record.status is SignatureStatus.BAD
    assert record.note == f"the tag object is that of 'v261' for commit {COMMIT[:12]}"
    assert judging.judge(raw, V261, "2" * 40).status is SignatureStatus.BAD


def test_no_signature(judging: Court) -> None:
    assert judging.status(TEXT) is SignatureStatus.UNSIGNED
    assert judging.status(b"tree 1\nno tag at all\n") is SignatureStatus.BAD


def test_a_broken_signature(judging: Court, ring: Ring) -> None:
    raw = signed(ring, ring.good)
    begin = raw.index(b"-----BEGIN")
    assert judging.status(raw[: begin + 60]) is SignatureStatus.BAD
    cut = raw.replace(raw[begin + 40 : begin + 80], b"")
    assert not judging.judge(cut).is_verified


def test_two_signatures_where_the_last_counts(judging: Court, ring: Ring) -> None:
    forged = TEXT + ring.gpg.sign(b"something else", ring.good)
    assert judging.status(forged + ring.gpg.sign(forged, ring.other)) is SignatureStatus.UNTRUSTED
    assert judging.judge(forged + ring.gpg.sign(forged, ring.good)).is_verified


def test_a_key_that_has_expired_since(ring: Ring) -> None:
    there = court(ring, ring.brief, trusted=(signer(ring.brief),))
    record = there.judge(signed(ring, ring.brief, at="20240110T000000"))
    assert record.is_verified
    assert record.note == "the key has expired since"


def test_a_signature_from_after_the_key_expired(ring: Ring) -> None:
    keys = ring.gpg.public(ring.brief)
    there = court(ring, ring.brief, trusted=(signer(ring.brief),))
    ring.gpg("--quick-set-expire", ring.brief, "2y", at="20240115T000000")
    late = signed(ring, ring.brief, at="20240410T000000")
    ring.gpg("--quick-set-expire", ring.brief, "30d", at="20240120T000000")
    assert there.trust.keys == binary_keys(keys)
    assert there.status(late) is SignatureStatus.EXPIRED


def test_a_revoked_key(ring: Ring) -> None:
    raw = signed(ring, ring.revoked)
    trusted = (signer(ring.revoked),)
    assert court(ring, ring.revoked, trusted=trusted).judge(raw).is_verified
    ring.gpg.revoke(ring.revoked)
    assert court(ring, ring.revoked, trusted=trusted).status(raw) is SignatureStatus.REVOKED


def test_a_key_that_is_expired_and_revoked(ring: Ring) -> None:
    """gpgv tells only of the expiry."""
    key = ring.gpg.make("Both <both@example.org>", expires="30d", at="20240101T000000")
    raw = signed(ring, key, at="20240110T000000")
    assert court(ring, key, trusted=(signer(key),)).judge(raw).is_verified
    ring.gpg.revoke(key)
    assert court(ring, key, trusted=(signer(key),)).status(raw) is SignatureStatus.REVOKED


def test_a_weak_digest(ring: Ring) -> None:
    ring.gpg("--quick-gen-key", "Weak <weak@example.org>", "rsa2048", "sign", "never")
    listed = ring.gpg("--list-keys", "--with-colons", "weak@example.org").decode()
    key = next(line.split(":")[9] for line in listed.splitlines() if line[:3] == "fpr")
    there = court(ring, key, trusted=(signer(key),))
    assert there.judge(signed(ring, key)).is_verified
    weak = signed(ring, key, TEXT, "--digest-algo", "SHA1")
    assert there.status(weak) is SignatureStatus.UNUSABLE


@pytest.mark.parametrize(
    ("since", "until", "holds"),
    [
        (None, None, True),
        ("v261", "v261", True),
        ("v262", None, False),
        (None, "v260", False),
        ("v260", "v262", True),
        (2024, 2025, False),
        (2024, None, True),
    ],
)
def test_the_releases_and_years_of_trust(
    ring: Ring, since: str | int | None, until: str | int | None, holds: bool
) -> None:
    first, last = (Release.parse(b) if isinstance(b, str) else b for b in (since, until))
    there = court(ring, ring.good, trusted=(signer(ring.good, since=first, until=last),))
    record = there.judge(signed(ring, ring.good))
    assert record.is_verified is holds
    if not holds:
        assert record.status is SignatureStatus.OUTSIDE
        assert record.note == f"trusted {there.trust.signers[0].span}"


def test_gpgv_is_missing(judging: Court, ring: Ring) -> None:
    def nowhere(*_: Any, **__: Any) -> Any:
        raise MissingToolError("the program 'gpgv' is not on this machine")

    bare = Court(trust=replace(judging.trust, run=nowhere))
    record = bare.judge(signed(ring, ring.good))
    assert record.status is SignatureStatus.UNCHECKED
    assert "gpgv" in (record.note or "")


def test_the_user_s_own_keys_play_no_part(ring: Ring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GNUPGHOME", str(ring.gpg.home))
    monkeypatch.setenv("HOME", str(ring.gpg.home))
    there = court(ring, trusted=(signer(ring.good),))
    assert there.status(signed(ring, ring.good)) is SignatureStatus.KEY_MISSING


# SSH


def by_ssh(key: Ssh, **more: Any) -> Signer:
    fingerprint = ssh_fingerprint(base64.b64decode(key.public.split()[1]))
    return Signer(
        name="Sally", kind=KeyKind.SSH, fingerprint=fingerprint, ssh_key=key.public, **more
    )


def test_ssh(ring: Ring, ssh: Ssh, other_ssh: Ssh) -> None:
    there = court(ring, trusted=(by_ssh(ssh),))
    record = there.judge(TEXT + ssh.sign(TEXT))
    assert record.is_verified
    assert (record.kind, record.signer) == (SignatureKind.SSH, "Sally")
    assert record.fingerprint is not None
    assert record.fingerprint.startswith("SHA256:")
    assert record.signed == "2026-01-02T03:04:05Z"
    assert there.status(TEXT + other_ssh.sign(TEXT)) is SignatureStatus.UNTRUSTED


def test_ssh_tampered(ring: Ring, ssh: Ssh) -> None:
    there = court(ring, trusted=(by_ssh(ssh),))
    raw = TEXT.replace(b"systemd\n", b"systemD\n") + ssh.sign(TEXT)
    assert there.status(raw) is SignatureStatus.BAD
    elsewhere = there.judge(TEXT + ssh.sign(TEXT, namespace="file"))
    assert elsewhere.status is SignatureStatus.BAD
    assert "not for git" in (elsewhere.note or "")
    broken = (TEXT + ssh.sign(TEXT)).replace(b"U1NIU0lH", b"AAAAAAAA")
    assert there.status(broken) is SignatureStatus.BAD


def test_ssh_outside_its_years(ring: Ring, ssh: Ssh) -> None:
    there = court(ring, trusted=(by_ssh(ssh, since=2020, until=2025),))
    assert there.status(TEXT + ssh.sign(TEXT)) is SignatureStatus.OUTSIDE
    early = tag_text(COMMIT, "v261", when=WHEN - 366 * 86400)
    assert there.judge(early + ssh.sign(early)).is_verified


def test_other_kinds_of_ssh_keys(ring: Ring, tmp_path: Any) -> None:
    from tests.keys import ssh_key  # noqa: PLC0415

    for kind in ("rsa", "ecdsa"):
        key = ssh_key(tmp_path / kind, kind)
        there = court(ring, trusted=(by_ssh(key),))
        assert there.judge(TEXT + key.sign(TEXT)).is_verified
