from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchkit.upstream import apt
from patchkit.upstream.apt import PUBLIC_MIRROR, AptSource

if TYPE_CHECKING:
    from pathlib import Path

DEB822 = """\
# a comment
Types: deb
# another
URIs: http://mirror.example/debian/ http://second.example/debian
Suites: bookworm bookworm-updates
Components: main
 contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
"""


def configured(folder: Path, **files: str) -> Path:
    (folder / "sources.list.d").mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        stem, suffix = name.rsplit("_", 1)
        place = folder if stem == "sources" else folder / "sources.list.d"
        (place / f"{stem}.{suffix}").write_text(text)
    return folder


def test_without_configuration_it_is_the_public_one(tmp_path: Path) -> None:
    assert apt.mirror(tmp_path / "absent") == PUBLIC_MIRROR
    assert apt.mirror(configured(tmp_path)) == PUBLIC_MIRROR


def test_reads_deb822(tmp_path: Path) -> None:
    assert apt.mirror(configured(tmp_path, debian_sources=DEB822)) == "http://mirror.example/debian"


def test_a_disabled_source_does_not_count(tmp_path: Path) -> None:
    text = DEB822.replace("Types: deb\n#", "Enabled: no\nTypes: deb\n#")
    assert apt.mirror(configured(tmp_path, debian_sources=text)) == PUBLIC_MIRROR


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("deb http://ftp.de.debian.org/debian trixie main", "http://ftp.de.debian.org/debian"),
        ("deb-src https://m.example/debian/ sid main", "https://m.example/debian"),
        ("deb [arch=amd64] http://m.example/debian sid main # x", "http://m.example/debian"),
        (
            "deb [ signed-by=/usr/share/keyrings/debian-archive-keyring.gpg ] http://m/d sid main",
            "http://m/d",
        ),
        ("deb http://cache:3142/debian trixie main", "http://cache:3142/debian"),
        ("deb http://m.example/debian future main", "http://m.example/debian"),
        ("deb http://m.example/pool/remote trixie-backports main", "http://m.example/pool/remote"),
        ("# deb http://m.example/debian trixie main", PUBLIC_MIRROR),
        ("deb cdrom:[Debian]/ trixie main", PUBLIC_MIRROR),
        ("deb file:/srv/debian trixie main", PUBLIC_MIRROR),
        ("deb http://security.debian.org/debian-security trixie-security main", PUBLIC_MIRROR),
        ("deb http://archive.ubuntu.com/ubuntu noble main", PUBLIC_MIRROR),
        ("deb http://snapshot.debian.org/archive/debian/2026 sid main", PUBLIC_MIRROR),
        ("deb https://download.docker.com/linux/debian trixie stable", PUBLIC_MIRROR),
        (
            "deb [signed-by=/etc/apt/keyrings/winehq.key] https://dl.winehq.org/debian trixie main",
            PUBLIC_MIRROR,
        ),
        ("deb https://deb.nodesource.com/node_20.x nodistro main", PUBLIC_MIRROR),
        ("deb http://[broken/debian trixie main", PUBLIC_MIRROR),
        ("deb", PUBLIC_MIRROR),
    ],
)
def test_reads_lines(tmp_path: Path, line: str, expected: str) -> None:
    assert apt.mirror(configured(tmp_path, sources_list=f"# head\n{line}\n")) == expected


def test_what_is_surely_debian_comes_first(tmp_path: Path) -> None:
    lines = (
        "deb http://a.example/media trixie main\n"
        "deb http://b.example/debian trixie main\n"
        "deb http://c.example/debian trixie main\n"
    )
    folder = configured(tmp_path, sources_list=lines, other_sources=DEB822, x_save=lines)
    assert apt.mirror(folder) == "http://b.example/debian"


def test_what_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    folder = configured(tmp_path, debian_sources=DEB822)
    (folder / "sources.list").mkdir()
    (folder / "sources.list.d" / "binary.list").write_bytes(b"\xff\xfe\0deb")
    assert apt.mirror(folder) == "http://mirror.example/debian"


_WORD = st.from_regex(r"[a-z][a-z0-9.-]{0,10}", fullmatch=True)
_SOURCES = st.builds(
    AptSource,
    uri=_WORD.map(lambda host: f"http://{host}/debian"),
    suite=_WORD,
    components=st.lists(_WORD, min_size=1, max_size=3).map(tuple),
    keyring=st.just("") | _WORD.map(lambda name: f"/keys/{name}.gpg"),
)


@given(_SOURCES)
def test_a_line_is_read_back(source: AptSource) -> None:
    options = f"[arch=amd64 signed-by={source.keyring}] " if source.keyring else ""
    line = f"  deb {options} {source.uri}  {source.suite} {' '.join(source.components)} # end"
    assert list(apt.parse_lines(f"\n{line}\n#{line}\n")) == [source]


@given(st.lists(_SOURCES, max_size=4))
def test_stanzas_are_read_back(sources: list[AptSource]) -> None:
    text = "\n\n".join(
        f"Types: deb\nURIS:\n {source.uri}\n# no\nSuites: {source.suite}\n"
        f"Components: {' '.join(source.components)}\nSigned-By: {source.keyring}\n"
        for source in sources
    )
    assert list(apt.parse_deb822(text)) == sources


@given(st.text())
def test_nothing_makes_it_fail(text: str) -> None:
    list(apt.parse_lines(text))
    list(apt.parse_deb822(text))
