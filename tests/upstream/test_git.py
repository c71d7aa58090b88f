from __future__ import annotations

import os
import socket
import subprocess
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchkit.errors import StorageError, UnavailableError
from patchkit.releases import Release
from patchkit.upstream.git import LocalRepository, Patience, RemoteRepository, local_path
from patchkit.upstream.problems import NotThereError, UnreachableError
from patchkit.upstream.sources import OVERRIDE, GitSource
from patchkit.upstream.store import Store
from tests.upstream import support
from tests.upstream.support import Reply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.upstream.support import Site

V261 = Release.parse("v261")
ALL = frozenset(Release.parse(tag) for tag in ("v260", "v261-rc1", "v261"))


def remote(store: Store, location: str, *, name: str = "upstream") -> RemoteRepository:
    return RemoteRepository(
        GitSource(name=name, location=location), store, support.console(verbosity=1)[0]
    )


def local(store: Store, path: Path) -> LocalRepository:
    return LocalRepository(GitSource(name="mirror", location=str(path)), path, store)


@pytest.fixture
def daemon(origin: Path) -> Iterator[str]:
    with support.git_daemon(origin.parent) as url:
        yield f"{url}/systemd.git"


def test_lists_without_cloning(store: Store, daemon: str) -> None:
    assert remote(store, daemon).releases() == ALL
    assert support.git(store.folder, "count-objects") == "0 objects, 0 kilobytes"


def test_fetches_one_tag_without_history(store: Store, daemon: str, origin: Path) -> None:
    source = remote(store, daemon)
    got = source.fetch(V261)
    assert store.tree(V261) is None  # not before the caller has judged it
    source.record(got)
    assert store.tree(V261) == got
    assert Store.open(store.folder).tree(V261) == got
    assert got.tree == support.git(origin, "rev-parse", "v261^{tree}")
    assert got.commit == support.git(origin, "rev-parse", "v261^{commit}")
    assert got.tag_object == support.git(origin, "rev-parse", "v261")
    assert got.origin.source == "upstream"
    assert support.git(store.folder, "rev-list", "--count", "v261") == "1"
    assert support.git(store.folder, "tag") == "v261"
    assert len(list(store.files(got.tree))) == len(support.FILES)
    support.git(store.folder, "fsck", "--full")
    left = {path.name for path in store.folder.parent.iterdir()}
    assert left == {"upstream.git"}


def test_fetches_another_afterwards(store: Store, daemon: str) -> None:
    source = remote(store, daemon)
    for tag in ("v260", "v261-rc1", "v261"):
        source.record(source.fetch(Release.parse(tag)))
    assert support.git(store.folder, "tag").split() == ["v260", "v261", "v261-rc1"]
    support.git(store.folder, "fsck", "--full")


def test_a_lightweight_tag_will_do(store: Store, daemon: str, origin: Path) -> None:
    support.git(origin, "tag", "v262", "v261^{commit}")
    got = remote(store, daemon).fetch(Release.parse("v262"))
    assert got.tag_object is None
    assert got.commit


def test_an_override_is_kept_apart(store: Store, daemon: str) -> None:
    source = remote(store, daemon, name=OVERRIDE)
    got = source.fetch(V261)
    source.record(got)
    assert store.tree(V261) is None
    assert store.git_tree(V261, override=daemon) == got
    assert store.git_tree(V261, override="https://elsewhere.example/") is None


def test_a_tag_that_is_not_there_is_told(store: Store, daemon: str) -> None:
    with pytest.raises(NotThereError, match="has no tag v263"):
        remote(store, daemon).fetch(Release.parse("v263"))


def test_a_tag_of_something_else_is_told(store: Store, daemon: str, origin: Path) -> None:
    blob = support.git(origin, "hash-object", "-w", "--stdin", stdin=b"x")
    support.git(origin, "tag", "v262", blob)
    with pytest.raises(UnavailableError, match="unusable tag"):
        remote(store, daemon).fetch(Release.parse("v262"))
    assert store.tree(Release.parse("v262")) is None


def test_a_repository_that_is_not_there_is_told(store: Store, daemon: str) -> None:
    with pytest.raises(UnavailableError, match="does not answer as a git repository"):
        remote(store, daemon + "x").releases()


def test_nobody_listening_is_told(store: Store) -> None:
    for scheme in ("git", "http"):
        url = f"{scheme}://127.0.0.1:{support.free_port()}/systemd.git"
        with pytest.raises(UnreachableError, match="cannot be reached"):
            remote(store, url).releases()


def test_silence_is_told(store: Store) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        for scheme in ("git", "http"):
            url = f"{scheme}://127.0.0.1:{server.getsockname()[1]}/systemd.git"
            source = RemoteRepository(
                GitSource(name="silent", location=url),
                store,
                support.console()[0],
                patience=Patience(connect=1000, silence=300),
            )
            with pytest.raises(UnreachableError, match="cannot be reached"):
                source.releases()


