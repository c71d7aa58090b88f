"""Secrets are planted wherever patchkit meets them, and looked for wherever it leaves anything."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from patchkit.forge.address import TOKENS, ForgeKind
from tests import builders
from tests.builders import git
from tests.commands import support
from tests.commands.support import SOURCE
from tests.forge.server import TOKEN, Fault, ForgeServer, serving
from tests.upstream import support as upstream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.builders import PatchRepository

PASSWORDS = ("pw-of-the-proxy-81c2", "pw-of-upstream-5d0e", "pw-of-the-mirror-a7f3", "pw-remote-77")
PROXY, UPSTREAM, MIRROR, REMOTE = PASSWORDS
OTHERS = {
    "AWS_SECRET_ACCESS_KEY": "key-of-the-cloud-913b",
    "SSH_AUTH_SOCK": "/socket-of-the-agent-4411",
    "GIT_ASKPASS": "/asks-for-pass-6f20",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "token-of-the-runner-2e9d",
}
CHILDREN = (
    "git",
    "meson",
    "ninja",
    "bwrap",
    "unshare",
    "docker",
    "dockerd",
    "cc",
    "gcc",
    "busybox",
)
SPY = """#!/bin/sh
{ echo "$0 $*"; /usr/bin/env; } >> "@LOG@"
exec "@REAL@" "$@"
"""


@dataclass(kw_only=True)
class Yard:
    """A repository in git with a forge, an environment full of secrets, and all that was said."""

    repository: PatchRepository
    forge: ForgeServer
    folder: Path
    environment: dict[str, str]
    said: list[str] = field(default_factory=list)

    @property
    def secrets(self) -> set[str]:
        names = {name for kind in TOKENS for name in TOKENS[kind]}
        return {self.environment[name] for name in names} | set(PASSWORDS) | set(OTHERS.values())

    def run(self, *words: str, **environment: str) -> int:
        argv = ["--repo", str(self.repository.root), "--cache", str(self.repository.cache), *words]
        done = subprocess.run(
            [sys.executable, "-m", "patchkit", *argv],
            cwd=SOURCE,
            env={**self.environment, **environment},
            capture_output=True,
            check=False,
            text=True,
        )
        said = done.stdout + done.stderr
        self.said.append(f"{words[0]}: {said}")
        assert "Traceback" not in said, said
        return done.returncode

    @property
    def spied(self) -> str:
        log = self.folder / "spied"
        return log.read_text("utf-8", "replace") if log.exists() else ""

    def leaks(self) -> list[str]:
        """Where a secret is that no user put there."""
        places = {"said": "".join(self.said).encode(), "children": self.spied.encode()}
        for name, folder in (
            ("repository", self.repository.root),
            ("cache", self.repository.cache),
            ("out", self.folder / "out"),
            ("job", self.folder / "job"),
        ):
            places |= {f"{name}: {path}": c for path, c in builders.snapshot(folder).items()}
        for name, place in (("repo", self.repository.root), ("forge", self.forge.repository)):
            places[f"commits of {name}"] = _objects(place)
        held = self.repository.cache / "upstream.git"
        if held.exists():
            places["commits of the cache"] = _objects(held)
        places["forge's pages"] = json.dumps(self.forge.items).encode()
        del places["repository: .git/config"]  # where the person put it
        theirs = (self.repository.root / "patches" / "series.toml").read_bytes()
        return [
            f"{secret} in {place}: {_around(content, secret.encode())}"
            for place, whole in places.items()
            for content in [whole.replace(theirs, b"")]
            for secret in self.secrets
            if secret.encode() in content
        ]


def _objects(folder: Path) -> bytes:
    """Every object of a repository, unpacked, and every reference."""
    names = git(folder, "cat-file", "--batch-all-objects", "--batch-check=%(objectname)")
    wanted = [n for n in names.split(b"\n") if n]
    content = git(folder, "cat-file", "--batch", stdin=b"\n".join([*wanted, b""]))
    return git(folder, "for-each-ref") + content


def _around(content: bytes, secret: bytes) -> str:
    at = content.index(secret)
    return repr(content[max(0, at - 80) : at + 60])


def spies(folder: Path, log: Path) -> Path:
    """Programs that note their environment, and then are what they stand for."""
    folder.mkdir()
    for name in CHILDREN:
        real = shutil.which(name)
        if real is None:
            continue
        spy = folder / name
        spy.write_text(SPY.replace("@LOG@", str(log)).replace("@REAL@", real))
        spy.chmod(spy.stat().st_mode | stat.S_IXUSR)
    return folder


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    repository = support.make_repository(tmp_path)
    root = repository.root
    config = root / "patches" / "series.toml"
    config.write_text(config.read_text() + '\n[follow]\nignore = ["v262"]\n')
    git(root, "init", "-q", "-b", "main")
    git(root, "config", "user.name", "A")
    git(root, "config", "user.email", "a@example.org")
    bare = tmp_path / "forge" / "patches.git"
    bare.parent.mkdir()
    git(tmp_path, "init", "-q", "--bare", "-b", "main", str(bare))
    git(bare, "config", "http.receivepack", "true")
    tokens = {name: f"tk-of-{name.lower()}-55aa" for kind in TOKENS for name in TOKENS[kind]}
    log = tmp_path / "spied"
    environment = {
        **os.environ,
        **tokens,
        **OTHERS,
        "PATCHKIT_TOKEN": TOKEN,
        "PATH": f"{spies(tmp_path / 'spies', log)}:{os.environ['PATH']}",
        "http_proxy": f"http://somebody:{PROXY}@127.0.0.1:9",
        "https_proxy": f"http://somebody:{PROXY}@127.0.0.1:9",
        "no_proxy": "127.0.0.1,localhost",
    }
    with serving(ForgeKind.FORGEJO, bare) as forge:
        git(root, "remote", "add", "origin", forge.remote)
        yield Yard(repository=repository, forge=forge, folder=tmp_path, environment=environment)


def committed(yard: Yard) -> None:
    git(yard.repository.root, "add", "-A")
    git(yard.repository.root, "commit", "-q", "-m", "start")
    git(yard.repository.root, "push", "-q", str(yard.forge.repository), "main")


def test_across_commands(yard: Yard) -> None:
    assert yard.run("rebase", "v260", "-v") == 0
    assert yard.run("overlay") == 0
    committed(yard)
    for words in (
        ("status", "-v"), ("releases", "--refresh", "-v"), ("check",), ("doctor",),
        ("plan", "--json"), ("explain", "v260"), ("replay",),
        ("report", "-o", str(yard.folder / "out"), "-v"),
        ("forecast", "-v"), ("rebase", "v262"), ("rebase", "--abort"), ("build", "v260", "-v"),
        ("verify", "v260", "-v"), ("nixpkgs", "-v"),
    ):  # fmt: skip
        yard.run(*words)
    assert yard.run("bump", "--no-verify", "-v", *yard.forge.words) == 0
    assert len(yard.forge.pulls) == 1
    assert yard.leaks() == []
    assert "/git " in yard.spied, "no child was seen: this would prove nothing"


@pytest.mark.parametrize("status", [401, 403, 422, 500])
def test_a_forge_that_says_the_token_back(yard: Yard, status: int) -> None:
    yard.run("rebase", "v260")
    committed(yard)
    said = {"message": f"bad token {TOKEN}", "errors": [{"message": TOKEN}, TOKEN]}
    headers = {"X-Token": TOKEN, "Retry-After": "0"}
    for method in ("GET", "POST", "PATCH"):
        yard.forge.faults.append(
            Fault(method=method, part="", status=status, headers=headers, body=said, times=20)
        )
    code = yard.run("bump", "--no-verify", "-v", "--json", *yard.forge.words)
    assert code == 5
    assert yard.leaks() == []


def test_passwords_in_urls(yard: Yard) -> None:
    """Of upstream, on the command line and in series.toml; of Debian's mirror; of the remote."""
    root = yard.repository.root
    config = root / "patches" / "series.toml"
    known = config.read_text("utf-8")
    line = next(line for line in known.split("\n") if line.startswith("url ="))
    port = upstream.free_port()
    mirror = (
        f'url = "http://somebody:{UPSTREAM}@127.0.0.1:{port}/x.git"\n\n'
        '[[sources]]\nkind = "debian"\n'
        f'name = "debian"\nmirror = "http://somebody:{MIRROR}@127.0.0.1:{port}/debian"\n'
        'suites = ["sid"]'
    )
    config.write_text(known.replace(line, mirror), encoding="utf-8")
    named = f"http://somebody:{UPSTREAM}@127.0.0.1:{port}/y.git"
    committed(yard)
    git(root, "remote", "set-url", "origin", f"http://somebody:{REMOTE}@127.0.0.1:{port}/o/n.git")
    for words in (
        ("releases", "--refresh", "-v"), ("rebase", "v261", "-v"), ("status",), ("doctor",),
        ("rebase", "v261", "--upstream", named), ("check", "--upstream", named), ("forecast", "-v"),
        ("bump", "v261", "--no-verify", "-v", "--upstream", named),
        ("bump", "v261", "--no-verify", "-v", *yard.forge.words),
    ):  # fmt: skip
        yard.run(*words)
        yard.run(*words, GITHUB_ACTIONS="true")
    assert yard.leaks() == []


