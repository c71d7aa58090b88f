"""The only place that speaks to a forge: JSON over HTTP with a token, retried where that is safe.

The token goes into one header of the session and nowhere else; every text that leaves this
module has been searched for it. Redirects are not followed, so that it reaches no other host.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import requests
from urllib3.exceptions import HTTPError

from patchkit import __version__, documents
from patchkit.deadline import BoundedPools, Deadline
from patchkit.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T")
_LIMIT = 16 * 1024 * 1024
"""The most bytes of an answer that are read."""
_SPENT = frozenset({403, 429})
"""What GitHub answers when a rate limit is used up (REST docs, "Rate limits")."""


class ForgeError(UnavailableError):
    """The forge cannot be asked, or refuses. `status` is HTTP's, 0 without an answer."""

    def __init__(self, message: str, *, hint: str | None = None, status: int = 0) -> None:
        super().__init__(message, hint=hint)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long things may take, in seconds, and how often they are tried."""

    connect: float = 10
    silence: float = 30
    attempts: int = 5
    pause: float = 1.0
    """Before the second attempt; doubled each time."""
    whole: float = 120
    """For one answer."""
    asked: float = 90
    """The most that a server's wish to wait is heeded."""


class Wire:
    """A session with one forge's API."""

    def __init__(
        self,
        *,
        api: str,
        token: str,
        headers: Mapping[str, str],
        patience: Patience | None = None,
    ) -> None:
        self._api = api
        self._token = token
        self._patience = patience or Patience()
        self._session = requests.Session()
        self._session.trust_env = True
        self._session.auth = _NoNetrc()
        self._session.headers.update(
            {"User-Agent": f"patchkit/{__version__}", "Accept-Encoding": "identity", **headers}
        )
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, _Adapter())

    def get(self, path: str, shape: type[T], **query: str | int) -> T:
        """Ask; again when the server is busy. Raises `ForgeError`."""
        return self._read(self._send("GET", path, query=query, safe=True), path, shape)

    def find(self, path: str, shape: type[T]) -> T | None:
        """Ask for something that need not be there."""
        try:
            return self.get(path, shape)
        except ForgeError as error:
            if error.status == 404:
                return None
            raise

    def post(self, path: str, body: Mapping[str, Any], shape: type[T]) -> T:
        """Make something. Not sent again once the server may have made it. Raises `ForgeError`."""
        return self._read(self._send("POST", path, body=body, safe=False), path, shape)

    def patch(self, path: str, body: Mapping[str, Any], shape: type[T]) -> T:
        """Change something to what `body` says; safe to say twice. Raises `ForgeError`."""
        return self._read(self._send("PATCH", path, body=body, safe=True), path, shape)

    # How

    def _send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int] | None = None,
        body: Mapping[str, Any] | None = None,
        safe: bool,
    ) -> tuple[int, bytes]:
        patience = self._patience
        for attempt in range(1, patience.attempts + 1):
            last = attempt == patience.attempts
            pause = patience.pause * 2 ** (attempt - 1)
            try:
                answer, content = self._exchange(method, path, query, body)
            except (requests.RequestException, HTTPError, OSError, ValueError) as error:
                reached = not isinstance(error, requests.ConnectTimeout)
                if last or (reached and not safe and not _never_sent(error)):
                    raise self._unreachable(error) from None  # the cause may quote the header
                time.sleep(pause)
                continue
            if answer.status_code < 300:
                return answer.status_code, content
            wait = _wait(answer, safe=safe, pause=pause)
            if last or wait is None or wait > patience.asked:
                raise self._refusal(method, path, answer, content)
            time.sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    def _exchange(
        self,
        method: str,
        path: str,
        query: Mapping[str, str | int] | None,
        body: Mapping[str, Any] | None,
    ) -> tuple[requests.Response, bytes]:
        """One request and its answer, of bounded size and time; raises what `requests` does."""
        with Deadline(self._patience.whole) as deadline:
            answer = self._session.request(
                method,
                self._api + path,
                params=dict(query or {}),
                json=body,
                timeout=(self._patience.connect, self._patience.silence),
                allow_redirects=False,
                stream=True,
            )
            with answer:
                # as it is: a few bytes can stand for gigabytes when they are decompressed
                content = answer.raw.read(_LIMIT, decode_content=False)
        if deadline.passed:
            raise TimeoutError(f"it takes more than {self._patience.whole:g} seconds")
        return answer, content

    def _read(self, answer: tuple[int, bytes], path: str, shape: type[T]) -> T:
        status, content = answer
        try:
            return documents.decode(content, shape)
        except documents.MalformedDocument as error:
            raise ForgeError(
                f"the forge's answer to {path} is not what its API describes: "
                f"{self._clean(str(error))}",
                hint="is the API's URL right? give it with --api",
                status=status,
            ) from None

    def _unreachable(self, error: Exception) -> ForgeError:
        return ForgeError(
            f"the forge at {self._api} cannot be reached: {self._clean(_innermost(error))}",
            hint="nothing is lost: run the same command again",
        )

    def _refusal(
        self, method: str, path: str, answer: requests.Response, content: bytes
    ) -> ForgeError:
        status = answer.status_code
        said = self._clean(_message(content))
        message = f"the forge answers {status} to {method} {path}" + (f": {said}" if said else "")
        if status in _SPENT and _limit_is_spent(answer):
            message = f"the forge's rate limit is used up ({method} {path})"
            hint = "the work is kept: run the same command again later"
        elif status == 401:
            hint = "the token is wrong or has expired: make a new one"
        elif status in (403, 404):
            hint = "may the token write contents, pull requests and issues of this repository?"
        elif status >= 500:
            hint = "the work is kept: run the same command again later"
        else:
            hint = "the work is kept: mend the cause, then run the same command again"
        return ForgeError(message, hint=hint, status=status)

    def _clean(self, text: str) -> str:
        return text.replace(self._token, "***")


