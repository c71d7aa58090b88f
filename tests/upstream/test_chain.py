"""Debian's chain on a small real archive: archive key, InRelease, Sources, tarball."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from patchkit.errors import InconsistentError, UnavailableError
from patchkit.proc import SystemRunner
from patchkit.releases import Release
from patchkit.trust.judging import Trust
from patchkit.trust.packets import binary_keys
from patchkit.trust.signature import SignatureKind, SignatureStatus
from patchkit.upstream.attest import attest
from patchkit.upstream.sources import DebianSource, SourceKind
from patchkit.upstream.upstreams import Upstream
from tests import keys
from tests.upstream import support

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from patchkit.trust.signature import SignatureRecord
    from patchkit.upstream.sources import UpstreamTree
    from patchkit.upstream.store import Store
    from tests.keys import Gpg
    from tests.upstream.support import Archive, Site

V261 = Release.parse("v261")
TARBALL = support.tarball(support.files_of("v261"))
OTHER = support.tarball(support.files_of("v260"))
FOREVER = "Thu, 01 Jan 2099 00:00:00 UTC"


@pytest.fixture(scope="module")
def ftpmaster() -> Iterator[tuple[Gpg, str, str]]:
    with keys.gpg_home() as gpg:
        yield gpg, gpg.make("Archive <ftp@example.org>"), gpg.make("Evil <evil@example.org>")


@dataclass(kw_only=True)
class Chain:
    """An archive whose InRelease files are signed, and one who asks it."""

    archive: Archive
    store: Store
    cache: Path
    gpg: Gpg
    key: str
    evil: str

    @property
    def pages(self) -> dict[str, bytes]:
        return self.archive.site.pages

    def release(self, suite: str, *, until: str = FOREVER) -> bytes:
        """What InRelease of a suite has to say, without a signature."""
        index = self.pages[f"/debian/dists/{suite}/main/source/Sources.xz"]
        return (
            f"Origin: Debian\nSuite: {suite}\nDate: Fri, 30 Oct 2026 08:08:01 UTC\n"
            f"Valid-Until: {until}\nSHA256:\n"
            f" {hashlib.sha256(index).hexdigest()} {len(index)} main/source/Sources.xz\n"
        ).encode()

    def sign(self, suite: str, *who: str, until: str = FOREVER) -> None:
        text = self.gpg.clear_sign(self.release(suite, until=until), *(who or (self.key,)))
        self.pages[f"/debian/dists/{suite}/InRelease"] = text

    @property
    def trust(self) -> Trust:
        return Trust(
            signers=(),
            keys=b"",
            archive_keys=binary_keys(self.gpg.public(self.key)),
            archive_place="here",
            run=SystemRunner(),
        )

    def upstream(self, *suites: str) -> Upstream:
        source = DebianSource(name="debian", suites=suites or ("sid",), mirror=self.archive.mirror)
        return Upstream(
            store=self.store, sources=(source,), cache=self.cache, console=support.console()[0]
        )

    def tree(self) -> UpstreamTree:
        return self.upstream().tree(V261)

    def record(self, *suites: str, trust: Trust | None = None) -> SignatureRecord:
        upstream = self.upstream(*suites)
        return attest(self.upstream().tree(V261), upstream, trust or self.trust)


@pytest.fixture
def chain(archive: Archive, store: Store, cache: Path, ftpmaster: tuple[Gpg, str, str]) -> Chain:
    gpg, key, evil = ftpmaster
    made = Chain(archive=archive, store=store, cache=cache, gpg=gpg, key=key, evil=evil)
    archive.put("sid", "261-2", TARBALL, released=False)
    made.sign("sid")
    return made


def test_the_whole_chain(chain: Chain, site: Site) -> None:
    record = chain.record()
    assert record.is_verified
    assert (record.kind, record.fingerprint) == (SignatureKind.DEBIAN, chain.key)
    assert record.signer == "Archive <ftp@example.org>"
    sources = site.pages["/debian/dists/sid/main/source/Sources.xz"]
    release = site.pages["/debian/dists/sid/InRelease"]
    assert record.chain == {
        "InRelease of sid": hashlib.sha256(release).hexdigest(),
        "main/source/Sources.xz of sid": hashlib.sha256(sources).hexdigest(),
        "systemd_261.orig.tar.gz": hashlib.sha256(TARBALL).hexdigest(),
    }
    assert record.note is None
    fetched = [path for path in site.paths() if path.endswith(".orig.tar.gz")]
    assert len(fetched) == 1  # nothing is downloaded twice for it


def test_a_tampered_inrelease(chain: Chain, site: Site) -> None:
    place = "/debian/dists/sid/InRelease"
    site.pages[place] = site.pages[place].replace(b"Suite: sid", b"Suite: SID")
    assert chain.record().status is SignatureStatus.BAD


def test_text_around_the_signed_part_does_not_count(chain: Chain, site: Site) -> None:
    """An index that is named before the signed part has nobody's signature."""
    place, sources = "/debian/dists/sid/InRelease", "/debian/dists/sid/main/source/Sources.xz"
    genuine = site.pages[place]
    chain.archive.put("evil", "261-2", OTHER, released=False)
    site.pages[sources] = site.pages["/debian/dists/evil/main/source/Sources.xz"]
    site.pages[place] = chain.release("sid") + b"\n" + genuine
    tree = chain.tree()
    assert tree.tree == support.write_tree(chain.store.folder, support.files_of("v260"))
    record = chain.record()
    assert not record.is_verified


