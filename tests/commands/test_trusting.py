"""Signatures and recorded ids from the outside: what is taken, what is refused, what is kept."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from patchkit.errors import ExitCode
from tests import builders, keys
from tests.builders import Commit, git
from tests.commands import support

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.builders import PatchRepository
    from tests.commands.support import Desk
    from tests.keys import Gpg

SIGNER = '\n[[signers]]\nname = "Sam"\nkind = "openpgp"\nfingerprint = "{key}"\n'


@dataclass(frozen=True, kw_only=True)
class Signed:
    """A patch repository over an upstream whose tags Sam has signed."""

    desk: Desk
    gpg: Gpg
    key: str
    upstream: Path

    @property
    def keyring(self) -> Path:
        return self.desk.patches / "keyring" / "sam.asc"

    def config(self, old: str, new: str) -> None:
        path = self.desk.patches / "series.toml"
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), "utf-8")

    def move(self, tag: str, *, readme: bytes = b"moved\n") -> None:
        """Have upstream's tag lead to another commit, signed as well as the first."""
        files = {**support.RELEASES[tag], "README": readme}
        builders.append(self.upstream, [Commit(files=files, message="moved")], branch="moved")
        commit = git(self.upstream, "rev-parse", "moved").decode().strip()
        text = keys.tag_text(commit, tag)
        keys.put_tag(self.upstream, tag, text + self.gpg.sign(text, self.key))

    def id(self, revision: str) -> str:
        return git(self.upstream, "rev-parse", revision).decode().strip()


@pytest.fixture(scope="module")
def sam() -> Iterator[tuple[Gpg, str]]:
    with keys.gpg_home() as gpg:
        yield gpg, gpg.make("Sam <sam@example.org>")


@pytest.fixture
def signed(original: PatchRepository, sam: tuple[Gpg, str], desk: Desk, tmp_path: Path) -> Signed:
    gpg, key = sam
    upstream = tmp_path / "signed.git"
    shutil.copytree(original.upstream, upstream)
    keys.sign_tags(upstream, gpg, key)
    made = Signed(desk=desk, gpg=gpg, key=key, upstream=upstream)
    made.config(str(original.upstream), str(upstream))
    with (desk.patches / "series.toml").open("a", encoding="utf-8") as config:
        config.write(SIGNER.format(key=key))
    made.keyring.parent.mkdir()
    made.keyring.write_bytes(gpg.public(key))
    return made


def test_the_lock_says_who_signed(signed: Signed) -> None:
    ran = signed.desk.done("rebase", "v261", "--require-signed")
    assert "v261: signed by Sam on" in ran.err
    record = signed.desk.lock()["releases"]["v261"]["origin"]["signature"]
    assert record["status"] == "verified"
    assert (record["kind"], record["signer"]) == ("openpgp", "Sam")
    assert record["fingerprint"] == signed.key
    assert len(record["keyring_sha256"]) == 64
    before = signed.desk.snapshot()
    signed.desk.done("rebase", "v261", "--require-signed")
    assert signed.desk.snapshot() == before


def test_without_the_key_it_says_what_to_fetch(signed: Signed) -> None:
    signed.keyring.unlink()
    before = signed.desk.snapshot()
    ran = signed.desk.run("rebase", "v261", "--require-signed")
    assert ran.code == ExitCode.UNAVAILABLE
    assert "v261 from upstream is not proven to be genuine: signature: key missing" in ran.err
    assert f"fetch the public key {signed.key} (Sam)" in ran.err
    assert signed.desk.snapshot() == before
    signed.desk.done("rebase", "v261")
    assert signed.desk.lock()["releases"]["v261"]["origin"]["signature"]["status"] == "key missing"


def test_a_keyring_of_the_user_s(signed: Signed, tmp_path: Path) -> None:
    elsewhere = tmp_path / "key.gpg"
    elsewhere.write_bytes(signed.gpg.public(signed.key, armour=False))
    signed.keyring.unlink()
    signed.desk.done("rebase", "v261", "--require-signed", "--keyring", str(elsewhere))
    elsewhere.write_bytes(b"no key at all")
    ran = signed.desk.run("rebase", "v261", "--keyring", str(elsewhere))
    assert ran.code == ExitCode.USAGE
    assert "is no OpenPGP keyring" in ran.err


def test_what_was_verified_stays_so_without_the_key(signed: Signed) -> None:
    signed.desk.done("rebase", "v261", "--require-signed")
    before = signed.desk.snapshot()
    signed.keyring.unlink()
    signed.desk.done("rebase", "v261", "--require-signed")
    assert {**signed.desk.snapshot(), "keyring/sam.asc": before["keyring/sam.asc"]} == before


def test_an_unsigned_tag(signed: Signed) -> None:
    commit = signed.id("v261^{commit}")
    keys.put_tag(signed.upstream, "v261", keys.tag_text(commit, "v261"))
    ran = signed.desk.run("rebase", "v261", "--require-signed")
    assert ran.code == ExitCode.UNAVAILABLE
    assert "signature: unsigned" in ran.err
    assert "trusted are: Sam (every release)" in ran.err
    git(signed.upstream, "update-ref", "refs/tags/v261", commit)
    assert signed.desk.run("rebase", "v261", "--require-signed").code == ExitCode.UNAVAILABLE


