"""What servers send, fuzzed: a real server on loopback says whatever it is told to say."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import socket
import threading
from functools import cache
from typing import TYPE_CHECKING

from patchkit.console import Console
from patchkit.errors import UnavailableError
from patchkit.forge.account import Account, open_forge
from patchkit.forge.address import ForgeAddress, ForgeKind
from patchkit.forge.wire import Patience as ForgePatience
from patchkit.nix import nixpkgs
from patchkit.upstream.git import Patience as GitPatience
from patchkit.upstream.git import RemoteRepository
from patchkit.upstream.http import Patience, Web
from patchkit.upstream.sources import GitSource
from patchkit.upstream.store import Store
from tests.fuzz.targets import Target

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TOKEN = "tk_planted-in-the-fuzzer"
_QUICK = Patience(connect=1, silence=0.3, whole=3, pause=0.001, asked=0.01)
_FORGE = ForgePatience(connect=1, silence=0.3, attempts=2, pause=0.001, asked=0.01)


class Mouth:
    """A server that answers every request with `words`, byte for byte, and hangs up."""

    def __init__(self) -> None:
        self.words = b""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            with connection, contextlib.suppress(OSError):
                connection.settimeout(1)
                while b"\r\n\r\n" not in connection.recv(65536):
                    """The head of the request."""
                connection.sendall(self.words)
                connection.shutdown(socket.SHUT_WR)


@cache
def _mouth() -> Mouth:
    """One for each process: it is started when it is first needed."""
    return Mouth()


def _url(data: bytes) -> str:
    mouth = _mouth()
    mouth.words = data
    return f"http://127.0.0.1:{mouth.port}"


def _answer(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def _web_seeds() -> list[bytes]:
    body = b"a body " * 30
    return [
        _answer(body, 'ETag: "x"', "Last-Modified: Thu, 01 Jan 1970 00:00:00 GMT"),
        _answer(gzip.compress(body), "Content-Encoding: gzip"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n",
        _answer(b"", "Location: /x", status="302 Found"),
        _answer(b"", "Retry-After: 7", status="503 Busy"),
        _answer(b"", status="304 Not Modified"),
    ]


def _web(data: bytes, folder: Path) -> None:
    web = Web(cache=folder / "http", patience=_QUICK)
    url = _url(data)
    with contextlib.suppress(UnavailableError):
        web.get_cached(f"{url}/x", limit=1 << 20)
    web.download(f"{url}/x", folder / "file", sha256=None, size=1 << 20, exact=False)


def _channel_seeds() -> list[bytes]:
    return [_answer(b"6cdc7fc76e8bb5a8b2d0a1d0ff0b7c40a1b2c3d4"), *_web_seeds()[2:4]]


def _channel(data: bytes, folder: Path) -> None:
    web, url = Web(cache=folder / "http", patience=_QUICK), _url(data)
    found = nixpkgs.channel(web, "nixos-unstable", channels=url, files=url)
    found.derivation()
    found.patch("pkgs/os-specific/linux/systemd/0001-a.patch")


def _forge_seeds() -> list[bytes]:
    pull = {
        "number": 7, "html_url": "https://x/7", "title": "systemd v262: x", "body": "y",
        "head": {"ref": "patchkit/v262"}, "base": {"ref": "main"}, "state": "open",
    }  # fmt: skip
    said = {"message": f"no {TOKEN}", "errors": [{"message": "x"}, "y"], "documentation_url": "z"}
    return [
        _answer(json.dumps([pull]).encode(), "Content-Type: application/json"),
        _answer(json.dumps({"default_branch": "main"}).encode()),
        _answer(json.dumps(pull).encode(), "X-RateLimit-Remaining: 0", "X-RateLimit-Reset: 9"),
        _answer(json.dumps(said).encode(), status="422 Unprocessable"),
        _answer(json.dumps(said).encode(), "Retry-After: 1", status="429 Slow Down"),
        _answer(gzip.compress(json.dumps([pull]).encode()), "Content-Encoding: gzip"),
    ]


def _forge(kind: ForgeKind) -> Callable[[bytes, Path], None]:
    def feed(data: bytes, _: Path) -> None:
        address = ForgeAddress(kind=kind, api=_url(data), owner="o", name="n")
        forge = open_forge(Account(address=address, token=TOKEN), patience=_FORGE)
        for ask in (
            forge.default_branch,
            forge.open_issues,
            lambda: forge.open_pull_request("patchkit/v262"),
            lambda: forge.create_issue(title="t", body="b"),
            lambda: forge.close_issue(7, comment="c"),
        ):
            try:
                ask()
            except UnavailableError as error:
                assert TOKEN not in f"{error.message}{error.hint}"

    return feed


def _git_seeds() -> list[bytes]:
    def line(text: bytes) -> bytes:
        return b"%04x" % (len(text) + 4) + text

    caps = b"\0multi_ack thin-pack side-band side-band-64k ofs-delta shallow agent=git/2"
    refs = b"".join(line(b"%s refs/tags/v26%d\n" % (b"%d" % n * 40, n)) for n in range(1, 4))
    body = line(b"# service=git-upload-pack\n") + b"0000"
    body += line(b"1" * 40 + b" HEAD" + caps + b"\n") + refs + b"0000"
    kind = "Content-Type: application/x-git-upload-pack-advertisement"
    return [_answer(body, kind), _answer(b"", "WWW-Authenticate: Basic", status="401 No")]


def _git(data: bytes, folder: Path) -> None:
    store = Store.open(folder / "upstream.git")
    source = GitSource(name="upstream", location=f"{_url(data)}/x.git")
    console = Console(out=io.StringIO(), err=io.StringIO(), environ={})
    patience = GitPatience(connect=500, silence=500)
    RemoteRepository(source, store, console, patience=patience).releases()


SERVERS = (
    Target(name="HTTP answers", feed=_web, seeds=_web_seeds),
    Target(name="a channel's answers", feed=_channel, seeds=_channel_seeds),
    Target(name="GitHub's answers", feed=_forge(ForgeKind.GITHUB), seeds=_forge_seeds),
    Target(name="Forgejo's answers", feed=_forge(ForgeKind.FORGEJO), seeds=_forge_seeds),
    Target(name="git refs", feed=_git, seeds=_git_seeds),
)
