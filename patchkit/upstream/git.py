"""A git repository as a source: a remote that is fetched from, or a path that is used in place."""

from __future__ import annotations

import errno
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import unquote, urlsplit

import pygit2
from pygit2.enums import CredentialType, RepositoryOpenFlag

from patchkit.errors import StorageError, UnavailableError, without_logins
from patchkit.upstream import intake, references
from patchkit.upstream.problems import NotThereError, UnreachableError
from patchkit.upstream.sources import Origin, SourceKind, Tip, UpstreamTree
from patchkit.wholefile import probe

if TYPE_CHECKING:
    from pygit2.remotes import Remote, TransferProgress

    from patchkit.console import Console, Progress
    from patchkit.releases import Release
    from patchkit.upstream.sources import GitSource
    from patchkit.upstream.store import Store

_OURS = re.compile(
    "|".join(
        re.escape(os.strerror(number))
        for number in (
            errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EFBIG, errno.EMFILE,
            errno.ENFILE, errno.ENOMEM,
        )
    )
)  # fmt: skip
"""What goes wrong on this machine's disk, whatever a server does; libgit2 quotes the system."""
_UNREACHABLE = re.compile(
    r"resolve|failed to connect|connection (refused|reset)|unreachable|timed? ?out|no route", re.I
)
_LOGIN = re.compile(r"authenticat|credential|status code: 40[13]|permission denied|username", re.I)
_SCP = re.compile(r"(?:[^/@]+@)?(?:\[[^]]+\]|[^/:]+):(?!/?/)")
"""ssh's short form, `host:path` (git-fetch(1), "GIT URLS")."""


class _Login(Exception):  # noqa: N818 - it never leaves this module
    """The server wants a name and a password."""


