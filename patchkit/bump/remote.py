"""The branch on the forge: fetching its end, and pushing without ever overwriting a commit."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pygit2
from pygit2.enums import CredentialType

from patchkit.bump.checkout import GIT_ERRORS
from patchkit.errors import UnavailableError, UsageError

if TYPE_CHECKING:
    from pygit2.remotes import Remote

    from patchkit.bump.checkout import Checkout

_LOGIN = re.compile(r"authenticat|credential|status code: 40[13]|permission denied|401|403", re.I)
_RACE = re.compile(
    r"non-?fast-?forward|fetch first|stale info|cannot lock ref|failed to lock|failed to update ref"
    r"|reference already exists|not present locally|incorrect old value",
    re.I,
)


class PushRaceError(UnavailableError):
    """The branch on the forge moved while patchkit was at work; what it has is not overwritten."""


class PushRefusedError(UnavailableError):
    """The forge does not take the push: a protected branch, a hook, a token without the right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """Where branches end on the remote; None for one that is not there."""

    branch: str | None
    base: str | None


@dataclass(slots=True, kw_only=True)
class RemoteRepository:
    """A remote of the user's repository. `token` logs in over HTTPS; ssh asks the agent."""

    checkout: Checkout
    name: str
    token: str | None = None
    _refused: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The remote's URL as git's configuration has it. Raises `UsageError`."""
        return str(self._remote().url)

    def ends(self, branch: str, base: str) -> Ends:
        """Ask where two branches end there, and fetch them. Raises `UnavailableError`."""
        remote = self._remote()
        wanted = f"refs/heads/{branch}"
        try:
            remote.connect(callbacks=self._callbacks(), proxy=True)
            heads = {head.name: str(head.oid) for head in remote.list_heads(connect=False)}
            missing = [
                f"+{name}:refs/remotes/{self.name}/{name.removeprefix('refs/heads/')}"
                for name in (wanted, f"refs/heads/{base}")
                if name in heads and pygit2.Oid(hex=heads[name]) not in self.checkout.repository
            ]
            if missing:
                remote.fetch(missing, callbacks=self._callbacks(), proxy=True)
        except GIT_ERRORS as error:
            raise self._problem("asked", error) from None
        return Ends(branch=heads.get(wanted), base=heads.get(f"refs/heads/{base}"))

    def push(self, branch: str) -> None:
        """Push the local branch; the remote one must be an ancestor of it.

        Raises `PushRaceError` when it is not (any more), `PushRefusedError` when the forge does
        not want it, `UnavailableError` when it cannot be reached.
        """
        self._refused.clear()
        reference = f"refs/heads/{branch}"
        callbacks = self._callbacks()
        try:
            self._remote().push([f"{reference}:{reference}"], callbacks=callbacks, proxy=True)
        except GIT_ERRORS as error:
            if _RACE.search(str(error)):
                raise self._race(branch) from None
            raise self._problem("pushed to", error) from None
        for said in self._refused:
            if _RACE.search(said):
                raise self._race(branch)
            raise PushRefusedError(
                f"the forge refuses the push of {branch}: {self._clean(said)}",
                hint="the commits are on your local branch; allow patchkit/* to be pushed "
                "(branch protection, a hook), then run the same command again",
            )

    # How

    def _remote(self) -> Remote:
        try:
            return self.checkout.repository.remotes[self.name]
        except KeyError:
            known = [remote.name for remote in self.checkout.repository.remotes if remote.name]
            raise UsageError(
                f"git knows no remote '{self.name}' here",
                hint=f"--remote {known[0]}" if known else "git remote add origin URL",
            ) from None

    def _callbacks(self) -> _Callbacks:
        return _Callbacks(self.token, self._refused)

    def _race(self, branch: str) -> PushRaceError:
        return PushRaceError(
            f"somebody pushed to {branch} meanwhile; nothing of theirs is overwritten",
            hint="run the same command again: it goes on from what is there now",
        )

    def _problem(self, what: str, error: Exception) -> UnavailableError:
        text = self._clean(str(error).strip().rstrip(".") or type(error).__name__)
        if isinstance(error, (_NoLoginError, pygit2.AuthError)) or _LOGIN.search(text):
            return UnavailableError(
                f"the remote '{self.name}' does not take the login: {text}",
                hint="is the token right, not expired, and may it write contents?",
            )
        return UnavailableError(
            f"the remote '{self.name}' cannot be {what}: {text}",
            hint="nothing is lost: run the same command again",
        )

    def _clean(self, text: str) -> str:
        """Without the token, and without a password that somebody put into the remote's URL."""
        if self.token:
            text = text.replace(self.token, "***")
        return re.sub(r"(?<=://)[^/@\s]*@", "", text)


class _NoLoginError(OSError):
    """The server wants a login that there is none for."""


class _Callbacks(pygit2.RemoteCallbacks):
    """Logs in once, with the token or ssh's agent, and gathers what the server refuses."""

    def __init__(self, token: str | None, refused: list[str]) -> None:
        super().__init__()
        self._token = token
        self._asked = False
        self._said = refused

    def credentials(
        self, url: str, username_from_url: str | None, allowed_types: CredentialType
    ) -> pygit2.UserPass | pygit2.KeypairFromAgent:
        again, self._asked = self._asked, True
        if again:
            raise _NoLoginError("it refuses what it is given")
        if allowed_types & CredentialType.SSH_KEY:
            return pygit2.KeypairFromAgent(username_from_url or "git")
        if self._token is None:
            raise _NoLoginError("it wants a token")
        _require_private(url)
        # GitHub's name for tokens over HTTPS; Forgejo takes any name with a token.
        return pygit2.UserPass("x-access-token", self._token)

    def push_update_reference(self, refname: str, message: str | None) -> None:
        del refname
        if message is not None:
            self._said.append(message)


def _require_private(url: str) -> None:
    """No token in the clear, except within this machine."""
    parts = urlsplit(url)
    if parts.scheme == "https" or parts.hostname in ("localhost", "127.0.0.1", "::1"):
        return
    raise _NoLoginError("it would take the token in the clear; use https://")
