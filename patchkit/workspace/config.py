"""`patches/series.toml`: the series as people edit it; every mistake in it is told at once."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from patchkit.errors import UsageError
from patchkit.rebase.checks.intent import Intent
from patchkit.rebase.checks.judging import PatchChecks
from patchkit.rebase.checks.pattern import Pattern
from patchkit.releases import Release
from patchkit.toml.places import places
from patchkit.toml.table import Mistakes, Table, near
from patchkit.upstream.sources import DebianSource, GitSource, Source
from patchkit.workspace.signers import read_signer

if TYPE_CHECKING:
    from patchkit.trust.signers import Signer

SCHEMA = "patchkit.series/1"

_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]*")
_OPTION = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_OURS = frozenset({"prefix", "sysconfdir", "localstatedir", "libdir", "version-tag", "tests"})
"""Meson options that patchkit sets itself: what it installs and where depends on them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchEntry:
    """One patch as the series describes it.

    `files` and `functions` are the places upstream that it changes; `scenarios` the names of
    the verifications that prove it; `intents` the rules that hold in the merged code, and
    `watch` patterns of code that is pointed out where upstream adds it.
    """

    name: str
    summary: str
    why: str
    files: tuple[str, ...]
    functions: tuple[str, ...]
    scenarios: tuple[str, ...]
    intents: tuple[Intent, ...] = ()
    watch: tuple[Pattern, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildConfig:
    """What to build beyond what a container needs.

    `options` are Meson options as Meson's command line takes them, by name, in the file's
    order; `programs` are further programs by their Meson target.
    """

    options: tuple[tuple[str, str], ...] = ()
    programs: tuple[str, ...] = ()


class FollowedLines(StrEnum):
    """Which of upstream's lines (majors) are followed; the values are what people write."""

    NEWEST = "newest"
    """The newest release of all."""
    SUPPORTED = "supported"
    """That, and newer point releases of every major that is supported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowConfig:
    """Which new releases `patchkit bump` takes up.

    Of each line the newest release, or with `every` all that are newer than what is supported;
    never those in `ignore`.
    """

    lines: FollowedLines = FollowedLines.NEWEST
    every: bool = False
    ignore: frozenset[Release] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesConfig:
    """The whole file: the release that the series is written for, sources, patches in order.

    `signers` are those who are trusted to sign upstream's releases.
    """

    base: Release
    sources: tuple[Source, ...]
    patches: tuple[PatchEntry, ...]
    build: BuildConfig = BuildConfig()
    follow: FollowConfig = FollowConfig()
    signers: tuple[Signer, ...] = ()

    @property
    def checks(self) -> dict[str, PatchChecks]:
        """What is to be checked of each patch, by its name."""
        return {
            patch.name: PatchChecks(
                files=patch.files,
                functions=patch.functions,
                intents=patch.intents,
                watch=patch.watch,
            )
            for patch in self.patches
        }


def read_config(text: str, *, file_name: str) -> SeriesConfig:
    """Read `series.toml`.

    Raises `UsageError` that lists every problem with its line number.
    """
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # numbers and nesting without end, too
        raise UsageError(f"{file_name} is not TOML: {error}") from error
    mistakes = Mistakes(lines=places(text))
    config = _config(Table(mistakes, document, ()))
    if mistakes.found or config is None:
        listed = "\n".join(f"  {file_name}:{line}: {what}" for line, what in sorted(mistakes.found))
        count = len(mistakes.found)
        raise UsageError(
            f"{file_name} has {count} mistake{'s' * (count != 1)}",
            hint=listed.strip(),
        )
    return config


def _config(top: Table) -> SeriesConfig | None:
    top.only(("schema", "base", "sources", "patches", "build", "follow", "signers"))
    schema = top.text("schema")
    if schema and schema != SCHEMA:
        top.problem("schema", f"schema is '{schema}'; this patchkit reads '{SCHEMA}'")
    base = Release.from_tag(top.text("base") or "")
    if base is None and isinstance(top.values.get("base"), str):
        top.problem("base", f"'{top.values['base']}' is not a release tag (such as v260)")
    sources = [_source(table) for table in top.tables("sources", needed=True)]
    patches = [_patch(table) for table in top.tables("patches", needed=True)]
    build = _build(top)
    follow = _follow(top)
    _unique("sources", [source.name for source in sources if source], top)
    signers = [read_signer(table) for table in top.tables("signers")]
    _unique("signers", [signer.name for signer in signers if signer], top)
    _unique("patches", [patch.name for patch in patches if patch], top)
    if top.mistakes.found or base is None:
        return None
    return SeriesConfig(
        base=base,
        sources=tuple(source for source in sources if source),
        patches=tuple(patch for patch in patches if patch),
        build=build,
        follow=follow,
        signers=tuple(signer for signer in signers if signer),
    )


def _follow(top: Table) -> FollowConfig:
    table = top.table("follow")
    table.only(("lines", "every", "ignore"))
    lines = table.text("lines") if "lines" in table.values else FollowedLines.NEWEST
    if lines and lines not in set(FollowedLines):
        table.problem(
            "lines",
            f"lines is 'newest' or 'supported', not '{lines}'{near(lines, FollowedLines)}",
        )
        lines = ""
    every = table.values.get("every", False)
    if not isinstance(every, bool):
        table.problem("every", "'every' must be true or false")
    ignore = set()
    for tag in table.texts("ignore"):
        release = Release.from_tag(tag)
        if release is None:
            table.problem("ignore", f"'{tag}' is not a release tag (such as v262.1)")
        else:
            ignore.add(release)
    return FollowConfig(
        lines=FollowedLines(lines or FollowedLines.NEWEST),
        every=every is True,
        ignore=frozenset(ignore),
    )


def _build(top: Table) -> BuildConfig:
    table = top.table("build")
    table.only(("options", "programs"))
    options = table.table("options")
    chosen = []
    for name, value in options.values.items():
        if not _OPTION.fullmatch(name):
            options.problem(name, f"'{name}' cannot be a Meson option's name")
        elif name in _OURS:
            options.problem(name, f"'{name}' is not yours to set: patchkit depends on it")
        elif isinstance(value, bool):
            chosen.append((name, str(value).lower()))
        elif isinstance(value, str | int):
            chosen.append((name, str(value)))
        else:
            options.problem(name, f"'{name}' must be text, a number, true or false")
    programs = table.texts("programs")
    for program in programs:
        if not _NAME.fullmatch(program):
            table.problem("programs", f"'{program}' cannot be a program's name")
    return BuildConfig(options=tuple(chosen), programs=programs)


def _source(table: Table) -> Source | None:
    kind = table.text("kind")
    name = table.text("name")
    if kind == "git":
        table.only(("kind", "name", "url"))
        url = table.text("url")
        return GitSource(name=name, location=url) if name and url else None
    if kind == "debian":
        table.only(("kind", "name", "suites", "mirror"))
        suites = table.texts("suites", needed=True)
        mirror = table.text("mirror") if "mirror" in table.values else None
        return DebianSource(name=name, suites=suites, mirror=mirror) if name else None
    if kind:
        table.problem("kind", f"a source's kind is 'git' or 'debian', not '{kind}'")
    return None


def _patch(table: Table) -> PatchEntry | None:
    table.only(("name", "summary", "why", "files", "functions", "scenarios", "intents", "watch"))
    name = table.text("name")
    if name and not _NAME.fullmatch(name):
        table.problem("name", f"'{name}' cannot be a patch's name: use a-z, 0-9, '-', '.', '+'")
    entry = PatchEntry(
        name=name,
        summary=table.text("summary"),
        why=table.text("why").strip(),
        files=table.texts("files", needed=True),
        functions=table.texts("functions"),
        scenarios=table.texts("scenarios"),
        intents=tuple(table.parsed("intents", Intent.parse)),
        watch=tuple(table.parsed("watch", Pattern.parse)),
    )
    for path in entry.files:
        if path.startswith("/") or ".." in path.split("/"):
            table.problem("files", f"'{path}' leads out of the tree")
    return entry if name else None


def _unique(key: str, names: list[str], top: Table) -> None:
    for name in sorted({name for name in names if names.count(name) > 1}):
        top.problem(key, f"two entries of [[{key}]] are named '{name}'")
