from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchkit.releases import Release
from patchkit.upstream import debian_index
from patchkit.upstream.debian_index import IndexFile, Tarball

DIGEST = "ab" * 32

RELEASES = st.builds(
    Release,
    major=st.integers(1, 999),
    point=st.integers(0, 50),
    candidate=st.none() | st.integers(1, 9),
)


def stanza(version: str, *, name: str | None = None, package: str = "systemd") -> str:
    upstream = debian_index.upstream_version(version)
    return (
        f"Package: {package}\nFormat: 3.0 (quilt)\nVersion: {version}\n"
        f"Description: x\n .\n Package: systemd\n"
        f"Checksums-Sha256:\n {'0' * 64} 1 systemd_{version}.dsc\n"
        f" {DIGEST} 123 {name or f'systemd_{upstream}.orig.tar.gz'}\n"
        f"Directory: pool/main/s/systemd\n"
    )


def read(text: str, size: int = 1 << 20) -> list[Tarball]:
    raw = text.encode()
    return list(debian_index.tarballs(raw[n : n + size] for n in range(0, len(raw), size)))


@pytest.mark.parametrize(
    ("version", "tag"),
    [
        ("262-1", "v262"),
        ("261.2-1", "v261.2"),
        ("262~rc1-1", "v262-rc1"),
        ("257.13-1~deb13u1", "v257.13"),
        ("254.26-1~bpo12+1", "v254.26"),
        ("1:262-1", "v262"),
        ("262", "v262"),
        ("262.1-1.1", "v262.1"),
        ("257+dfsg-1", None),
        ("257~git2024-1", None),
        ("", None),
        ("-", None),
    ],
)
def test_reads_versions(version: str, tag: str | None) -> None:
    release = debian_index.release_of(version)
    assert (release.tag if release else None) == tag


@given(
    RELEASES, st.none() | st.integers(0, 9), st.from_regex("[1-9][a-z0-9+.~]{0,8}", fullmatch=True)
)
def test_any_release_is_read_back(release: Release, epoch: int | None, revision: str) -> None:
    version = release.version.replace("-", "~")
    prefix = f"{epoch}:" if epoch is not None else ""
    assert debian_index.release_of(f"{prefix}{version}-{revision}") == release
    assert debian_index.guess(release)[1] == f"systemd_{version}.orig.tar.gz"


def test_finds_the_package() -> None:
    text = "\n".join(
        [stanza("9-1", package="systemd-cron"), stanza("262~rc1-1"), stanza("1-1", package="zsh")]
    )
    assert read(text) == [
        Tarball(
            release=Release.parse("v262-rc1"),
            folder="pool/main/s/systemd",
            file="systemd_262~rc1.orig.tar.gz",
            sha256=DIGEST,
            size=123,
        )
    ]


def test_a_repacked_tarball_is_not_upstreams() -> None:
    assert read(stanza("257-1", name="systemd_257+dfsg.orig.tar.gz")) == []
    assert read(stanza("257+dfsg-1")) == []


def test_a_signature_is_not_the_tarball() -> None:
    assert read(stanza("257-1", name="systemd_257.orig.tar.gz.asc")) == []


@pytest.mark.parametrize(
    "folder", ["", "/etc", "../x", "pool/../..", "pool//x", "http://x/y", "pool/a b"]
)
def test_a_folder_that_leads_elsewhere_is_refused(folder: str) -> None:
    text = stanza("262-1").replace("pool/main/s/systemd", folder)
    assert read(text) == []


@given(
    st.lists(st.sampled_from([stanza("262-1"), stanza("261.2-1"), stanza("1-1", package="zsh")])),
    st.integers(1, 400),
)
def test_how_it_is_cut_does_not_matter(stanzas: list[str], size: int) -> None:
    text = "\n".join(stanzas)
    assert [each.release.tag for each in read(text, size)] == [
        "v262" if "262-1" in each else "v261.2" for each in stanzas if "zsh" not in each
    ]


def test_what_is_not_an_index_is_refused() -> None:
    with pytest.raises(ValueError, match="stanzas"):
        read("x" * (5 << 20))


def test_reads_a_release_file() -> None:
    text = (
        f"Origin: Debian\nMD5Sum:\n {'0' * 32} 5 main/source/Sources.xz\n"
        f"SHA256:\n {'1' * 64} 7 main/source/Sources.gz\n {DIGEST} 5 main/source/Sources.xz\n"
        "Suite: sid\n"
    )
    paths = ("main/source/Sources.xz", "main/source/Sources.gz", "absent")
    assert list(debian_index.listed_files(text, paths)) == [
        IndexFile(path="main/source/Sources.xz", sha256=DIGEST, size=5),
        IndexFile(path="main/source/Sources.gz", sha256="1" * 64, size=7),
    ]
    assert list(debian_index.listed_files("no section", paths)) == []


def test_a_size_without_end_is_none() -> None:
    digest, size = "a" * 64, "9" * 5000
    text = f"SHA256:\n {digest} {size} main/source/Sources.xz\n"
    assert list(debian_index.listed_files(text, ["main/source/Sources.xz"])) == []
    index = (
        "Package: systemd\nVersion: 262-1\nDirectory: pool/s\n"
        f"Checksums-Sha256:\n {digest} {size} systemd_262.orig.tar.gz\n"
    )
    assert list(debian_index.tarballs([index.encode()])) == []
