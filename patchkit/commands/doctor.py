"""`patchkit doctor`: what this machine has and lacks for each command, and how to get it."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from importlib.metadata import version as version_of
from pathlib import Path
from typing import TYPE_CHECKING

from patchkit.build.preflight import (
    BUSYBOX,
    NEEDS,
    OPTIONAL,
    Need,
    NeedKind,
    missing_needs,
)
from patchkit.build.sandbox import INHERITED
from patchkit.commands import findings
from patchkit.commands.findings import Finding, State
from patchkit.commands.security import security_findings
from patchkit.console import Cell, Table, Tone
from patchkit.errors import ExitCode, PatchkitError
from patchkit.proc import SystemRunner
from patchkit.upstream.apt import mirror

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from patchkit.commands.invocation import Invocation
    from patchkit.engine.facts import EngineFacts

_APT = Path("/etc/apt")
_GIB = 1024**3
_ROOM_WANTED = 2 * _GIB


_TONES = {State.GOOD: Tone.GOOD, State.ABSENT: Tone.CARE, State.BROKEN: Tone.BAD}


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorReport:
    """What `patchkit doctor --json` prints."""

    schema: str = "patchkit.doctor/1"
    healthy: bool
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Program:
    """A program that some part uses, and the Debian package that has it."""

    name: str
    package: str
    used_by: str


_CGROUP = 2
"""The cgroup version without which nothing of what this is about can be seen."""

_EVERYWHERE = frozenset(("bash", "coreutils", "diffutils", "findutils", "libc-bin", "mawk", "sed"))
"""Packages that hardly any machine is without: told of only where they are missing."""

_USERS = {BUSYBOX: "image, verify", **dict.fromkeys(OPTIONAL, "build (better with it)")}

_PROGRAMS = (
    _Program(name="git", package="git", used_by="tests, benchmarks"),
    _Program(name="patch", package="patch", used_by="tests"),
    _Program(name="quilt", package="quilt", used_by="tests, benchmarks"),
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--offline", action="store_true", help="do not ask the sources")
    parser.add_argument(
        "--security",
        action="store_true",
        help="what is and is not checked of where releases come from, and what is kept apart",
    )


def run(arguments: argparse.Namespace, invocation: Invocation) -> ExitCode:
    """Look, tell, and end with 6 when something needed is not there."""
    if arguments.security:
        return _told(security_findings(invocation, engine=_engine_facts()), invocation)
    found = [*_runtime(), *_programs(), *_building(), _engine(), *_places(invocation)]
    if not arguments.offline:
        found += _sources(invocation)
    return _told(found, invocation)


def _told(found: Sequence[Finding], invocation: Invocation) -> ExitCode:
    """Tell what was found; 6 when something needed is not there."""
    healthy = not any(f.needed and f.state is not State.GOOD for f in found)
    report = DoctorReport(healthy=healthy, findings=tuple(found))
    invocation.console.table(_table(report))
    for finding in found:
        if finding.remedy and finding.state is not State.GOOD:
            invocation.console.say(f"{finding.name}: {finding.remedy}", Tone.NOTE)
    invocation.console.document(report)
    return ExitCode.DONE if healthy else ExitCode.MISSING_TOOL


def _runtime() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding(name="python", state=State.GOOD, detail=version, used_by="all", needed=True)
    yield Finding(
        name="libgit2",
        state=State.GOOD,
        detail=f"as pygit2 {version_of('pygit2')} brings it",
        used_by="rebase, check",
        needed=True,
    )


def _programs() -> Iterator[Finding]:
    for program in _PROGRAMS:
        yield findings.program(program.name, program.package, used_by=program.used_by)


def _building() -> Iterator[Finding]:
    """What `build` and `image` need, and what they use when it is there."""
    runner = SystemRunner(allowed=INHERITED)
    wanted = (*NEEDS, BUSYBOX, *OPTIONAL)
    missing = missing_needs(wanted, runner)
    for need in wanted:
        if need.package in _EVERYWHERE and need not in missing:
            continue
        yield Finding(
            name=need.name,
            state=State.ABSENT if need in missing else State.GOOD,
            detail=_where(need) if need not in missing else f"{need.label} is not there",
            used_by=_USERS.get(need, "build, verify"),
            remedy=f"apt-get install {need.package}",
        )
    yield findings.sandbox(
        runner, name="sandbox", used_by="build", absent="a build here can reach the network"
    )


def _where(need: Need) -> str:
    found = shutil.which(need.name) if need.kind is NeedKind.PROGRAM else None
    return found or need.label


def _engine_facts() -> EngineFacts | PatchkitError:
    """What the Docker engine is, or why none answers."""
    from patchkit.engine.connection import Engine  # noqa: PLC0415 - the SDK takes a while
    from patchkit.engine.problems import EngineError  # noqa: PLC0415

    try:
        with Engine.connect(timeout=10) as engine:
            return engine.describe()
    except EngineError as error:
        return error


def _engine() -> Finding:
    """Whether a Docker engine answers, and what it is."""
    facts = _engine_facts()
    if isinstance(facts, PatchkitError):
        return findings.failed("Docker engine", facts, state=State.ABSENT, used_by="image, verify")
    is_fit = facts.cgroup_version >= _CGROUP
    return Finding(
        name="Docker engine",
        state=State.GOOD if is_fit else State.BROKEN,
        detail=facts.sentence,
        used_by="image, verify",
        remedy="containers need cgroup v2: scripts/dockerd start makes an engine with it",
    )


def _places(invocation: Invocation) -> Iterator[Finding]:
    yield _repository(invocation)
    try:
        store = invocation.store()
    except PatchkitError as error:
        yield findings.failed("cache", error, state=State.BROKEN, used_by="all", needed=True)
        return
    free = shutil.disk_usage(invocation.cache).free
    kept = ", ".join(sorted(release.tag for release in store.releases())) or "nothing yet"
    yield Finding(
        name="cache",
        state=State.GOOD if free >= _ROOM_WANTED else State.ABSENT,
        detail=f"{invocation.cache}: {kept}; {free / _GIB:.1f} GiB free",
        used_by="all",
        remedy="free some space, or choose another folder with --cache",
    )


def _repository(invocation: Invocation) -> Finding:
    try:
        workspace = invocation.workspace()
        config = workspace.config()
        detail = f"{workspace.root}: {len(config.patches)} patches written for {config.base}"
        return Finding(name="repository", state=State.GOOD, detail=detail, used_by="all")
    except PatchkitError as error:
        return findings.failed("repository", error, state=State.BROKEN, used_by="all", needed=True)


def _sources(invocation: Invocation) -> Iterator[Finding]:
    """Ask every source; one that answers is enough."""
    try:
        config = invocation.workspace().config()
        listings = invocation.upstream(config).listings(refresh=True)
    except PatchkitError:
        return  # told already
    reached = any(listing.releases and not listing.problem for listing in listings)
    for listing in listings:
        newest = max(listing.releases, default=None)
        yield Finding(
            name=f"source {listing.source}",
            state=State.ABSENT if listing.problem else State.GOOD,
            detail=listing.problem or f"{len(listing.releases)} releases, newest {newest}",
            used_by="releases, rebase",
            needed=not reached,
            remedy="check the network; one source that answers is enough",
        )
    yield Finding(
        name="Debian mirror",
        state=State.GOOD,
        detail=mirror(_APT),
        used_by="source debian",
    )


def _table(report: DoctorReport) -> Table:
    return Table(
        headings=("What", "State", "Detail", "Used by"),
        rows=tuple(
            (
                Cell(finding.name, Tone.STRONG),
                Cell(finding.state, _TONES[finding.state]),
                Cell(finding.detail),
                Cell(finding.used_by, Tone.FAINT),
            )
            for finding in report.findings
        ),
    )