class _Adapter(BoundedPools, requests.adapters.HTTPAdapter):
    """With an end to every exchange."""


class _NoNetrc(requests.auth.AuthBase):
    """Keeps `requests` from putting a password of ~/.netrc in the token's place."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


def _wait(answer: requests.Response, *, safe: bool, pause: float) -> float | None:
    """How long to wait before the next attempt, in seconds; None when there should be none.

    An answer about a rate limit means that nothing was done, whatever was asked.
    """
    status = answer.status_code
    if status in _SPENT and _limit_is_spent(answer):
        return max(pause, _asked(answer))
    if status in (502, 503, 504) or status == 500:
        return max(pause, _asked(answer)) if safe else None
    return None


def _limit_is_spent(answer: requests.Response) -> bool:
    headers = answer.headers
    return (
        answer.status_code == 429
        or "Retry-After" in headers
        or headers.get("X-RateLimit-Remaining") == "0"
    )


def _asked(answer: requests.Response) -> float:
    """What the server says of waiting, in seconds: Retry-After, or when the limit is renewed."""
    after = answer.headers.get("Retry-After", "")
    if after.isdecimal():
        return float(after)
    reset = answer.headers.get("X-RateLimit-Reset", "")
    if answer.headers.get("X-RateLimit-Remaining") == "0" and reset.isdecimal():
        return max(0.0, float(reset) - time.time()) + 1
    return 0.0


def _never_sent(error: Exception) -> bool:
    """Whether the request cannot have reached the server."""
    text = repr(error)
    return "NewConnectionError" in text or "NameResolutionError" in text


def _message(content: bytes) -> str:
    """What the forge says went wrong: both send `message`, GitHub `errors` beside it."""
    try:
        said = documents.decode(content, dict[str, Any])
    except documents.MalformedDocument:
        return ""
    parts = [said.get("message")]
    errors = said.get("errors")
    if isinstance(errors, list):
        parts += [e.get("message") if isinstance(e, dict) else e for e in errors]
    return "; ".join(part.strip() for part in parts if isinstance(part, str) and part.strip())[:400]


def _innermost(error: BaseException) -> str:
    seen: BaseException | None = error
    text = type(error).__name__
    while isinstance(seen, BaseException):
        if isinstance(seen, TimeoutError) or "timed out" in str(seen).lower():
            return "no answer in time"
        if isinstance(seen, OSError) and seen.strerror:
            text = seen.strerror
        inner = seen.args[0] if seen.args and isinstance(seen.args[0], BaseException) else None
        seen = getattr(seen, "reason", None) or seen.__cause__ or seen.__context__ or inner
    return text
