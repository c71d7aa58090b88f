from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from patchkit.errors import InconsistentError, UnavailableError
from patchkit.releases import Release
from patchkit.upstream.debian import DebianArchive
from patchkit.upstream.http import Patience, Web
from patchkit.upstream.problems import UnreachableError
from patchkit.upstream.sources import DebianSource, Origin, SourceKind
from tests.upstream import support

if TYPE_CHECKING:
    import io
    from pathlib import Path

    from patchkit.upstream.store import Store
    from tests.upstream.support import Archive, Site

V261 = Release.parse("v261")
V262 = Release.parse("v262")
TARBALL = support.tarball(support.files_of("v261"))


class Bench:
    """An archive's reader, and what it says."""

    def __init__(self, archive: Archive, store: Store, cache: Path) -> None:
        self.archive, self.store, self.cache = archive, store, cache
        self.console, self.err = support.console()

    def reader(self, *suites: str, mirror: str | None = None) -> DebianArchive:
        return DebianArchive(
            DebianSource(name="debian", suites=suites or ("forky", "sid")),
            mirror=mirror or self.archive.mirror,
            store=self.store,
            web=Web(cache=self.cache / "http", patience=Patience(connect=2, silence=2, pause=0.01)),
            cache=self.cache,
            console=self.console,
        )

    @property
    def said(self) -> io.StringIO:
        return self.err


@pytest.fixture
def bench(archive: Archive, store: Store, cache: Path) -> Bench:
    return Bench(archive, store, cache)


def expected_tree(store: Store, tag: str = "v261") -> str:
    return support.write_tree(store.folder, support.files_of(tag))


def test_lists_and_fetches(bench: Bench, archive: Archive, store: Store) -> None:
    archive.put("forky", "261-2", TARBALL)
    archive.publish("sid")
    reader = bench.reader()
    assert reader.releases() == (frozenset({V261}), frozenset())
    got = reader.fetch(V261)
    assert got.tree == expected_tree(store)
    assert got.origin.file == "systemd_261.orig.tar.gz"
    assert got.origin.kind is SourceKind.DEBIAN
    assert store.tree(V261) == got
    assert [path.suffix for path in (bench.cache / "debian").iterdir()] == [".json"] * 2


def test_one_missing_file_is_passed_over(bench: Bench, archive: Archive) -> None:
    archive.put("forky", "261-1", TARBALL)
    archive.put("sid", "262-1", TARBALL, there=False)
    reader = bench.reader()
    assert reader.releases() == (frozenset({V261}), frozenset({V262}))
    with pytest.raises(UnavailableError, match="lists v262 without having it"):
        reader.fetch(V262)
    assert "sid lists systemd_262.orig.tar.gz, but it is not there" in bench.err.getvalue()


def test_every_suite_that_lists_it_is_tried(
    bench: Bench, archive: Archive, site: Site, store: Store
) -> None:
    archive.put("forky", "261-1", TARBALL)
    archive.put("sid", "1:261-1", TARBALL, listed=b"something else")
    site.pages["/debian/dists/forky/main/source/Sources.xz"] = site.pages[
        "/debian/dists/forky/main/source/Sources.xz"
    ]
    assert bench.reader("sid", "forky").candidates()[0].suite == "sid"
    with pytest.raises(InconsistentError, match="not used"):
        bench.reader("sid", "forky").fetch(V261)
    assert bench.reader("forky", "sid").fetch(V261).tree == expected_tree(store)


@pytest.mark.parametrize("compression", ["xz", "gz"])
@pytest.mark.parametrize("released", [True, False])
def test_every_shape_of_archive_is_read(
    bench: Bench, archive: Archive, compression: str, released: bool
) -> None:
    archive.put("forky", "261-1", TARBALL, compression=compression, released=released)
    assert [each.tarball.release for each in bench.reader("forky").candidates()] == [V261]


def test_an_unchanged_index_is_fetched_and_read_once(
    bench: Bench, archive: Archive, site: Site
) -> None:
    site.validators = False
    archive.put("forky", "261-1", TARBALL)
    bench.reader("forky").releases()
    (memory,) = (bench.cache / "debian").iterdir()
    before = memory.stat().st_mtime_ns
    assert bench.reader("forky").releases() == (frozenset({V261}), frozenset())
    assert memory.stat().st_mtime_ns == before
    assert sum(path.endswith("Sources.xz") for path in site.paths()) == 1
    archive.put("forky", "262-1", TARBALL)
    assert bench.reader("forky").releases()[0] == {V261, V262}


def test_a_fetch_asks_again_when_a_fresh_index_lacks_the_release(
    bench: Bench, archive: Archive
) -> None:
    archive.put("forky", "261-1", TARBALL)
    bench.reader("forky").candidates()
    archive.put("forky", "262-1", support.tarball(support.files_of("v262")))
    assert bench.reader("forky").fetch(V262).release == V262