def local_path(location: str) -> Path | None:
    """The path that a location means, or None when it is a URL."""
    try:
        if location.startswith("file://"):
            return Path(unquote(urlsplit(location).path))
        path = Path(location).expanduser()
    except (ValueError, RuntimeError):  # neither a URL nor somebody's home: told when it is used
        return Path(location)
    if "://" in location or (_SCP.match(location) and not path.exists()):
        return None
    return path


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a server may take, in milliseconds, to accept and then between two bytes.

    libgit2 has one such setting for the whole process.
    """

    connect: int = 10_000
    silence: int = 60_000


class LocalRepository:
    """A repository on this machine, opened in place; its objects are lent to the store."""

    def __init__(self, source: GitSource, path: Path, store: Store) -> None:
        self.name = source.name
        self._path = path
        self._store = store

    def releases(self) -> frozenset[Release]:
        """The releases that its tags name. Raises `UnavailableError`."""
        repository = self._open()
        try:
            return references.releases(repository.raw_listall_references())
        except references.LIBGIT2_ERRORS as error:
            raise self._broken(error) from error

    def tree(self, release: Release) -> UpstreamTree:
        """The release's tree; its objects are visible in the store from now on.

        Raises `NotThereError`, `UnavailableError`.
        """
        repository = self._open()
        try:
            found = references.peel(repository, references.tag(release))
        except references.BrokenReferenceError as error:
            raise self._broken(error) from error
        if found is None:
            raise NotThereError(f"{self._path} has no tag {release}")
        self._store.lend(Path(repository.path))
        return _tree(release, found, self.name)

    def tip(self, branch: str) -> Tip:
        """A branch's end; its objects are visible in the store from now on.

        Raises `NotThereError`, `UnavailableError`.
        """
        repository = self._open()
        try:
            found = references.peel(repository, f"refs/heads/{branch}")
        except references.BrokenReferenceError as error:
            raise self._broken(error) from error
        if found is None:
            raise NotThereError(f"{self._path} has no branch {branch}")
        self._store.lend(Path(repository.path))
        return Tip(branch=branch, tree=found.tree, commit=found.commit, source=self.name)

    def _open(self) -> pygit2.Repository:
        if not self._path.exists():
            raise UnavailableError(f"{self._path} does not exist")
        try:
            return pygit2.Repository(str(self._path), RepositoryOpenFlag.NO_SEARCH)
        except references.LIBGIT2_ERRORS as error:
            if "owned by" in str(error):
                raise UnavailableError(
                    f"{self._path} belongs to somebody else",
                    hint=f"git config --global --add safe.directory {self._path}",
                ) from error
            raise UnavailableError(f"{self._path} is not a git repository") from error

    def _broken(self, error: Exception) -> UnavailableError:
        return UnavailableError(f"{self._path} is damaged: {error}")


class RemoteRepository:
    """A repository behind a URL: its tags are listed without cloning, one is fetched at a time."""

    def __init__(
        self,
        source: GitSource,
        store: Store,
        console: Console,
        *,
        patience: Patience | None = None,
    ) -> None:
        self.name = source.name
        self._location = source.location
        self._shown = without_logins(source.location)
        self._store = store
        self._console = console
        self._patience = patience or Patience()

    def releases(self) -> frozenset[Release]:
        """The releases that its tags name. Raises `UnavailableError`."""
        return self._listed(self._connect(self._store.repository))

    def fetch(self, release: Release) -> UpstreamTree:
        """Fetch one tag, without its history, into the store. The caller holds the cache.

        Nothing but objects arrives: the caller judges the tree, then records it
        (`intake.record_git`). Raises `NotThereError`, `UnavailableError`, `StorageError`.
        """
        try:
            with intake.aside(self._store) as folder:
                repository = _bare(folder)
                remote = self._connect(repository)
                if release not in self._listed(remote):
                    raise NotThereError(f"{self._shown} has no tag {release}")
                self._receive(remote, references.tag(release), release.tag)
                found = references.peel(repository, references.tag(release))
                if found is None:
                    raise UnavailableError(f"{self._shown} did not send the tag {release}")
                repository.free()
                intake.adopt(self._store, Path(folder), tip=found.commit)
        except references.BrokenReferenceError as error:
            raise UnavailableError(f"{self._shown} sent an unusable tag: {error}") from error
        except OSError as error:
            raise StorageError.from_os_error(f"fetch into {self._store.folder}", error) from error
        return _tree(release, found, self.name)

    def tip(self, branch: str) -> Tip:
        """Fetch a branch's end, without its history, into the store; nothing remembers it.

        The caller holds the cache. Raises as `fetch`.
        """
        wanted = f"refs/heads/{branch}"
        try:
            with intake.aside(self._store) as folder:
                repository = _bare(folder)
                remote = self._connect(repository)
                self._receive(remote, wanted, branch)
                found = references.peel(repository, wanted)
                if found is None:
                    raise NotThereError(f"{self._shown} has no branch {branch}")
                repository.free()
                intake.adopt(self._store, Path(folder), tip=found.commit)
        except references.BrokenReferenceError as error:
            raise UnavailableError(f"{self._shown} sent an unusable branch: {error}") from error
        except OSError as error:
            raise StorageError.from_os_error(f"fetch into {self._store.folder}", error) from error
        return Tip(branch=branch, tree=found.tree, commit=found.commit, source=self.name)

    def record(self, fetched: UpstreamTree) -> None:
        """Name what was fetched. Raises `StorageError`."""
        intake.record_git(self._store, fetched, location=self._shown)

    def _connect(self, repository: pygit2.Repository) -> Remote:
        pygit2.settings.server_connect_timeout = self._patience.connect
        pygit2.settings.server_timeout = self._patience.silence
        try:
            remote = repository.remotes.create_anonymous(self._location)
            remote.connect(callbacks=_Callbacks(None), proxy=True)
        except (*references.LIBGIT2_ERRORS, _Login) as error:
            raise self._problem(error) from error
        return remote

    def _listed(self, remote: Remote) -> frozenset[Release]:
        try:
            heads = remote.list_heads(connect=False)
        except references.LIBGIT2_ERRORS as error:
            raise self._problem(error) from error
        return references.releases(head.name for head in heads)

    def _receive(self, remote: Remote, wanted: str, shown: str) -> None:
        with self._console.progress(f"fetching {shown} from {self.name}", unit="objects") as bar:
            callbacks = _Callbacks(bar)
            try:
                got = remote.fetch(
                    [f"+{wanted}:{wanted}"], callbacks=callbacks, proxy=True, depth=1
                )
            except (*references.LIBGIT2_ERRORS, _Login) as error:
                raise self._problem(error) from error
        self._console.detail(
            f"{self.name}: {got.received_objects} objects, {got.received_bytes / 1e6:.1f} MB"
        )

    def _problem(self, error: Exception) -> UnavailableError | StorageError:
        text = str(error).strip().rstrip(".") or type(error).__name__
        if isinstance(error, (_Login, pygit2.AuthError)) or _LOGIN.search(text):
            return UnavailableError(
                f"{self._shown} demands a login, which patchkit never gives",
                hint="use a public repository, or clone it yourself and give its path",
            )
        if _OURS.search(text) or str(self._store.folder.parent) in text:
            return StorageError(
                f"cannot write to the cache: {text}",
                hint="free space or mend permissions, then run it again",
            )
        try:
            probe(self._store.folder.parent)
        except OSError as why:  # libgit2 does not always quote the system
            return StorageError.from_os_error("write to the cache", why)
        if isinstance(error, OSError) or _UNREACHABLE.search(text):
            return UnreachableError(f"{self._shown} cannot be reached: {text}")
        return UnavailableError(f"{self._shown} does not answer as a git repository: {text}")


class _Callbacks(pygit2.RemoteCallbacks):
    """Progress, and a firm no to every question for a login."""

    def __init__(self, progress: Progress | None) -> None:
        super().__init__()
        self._progress = progress

    def credentials(
        self, url: str, username_from_url: str | None, allowed_types: CredentialType
    ) -> NoReturn:
        del url, username_from_url, allowed_types
        raise _Login

    def transfer_progress(self, stats: TransferProgress) -> None:
        if self._progress:
            self._progress.update(stats.received_objects, stats.total_objects)


def _bare(folder: str) -> pygit2.Repository:
    try:
        return pygit2.init_repository(folder, bare=True)
    except references.LIBGIT2_ERRORS as error:
        raise StorageError(f"cannot write to {folder}: {error}") from error


def _tree(release: Release, found: references.Peeled, source: str) -> UpstreamTree:
    return UpstreamTree(
        release=release,
        tree=found.tree,
        commit=found.commit,
        tag_object=found.tag,
        origin=Origin(kind=SourceKind.GIT, source=source),
    )