def test_a_tampered_tag_is_never_taken(signed: Signed) -> None:
    raw = git(signed.upstream, "cat-file", "tag", "v261").replace(b"systemd\n", b"systemD\n", 1)
    keys.put_tag(signed.upstream, "v261", raw)
    ran = signed.desk.run("rebase", "v261")
    assert ran.code == ExitCode.INCONSISTENT
    assert "v261 from upstream cannot be trusted: signature: bad" in ran.err
    assert not (signed.desk.patches / "lock.json").exists()


def test_another_release_s_tag_in_its_place(signed: Signed) -> None:
    git(signed.upstream, "update-ref", "refs/tags/v261", signed.id("v259"))
    ran = signed.desk.run("rebase", "v261")
    assert ran.code == ExitCode.INCONSISTENT
    assert "the tag object is that of 'v259'" in ran.err


def test_a_signer_of_other_releases(signed: Signed) -> None:
    signed.config(f'fingerprint = "{signed.key}"\n', f'fingerprint = "{signed.key}"\nuntil = 2\n')
    assert signed.desk.run("rebase", "v261").code == ExitCode.USAGE
    signed.config("until = 2\n", 'until = "v260"\n')
    ran = signed.desk.run("rebase", "v261", "--require-signed")
    assert ran.code == ExitCode.UNAVAILABLE
    assert "signer not trusted for this release (Sam): trusted to v260" in ran.err


def test_the_demand_outlives_a_conflict(signed: Signed) -> None:
    assert signed.desk.run("rebase", "v262", "--require-signed").code == ExitCode.CONFLICT
    signed.keyring.unlink()
    ran = signed.desk.run("rebase", "--skip")
    assert ran.code == ExitCode.UNAVAILABLE
    assert "key missing" in ran.err


# Recorded once


def test_a_tag_that_moved(signed: Signed) -> None:
    root = signed.desk.repository.root
    git(root, "init", "-q")
    signed.desk.done("rebase", "v261")
    git(root, "add", "patches")
    git(root, "commit", "-qm", "v261")
    old = signed.id("v261")
    before = signed.desk.snapshot()
    signed.move("v261", readme=support.RELEASES["v261"]["README"])  # type: ignore[arg-type]
    assert signed.id("v261^{tree}") == signed.desk.lock()["releases"]["v261"]["tree"]
    ran = signed.desk.run("rebase", "v261")
    assert ran.code == ExitCode.INCONSISTENT
    assert f"its tag object is {signed.id('v261')} but was recorded as {old}" in ran.err
    assert "recorded on 2026-01-02 in commit" in ran.err
    assert "--relock REASON" in ran.err
    assert signed.desk.snapshot() == before


def test_a_tree_that_differs(signed: Signed) -> None:
    root = signed.desk.repository.root
    git(root, "init", "-q")
    signed.desk.done("rebase", "v261")
    git(root, "add", "patches")
    git(root, "commit", "-qm", "v261")
    old = signed.id("v261^{tree}")
    signed.move("v261")
    for words in (("rebase", "v261"), ("check", "v261")):
        ran = signed.desk.run(*words)
        assert ran.code == ExitCode.INCONSISTENT
        assert old in ran.said
        assert signed.id("v261^{tree}") in ran.said
    assert "recorded on 2026-01-02 in commit" in signed.desk.run("rebase", "v261").err


def test_relocking_says_why_and_keeps_the_old_ids(signed: Signed) -> None:
    signed.desk.done("rebase", "v261")
    old = signed.desk.lock()["releases"]["v261"]
    assert signed.desk.run("rebase", "v261", "--relock", "no reason").code == ExitCode.USAGE
    signed.move("v261")
    signed.desk.done("rebase", "v261", "--relock", "upstream tagged it again")
    new = signed.desk.lock()["releases"]["v261"]
    assert new["tree"] == signed.id("v261^{tree}") != old["tree"]
    (kept,) = new["relocked"]
    assert kept["reason"] == "upstream tagged it again"
    for name in ("tree", "commit", "tag_object"):
        assert kept[name] == old[name]
    signed.desk.done("rebase", "v261")  # and it is kept
    assert signed.desk.lock()["releases"]["v261"]["relocked"] == [kept]


def test_check_tells_of_a_tag_that_moved(signed: Signed) -> None:
    signed.desk.done("rebase", "v261")
    signed.move("v261", readme=support.RELEASES["v261"]["README"])  # type: ignore[arg-type]
    ran = signed.desk.run("check", "v261")
    assert ran.code == ExitCode.INCONSISTENT
    assert "tag object" in ran.out


# Bump


def test_bump_demands_signatures(signed: Signed) -> None:
    root = signed.desk.repository.root
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "patches")
    git(root, "commit", "-qm", "begin")
    raw = git(signed.upstream, "cat-file", "tag", "v261")
    for tag in ("v261", "v259"):
        keys.put_tag(signed.upstream, tag, keys.tag_text(signed.id(f"{tag}^{{commit}}"), tag))
    ran = signed.desk.run("bump", "v261", "--until", "rebase")
    assert ran.code == ExitCode.UNAVAILABLE
    assert "v261 from upstream is not proven to be genuine" in ran.said
    assert signed.desk.run("bump", "v261", "--dry-run").code == ExitCode.UNAVAILABLE
    signed.desk.done("bump", "v259", "--until", "rebase", "--no-require-signed")
    keys.put_tag(signed.upstream, "v261", raw)
    signed.desk.done("bump", "v261", "--until", "rebase")
