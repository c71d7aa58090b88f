from __future__ import annotations

import gzip
import hashlib
import resource
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from patchkit import __version__
from patchkit.errors import InconsistentError, StorageError, UnavailableError
from patchkit.upstream.http import Patience, Web
from patchkit.upstream.problems import NotThereError, UnreachableError
from tests.upstream import support
from tests.upstream.support import Reply, Request, Site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BODY = bytes(range(256)) * 4000
DIGEST = hashlib.sha256(BODY).hexdigest()
LIMIT = 10 << 20


@pytest.fixture
def web(cache: Path) -> Web:
    return Web(
        cache=cache / "http",
        patience=Patience(connect=2, silence=0.3, pause=0.01, asked=0.05),
    )


def download(web: Web, url: str, to: Path, sha256: str = DIGEST, size: int = len(BODY)) -> str:
    return web.download(url, to, sha256=sha256, size=size)


def nothing_in(folder: Path) -> bool:
    return not folder.exists() or not list(folder.iterdir())


def test_downloads(web: Web, site: Site, tmp_path: Path) -> None:
    site.pages["/file"] = BODY
    seen: list[tuple[int, int | None]] = []

    class Bar:
        def update(self, done: int, total: int | None = None) -> None:
            seen.append((done, total))

    to = tmp_path / "new" / "file"
    got = web.download(site.url + "/file", to, sha256=DIGEST, size=len(BODY), progress=Bar())
    assert got == DIGEST
    assert to.read_bytes() == BODY
    assert seen[-1] == (len(BODY), len(BODY))
    assert site.asked[0].headers["user-agent"] == f"patchkit/{__version__}"
    assert [path.name for path in to.parent.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (BODY[:-1] + b"!", "SHA-256"),
        (BODY[:-1], "bytes, not"),
        (BODY + b"!", "more than"),
        (b"", "bytes, not"),
    ],
)
def test_another_body_is_refused(
    web: Web, site: Site, tmp_path: Path, body: bytes, what: str
) -> None:
    site.pages["/file"] = body
    with pytest.raises((InconsistentError, UnavailableError), match=what):
        download(web, site.url + "/file", tmp_path / "to" / "file")
    assert nothing_in(tmp_path / "to")


def test_more_than_announced_is_refused(web: Web, site: Site, tmp_path: Path) -> None:
    site.special["/file"] = lambda _request, _earlier: Reply(
        body=BODY * 2, headers={"Content-Length": "", "Connection": "close"}
    )
    with pytest.raises(InconsistentError, match="more than"):
        download(web, site.url + "/file", tmp_path / "to" / "file")
    assert nothing_in(tmp_path / "to")


def test_what_the_server_compresses_is_taken_as_it_is(web: Web, site: Site, tmp_path: Path) -> None:
    body = gzip.compress(b"content")
    site.special["/file.gz"] = lambda _request, _earlier: Reply(
        body=body, headers={"Content-Encoding": "gzip"}
    )
    digest = hashlib.sha256(body).hexdigest()
    download(web, site.url + "/file.gz", tmp_path / "file", digest, len(body))
    assert (tmp_path / "file").read_bytes() == body