def test_passwords_of_what_does_serve(yard: Yard) -> None:
    """What was fetched with a password is kept without it."""
    root = yard.repository.root
    config = root / "patches" / "series.toml"
    known = config.read_text("utf-8")
    line = next(line for line in known.split("\n") if line.startswith("url ="))
    with serving(ForgeKind.FORGEJO, yard.repository.upstream) as server:
        server.git_token = ""
        url = server.remote.replace("://", f"://somebody:{UPSTREAM}@")
        config.write_text(known.replace(line, f'url = "{url}"'), encoding="utf-8")
        for words in (
            ("releases", "--refresh", "-v"), ("rebase", "v261", "-v"), ("status",),
            ("rebase", "v261", "--upstream", url, "-v"), ("check",), ("rebase", "v262"),
            ("rebase", "--abort"), ("rebase", "v262", "--upstream", url),
        ):  # fmt: skip
            yard.run(*words)
    assert yard.leaks() == []


def test_a_proxy_with_a_password(yard: Yard) -> None:
    config = yard.repository.root / "patches" / "series.toml"
    known = config.read_text("utf-8")
    line = next(line for line in known.split("\n") if line.startswith("url ="))
    sources = (
        'url = "https://git.example.invalid/x.git"\n\n[[sources]]\nkind = "debian"\n'
        'name = "debian"\nmirror = "https://deb.example.invalid/debian"\nsuites = ["sid"]'
    )
    config.write_text(known.replace(line, sources), encoding="utf-8")
    committed(yard)
    for words in (("releases", "-v"), ("rebase", "v261", "-v"), ("nixpkgs", "-v"), ("doctor",)):
        yard.run(*words, no_proxy="")
    forge = (*yard.forge.words[:-1], "https://forge.example.invalid/api/v1", "--repository", "o/n")
    yard.run("bump", "v261", "--no-verify", *forge, no_proxy="")
    assert yard.leaks() == []
    assert "127.0.0.1:9" not in yard.spied
