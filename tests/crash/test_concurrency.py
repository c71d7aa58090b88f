"""Several processes at once on one repository and one cache: they wait, and all stays whole.

The rounds are repeated with PATCHKIT_TEST_DEPTH.
"""

from __future__ import annotations

import random
import shutil
import threading
import time
from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from tests import builders
from tests.commands import support as commands
from tests.crash import ground
from tests.crash.ground import PLACE, Yard
from tests.crash.harness import How, Struck, built_shim, zygote
from tests.depth import DEPTH
from tests.upstream import support as upstream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.builders import PatchRepository
    from tests.crash.harness import Zygote

ROUNDS = 2 * DEPTH
BUSY = 9


@dataclass(kw_only=True)
class Team:
    """Zygotes that run at the same time, the first of which prepares the ground."""

    yard: Yard
    zygotes: list[Zygote]
    rounds: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    chance: random.Random = field(default_factory=lambda: random.Random(20261122))

    def prepared(self) -> None:
        """Keep the place as it is: every round begins with it."""
        shutil.rmtree(self.yard.folder / "kept", ignore_errors=True)
        shutil.copytree(self.yard.place, self.yard.folder / "kept", symlinks=True)

    def at_once(self, *all_words: list[str], **strike: int) -> list[Struck]:
        """One round: the commands at once, each a little later than it might be.

        `strike` kills the first at its nth write.
        """
        shutil.rmtree(self.yard.place)
        shutil.copytree(self.yard.folder / "kept", self.yard.place, symlinks=True)
        ran: dict[int, Struck] = {}
        pauses = [self.chance.uniform(0, 0.06) for _ in all_words]

        def work(number: int) -> None:
            time.sleep(pauses[number])
            how = How.KILL if strike and number == 0 else How.COUNT
            ran[number] = self.zygotes[number].run(
                all_words[number],
                below=(self.yard.place,),
                how=how,
                at=strike.get("at", 0) if how is How.KILL else 0,
            )

        threads = [threading.Thread(target=work, args=(n,)) for n in range(len(all_words))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.rounds += 1
        found = [ran[number] for number in sorted(ran)]
        for each in found:
            assert "Traceback" not in each.said, each
            assert "unexpected" not in each.said, each
            if each.code == BUSY:
                assert "another patchkit is at work" in each.said, each
            self.codes[str(each.code)] += 1
        return found

    def told(self, name: str) -> None:
        codes = ", ".join(
            f"{count} ended with {code}" for code, count in sorted(self.codes.items())
        )
        print(f"{name:<32} {self.rounds:>4} rounds  {codes}", flush=True)


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> PatchRepository:
    return commands.make_repository(tmp_path_factory.mktemp("original"))


@contextmanager
def team_of(count: int, original: PatchRepository, folder: Path) -> Iterator[Team]:
    shim = built_shim(folder)
    with ExitStack() as stack:
        zygotes = []
        for number in range(count):
            own = folder / f"zygote-{number}"
            own.mkdir()
            zygotes.append(stack.enter_context(zygote(shim, own)))
        yard = Yard(folder=folder, original=original, runs=zygotes[0])
        yard.begin()
        yield Team(yard=yard, zygotes=zygotes)


@pytest.mark.parametrize("count", [2, 4])
@pytest.mark.parametrize(
    "words",
    [("rebase", "v261"), ("overlay",), ("bump", "v261", "--no-verify"), ("rebase", "v262")],
    ids=" ".join,
)
def test_the_same_command_at_once(
    words: tuple[str, ...], count: int, original: PatchRepository, tmp_path: Path
) -> None:
    """One does it; the others are told to wait, or find that it is done."""
    with team_of(count, original, tmp_path) as team:
        yard = team.yard
        yard.run("rebase", "v260")
        if words[0] == "bump":
            yard.run("overlay")
            ground._in_git(yard)
        team.prepared()
        good = 3 if "v262" in words else 0
        team.at_once(yard.words(*words))
        wanted = _whole(yard)
        for _ in range(ROUNDS):
            ran = team.at_once(*[yard.words(*words)] * count)
            codes = {each.code for each in ran}
            assert good in codes, ran
            assert codes <= {good, BUSY}, [str(each) for each in ran]
            assert _whole(yard) == wanted
        team.told(f"{count} x {' '.join(words)}")


def _whole(yard: Yard) -> object:
    found = dict(PLACE(yard.place))
    if (yard.repo / ".git").exists():
        trees = builders.git(yard.repo, "for-each-ref", "--format=%(refname) %(tree)", "refs/heads")
        found["trees"] = trees
    return found


WRITERS: dict[str, tuple[tuple[str, ...], ...]] = {
    "rebase + overlay": (("rebase", "v261"), ("overlay",)),
    "rebase + bump": (("rebase", "v261"), ("bump", "v261", "--no-verify")),
    "rebase + abort": (("rebase", "v261"), ("rebase", "--abort")),
    "rebase + overlay + 2 rebases": (
        ("rebase", "v261", "--from", "v260"), ("overlay",), ("rebase", "v261-rc1"),
        ("rebase", "v260"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("pair", WRITERS)
def test_different_writers_at_once(pair: str, original: PatchRepository, tmp_path: Path) -> None:
    """In whatever order: what each writes is whole, and doing all again gives the same."""
    words = WRITERS[pair]
    with team_of(len(words), original, tmp_path) as team:
        yard = team.yard
        yard.run("rebase", "v260")
        yard.run("overlay")
        ground._in_git(yard)
        team.prepared()
        wanted = None
        for _ in range(ROUNDS):
            ran = team.at_once(*[yard.words(*each) for each in words])
            # what is not committed yet keeps a bump from beginning
            assert {each.code for each in ran} <= {0, BUSY, 2, 7}, [str(each) for each in ran]
            for each in words:
                if each[0] != "bump":
                    yard.run(*each)
            yard.run("overlay")
            yard.run("check")
            found = PLACE(yard.place)
            wanted = wanted or found
            assert found == wanted
        team.told(pair)


READERS: dict[str, tuple[str, ...]] = {
    "check": ("check", "--offline", "--json"),
    "status": ("status", "--json"),
    "report": ("report", "--json"),
}


@pytest.mark.parametrize("reader", READERS)
def test_a_reader_never_sees_half_of_what_is_written(
    reader: str, original: PatchRepository, tmp_path: Path
) -> None:
    """The rebase changes patches that are there, and the lock, while others read them."""
    with team_of(4, original, tmp_path) as team:
        yard = team.yard
        ground.rebases(yard)  # v261 is stale: its base has been reworded
        team.prepared()
        for _ in range(ROUNDS * 2):
            _, *read = team.at_once(
                yard.words("rebase", "v261"), *[yard.words(*READERS[reader])] * 3
            )
            for each in read:
                assert each.code in (0, 7), each
                for sign in ("has been changed", "is missing", "not in the lock", "recorded as",
                             "no file for", "digest is not"):  # fmt: skip
                    assert f'{sign}"' not in each.said.replace(f"{sign} ", f'{sign}" '), each
        team.told(f"rebase + 3 x {reader}")


@pytest.mark.parametrize("source", ["tarball", "git"])
def test_one_cache_is_filled_by_several_at_once(
    source: str, original: PatchRepository, tmp_path: Path
) -> None:
    """Each in a repository of its own; they wait for one another, and none fetches twice."""
    with served(original) as (daemon, mirror), team_of(4, original, tmp_path) as team:
        yard = team.yard
        text = (
            f'kind = "debian"\nname = "debian"\nmirror = "{mirror}"\nsuites = ["sid"]\n'
            if source == "tarball"
            else f'kind = "git"\nname = "upstream"\nurl = "{daemon}"\n'
        )
        ground._serve(yard, text)
        for number in range(1, 4):
            shutil.copytree(yard.repo, yard.place / f"repo-{number}")
        team.prepared()
        repos = [yard.repo, *(yard.place / f"repo-{number}" for number in range(1, 4))]
        words = [
            ["--repo", str(repo), "--cache", str(yard.cache), "rebase", "v261"] for repo in repos
        ]
        wanted: object = None
        for turn in range(ROUNDS):
            dying = {"at": 20 + 17 * turn} if turn % 2 else {}
            ran = team.at_once(*words, **dying)
            for each in ran[1 if dying else 0 :]:
                assert each.code == 0, each  # also where the one before died in the middle
            builders.git(yard.cache / "upstream.git", "fsck", "--no-dangling", "--strict")
            found = [builders.snapshot(repo / "patches") for repo in repos[1:]]
            wanted = wanted or found[0]
            assert all(each == wanted for each in found)
        team.told(f"4 x rebase, one cache, {source}")


@contextmanager
def served(original: PatchRepository) -> Iterator[tuple[str, str]]:
    site = upstream.Site()
    with upstream.git_daemon(original.upstream.parent) as base, upstream.serving(site):
        archive = upstream.Archive(site)
        for tag in ("v260", "v261"):
            files = builders.files_at(original.upstream, tag)
            version = tag.removeprefix("v")
            archive.put("sid", f"{version}-1", upstream.tarball(files, top=f"systemd-{version}"))
        yield f"{base}/{original.upstream.name}", archive.mirror


def test_what_a_dead_process_held_is_free(original: PatchRepository, tmp_path: Path) -> None:
    """Killed at any write, it holds nothing: the next one does not even wait."""
    with team_of(1, original, tmp_path) as team:
        yard = team.yard
        yard.run("rebase", "v260")
        team.prepared()
        for at in range(1, 40, max(1, 8 // DEPTH)):
            (died,) = team.at_once(yard.words("rebase", "v261"), at=at)
            assert died.code is None
            begun = time.monotonic()
            yard.run("rebase", "v261")
            assert time.monotonic() - begun < 5
        team.told("rebase, after one that was killed")
