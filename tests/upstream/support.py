"""Builders of small real repositories, tarballs, archives and servers."""

from __future__ import annotations

import gzip
import hashlib
import io
import lzma
import socket
import subprocess
import tarfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from patchkit.console import Console

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

Files = dict[str, tuple[int, bytes]]
"""Git mode and content (a link's target) by path."""

FILES: Files = {
    "README": (0o100644, b"systemd\n"),
    "src/core/main.c": (0o100644, b"int main(void) { return 0; }\n"),
    "src/core-x": (0o100644, b"sorts before core/\n"),
    "tools/run.sh": (0o100755, b"#!/bin/sh\n"),
    "units/link": (0o120000, b"../README"),
    "units/empty": (0o100644, b""),
}


def git(folder: Path, *arguments: str, stdin: bytes = b"") -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, input=stdin, capture_output=True, check=True
    )
    return done.stdout.decode("utf-8", "surrogateescape").strip()


def write_tree(folder: Path, files: Mapping[str, tuple[int, bytes]]) -> str:
    """What git itself makes of files; `folder` is a repository."""
    git(folder, "read-tree", "--empty")
    lines = []
    for path, (mode, content) in files.items():
        blob = git(folder, "hash-object", "-w", "--stdin", stdin=content)
        lines.append(f"{mode:o} {blob}\t{path}".encode("utf-8", "surrogateescape"))
    git(folder, "update-index", "-z", "--index-info", stdin=b"\0".join([*lines, b""]))
    return git(folder, "write-tree")


def commit(folder: Path, files: Mapping[str, tuple[int, bytes]], *tags: str) -> str:
    """A commit on the branch, with annotated tags; returns its tree."""
    tree = write_tree(folder, files)
    parent = subprocess.run(
        ["git", "rev-parse", "-q", "--verify", "HEAD"], cwd=folder, capture_output=True, check=False
    )
    parents = ["-p", parent.stdout.decode().strip()] if parent.returncode == 0 else []
    made = git(folder, "commit-tree", tree, *parents, "-m", "release")
    git(folder, "update-ref", "HEAD", made)
    for tag in tags:
        git(folder, "tag", "-a", "-m", tag, tag, made)
    return tree


def repository(folder: Path) -> Path:
    """A bare repository with v260, v261-rc1 and v261, each with its own README."""
    folder.mkdir(parents=True)
    git(folder, "init", "-q", "--bare", "-b", "main")
    for tag in ("v260", "v261-rc1", "v261"):
        commit(folder, {**FILES, "README": (0o100644, tag.encode())}, tag)
    git(folder, "tag", "not-a-release")
    return folder


def files_of(tag: str) -> Files:
    return {**FILES, "README": (0o100644, tag.encode())}


def tar(files: Mapping[str, tuple[int, bytes]], *, top: str = "systemd-261") -> bytes:
    """An uncompressed tarball as `git archive --prefix` makes it."""
    out = io.BytesIO()
    with tarfile.open(
        fileobj=out, mode="w", format=tarfile.PAX_FORMAT, pax_headers={"comment": "0" * 40}
    ) as archive:
        folder = tarfile.TarInfo(f"{top}/")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for path, (mode, content) in files.items():
            info = tarfile.TarInfo(f"{top}/{path}")
            info.mode = mode & 0o777 or 0o777
            if mode == 0o120000:
                info.type, info.linkname = tarfile.SYMTYPE, content.decode()
                archive.addfile(info)
            else:
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def tarball(files: Mapping[str, tuple[int, bytes]], *, top: str = "systemd-261") -> bytes:
    return gzip.compress(tar(files, top=top), mtime=0)


def console(*, verbosity: int = 0) -> tuple[Console, io.StringIO]:
    """A console, and what it says on standard error."""
    err = io.StringIO()
    return Console(verbosity=verbosity, out=io.StringIO(), err=err, environ={}), err


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]


@dataclass
class Reply:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    """Send only so many bytes of the body, then close."""
    wait: threading.Event | None = None
    """Do not answer before this is set."""