def test_a_tampered_index(chain: Chain, site: Site) -> None:
    chain.tree()
    place = "/debian/dists/sid/main/source/Sources.xz"
    site.pages[place] = site.pages[place] + b"x"
    (chain.cache / "http").rename(chain.cache / "http-before")
    record = chain.record()
    assert record.status is SignatureStatus.UNCHECKED
    assert "Sources.xz" in (record.note or "")


def test_another_tarball_than_the_signed_index_lists(chain: Chain, site: Site) -> None:
    place = "/debian/pool/main/s/systemd/systemd_261.orig.tar.gz"
    site.pages[place] = OTHER
    with pytest.raises((InconsistentError, UnavailableError)):
        chain.tree()  # the index refuses it
    tree = chain_tree_of(OTHER, chain)
    record = attest(tree, chain.upstream(), chain.trust)
    assert record.status is SignatureStatus.BAD
    assert "another digest" in (record.note or "")


def chain_tree_of(body: bytes, chain: Chain) -> UpstreamTree:
    """A tree that was taken from a tarball that no index lists."""
    chain.pages["/debian/pool/main/s/systemd/systemd_261.orig.tar.gz"] = TARBALL
    tree = chain.tree()
    return replace(tree, origin=replace(tree.origin, sha256=hashlib.sha256(body).hexdigest()))


def test_somebody_else_s_key(chain: Chain) -> None:
    chain.sign("sid", chain.evil)
    assert chain.record().status is SignatureStatus.KEY_MISSING
    both = replace(chain.trust, archive_keys=binary_keys(chain.gpg.public(chain.key, chain.evil)))
    assert chain.record(trust=both).is_verified


def test_one_good_signature_of_two_is_enough(chain: Chain) -> None:
    chain.sign("sid", chain.evil, chain.key)
    assert chain.record().is_verified


def test_no_inrelease(chain: Chain, site: Site) -> None:
    del site.pages["/debian/dists/sid/InRelease"]
    record = chain.record()
    assert record.status is SignatureStatus.UNSIGNED
    assert record.note == "sid has no InRelease file, so that nothing is signed"


def test_an_inrelease_without_a_signature(chain: Chain, site: Site) -> None:
    site.pages["/debian/dists/sid/InRelease"] = chain.release("sid")
    assert not chain.record().is_verified
    chain.archive.publish("sid")  # armour, and nothing in it
    (chain.cache / "http").rename(chain.cache / "http-before")
    assert not chain.record().is_verified


def test_no_keyring_of_the_archive(chain: Chain) -> None:
    record = chain.record(trust=replace(chain.trust, archive_keys=None))
    assert record.status is SignatureStatus.KEY_MISSING
    assert "no keyring of Debian's archive at here" in (record.note or "")


def test_an_outdated_inrelease_is_reported(chain: Chain) -> None:
    chain.sign("sid", until="Fri, 06 Nov 2020 08:08:01 UTC")
    record = chain.record()
    assert record.is_verified
    assert record.note == "the index of sid was valid until 2020-11-06: the mirror is behind"


def test_a_suite_that_is_signed_counts_for_one_that_is_not(chain: Chain, site: Site) -> None:
    chain.archive.put("forky", "261-1", TARBALL, released=False)
    site.pages["/debian/dists/forky/InRelease"] = chain.release("forky")
    assert chain.record("forky", "sid").is_verified


def test_a_release_that_no_index_lists_any_more(chain: Chain) -> None:
    chain.tree()
    chain.archive.put("forky", "262-1", OTHER, released=False)
    chain.sign("forky")
    record = chain.record("forky")
    assert record.status is SignatureStatus.UNSIGNED
    assert "no signed index lists systemd_261.orig.tar.gz" in (record.note or "")


def test_the_mirror_is_gone(chain: Chain) -> None:
    tree = chain.tree()
    source = DebianSource(
        name="debian", suites=("sid",), mirror=f"http://127.0.0.1:{support.free_port()}/debian"
    )
    upstream = Upstream(
        store=chain.store, sources=(source,), cache=chain.cache, console=support.console()[0]
    )
    record = attest(tree, upstream, chain.trust)
    assert record.status is SignatureStatus.UNCHECKED
    assert tree.origin.kind is SourceKind.DEBIAN
    none = Upstream(store=chain.store, sources=(), cache=chain.cache, console=support.console()[0])
    assert attest(tree, none, chain.trust).status is SignatureStatus.UNCHECKED
