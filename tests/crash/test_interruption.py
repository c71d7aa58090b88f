"""Every command that writes, killed and refused at its writes.

The quick suite strikes a sample of the writes; with PATCHKIT_TEST_DEPTH=20 it is every one.
"""

from __future__ import annotations

import errno
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests import builders
from tests.build import support as build
from tests.commands import support as commands
from tests.crash import ground
from tests.crash.ground import Yard
from tests.crash.harness import How, built_shim, kill, refuse, undisturbed, zygote
from tests.depth import DEPTH
from tests.upstream import support as upstream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.builders import PatchRepository
    from tests.crash.harness import Case, Tally

SAMPLE = None if DEPTH >= 20 else DEPTH
GROUPS = ("rebases", "conflicts", "proposals", "published", "bumps", "fetches", "images")


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> PatchRepository:
    return commands.make_repository(tmp_path_factory.mktemp("original"))


@pytest.fixture(scope="session")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built_shim(tmp_path_factory.mktemp("shim"))


@pytest.fixture
def yard(shim: Path, original: PatchRepository, tmp_path: Path) -> Iterator[Yard]:
    with zygote(shim, tmp_path) as runs:
        yield Yard(folder=tmp_path, original=original, runs=runs)


@contextmanager
def cases_of(group: str, yard: Yard) -> Iterator[list[Case]]:
    """The cases of a group, with the servers that they need."""
    match group:
        case "proposals":
            yield ground.proposals(yard, ground.proposing_repository(yard.folder / "proposing"))
        case "images":
            made = build.yard(yard.folder / "small")
            yield ground.images(yard, made.repository)
        case "fetches":
            site = upstream.Site()
            with (
                upstream.git_daemon(yard.original.upstream.parent) as base,
                upstream.serving(site),
            ):
                archive = upstream.Archive(site)
                for tag in ("v260", "v261"):
                    files = builders.files_at(yard.original.upstream, tag)
                    version = tag.removeprefix("v")
                    tarball = upstream.tarball(files, top=f"systemd-{version}")
                    archive.put("sid", f"{version}-1", tarball)
                url = f"{base}/{yard.original.upstream.name}"
                yield ground.fetches(yard, url, archive.mirror)
        case _:
            yield getattr(ground, group)(yard)


@pytest.mark.parametrize("group", GROUPS)
def test_whatever_happens_at_a_write_nothing_is_lost(group: str, yard: Yard) -> None:
    """Killed: all or nothing is left. Refused: that is told, too. The next run comes to its end."""
    tallies = []
    with cases_of(group, yard) as cases:
        for case in cases:
            known = undisturbed(case, yard.runs)
            if SAMPLE is None or SAMPLE > 1:  # torn writes are kills, too
                tallies.append(told(kill(case, known, yard.runs, How.KILL, SAMPLE)))
            tallies += [
                told(kill(case, known, yard.runs, How.TEAR, SAMPLE)),
                told(refuse(case, known, yard.runs, How.FULL, SAMPLE, error=errno.ENOSPC)),
                told(refuse(case, known, yard.runs, How.ONCE, SAMPLE, error=errno.EIO)),
            ]
    failures = [failure for tally in tallies for failure in tally.failures]
    assert not failures, f"{len(failures)} points:\n" + "\n\n".join(failures[:5])
    assert all(tally.tried for tally in tallies)


def test_a_plan_that_stands_is_carried_out_whatever_the_disk_says_of_it(yard: Yard) -> None:
    """The journal is in place, and syncing its folder fails: what is staged must not be lost."""
    case = ground.rebases(yard)[1]
    known = undisturbed(case, yard.runs)
    met = 0
    for at in range(1, known.writes[How.ONCE] + 1):
        case.reset()
        ran = yard.runs.run(
            case.words, below=(case.place,), at=at, how=How.ONCE, error=errno.EIO, call=case.call
        )
        if ran.answer.call != "fsync" or not ran.answer.path.endswith("/.patchkit"):
            continue
        met += 1
        yard.runs.run(yard.words("status", "-q"))
        assert case.visible(case.place) in (known.before, known.after), ran
    assert met > 0


def told(tally: Tally) -> Tally:
    print(tally, flush=True)
    return tally
