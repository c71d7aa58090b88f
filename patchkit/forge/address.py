"""Which forge, which repository on it, and which token is meant for it; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from patchkit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

_SCP = re.compile(r"(?:[^/@]+@)?(?P<host>[^/:@]+):(?!//)(?P<path>.+)")
"""ssh's short form, `git@host:owner/name.git` (git-fetch(1), "GIT URLS")."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class ForgeKind(StrEnum):
    """Whose API it speaks; Gitea's is Forgejo's as far as it is used here."""

    GITHUB = "github"
    FORGEJO = "forgejo"


TOKENS = {
    ForgeKind.GITHUB: ("PATCHKIT_TOKEN", "GITHUB_TOKEN", "GH_TOKEN"),
    ForgeKind.FORGEJO: ("PATCHKIT_TOKEN", "FORGEJO_TOKEN", "GITEA_TOKEN", "GITHUB_TOKEN"),
}
"""The variables that a token is taken from, first come; runners of both set GITHUB_TOKEN."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgeAddress:
    """A repository on a forge. `api` is the API's base URL without a slash at its end."""

    kind: ForgeKind
    api: str
    owner: str
    name: str

    @property
    def repository(self) -> str:
        """`owner/name`."""
        return f"{self.owner}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the command line says of the forge; None leaves it to the remote and to CI."""

    kind: ForgeKind | None = None
    api: str | None = None
    repository: str | None = None


def find_address(remote: str, wishes: Wishes, environ: Mapping[str, str]) -> ForgeAddress:
    """Which forge the URL of a git remote belongs to.

    The command line goes first. What a runner sets (`GITHUB_API_URL` and `GITHUB_REPOSITORY`,
    which Forgejo's and Gitea's runners set as well) counts when the remote is on that server.
    Raises `UsageError` when something cannot be told.
    """
    host, path = _host_and_path(remote)
    in_ci = _same_server(host, environ)
    named = wishes.repository or (environ.get("GITHUB_REPOSITORY") if in_ci else None) or path
    owner, slash, name = named.removesuffix(".git").strip("/").partition("/")
    if not slash or not _NAME.fullmatch(owner) or not _NAME.fullmatch(name):
        raise UsageError(
            "the remote's URL does not tell which repository on the forge it is",
            hint="name it: --repository OWNER/NAME, and --api URL for a server of your own",
        )
    api = wishes.api or (environ.get("GITHUB_API_URL") if in_ci else None)
    kind = wishes.kind or _kind(host, api, environ, in_ci=in_ci)
    if api is None:
        api = _default_api(kind, host)
    _require_safe(api)
    return ForgeAddress(kind=kind, api=api.rstrip("/"), owner=owner, name=name)


def find_token(kind: ForgeKind, environ: Mapping[str, str]) -> str:
    """The token for a forge, from the environment only. Raises `UsageError` when there is none."""
    for name in TOKENS[kind]:
        if token := environ.get(name, "").strip():
            if not token.isascii() or not token.isprintable() or " " in token:
                raise UsageError(f"{name} does not hold a token: it has odd characters")
            return token
    raise UsageError(
        f"there is no token for {kind} in the environment",
        hint=f"set {TOKENS[kind][0]} (or {', '.join(TOKENS[kind][1:])}); it needs to write "
        "contents, pull requests and issues",
    )


def _host_and_path(remote: str) -> tuple[str, str]:
    """A remote's host (empty for a path on this machine) and what follows it."""
    if "://" in remote:
        parts = urlsplit(remote)
        return (parts.hostname or ""), parts.path.strip("/")
    match = _SCP.fullmatch(remote)
    return (match["host"], match["path"].strip("/")) if match else ("", "")


def _same_server(host: str, environ: Mapping[str, str]) -> bool:
    server = environ.get("GITHUB_SERVER_URL")
    return bool(host and server) and urlsplit(server or "").hostname == host


def _kind(host: str, api: str | None, environ: Mapping[str, str], *, in_ci: bool) -> ForgeKind:
    if host == "github.com" or (api and urlsplit(api).hostname == "api.github.com"):
        return ForgeKind.GITHUB
    if api and api.rstrip("/").endswith("/api/v1"):
        return ForgeKind.FORGEJO
    if api and api.rstrip("/").endswith("/api/v3"):  # GitHub Enterprise Server
        return ForgeKind.GITHUB
    if in_ci and (environ.get("FORGEJO_ACTIONS") or environ.get("GITEA_ACTIONS")):
        return ForgeKind.FORGEJO
    if "github" in host:
        return ForgeKind.GITHUB
    if host == "codeberg.org" or "forgejo" in host or "gitea" in host:
        return ForgeKind.FORGEJO
    raise UsageError(
        "it cannot be told whether the remote is on GitHub or on Forgejo",
        hint="say it: --forge github, or --forge forgejo (for Gitea, too)",
    )


def _default_api(kind: ForgeKind, host: str) -> str:
    if not host:
        raise UsageError(
            "the remote is a path on this machine, which no forge serves",
            hint="name the forge: --api URL --repository OWNER/NAME",
        )
    if kind is ForgeKind.FORGEJO:
        return f"https://{host}/api/v1"
    return "https://api.github.com" if host == "github.com" else f"https://{host}/api/v3"


def _require_safe(api: str) -> None:
    """A token must not travel in the clear, except within this machine."""
    parts = urlsplit(api)
    if parts.username or parts.password:
        raise UsageError("the API's URL holds a password", hint="tokens come from the environment")
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return
    raise UsageError(
        f"{parts.scheme or 'this'}://{parts.hostname or ''} would send the token in the clear",
        hint="use the API's https:// URL",
    )
