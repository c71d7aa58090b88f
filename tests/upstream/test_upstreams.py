from __future__ import annotations

import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from patchkit.errors import InconsistentError, UnavailableError
from patchkit.releases import Release
from patchkit.upstream.hold import held
from patchkit.upstream.sources import (
    OVERRIDE,
    DebianSource,
    GitSource,
    Listing,
    Source,
    SourceKind,
)
from patchkit.upstream.store import Store
from patchkit.upstream.upstreams import Upstream
from tests.upstream import support

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.upstream.support import Archive, Site

V260, V261, V262 = (Release.parse(tag) for tag in ("v260", "v261", "v262"))
GIT_RELEASES = frozenset(Release.parse(tag) for tag in ("v260", "v261-rc1", "v261"))


class Bench:
    """One cache, and upstreams on it; each opens the store anew, as a process would."""

    def __init__(self, cache: Path) -> None:
        self.cache = cache
        self.console, self.err = support.console()

    def upstream(self, *sources: Source) -> Upstream:
        return Upstream(
            store=Store.open(self.cache / "upstream.git"),
            sources=sources,
            cache=self.cache,
            console=self.console,
            apt=self.cache / "no-apt",
        )

    @property
    def said(self) -> str:
        return self.err.getvalue()


@pytest.fixture
def bench(cache: Path) -> Bench:
    return Bench(cache)


@pytest.fixture
def daemon(origin: Path) -> Iterator[GitSource]:
    with support.git_daemon(origin.parent) as url:
        yield GitSource(name="upstream", location=f"{url}/systemd.git")


@pytest.fixture
def debian(archive: Archive) -> DebianSource:
    archive.put("forky", "261-1", support.tarball(support.files_of("v261")))
    archive.put("sid", "262-1", support.tarball(support.files_of("v262"), top="systemd-262"))
    return DebianSource(name="debian", suites=("forky", "sid"), mirror=archive.mirror)


def dead() -> GitSource:
    return GitSource(name="dead", location=f"git://127.0.0.1:{support.free_port()}/x")


def tree_of(origin: Path, tag: str) -> str:
    return support.git(origin, "rev-parse", f"{tag}^{{tree}}")


# Trees


def test_the_first_source_that_has_it_serves(
    bench: Bench, daemon: GitSource, debian: DebianSource, origin: Path
) -> None:
    upstream = bench.upstream(daemon, debian)
    assert upstream.tree(V261).origin.kind is SourceKind.GIT
    assert upstream.tree(V261).tree == tree_of(origin, "v261")
    assert upstream.tree(V262).origin.kind is SourceKind.DEBIAN
    assert "upstream cannot serve" in bench.said
    assert "has no tag v262" in bench.said


def test_what_is_held_needs_no_network(bench: Bench, debian: DebianSource, site: Site) -> None:
    got = bench.upstream(debian).tree(V261)
    asked = len(site.asked)
    assert bench.upstream(dead(), debian).tree(V261) == got
    assert bench.upstream().tree(V261, expected=got.tree) == got
    assert len(site.asked) == asked