def test_a_tampered_tarball_is_refused(bench: Bench, archive: Archive, store: Store) -> None:
    archive.put("forky", "261-1", support.tarball(support.files_of("x")), listed=TARBALL)
    with pytest.raises(InconsistentError, match="not used"):
        bench.reader("forky").fetch(V261)
    assert store.tree(V261) is None


def test_a_truncated_tarball_is_refused(bench: Bench, archive: Archive, store: Store) -> None:
    archive.put("forky", "261-1", TARBALL[:-20])
    with pytest.raises(InconsistentError, match=r"systemd_261.orig.tar.gz is truncated"):
        bench.reader("forky").fetch(V261)
    assert store.tree(V261) is None
    assert list((store.folder / "objects" / "pack").iterdir()) == []
    assert [path.suffix for path in (bench.cache / "debian").iterdir()] == [".json"]


def test_another_tree_than_recorded_is_refused(
    bench: Bench, archive: Archive, store: Store
) -> None:
    archive.put("forky", "261-1", TARBALL)
    with pytest.raises(InconsistentError) as caught:
        bench.reader("forky").fetch(V261, expected="1" * 40)
    assert "1" * 40 in caught.value.message
    assert "systemd_261.orig.tar.gz" in caught.value.message
    assert store.tree(V261) is None
    assert list((store.folder / "objects" / "pack").iterdir()) == []


def test_another_tree_than_upstreams_is_refused(
    bench: Bench, archive: Archive, store: Store
) -> None:
    support.commit(store.folder, support.files_of("something else"), "v261")
    archive.put("forky", "261-1", TARBALL)
    with pytest.raises(InconsistentError, match="neither is used"):
        bench.reader("forky").fetch(V261)
    assert store.debian_tree(V261) is None


# The pool


def test_the_pool_is_tried_for_a_known_tree(
    bench: Bench, archive: Archive, site: Site, store: Store
) -> None:
    site.pages[archive.put("old", "261-1", TARBALL)] = TARBALL
    archive.put("forky", "262-1", TARBALL)
    tree = expected_tree(store)
    got = bench.reader("forky").fetch(V261, expected=tree)
    assert got.tree == tree
    assert got.origin == Origin(
        kind=SourceKind.DEBIAN,
        source="debian",
        file="systemd_261.orig.tar.gz",
        sha256=got.origin.sha256,
    )
    assert "no index lists v261" in bench.err.getvalue()


def test_the_pool_is_not_trusted_without_one(bench: Bench, archive: Archive, site: Site) -> None:
    path = archive.put("old", "261-1", TARBALL)
    archive.publish("forky")
    with pytest.raises(UnavailableError, match="does not list v261"):
        bench.reader("forky").fetch(V261)
    assert path not in site.paths()


def test_another_tree_from_the_pool_is_refused(
    bench: Bench, archive: Archive, store: Store
) -> None:
    archive.put("old", "261-1", TARBALL)
    archive.publish("forky")
    with pytest.raises(InconsistentError):
        bench.reader("forky").fetch(V261, expected="1" * 40)
    assert store.tree(V261) is None


def test_what_the_pool_lacks_is_told(bench: Bench, archive: Archive) -> None:
    archive.publish("forky")
    with pytest.raises(UnavailableError, match="nor keeps it in its pool"):
        bench.reader("forky").fetch(V261, expected="1" * 40)


# Suites that cannot be asked


@pytest.mark.parametrize("damage", ["absent", "tampered", "truncated", "garbage", "bomb"])
def test_a_broken_suite_is_passed_over(
    bench: Bench, archive: Archive, site: Site, damage: str
) -> None:
    archive.put("forky", "261-1", TARBALL)
    archive.put("sid", "262-1", TARBALL, released=damage == "tampered")
    path = "/debian/dists/sid/main/source/Sources.xz"
    match damage:
        case "absent":
            del site.pages[path]
        case "truncated":
            site.pages[path] = site.pages[path][:-30]
        case _:
            site.pages[path] = b"garbage"
    assert bench.reader("sid", "forky").releases()[0] == {V261}
    assert bench.err.getvalue().count("suite sid passed over") == 1


def test_no_suite_at_all_is_told(bench: Bench) -> None:
    with pytest.raises(UnavailableError, match="is not there"):
        bench.reader().releases()


def test_a_dead_mirror_is_told_once(bench: Bench) -> None:
    mirror = f"http://127.0.0.1:{support.free_port()}/debian"
    with pytest.raises(UnreachableError, match="cannot be reached"):
        bench.reader("forky", "sid", mirror=mirror).releases()
    assert bench.err.getvalue() == ""