@dataclass
class Site:
    """An HTTP server on loopback: what it serves, and what it was asked."""

    url: str = ""
    pages: dict[str, bytes] = field(default_factory=dict)
    special: dict[str, Callable[[Request, int], Reply]] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)
    validators: bool = True

    def answer(self, request: Request) -> Reply:
        earlier = sum(1 for other in self.asked if other.path == request.path)
        self.asked.append(request)
        if request.path in self.special:
            return self.special[request.path](request, earlier)
        body = self.pages.get(request.path)
        if body is None:
            return Reply(status=404)
        tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if self.validators and request.headers.get("if-none-match") == tag:
            return Reply(status=304, headers={"ETag": tag})
        return Reply(body=body, headers={"ETag": tag} if self.validators else {})

    def paths(self, method: str = "GET") -> list[str]:
        return [request.path for request in self.asked if request.method == method]


@contextmanager
def serving(site: Site) -> Iterator[Site]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = site.answer(Request(method=self.command, path=self.path, headers=headers))
            if reply.wait:
                reply.wait.wait(30)
            self.send_response(reply.status)
            for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET" and reply.status != 304:
                self.wfile.write(reply.body[: reply.cut])

        do_HEAD = do_GET  # noqa: N815 - http.server calls it so

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """A client that hangs up is part of some tests."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    site.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Archive:
    """A Debian-shaped archive in a site."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._stanzas: dict[str, list[str]] = {}

    def put(
        self,
        suite: str,
        version: str,
        body: bytes,
        *,
        listed: bytes | None = None,
        there: bool = True,
        released: bool = True,
        compression: str = "xz",
    ) -> str:
        """List a package's tarball in a suite (as if it were `listed`); returns its path."""
        upstream = version.rsplit(":", 1)[-1].rsplit("-", 1)[0]
        name = f"systemd_{upstream}.orig.tar.gz"
        shown = body if listed is None else listed
        digest = hashlib.sha256(shown).hexdigest()
        self._stanzas.setdefault(suite, []).append(
            f"Package: systemd\nBinary: systemd, libsystemd0\nVersion: {version}\n"
            f"Files:\n {'0' * 32} {len(shown)} {name}\n"
            f"Checksums-Sha256:\n {'1' * 64} 10 systemd_{version}.dsc\n"
            f" {digest} {len(shown)} {name}\nDirectory: pool/main/s/systemd\n"
        )
        path = f"/debian/pool/main/s/systemd/{name}"
        if there:
            self.site.pages[path] = body
        self.publish(suite, released=released, compression=compression)
        return path

    def publish(self, suite: str, *, released: bool = True, compression: str = "xz") -> None:
        others = [f"Package: pkg{n}\nVersion: 1\nDirectory: pool/p\n" for n in range(50)]
        text = "\n".join([*others[:25], *self._stanzas.get(suite, []), *others[25:]])
        compress = lzma.compress if compression == "xz" else gzip.compress
        index = compress(text.encode())
        base, path = f"/debian/dists/{suite}", f"main/source/Sources.{compression}"
        self.site.pages[f"{base}/{path}"] = index
        if released:
            self.site.pages[f"{base}/InRelease"] = (
                "-----BEGIN PGP SIGNED MESSAGE-----\n\nOrigin: Debian\n"
                f"MD5Sum:\n {'0' * 32} {len(index)} {path}\n"
                f"SHA256:\n {'2' * 64} 1 contrib/source/Sources.xz\n"
                f" {hashlib.sha256(index).hexdigest()} {len(index)} {path}\n"
                "-----BEGIN PGP SIGNATURE-----\n"
            ).encode()

    @property
    def mirror(self) -> str:
        return f"{self.site.url}/debian"


def free_port() -> int:
    """A port on loopback that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def git_daemon(base: Path) -> Iterator[str]:
    """`git daemon` on loopback; ended by its own handle."""
    port = free_port()
    argv = ["git", "daemon", "--reuseaddr", "--export-all", f"--base-path={base}"]
    argv += ["--listen=127.0.0.1", f"--port={port}", str(base)]
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _until_listening(port)
            yield f"git://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(10)


def _until_listening(port: int) -> None:
    for _ in range(500):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError(f"nothing listens on {port}")
