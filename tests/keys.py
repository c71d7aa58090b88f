"""Real OpenPGP and SSH keys, made by gpg and ssh-keygen in homes of their own."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.builders import git

if TYPE_CHECKING:
    from collections.abc import Iterator


def run(*argv: str, stdin: bytes = b"", **env: str) -> bytes:
    done = subprocess.run(
        argv,
        input=stdin,
        capture_output=True,
        check=False,
        env={"PATH": "/usr/bin:/bin:/usr/sbin", "LC_ALL": "C.UTF-8", **env},
    )
    assert done.returncode == 0, (argv, done.stderr.decode("utf-8", "replace"))
    return done.stdout


@dataclass(frozen=True, kw_only=True)
class Gpg:
    """A GnuPG home with secret keys."""

    home: Path

    def __call__(self, *words: str, stdin: bytes = b"", at: str | None = None) -> bytes:
        """Run gpg, at a time such as `20240110T000000` where one is given."""
        faked = ("--faked-system-time", f"{at}!") if at else ()
        return run(
            "gpg", "--homedir", str(self.home), "--batch", "--quiet", "--no-tty",
            "--pinentry-mode", "loopback", "--passphrase", "", *faked, *words,
            stdin=stdin, HOME=str(self.home),
        )  # fmt: skip

    def make(self, who: str, *, expires: str = "never", at: str | None = None) -> str:
        """A key that signs; its fingerprint."""
        self("--quick-gen-key", who, "ed25519", "sign", expires, at=at)
        listed = self("--list-keys", "--with-colons", f"={who}").decode()
        return next(line.split(":")[9] for line in listed.splitlines() if line[:3] == "fpr")

    def public(self, *keys: str, armour: bool = True) -> bytes:
        return self("--export", *(["--armor"] * armour), *keys)

    def sign(self, text: bytes, key: str, *words: str, at: str | None = None) -> bytes:
        return self("--local-user", key, "--armor", *words, "--detach-sign", stdin=text, at=at)

    def clear_sign(self, text: bytes, *keys: str) -> bytes:
        who = [word for key in keys for word in ("--local-user", key)]
        return self(*who, "--armor", "--clear-sign", stdin=text)

    def revoke(self, key: str) -> None:
        """Bring in the revocation that gpg made along with the key."""
        text = (self.home / "openpgp-revocs.d" / f"{key}.rev").read_text()
        self("--import", stdin=text.replace("\n:-----", "\n-----").encode())


@contextmanager
def gpg_home() -> Iterator[Gpg]:
    """A home in a short path: gpg-agent's socket is in it."""
    home = Path(tempfile.mkdtemp(prefix="pk-gpg-"))
    try:
        yield Gpg(home=home)
    finally:
        run("gpgconf", "--homedir", str(home), "--kill", "gpg-agent")
        shutil.rmtree(home, ignore_errors=True)


@dataclass(frozen=True, kw_only=True)
class Ssh:
    """An SSH key pair."""

    path: Path

    @property
    def public(self) -> str:
        """Type and key, without the comment."""
        kind, key, *_ = self.path.with_suffix(".pub").read_text().split()
        return f"{kind} {key}"

    def sign(self, text: bytes, *, namespace: str = "git") -> bytes:
        return run("ssh-keygen", "-Y", "sign", "-f", str(self.path), "-n", namespace, stdin=text)


def ssh_key(path: Path, kind: str = "ed25519") -> Ssh:
    run("ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "a comment", "-f", str(path))
    return Ssh(path=path)


WHEN = 1767323045
"""2026-01-02 in seconds since 1970."""


def tag_text(commit: str, name: str, *, message: str = "systemd\n", when: int = WHEN) -> bytes:
    """A tag object as git writes one, without a signature."""
    return (
        f"object {commit}\ntype commit\ntag {name}\n"
        f"tagger A Tester <tester@example.org> {when} +0000\n\n{message}"
    ).encode()


def put_tag(repository: Path, name: str, raw: bytes) -> str:
    """Have a tag be this very tag object; its id."""
    made = git(repository, "hash-object", "-t", "tag", "-w", "--stdin", stdin=raw).decode().strip()
    git(repository, "update-ref", f"refs/tags/{name}", made)
    return made


def sign_tags(repository: Path, gpg: Gpg, key: str) -> None:
    """Sign every tag of a repository anew, with git's own words for it."""
    for line in git(repository, "for-each-ref", "--format=%(refname:short)", "refs/tags").split():
        name = line.decode()
        commit = git(repository, "rev-parse", f"{name}^{{commit}}").decode().strip()
        text = tag_text(commit, name)
        put_tag(repository, name, text + gpg.sign(text, key))