def test_a_transfer_that_breaks_off_is_begun_anew(web: Web, site: Site, tmp_path: Path) -> None:
    site.special["/file"] = lambda _request, earlier: Reply(
        body=BODY, cut=1000 if earlier < 2 else None
    )
    download(web, site.url + "/file", tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == BODY


def test_a_transfer_that_always_breaks_off_is_told(web: Web, site: Site, tmp_path: Path) -> None:
    site.special["/file"] = lambda _request, _earlier: Reply(body=BODY, cut=1000)
    with pytest.raises(UnavailableError, match="breaks off"):
        download(web, site.url + "/file", tmp_path / "to" / "file")
    assert nothing_in(tmp_path / "to")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_server_is_asked_again(web: Web, site: Site, tmp_path: Path, status: int) -> None:
    site.special["/file"] = lambda _request, earlier: (
        Reply(body=BODY) if earlier else Reply(status=status, headers={"Retry-After": "3600"})
    )
    download(web, site.url + "/file", tmp_path / "file")
    assert len(site.asked) == 2


def test_a_server_that_stays_busy_is_told(web: Web, site: Site, tmp_path: Path) -> None:
    site.special["/file"] = lambda _request, _earlier: Reply(status=503)
    with pytest.raises(UnavailableError, match="answers 503"):
        download(web, site.url + "/file", tmp_path / "file")


def test_absent_and_refused_are_told_apart(web: Web, site: Site, tmp_path: Path) -> None:
    site.special["/secret"] = lambda _request, _earlier: Reply(status=403)
    with pytest.raises(NotThereError, match="not there"):
        download(web, site.url + "/absent", tmp_path / "file")
    with pytest.raises(UnavailableError, match="answers 403"):
        download(web, site.url + "/secret", tmp_path / "file")
    assert not web.exists(site.url + "/absent")
    with pytest.raises(UnavailableError):
        web.exists(site.url + "/secret")


def test_exists_asks_for_no_body(web: Web, site: Site) -> None:
    site.pages["/file"] = BODY
    assert web.exists(site.url + "/file")
    assert site.paths("GET") == []


def test_redirects_are_followed_but_not_forever(web: Web, site: Site, tmp_path: Path) -> None:
    site.pages["/file"] = BODY
    targets = {"/old": "/file", "/loop": "/loop"}
    for path in targets:
        site.special[path] = lambda request, _earlier: Reply(
            status=302, headers={"Location": targets[request.path]}
        )
    download(web, site.url + "/old", tmp_path / "file")
    with pytest.raises(UnavailableError, match="redirects without end"):
        download(web, site.url + "/loop", tmp_path / "file")


def test_nobody_listening_is_told(web: Web, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{support.free_port()}/file"
    with pytest.raises(UnreachableError, match="Connection refused"):
        download(web, url, tmp_path / "file")


def test_silence_is_told(web: Web, site: Site, tmp_path: Path) -> None:
    release = threading.Event()
    site.special["/file"] = lambda _request, _earlier: Reply(wait=release)
    try:
        with pytest.raises(UnreachableError, match="no answer in time"):
            download(web, site.url + "/file", tmp_path / "file")
    finally:
        release.set()


@pytest.mark.parametrize("url", ["http://[broken/", "nothing", "ftp://127.0.0.1/x", "http:///x"])
def test_a_malformed_url_is_told(web: Web, tmp_path: Path, url: str) -> None:
    with pytest.raises(UnavailableError):
        download(web, url, tmp_path / "file")


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    """No file can grow beyond `size` bytes: the kernel refuses, as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_told(web: Web, site: Site, tmp_path: Path) -> None:
    site.pages["/file"] = BODY
    with full_disk(100_000), pytest.raises(StorageError, match="cannot write"):
        download(web, site.url + "/file", tmp_path / "to" / "file")
    assert nothing_in(tmp_path / "to")


# What is kept


def test_is_asked_for_news_only(web: Web, site: Site) -> None:
    site.pages["/index"] = BODY
    first = web.get_cached(site.url + "/index", limit=LIMIT)
    again = web.get_cached(site.url + "/index", limit=LIMIT)
    assert again == first
    assert first.sha256 == DIGEST
    assert first.path.read_bytes() == BODY
    assert "if-none-match" in site.asked[1].headers
    site.pages["/index"] = b"news"
    news = web.get_cached(site.url + "/index", limit=LIMIT)
    assert news.path.read_bytes() == b"news"
    assert not first.path.exists()


def test_dates_serve_as_well(web: Web, site: Site) -> None:
    date = "Fri, 02 Jan 2026 03:04:05 GMT"

    def page(request: Request, _earlier: int) -> Reply:
        if request.headers.get("if-modified-since") == date:
            return Reply(status=304)
        return Reply(body=BODY, headers={"Last-Modified": date})

    site.special["/index"] = page
    first = web.get_cached(site.url + "/index", limit=LIMIT)
    assert web.get_cached(site.url + "/index", limit=LIMIT) == first


def test_a_known_digest_needs_no_request(web: Web, site: Site) -> None:
    site.pages["/index"] = BODY
    web.get_cached(site.url + "/index", limit=LIMIT, sha256=DIGEST)
    web.get_cached(site.url + "/index", limit=LIMIT, sha256=DIGEST)
    web.get_cached(site.url + "/index", limit=LIMIT, fresh_for=3600)
    assert len(site.asked) == 1
    with pytest.raises(InconsistentError, match="SHA-256"):
        web.get_cached(site.url + "/index", limit=LIMIT, sha256="0" * 64)


def test_what_is_kept_survives_a_failing_server(web: Web, site: Site) -> None:
    site.pages["/index"] = BODY
    kept = web.get_cached(site.url + "/index", limit=LIMIT)
    del site.pages["/index"]
    with pytest.raises(NotThereError):
        web.get_cached(site.url + "/index", limit=LIMIT)
    assert kept.path.read_bytes() == BODY


def test_a_lost_body_is_fetched_again(web: Web, site: Site, cache: Path) -> None:
    site.pages["/index"] = BODY
    web.get_cached(site.url + "/index", limit=LIMIT).path.unlink()
    assert web.get_cached(site.url + "/index", limit=LIMIT).path.read_bytes() == BODY
    for card in (cache / "http").glob("*.json"):
        card.write_text("garbage")
    assert web.get_cached(site.url + "/index", limit=LIMIT).path.read_bytes() == BODY


def test_too_large_an_index_is_refused(web: Web, site: Site, cache: Path) -> None:
    site.pages["/index"] = BODY
    with pytest.raises(UnavailableError, match="larger"):
        web.get_cached(site.url + "/index", limit=1000)
    assert nothing_in(cache / "http")


def test_two_urls_with_the_same_body_do_not_share_it(web: Web, site: Site) -> None:
    site.pages |= {"/a": BODY, "/b": BODY}
    first = web.get_cached(site.url + "/a", limit=LIMIT)
    second = web.get_cached(site.url + "/b", limit=LIMIT)
    site.pages["/a"] = b"news"
    web.get_cached(site.url + "/a", limit=LIMIT)
    assert not first.path.exists()
    assert second.path.exists()