def test_a_page_is_not_a_repository(store: Store, site: Site) -> None:
    site.special["/page/info/refs?service=git-upload-pack"] = lambda _request, _earlier: Reply(
        body=b"<html>", headers={"Content-Type": "text/html"}
    )
    for path in ("/page", "/absent"):
        with pytest.raises(UnavailableError, match="does not answer as a git repository"):
            remote(store, site.url + path).releases()


def test_a_login_is_never_given(store: Store, site: Site) -> None:
    site.special["/private/info/refs?service=git-upload-pack"] = lambda _request, _earlier: Reply(
        status=401, headers={"WWW-Authenticate": 'Basic realm="x"'}
    )
    with pytest.raises(UnavailableError, match="demands a login"):
        remote(store, site.url + "/private").releases()


def test_a_password_is_not_shown(store: Store) -> None:
    url = f"http://user:secret@127.0.0.1:{support.free_port()}/x"
    with pytest.raises(UnreachableError) as caught:
        remote(store, url).releases()
    assert "secret" not in caught.value.message


def test_a_place_that_cannot_be_written_is_told(store: Store, daemon: str) -> None:
    source = remote(store, daemon)
    packs = store.folder / "objects" / "pack"
    packs.rmdir()
    packs.write_text("in the way")
    with pytest.raises(StorageError):
        source.fetch(V261)


@contextmanager
def smart_http(base: Path) -> Iterator[str]:
    """`git http-backend` behind a small server."""
    backend = subprocess.run(
        ["git", "--exec-path"], capture_output=True, check=True, text=True
    ).stdout.strip()
    environment = {**os.environ, "GIT_PROJECT_ROOT": str(base), "GIT_HTTP_EXPORT_ALL": "1"}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            path, _, query = self.path.partition("?")
            request = {
                "REQUEST_METHOD": self.command,
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                "CONTENT_LENGTH": str(length),
            }
            done = subprocess.run(
                [f"{backend}/git-http-backend"],
                env={**environment, **request},
                input=self.rfile.read(length),
                capture_output=True,
                check=True,
            )
            head, _, body = done.stdout.partition(b"\r\n\r\n")
            fields = [line.split(": ", 1) for line in head.decode().splitlines()]
            status = next((int(v.split()[0]) for k, v in fields if k == "Status"), 200)
            self.send_response(status)
            for name, value in fields:
                if name != "Status":
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - http.server calls it so

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_smart_http_serves_too(store: Store, origin: Path) -> None:
    with smart_http(origin.parent) as url:
        source = remote(store, f"{url}/systemd.git")
        assert source.releases() == ALL
        got = source.fetch(V261)
    assert got.tree == support.git(origin, "rev-parse", "v261^{tree}")
    assert len(list(store.files(got.tree))) == len(support.FILES)


# Paths


def test_a_path_is_used_in_place(store: Store, origin: Path) -> None:
    source = local(store, origin)
    assert source.releases() == ALL
    got = source.tree(V261)
    assert got.tree == support.git(origin, "rev-parse", "v261^{tree}")
    assert got.origin.source == "mirror"
    assert len(list(store.files(got.tree))) == len(support.FILES)
    assert support.git(store.folder, "count-objects") == "0 objects, 0 kilobytes"
    with pytest.raises(NotThereError, match="has no tag v263"):
        source.tree(Release.parse("v263"))


def test_a_work_tree_will_do(store: Store, origin: Path, tmp_path: Path) -> None:
    support.git(tmp_path, "clone", "-q", str(origin), "work")
    assert local(store, tmp_path / "work").releases() == ALL


def test_a_path_that_is_no_repository_is_told(store: Store, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(UnavailableError, match="does not exist"):
        local(store, tmp_path / "absent").releases()
    with pytest.raises(UnavailableError, match="is not a git repository"):
        local(store, tmp_path / "folder").releases()


def test_a_damaged_path_is_told(store: Store, origin: Path) -> None:
    (origin / "refs" / "tags" / "v261").write_text("f" * 40)
    with pytest.raises(UnavailableError, match="is damaged"):
        local(store, origin).tree(V261)


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("https://github.com/systemd/systemd", None),
        ("git@github.com:systemd/systemd", None),
        ("host:path", None),
        ("ssh://host/path", None),
        ("/srv/systemd.git", "/srv/systemd.git"),
        ("file:///srv/with%20space", "/srv/with space"),
        ("../systemd", "../systemd"),
        ("systemd", "systemd"),
        ("~nobody-has-this-name/x", "~nobody-has-this-name/x"),
        ("file://[x", "file://[x"),
    ],
)
def test_tells_paths_from_urls(location: str, expected: str | None) -> None:
    assert local_path(location) == (Path(expected) if expected else None)


@given(st.text(max_size=30))
def test_any_text_is_one_or_the_other(location: str) -> None:
    local_path(location)
