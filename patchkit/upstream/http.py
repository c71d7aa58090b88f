"""The only place that speaks HTTP: bounded in time and size, retrying, and sure of what it kept.

Proxies are taken from the environment, as `requests` does.
"""

from __future__ import annotations

import hashlib
import re
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError
from urllib3.util.retry import Retry

from patchkit import __version__
from patchkit.deadline import BoundedPools, Deadline
from patchkit.errors import InconsistentError, StorageError, UnavailableError
from patchkit.upstream.bodies import BodyCache, Cached, Kept
from patchkit.upstream.problems import NotThereError, UnreachableError
from patchkit.wholefile import scratch_folder, whole_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from typing import IO

    from urllib3.response import BaseHTTPResponse

    from patchkit.console import Progress

_CHUNK = 1 << 18
_ATTEMPTS = 3
"""How often a transfer that breaks off is begun anew."""


_SAID = 300
"""How much of a server's own words is repeated, in characters."""


class _BrokenOffError(Exception):
    """A transfer ended before its time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long things may take, in seconds."""

    connect: float = 10
    silence: float = 30
    """Between two pieces of an answer."""
    whole: float = 1800
    """For one file."""
    pause: float = 0.5
    """Before the second attempt; doubled each time."""
    asked: float = 20
    """The most that a server's Retry-After is heeded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """What a body must be: `size` in bytes, the most that it may have unless `exact`."""

    sha256: str | None
    size: int
    exact: bool

    def check_received(self, url: str, size: int, sha256: str) -> None:
        if self.exact and size != self.size:
            raise _refused(url, f"has {size} bytes, not {self.size}")
        if self.sha256 not in (None, sha256):
            raise _refused(url, f"has the SHA-256 {sha256}, not {self.sha256}")

    def check_not_larger(self, url: str, size: int) -> None:
        if size <= self.size:
            return
        if self.exact:
            raise _refused(url, f"has more than {self.size} bytes")
        raise UnavailableError(f"{url} is larger than {self.size} bytes; it is not downloaded")


def _retry(patience: Patience) -> Retry:
    """What urllib3 tries again before a body begins."""

    class BoundedRetry(Retry):
        """With a Retry-After that cannot keep us forever."""

        def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
            wanted = super().get_retry_after(response)
            return None if wanted is None else min(wanted, patience.asked)

    return BoundedRetry(
        total=4,
        connect=1,
        redirect=None,
        backoff_factor=patience.pause,
        status_forcelist=(429, 500, 502, 503, 504),
        allowed_methods=("GET", "HEAD"),
        raise_on_status=False,
    )


class _Adapter(BoundedPools, HTTPAdapter):
    """With an end to every exchange."""


class Web:
    """A session with servers; bodies that are asked for again are kept under `cache`."""

    def __init__(self, *, cache: Path, patience: Patience | None = None) -> None:
        self._cache = cache
        self._bodies = BodyCache(cache)
        self._patience = patience or Patience()
        self._logins: dict[str, tuple[str, str]] = {}
        self._session = requests.Session()
        self._session.max_redirects = 5
        self._session.headers.update(
            {"User-Agent": f"patchkit/{__version__}", "Accept-Encoding": "identity"}
        )
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, _Adapter(max_retries=_retry(self._patience)))

    def public(self, url: str) -> str:
        """The URL without its login, which is kept for its host alone, in memory."""
        parts = urlsplit(url)
        if parts.username is None:
            return url
        place = parts.netloc.rpartition("@")[2]
        login = (unquote(parts.username), unquote(parts.password or ""))
        self._logins[place] = login
        return parts._replace(netloc=place).geturl()

    def get_cached(
        self, url: str, *, limit: int, sha256: str | None = None, fresh_for: float = 0
    ) -> Cached:
        """The body of a URL, asked for again only if it changed (ETag, Last-Modified).

        It is not asked for when the one of `sha256` is kept, nor when that was less than
        `fresh_for` seconds ago. `limit` is in bytes. Raises `NotThereError`,
        `UnreachableError`, `UnavailableError`; `InconsistentError` when the body is not the one
        of `sha256`; `StorageError`. What is kept stays when the server fails.
        """
        kept = self._bodies.get(url)
        if kept and kept.serves(sha256, fresh_for):
            return self._bodies.cached(kept)
        try:
            return self._ask(url, kept, limit, sha256)
        except OSError as error:
            raise StorageError.from_os_error(f"write to the cache {self._cache}", error) from error

    def download(
        self,
        url: str,
        to: Path,
        *,
        sha256: str | None,
        size: int,
        progress: Progress | None = None,
        exact: bool = True,
    ) -> str:
        """Stream a file to `to`, which appears only when its digest and size are right.

        `size` in bytes is what it must have, or with `exact` false the most that it may.
        Returns its SHA-256. Raises as `get_cached`.
        """
        try:
            arrived = self._transfer(
                url, to, _Wanted(sha256=sha256, size=size, exact=exact), progress=progress
            )
        except OSError as error:
            raise StorageError.from_os_error(f"write {to}", error) from error
        if arrived is None:
            raise UnavailableError(f"{url} answers as if it had been asked for news")
        return arrived.sha256

    def exists(self, url: str) -> bool:
        """Whether the server has a file. Raises `UnavailableError` when it cannot tell."""
        with self._in_time(url), _translated(url):
            answer = self._session.head(
                url, timeout=self._timeout, allow_redirects=True, auth=self._login(url)
            )
        if answer.status_code in (404, 410):
            return False
        _require_success(url, answer)
        return True

    # How

    @contextmanager
    def _in_time(self, url: str) -> Iterator[Deadline]:
        """Bound the whole of an exchange, however slowly the server speaks."""
        with Deadline(self._patience.whole) as deadline:
            try:
                yield deadline
            except UnavailableError as error:
                if deadline.passed:
                    raise self._late(url) from error
                raise
        if deadline.passed:  # what seems to be the end of a body may be where it was cut
            raise self._late(url)

    def _late(self, url: str) -> UnavailableError:
        return UnavailableError(f"{url} takes more than {self._patience.whole:g} seconds")

    def _login(self, url: str) -> tuple[str, str] | None:
        return self._logins.get(urlsplit(url).netloc)

    @property
    def _timeout(self) -> tuple[float, float]:
        return (self._patience.connect, self._patience.silence)

    def _ask(self, url: str, kept: Kept | None, limit: int, sha256: str | None) -> Cached:
        """Get the body, or hear that the kept one is still right."""
        self._cache.mkdir(parents=True, exist_ok=True)
        with scratch_folder(self._cache, ".get-") as folder:
            body = folder / "body"
            wanted = _Wanted(sha256=sha256, size=limit, exact=False)
            conditions = kept.conditions if kept else {}
            arrived = self._transfer(url, body, wanted, conditions=conditions)
            if arrived is not None:
                return self._bodies.put(arrived, body)
        if kept is None:
            raise UnavailableError(f"{url} answers as if it had been asked for news")
        if sha256 not in (None, kept.sha256):
            raise _refused(url, f"has the SHA-256 {kept.sha256}, not {sha256}")
        return self._bodies.confirm(kept)

    def _transfer(
        self,
        url: str,
        to: Path,
        wanted: _Wanted,
        *,
        conditions: Mapping[str, str] | None = None,
        progress: Progress | None = None,
    ) -> Kept | None:
        """One body to one file, begun anew when it breaks off; None for "not modified"."""
        with self._in_time(url) as deadline:
            return self._attempts(
                url, to, wanted, conditions=conditions or {}, progress=progress, deadline=deadline
            )

    def _attempts(
        self,
        url: str,
        to: Path,
        wanted: _Wanted,
        *,
        conditions: Mapping[str, str],
        progress: Progress | None,
        deadline: Deadline,
    ) -> Kept | None:
        for attempt in range(_ATTEMPTS):
            if attempt:
                time.sleep(self._patience.pause * 2 ** (attempt - 1))
            if deadline.passed:
                raise self._late(url)
            try:
                with self._answer(url, conditions) as answer:
                    if answer.status_code == 304:
                        return None
                    with whole_file(to) as stream:
                        digest = self._receive(url, answer, stream, wanted, progress)
                        if deadline.passed:
                            raise self._late(url)
                    return Kept(
                        url=url,
                        sha256=digest,
                        checked=time.time(),
                        etag=answer.headers.get("ETag"),
                        modified=answer.headers.get("Last-Modified"),
                    )
            except _BrokenOffError as error:
                broken = error
        raise UnavailableError(f"{url} breaks off: {broken}") from broken

    def _receive(
        self,
        url: str,
        answer: requests.Response,
        stream: IO[bytes],
        wanted: _Wanted,
        progress: Progress | None,
    ) -> str:
        """Write a body as it comes; its SHA-256, when it is what was wanted."""
        announced = (
            int(length)
            if re.fullmatch(r"[0-9]{1,18}", length := answer.headers.get("Content-Length", ""))
            else None
        )
        wanted.check_not_larger(url, announced or 0)
        digest, received = hashlib.sha256(), 0
        try:
            for chunk in answer.raw.stream(_CHUNK, decode_content=False):
                received += len(chunk)
                wanted.check_not_larger(url, received)
                digest.update(chunk)
                stream.write(chunk)
                if progress:
                    progress.update(received, announced)
        except HTTPError as error:
            raise _BrokenOffError(_reason(error)) from error
        wanted.check_received(url, received, digest.hexdigest())
        return digest.hexdigest()

    @contextmanager
    def _answer(self, url: str, conditions: Mapping[str, str]) -> Iterator[requests.Response]:
        with _translated(url):
            answer = self._session.get(
                url,
                timeout=self._timeout,
                stream=True,
                headers=conditions,
                auth=self._login(url),
            )
        try:
            _require_success(url, answer)
            yield answer
        finally:
            answer.close()


@contextmanager
def _translated(url: str) -> Iterator[None]:
    """Turn what `requests` raises into one sentence."""
    try:
        yield
    except requests.TooManyRedirects as error:
        raise UnavailableError(f"{url} redirects without end") from error
    except (requests.ConnectionError, requests.Timeout) as error:
        raise UnreachableError(f"{url} cannot be reached: {_reason(error)}") from error
    except (requests.RequestException, HTTPError, ValueError) as error:
        raise UnavailableError(f"{url} cannot be had: {_reason(error)}") from error


def _require_success(url: str, answer: requests.Response) -> None:
    status = answer.status_code
    if status in (404, 410):
        raise NotThereError(f"{url} is not there ({status})")
    if status not in (200, 304):
        raise UnavailableError(f"{url} answers {status} {(answer.reason or '')[:_SAID]}".rstrip())


def _reason(error: BaseException) -> str:
    """The innermost cause, as the system words it."""
    seen: BaseException | None = error
    text = type(error).__name__
    while seen is not None:
        if isinstance(seen, TimeoutError) or "timed out" in str(seen).lower():
            return "no answer in time"
        if isinstance(seen, OSError) and seen.strerror:
            text = seen.strerror
        elif isinstance(seen, HTTPError) and not isinstance(seen, OSError) and str(seen):
            text = str(seen).rsplit(">: ", 1)[-1]
        seen = getattr(seen, "reason", None) or seen.__cause__ or seen.__context__
        if not isinstance(seen, BaseException):
            break
    return text if len(text) <= _SAID else f"{text[:_SAID]}…"


def _refused(url: str, why: str) -> InconsistentError:
    return InconsistentError(
        f"{url} {why}; it is not used",
        hint="the mirror is being updated, or the file was tampered with; try again later",
    )