def test_the_warm_path_imports_no_http(bench: Bench, debian: DebianSource) -> None:
    bench.upstream(debian).tree(V261)
    program = f"""
import sys
from pathlib import Path
from patchkit.console import Console
from patchkit.releases import Release
from patchkit.upstream.sources import DebianSource
from patchkit.upstream.store import Store
from patchkit.upstream.upstreams import Upstream
cache = Path({str(bench.cache)!r})
upstream = Upstream(
    store=Store.open(cache / "upstream.git"),
    sources=(DebianSource(name="debian", suites=("sid",), mirror="http://127.0.0.1:1"),),
    cache=cache,
    console=Console(),
)
upstream.tree(Release.parse("v261"))
print([name for name in ("requests", "urllib3", "rich") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout == b"[]\n"


def test_a_dead_source_is_passed_over_and_told_of_once(
    bench: Bench, debian: DebianSource, origin: Path
) -> None:
    upstream = bench.upstream(dead(), debian)
    assert upstream.tree(V261).tree == tree_of(origin, "v261")
    upstream.tree(V262)
    assert bench.said.count("dead cannot serve") == 1


def test_both_sources_give_the_same_tree(
    bench: Bench, daemon: GitSource, debian: DebianSource, origin: Path
) -> None:
    trees = bench.upstream(dead(), daemon, debian).cross_check(V261)
    assert [tree.origin.kind for tree in trees] == [SourceKind.GIT, SourceKind.DEBIAN]
    assert {tree.tree for tree in trees} == {tree_of(origin, "v261")}
    assert len(bench.upstream(daemon, debian).cross_check(V262)) == 1


def test_a_difference_is_refused(
    bench: Bench, daemon: GitSource, debian: DebianSource, archive: Archive, origin: Path
) -> None:
    archive.put("sid", "260-1", support.tarball(support.files_of("tampered")))
    with pytest.raises(InconsistentError, match="neither is used") as caught:
        bench.upstream(daemon, debian).cross_check(V260)
    assert tree_of(origin, "v260") in caught.value.message
    assert bench.upstream(daemon, debian).tree(V260).origin.kind is SourceKind.GIT
    with pytest.raises(InconsistentError, match="neither is used"):
        Bench(bench.cache.with_name("other")).upstream(debian, daemon).cross_check(V260)


def test_another_tree_than_recorded_is_refused(
    bench: Bench, daemon: GitSource, origin: Path
) -> None:
    for _ in range(2):
        with pytest.raises(InconsistentError) as caught:
            bench.upstream(daemon).tree(V261, expected="1" * 40)
        assert "1" * 40 in caught.value.message
        assert tree_of(origin, "v261") in caught.value.message
        assert "lock.json" in caught.value.message
    assert bench.upstream().store.tree(V261) is None
    right = tree_of(origin, "v261")
    assert bench.upstream(daemon).tree(V261, expected=right).tree == right


def test_a_release_that_does_not_exist_is_told_with_the_nearest(
    bench: Bench, daemon: GitSource, debian: DebianSource
) -> None:
    with pytest.raises(UnavailableError, match="no source has a release v263") as caught:
        bench.upstream(daemon, debian).tree(Release.parse("v263"))
    hint = caught.value.hint or ""
    assert "upstream has v260, v261-rc1, v261" in hint
    assert "debian has v261, v262" in hint


def test_what_no_source_can_serve_is_told(bench: Bench, debian: DebianSource) -> None:
    with pytest.raises(UnavailableError, match="v260 cannot be had from any source") as caught:
        bench.upstream(dead(), debian).tree(V260)
    assert "dead: git://" in (caught.value.hint or "")
    assert "debian has v261, v262" in (caught.value.hint or "")


def test_without_sources_it_is_told(bench: Bench) -> None:
    with pytest.raises(UnavailableError) as caught:
        bench.upstream().tree(V261)
    assert caught.value.hint == "no source is configured"


def test_a_damaged_cache_is_told(bench: Bench, debian: DebianSource, cache: Path) -> None:
    bench.upstream(debian).tree(V261)
    for pack in (cache / "upstream.git" / "objects" / "pack").glob("*.idx"):
        pack.unlink()
    with pytest.raises(InconsistentError, match="corrupted") as caught:
        bench.upstream(debian).tree(V261)
    assert "--rebuild-cache" in (caught.value.hint or "")
    Store.rebuild(cache / "upstream.git")
    assert bench.upstream(debian).tree(V261).release == V261


# Paths and overrides


def test_a_path_is_used_in_place(bench: Bench, origin: Path, cache: Path) -> None:
    upstream = bench.upstream(GitSource(name="mirror", location=str(origin)))
    got = upstream.tree(V261)
    assert got.tree == tree_of(origin, "v261")
    assert upstream.store.entry(got.tree, "README") is not None
    assert not (cache / "held").exists()
    assert bench.upstream().store.tree(V261) is None


def test_an_override_answers_for_itself(
    bench: Bench, debian: DebianSource, daemon: GitSource, tmp_path: Path
) -> None:
    held_tree = bench.upstream(debian).tree(V261)
    fork = support.repository(tmp_path / "fork")
    forked = support.commit(fork, support.files_of("forked"))
    support.git(fork, "tag", "-f", "v261", "HEAD")
    override = GitSource(name=OVERRIDE, location=str(fork))
    assert bench.upstream(override).tree(V261).tree == forked
    by_url = GitSource(name=OVERRIDE, location=daemon.location)
    assert bench.upstream(by_url).tree(V261).origin.source == OVERRIDE
    assert bench.upstream(debian).tree(V261) == held_tree


def test_a_path_that_differs_from_what_is_held_is_refused(
    bench: Bench, debian: DebianSource, tmp_path: Path
) -> None:
    bench.upstream(debian).tree(V261)
    fork = support.repository(tmp_path / "fork")
    support.commit(fork, support.files_of("forked"))
    support.git(fork, "tag", "-f", "v261", "HEAD")
    with pytest.raises(InconsistentError, match="neither is used"):
        bench.upstream(GitSource(name="fork", location=str(fork))).tree(V261)


def test_a_path_that_is_gone_is_told(bench: Bench, tmp_path: Path) -> None:
    source = GitSource(name="mirror", location=str(tmp_path / "gone"))
    with pytest.raises(UnavailableError) as caught:
        bench.upstream(source).tree(V261)
    assert "does not exist" in (caught.value.hint or "")


# One writer at a time


def test_two_at_once_fetch_once(bench: Bench, debian: DebianSource, site: Site) -> None:
    trees = []

    def fetch() -> None:
        trees.append(bench.upstream(debian).tree(V261))

    threads = [threading.Thread(target=fetch) for _ in range(3)]
    with held(bench.cache, doing="a test"):
        for thread in threads:
            thread.start()
        while "waiting for another patchkit" not in bench.said:
            threads[0].join(0.02)
    for thread in threads:
        thread.join()
    assert len(set(trees)) == 1
    assert sum("orig.tar" in path for path in site.paths()) == 1


def test_what_a_killed_process_left_is_swept(
    bench: Bench, debian: DebianSource, cache: Path
) -> None:
    upstream = bench.upstream(debian)
    (cache / ".fetch-left").mkdir()
    (cache / "upstream.git" / "objects" / "pack" / "tmp_patchkit_left").write_text("")
    (cache / "debian").mkdir()
    (cache / "debian" / ".systemd_261.orig.tar.gz.x").write_text("")
    upstream.tree(V261)
    assert not (cache / ".fetch-left").exists()
    assert not list((cache / "debian").glob(".*"))
    assert not list((cache / "upstream.git" / "objects" / "pack").glob("tmp_*"))


# Listings


def test_each_source_is_listed(
    bench: Bench, daemon: GitSource, debian: DebianSource, archive: Archive
) -> None:
    archive.put("sid", "262.1-1", b"x", there=False)
    lost = dead()
    listings = bench.upstream(daemon, debian, lost).listings()
    assert listings[0] == Listing(source="upstream", releases=GIT_RELEASES)
    assert listings[1] == Listing(
        source="debian",
        releases=frozenset({V261, V262}),
        passed_over=frozenset({Release.parse("v262.1")}),
    )
    assert listings[2].releases == frozenset()
    assert "cannot be reached" in (listings[2].problem or "")


def test_listings_are_remembered(bench: Bench, debian: DebianSource, site: Site) -> None:
    first = bench.upstream(debian).listings()
    asked = len(site.asked)
    assert bench.upstream(debian).listings() == first
    assert len(site.asked) == asked
    bench.upstream(debian).listings(refresh=True)
    assert len(site.asked) > asked


def test_what_was_known_survives_a_dead_source(
    bench: Bench, debian: DebianSource, site: Site
) -> None:
    known = bench.upstream(debian).listings()[0].releases
    site.pages.clear()
    (listing,) = bench.upstream(debian).listings(refresh=True)
    assert listing.releases == known
    assert listing.problem


def test_a_damaged_list_is_asked_for_again(bench: Bench, debian: DebianSource, cache: Path) -> None:
    first = bench.upstream(debian).listings()
    (cache / "releases.json").write_bytes(b"\xff{")
    assert bench.upstream(debian).listings() == first
    (cache / "releases.json").unlink()
    (cache / "releases.json").mkdir()  # cannot be written
    assert bench.upstream(debian).listings() == first


def test_another_place_is_another_list(
    bench: Bench, debian: DebianSource, daemon: GitSource
) -> None:
    bench.upstream(debian).listings()
    fewer = DebianSource(name="debian", suites=("forky",), mirror=debian.mirror)
    assert bench.upstream(fewer).listings()[0].releases == {V261}
    assert bench.upstream(daemon).listings()[0].releases == GIT_RELEASES


def test_a_path_is_listed_as_it_is_now(bench: Bench, origin: Path) -> None:
    source = GitSource(name="mirror", location=str(origin))
    assert bench.upstream(source).listings()[0].releases == GIT_RELEASES
    support.git(origin, "tag", "v262", "v261")
    assert V262 in bench.upstream(source).listings()[0].releases


def test_the_mirror_is_the_machines(
    bench: Bench, debian: DebianSource, archive: Archive, tmp_path: Path
) -> None:
    (tmp_path / "apt").mkdir()
    (tmp_path / "apt" / "sources.list").write_text(f"deb {archive.mirror} forky main\n")
    upstream = Upstream(
        store=Store.open(bench.cache / "upstream.git"),
        sources=(DebianSource(name="debian", suites=debian.suites),),
        cache=bench.cache,
        console=bench.console,
        apt=tmp_path / "apt",
    )
    assert upstream.tree(V261).release == V261


def test_a_lock_that_a_killed_process_left_in_the_cache_is_swept(
    bench: Bench, origin: Path
) -> None:
    with support.git_daemon(origin.parent) as base:
        source = GitSource(name="upstream", location=f"{base}/{origin.name}")
        upstream = bench.upstream(source)
        for name in ("refs/tags/v261.lock", "refs/patchkit/git/v261.lock"):
            lock = upstream.store.folder / name
            lock.parent.mkdir(parents=True, exist_ok=True)
            lock.write_bytes(b"half")
        assert upstream.tree(V261).release == V261
    assert not list((upstream.store.folder / "refs").rglob("*.lock"))
