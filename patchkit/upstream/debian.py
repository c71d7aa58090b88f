"""Debian's source packages as a source of releases.

A suite's index is found by the digest in its InRelease file where there is one, so that an
unchanged index is not fetched again even from mirrors that know no conditional requests. What the
archive's signature says of a tarball is asked afterwards (`vouch`): it costs no second download.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from patchkit import documents
from patchkit.errors import InconsistentError, StorageError, UnavailableError
from patchkit.upstream import chain, compressed, debian_index, intake, tarball
from patchkit.upstream.problems import NotThereError, UnreachableError
from patchkit.upstream.sources import Origin, SourceKind, UpstreamTree
from patchkit.upstream.store import require_expected, require_same
from patchkit.writeplan import atomic_write

if TYPE_CHECKING:
    from pathlib import Path

    from patchkit.console import Console
    from patchkit.releases import Release
    from patchkit.trust.judging import Trust
    from patchkit.trust.signature import SignatureRecord
    from patchkit.upstream.bodies import Cached
    from patchkit.upstream.debian_index import Tarball
    from patchkit.upstream.http import Web
    from patchkit.upstream.sources import DebianSource
    from patchkit.upstream.store import Store

_INDICES = ("main/source/Sources.xz", "main/source/Sources.gz")

_RELEASE_LIMIT = 16 << 20
_INDEX_LIMIT = 128 << 20
_INDEX_CONTENT_LIMIT = 1 << 30
_TARBALL_LIMIT = 512 << 20
"""The most that each may have, in bytes; in 2026 they have 0.2, 12, 70 and 19 MB."""

_FRESH_FOR = 6 * 3600
"""How old an index may be, in seconds, when only a tarball is looked up in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A tarball, and the suite whose index lists it."""

    suite: str
    tarball: debian_index.Tarball


@dataclass(frozen=True, slots=True, kw_only=True)
class _Digested:
    """What an index said, so that it need not be read again."""

    schema: str
    tarballs: tuple[debian_index.Tarball, ...]


_SCHEMA = "patchkit.debian-index/1"


class DebianArchive:
    """Debian's archive at a mirror."""

    def __init__(
        self,
        source: DebianSource,
        *,
        mirror: str,
        store: Store,
        web: Web,
        cache: Path,
        console: Console,
    ) -> None:
        self.name = source.name
        self._suites = source.suites
        self._mirror = web.public(mirror.rstrip("/"))
        self._store = store
        self._web = web
        self._cache = cache / "debian"
        self._console = console

    def releases(self) -> tuple[frozenset[Release], frozenset[Release]]:
        """The releases that can be had, and those that are listed without their file being there.

        Raises `UnavailableError` when no suite can be asked.
        """
        candidates = self.candidates(fresh_for=0)
        there = {}
        for candidate in candidates:
            url = self._url(candidate.tarball)
            if url not in there:
                there[url] = self._is_there(url)
        listed = frozenset(candidate.tarball.release for candidate in candidates)
        present = frozenset(c.tarball.release for c in candidates if there[self._url(c.tarball)])
        return present, listed - present

    def candidates(self, *, fresh_for: float = _FRESH_FOR) -> tuple[Candidate, ...]:
        """What the suites list, in their order; a suite that cannot be asked is noted.

        Indices asked for less than `fresh_for` seconds ago are taken as they are. Raises
        `UnavailableError` when no suite can be asked.
        """
        found: list[Candidate] = []
        problems: list[UnavailableError | InconsistentError] = []
        for suite in self._suites:
            try:
                found += [
                    Candidate(suite=suite, tarball=each) for each in self._listed(suite, fresh_for)
                ]
            except UnreachableError:
                raise
            except (UnavailableError, InconsistentError) as error:
                problems.append(error)
                self._console.note(f"{self.name}: suite {suite} passed over: {error.message}")
        if problems and len(problems) == len(self._suites):
            raise UnavailableError(problems[0].message, hint=problems[0].hint) from problems[0]
        return tuple(found)

    def fetch(self, release: Release, *, expected: str | None = None) -> UpstreamTree:
        """Download and import a release's tarball. The caller holds the cache.

        With `expected`, the id of the tree that it must be, the pool is tried when no index
        lists the release. Raises `UnavailableError`; `InconsistentError` for a tarball that is
        damaged, tampered with, or not the tree that it must be; `StorageError`.
        """
        listed = self._listed_tarballs(release)
        for suite, each in listed.items():
            try:
                return self._import(each, expected)
            except NotThereError:
                self._console.note(
                    f"{self.name}: {suite} lists {each.file}, but it is not there; passed over"
                )
        if expected is not None and not listed:
            return self._from_pool(release, expected)
        missing = f"lists {release} without having it" if listed else f"does not list {release}"
        raise NotThereError(f"{self._mirror} {missing} ({', '.join(self._suites)})")

    def vouch(self, release: Release, origin: Origin, trust: Trust) -> SignatureRecord:
        """What a signature of Debian's archive says of the tarball that a tree was made from.

        The first suite that lists the file under a good signature decides. Raises
        `UnavailableError` when no suite can be asked, `StorageError`, `ProgramFailedError`.
        """
        doubt: SignatureRecord | None = None
        problems: list[UnavailableError | InconsistentError] = []
        for suite in self._suites:
            try:
                record = self._vouched(suite, release, origin, trust)
            except UnreachableError:
                raise
            except (UnavailableError, InconsistentError) as error:
                problems.append(error)
                continue
            if record is not None and (record.is_verified or record.chain):
                return record
            doubt = doubt or record
        if problems and doubt is None and len(problems) == len(self._suites):
            raise UnavailableError(problems[0].message, hint=problems[0].hint) from problems[0]
        return doubt or chain.unsigned(f"no signed index lists {origin.file} (any more)")

    def _vouched(
        self, suite: str, release: Release, origin: Origin, trust: Trust
    ) -> SignatureRecord | None:
        """What one suite says; None when it does not list the tarball."""
        base = f"{self._mirror}/dists/{suite}"
        try:
            url = f"{base}/InRelease"
            head = self._web.get_cached(url, limit=_RELEASE_LIMIT, fresh_for=_FRESH_FOR)
        except NotThereError:
            return chain.unsigned(f"{suite} has no InRelease file, so that nothing is signed")
        signed = chain.open_release(head.path.read_bytes(), trust, suite=suite)
        if not signed.record.is_verified:
            return signed.record
        index = next(iter(debian_index.listed_files(signed.text, _INDICES)), None)
        if index is None:
            return None
        kept = self._web.get_cached(f"{base}/{index.path}", limit=_INDEX_LIMIT, sha256=index.sha256)
        for each in self._digested(kept, index.path):
            if (each.release, each.file) == (release, origin.file):
                way = {f"{index.path} of {suite}": index.sha256, each.file: each.sha256}
                record = replace(signed.record, chain={**signed.record.chain, **way})
                return record if each.sha256 == origin.sha256 else chain.contradicted(record)
        return None

    # How

    def _listed_tarballs(self, release: Release) -> dict[str, Tarball]:
        """The tarballs of a release, each once, by the first suite that lists it."""
        for fresh_for in (_FRESH_FOR, 0):
            found: dict[str, Tarball] = {}
            for candidate in self.candidates(fresh_for=fresh_for):
                each = candidate.tarball
                if each.release == release and each not in found.values():
                    found[candidate.suite] = each
            if found:
                return found
        return {}

    def _is_there(self, url: str) -> bool:
        try:
            return self._web.exists(url)
        except UnavailableError:  # a server that does not tell: fetching will
            return True

    def _listed(self, suite: str, fresh_for: float) -> tuple[Tarball, ...]:
        """What one suite's index lists."""
        base = f"{self._mirror}/dists/{suite}"
        try:
            head = self._web.get_cached(
                f"{base}/InRelease", limit=_RELEASE_LIMIT, fresh_for=fresh_for
            )
        except NotThereError:
            return self._unlisted(base, fresh_for)
        text = head.path.read_text(encoding="utf-8", errors="replace")
        for index in debian_index.listed_files(text, _INDICES):
            url = f"{base}/{index.path}"
            kept = self._web.get_cached(url, limit=_INDEX_LIMIT, sha256=index.sha256)
            return self._digested(kept, index.path)
        raise UnavailableError(f"{base}/InRelease lists no source index")

    def _unlisted(self, base: str, fresh_for: float) -> tuple[Tarball, ...]:
        """The same without an InRelease file."""
        for path in _INDICES:
            try:
                kept = self._web.get_cached(
                    f"{base}/{path}", limit=_INDEX_LIMIT, fresh_for=fresh_for
                )
            except NotThereError as error:
                absent = error
                continue
            return self._digested(kept, path)
        raise absent

    def _digested(self, kept: Cached, path: str) -> tuple[Tarball, ...]:
        """Read an index, or what is remembered of reading the very same before."""
        memory = self._cache / f"{kept.sha256}.json"
        try:
            remembered = documents.decode(memory.read_bytes(), _Digested)
            if remembered.schema == _SCHEMA:
                return remembered.tarballs
        except (OSError, documents.MalformedDocument):
            """Then it is read."""
        chunks = compressed.chunks(
            kept.path, limit=_INDEX_CONTENT_LIMIT, compression=path.rsplit(".", 1)[-1], name=path
        )
        try:
            found = tuple(debian_index.tarballs(chunks))
        except ValueError as error:
            raise InconsistentError(f"{path} is not an index: {error}") from error
        content = documents.encode(_Digested(schema=_SCHEMA, tarballs=found)).encode()
        try:
            atomic_write(memory, content)
        except OSError as error:
            raise StorageError.from_os_error(f"write {memory}", error) from error
        return found

    def _url(self, each: Tarball) -> str:
        return f"{self._mirror}/{each.folder}/{each.file}"

    def _from_pool(self, release: Release, expected: str) -> UpstreamTree:
        """A release that has left the indices can still be in the pool; only its tree vouches."""
        folder, file = debian_index.guess(release)
        self._console.note(f"{self.name}: no index lists {release}; trying {folder}/{file}")
        try:
            return self._receive(release, f"{self._mirror}/{folder}/{file}", file, None, expected)
        except NotThereError as error:
            raise NotThereError(
                f"{self._mirror} neither lists {release} ({', '.join(self._suites)}) "
                "nor keeps it in its pool"
            ) from error

    def _import(self, each: Tarball, expected: str | None) -> UpstreamTree:
        return self._receive(each.release, self._url(each), each.file, each, expected)

    def _receive(
        self, release: Release, url: str, file: str, listed: Tarball | None, expected: str | None
    ) -> UpstreamTree:
        """Download, check, import, name; the tarball itself is not kept."""
        path = self._cache / file
        try:
            with self._console.progress(f"fetching {file} from {self.name}", unit="bytes") as bar:
                digest = self._web.download(
                    url,
                    path,
                    sha256=listed.sha256 if listed else None,
                    size=listed.size if listed else _TARBALL_LIMIT,
                    exact=listed is not None,
                    progress=bar,
                )
            origin = Origin(kind=SourceKind.DEBIAN, source=self.name, file=file, sha256=digest)
            return self._take(release, path, origin, expected)
        except OSError as error:
            raise StorageError.from_os_error(f"import {file}", error) from error
        finally:
            path.unlink(missing_ok=True)

    def _take(
        self, release: Release, path: Path, origin: Origin, expected: str | None
    ) -> UpstreamTree:
        """Import a tarball; nothing of it stays unless it is the tree that it must be."""
        with intake.pack_writer(self._store) as pack:
            imported = UpstreamTree(
                release=release,
                tree=tarball.read_tarball(path, pack),
                commit=None,
                tag_object=None,
                origin=origin,
            )
            require_expected(imported, expected)
            if other := self._store.git_tree(release):
                require_same(other, imported)
            pack.finish()
        intake.record_debian(self._store, imported)
        return imported
