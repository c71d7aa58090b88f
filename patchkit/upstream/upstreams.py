"""Upstream as the rest of patchkit sees it: which releases there are, and a release's tree."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from patchkit import releases
from patchkit.console import Tone
from patchkit.errors import InconsistentError, UnavailableError
from patchkit.upstream import git, intake
from patchkit.upstream.hold import held
from patchkit.upstream.listings import ListingCache
from patchkit.upstream.problems import NotThereError, UnreachableError
from patchkit.upstream.sources import OVERRIDE, GitSource, Listing
from patchkit.upstream.store import require_expected, require_same

if TYPE_CHECKING:
    from patchkit.console import Console
    from patchkit.releases import Release
    from patchkit.upstream.debian import DebianArchive
    from patchkit.upstream.http import Web
    from patchkit.upstream.sources import DebianSource, Source, Tip, UpstreamTree
    from patchkit.upstream.store import Store

MAX_AGE = 6 * 3600.0
"""How old the list of releases may be, in seconds."""

_SHOWN = 5
"""How many releases a hint names for a source."""

_Provider: TypeAlias = "git.LocalRepository | git.RemoteRepository | DebianArchive"


class Upstream:
    """The sources in order of preference, before them the cache.

    `cache` is the folder that the store's repository is in; `apt` is where the machine's apt
    configuration is. A source that cannot serve is told of in one line, once.
    """

    def __init__(
        self,
        *,
        store: Store,
        sources: tuple[Source, ...],
        cache: Path,
        console: Console,
        apt: Path = Path("/etc/apt"),
    ) -> None:
        self.store = store
        self.sources = sources
        self._cache = cache
        self._console = console
        self._apt = apt
        self._listings = ListingCache(cache / "releases.json")
        self._providers: dict[Source, _Provider] = {}
        self._said: set[str] = set()
        self._unreachable: dict[Source, UnavailableError] = {}

    # Releases

    def listings(self, *, refresh: bool = False, max_age: float = MAX_AGE) -> tuple[Listing, ...]:
        """What each source has, asked for again when older than `max_age` seconds.

        Paths are looked at every time: it costs nothing. A source that cannot be asked says so
        in `problem`; what was known from before stays.
        """
        return tuple(self._listing(source, 0 if refresh else max_age) for source in self.sources)

    def _listing(self, source: Source, max_age: float) -> Listing:
        if _path(source):
            return self._ask(source)
        known = self._listings.get(source, max_age)
        if known is None:
            known = self._listings.put(source, self._ask(source))
        return known

    def _ask(self, source: Source) -> Listing:
        try:
            self._require_reachable(source)
            provider = self._provider(source)
            answer = provider.releases()
            found, passed_over = answer if isinstance(answer, tuple) else (answer, frozenset())
        except (UnavailableError, InconsistentError) as error:
            self._remember(source, error)
            return Listing(source=source.name, releases=frozenset(), problem=error.message)
        return Listing(source=source.name, releases=found, passed_over=passed_over)

    # Trees

    def tree(self, release: Release, *, expected: str | None = None) -> UpstreamTree:
        """A release's tree, from the cache or else from the first source that can serve.

        `expected` is the tree's id as the lock recorded it. Raises `InconsistentError` for any
        other tree, and when the cache is damaged or two trees at hand differ;
        `UnavailableError` when no source can serve; `BusyError`, `StorageError`.
        """
        found = self.at_hand(release)
        if found is None:
            with held(self._cache, doing=f"fetching {release}", console=self._console):
                intake.sweep(self.store)
                found = self.at_hand(release) or self._fetched(release, expected)
        require_expected(found, expected)
        return found

    def cross_check(self, release: Release) -> tuple[UpstreamTree, ...]:
        """A release's tree from every source that can serve it, which must be the same.

        Raises as `tree`.
        """
        trees: list[UpstreamTree] = []
        problems: dict[str, UnavailableError] = {}
        with held(self._cache, doing=f"checking {release}", console=self._console):
            intake.sweep(self.store)
            for source in self.sources:
                try:
                    found = self._held_from(source, release) or self._from(source, release, None)
                except UnavailableError as error:
                    self._pass_over(source, error, problems)
                    continue
                if trees:
                    require_same(trees[0], found)
                trees.append(found)
        if not trees:
            raise self._nowhere(release, problems)
        return tuple(trees)

    def tip(self, branch: str) -> Tip:
        """The end of upstream's branch now, from the first git source that can serve.

        Raises `UnavailableError`, `BusyError`, `StorageError`.
        """
        problems: dict[str, UnavailableError] = {}
        with held(self._cache, doing=f"fetching {branch}", console=self._console):
            intake.sweep(self.store)
            for source in self.sources:
                try:
                    self._require_reachable(source)
                    provider = self._provider(source) if isinstance(source, GitSource) else None
                    if isinstance(provider, git.LocalRepository | git.RemoteRepository):
                        return provider.tip(branch)
                except UnavailableError as error:
                    self._pass_over(source, error, problems)
        raise UnavailableError(
            f"upstream's branch {branch} cannot be had from any source",
            hint="; ".join(problem.message for problem in problems.values())
            or "only a git source has branches",
        )

    def at_hand(self, release: Release) -> UpstreamTree | None:
        """What can be had without any network: from the cache, and from paths.

        An override answers for itself: what the cache has from elsewhere says nothing of it.
        """
        overridden = any(source.name == OVERRIDE for source in self.sources)
        found = [] if overridden else [self.store.tree(release)]
        found += [
            self._held_from(source, release)
            for source in self.sources
            if _path(source) or source.name == OVERRIDE
        ]
        trees = [tree for tree in found if tree is not None]
        for other in trees[1:]:
            require_same(trees[0], other)
        return trees[0] if trees else None

    def _held_from(self, source: Source, release: Release) -> UpstreamTree | None:
        """What is at hand of one source."""
        if not isinstance(source, GitSource):
            return self.store.debian_tree(release)
        if not _path(source):
            override = source.location if source.name == OVERRIDE else None
            found = self.store.git_tree(release, override=override)
            return found if found and found.origin.source == source.name else None
        try:
            provider = self._provider(source)
            return provider.tree(release) if isinstance(provider, git.LocalRepository) else None
        except UnavailableError:
            return None  # told of when it is this source's turn

    def _fetched(self, release: Release, expected: str | None) -> UpstreamTree:
        problems: dict[str, UnavailableError] = {}
        for source in self.sources:
            try:
                return self._held_from(source, release) or self._from(source, release, expected)
            except UnavailableError as error:
                self._pass_over(source, error, problems)
        raise self._nowhere(release, problems)

    def _from(self, source: Source, release: Release, expected: str | None) -> UpstreamTree:
        """Get a release from one source; named in the cache only when it is what it must be."""
        self._require_reachable(source)
        match self._provider(source):
            case git.LocalRepository() as local:
                return local.tree(release)
            case git.RemoteRepository() as remote:
                found = remote.fetch(release)
                require_expected(found, expected)
                other = None if source.name == OVERRIDE else self.store.debian_tree(release)
                if other:
                    require_same(found, other)
                remote.record(found)
                return found
            case archive:
                return archive.fetch(release, expected=expected)

    # Sources

    def archive(self, name: str) -> DebianArchive | None:
        """Debian's archive that is configured under a name, or None."""
        source = next((s for s in self.sources if s.name == name), None)
        if source is None or isinstance(source, GitSource):
            return None
        found = self._provider(source)
        return None if isinstance(found, git.LocalRepository | git.RemoteRepository) else found

    def _provider(self, source: Source) -> _Provider:
        if source not in self._providers:
            self._providers[source] = self._open(source)
        return self._providers[source]

    def _open(self, source: Source) -> _Provider:
        if isinstance(source, GitSource):
            path = git.local_path(source.location)
            if path is not None:
                return git.LocalRepository(source, path, self.store)
            return git.RemoteRepository(source, self.store, self._console)
        return self._archive(source)

    def _archive(self, source: DebianSource) -> DebianArchive:
        # these take long to import, and a warm cache needs neither
        from patchkit.upstream import apt  # noqa: PLC0415
        from patchkit.upstream.debian import DebianArchive  # noqa: PLC0415

        return DebianArchive(
            source,
            mirror=source.mirror or apt.mirror(self._apt),
            store=self.store,
            web=self._web,
            cache=self._cache,
            console=self._console,
        )

    @cached_property
    def _web(self) -> Web:
        from patchkit.upstream.http import Web  # noqa: PLC0415 - imports requests: 0.1 s

        return Web(cache=self._cache / "http")

    # Problems

    def _require_reachable(self, source: Source) -> None:
        """A host that did not answer is not asked again by this process."""
        if source in self._unreachable:
            raise self._unreachable[source]

    def _remember(self, source: Source, error: UnavailableError | InconsistentError) -> None:
        if isinstance(error, UnreachableError):
            self._unreachable[source] = error

    def _pass_over(
        self, source: Source, error: UnavailableError, problems: dict[str, UnavailableError]
    ) -> None:
        self._remember(source, error)
        problems[source.name] = error
        line = f"{source.name} cannot serve: {error.message}"
        if line not in self._said:
            self._said.add(line)
            self._console.note(line, Tone.CARE)

    def _nowhere(self, release: Release, problems: dict[str, UnavailableError]) -> UnavailableError:
        """What to say when every source failed, and what there is instead."""
        listings = self.listings()
        listed = any(release in each.releases | each.passed_over for each in listings)
        absent = all(isinstance(problem, NotThereError) for problem in problems.values())
        if problems and absent and not listed:
            message = f"no source has a release {release}"
        else:
            message = f"{release} cannot be had from any source"
        if problems:
            message += f" ({', '.join(problems)})"
        offers = [_offer(release, listing) for listing in listings]
        return UnavailableError(message, hint="; ".join(offers) or "no source is configured")


def _offer(release: Release, listing: Listing) -> str:
    """What a source has instead of a release."""
    if not listing.releases:
        return f"{listing.source}: {listing.problem or 'has no release'}"
    near = releases.nearest(release, listing.releases, count=_SHOWN)
    names = ", ".join(each.tag for each in near)
    return f"{listing.source} has {'' if len(near) == len(listing.releases) else 'near it '}{names}"


def _path(source: Source) -> Path | None:
    """The path that is used in place, when the source is one."""
    return git.local_path(source.location) if isinstance(source, GitSource) else None
