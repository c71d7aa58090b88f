"""Striking a command at each of its writes, and looking at what is left."""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING

from tests import builders
from tests.crash.zygote import Answer, Order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SOURCE = Path(__file__).resolve().parents[2]
FLAGS = ("-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-Wno-nonnull-compare")


class How(IntEnum):
    """The shim's ways to strike."""

    COUNT = 0
    KILL = 1
    """SIGKILL before the call."""
    TEAR = 2
    """The same; a write gets half of its bytes out first."""
    ONCE = 3
    """The call fails; the next ones work."""
    FULL = 4
    """From this call on, nothing that needs room works; a write gets half of its bytes out."""


class Zygote:
    """The process that forks runs, and talking to it."""

    def __init__(self, process: subprocess.Popen[str], said: Path) -> None:
        self._process = process
        self._said = said

    def run(
        self,
        words: list[str],
        *,
        below: tuple[Path, ...] = (),
        at: int = 0,
        how: How = How.COUNT,
        error: int = 0,
        call: str | None = None,
    ) -> Struck:
        """One run."""
        order = Order(
            words=words,
            below=[str(path) for path in below],
            at=at,
            how=how,
            error=error,
            said=str(self._said),
            call=call,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asdict(order)) + "\n")
        self._process.stdin.flush()
        answer = Answer(**json.loads(self._process.stdout.readline()))
        return Struck(answer=answer, said=self._said.read_text("utf-8", "replace"))


@dataclass(frozen=True, kw_only=True)
class Struck:
    """How a run ended, and what it said."""

    answer: Answer
    said: str

    @property
    def code(self) -> int | None:
        return self.answer.code

    def __str__(self) -> str:
        struck = f"{self.answer.call} {self.answer.path}" if self.answer.struck else "nothing"
        return f"struck at {struck}, ended with {self.code}:\n{self.said}"


def built_shim(folder: Path) -> Path:
    """The shim, compiled."""
    shim = folder / "shim.so"
    source = Path(__file__).with_name("shim.c")
    subprocess.run(["gcc", *FLAGS, "-o", shim, source, "-ldl"], check=True)
    return shim


@contextmanager
def zygote(shim: Path, folder: Path) -> Iterator[Zygote]:
    """A zygote; ended with the block."""
    environment = {**os.environ, "LD_PRELOAD": str(shim), "SOURCE_DATE_EPOCH": "1767323045"}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.crash.zygote"],
        cwd=SOURCE,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield Zygote(process, folder / "said")
        finally:
            process.kill()


@dataclass(frozen=True, kw_only=True)
class Case:
    """A command that writes, on ground that was prepared.

    `ground` is a folder that is put to `place` before every run. `facts` are what must be the
    same after the undisturbed run, and after a struck one and another run on top; `visible` are
    what must at any moment be as before or as after. `codes` are the exit codes of an undisturbed
    run and of one on top of a finished one. `readers` are commands that must work whatever was
    left.
    """

    name: str
    ground: Path
    place: Path
    words: list[str]
    call: str | None = None
    facts: Callable[[Path], object]
    visible: Callable[[Path], object]
    codes: frozenset[int] = frozenset({0})
    again: tuple[list[str], ...] = ()
    readers: tuple[list[str], ...] = ()

    def reset(self) -> None:
        """The ground anew."""
        shutil.rmtree(self.place, ignore_errors=True)
        shutil.copytree(self.ground, self.place, symlinks=True)


@dataclass
class Tally:
    """What was tried on a case."""

    name: str
    how: str
    whole: int
    tried: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @contextmanager
    def judging(self) -> Iterator[None]:
        """Keep what does not hold at a point, and go on to the next."""
        try:
            yield
        except AssertionError as error:
            self.ends["WRONG"] += 1
            self.failures.append(str(error))

    def __str__(self) -> str:
        ends = ", ".join(f"{count} {what}" for what, count in sorted(self.ends.items()))
        return (
            f"{self.name:<24} {self.how:<12} {self.tried:>4} of {self.whole:>4} points"
            f" {self.seconds:6.1f} s  {ends}"
        )


def points(whole: int, sample: int | None, seed: str) -> list[int]:
    """Which of so many writes to strike: all, or a sample that the seed chooses."""
    every = range(1, whole + 1)
    if sample is None or sample >= whole:
        return list(every)
    chance = random.Random(seed)
    return sorted(chance.sample(every, sample))


@dataclass(frozen=True, kw_only=True)
class Undisturbed:
    """A case before and after a run that nothing happens to; `writes` is how many there were."""

    before: object
    after: object
    facts: object
    writes: dict[How, int]


def undisturbed(case: Case, runs: Zygote) -> Undisturbed:
    """Run it twice: it must come to the same, or the rest proves nothing."""
    seen = []
    writes = {}
    for how in (How.KILL, How.FULL):
        case.reset()
        before = case.visible(case.place)
        ran = runs.run(case.words, below=(case.place,), at=1 << 40, how=how, call=case.call)
        assert ran.code in case.codes, ran
        writes[how] = ran.answer.count
        seen.append((before, case.visible(case.place), case.facts(case.place)))
    assert seen[0] == seen[1], "the same run twice gives two results"
    before, after, facts = seen[0]
    writes |= {How.TEAR: writes[How.KILL], How.ONCE: writes[How.KILL]}
    return Undisturbed(before=before, after=after, facts=facts, writes=writes)


def kill(case: Case, known: Undisturbed, runs: Zygote, how: How, sample: int | None) -> Tally:
    """Kill it at its writes: all or nothing is left, and the next run completes it."""
    begun = time.monotonic()
    tally = Tally(name=case.name, how=how.name.lower(), whole=known.writes[how])
    for at in points(known.writes[how], sample, f"{case.name} {how}"):
        case.reset()
        ran = runs.run(case.words, below=(case.place,), at=at, how=how, call=case.call)
        tally.tried += 1
        with tally.judging():
            if ran.code is not None:  # it ended before: threads and times make for a few less
                assert not ran.answer.struck, ran
                tally.ends["not reached"] += 1
                continue
            tally.ends[_left(case, known, ran, runs)] += 1
            _completed(case, known, ran, runs)
    tally.seconds = time.monotonic() - begun
    return tally


def refuse(
    case: Case, known: Undisturbed, runs: Zygote, how: How, sample: int | None, *, error: int
) -> Tally:
    """Let its writes fail: it says so with 8, leaves all or nothing, and the next run works."""
    begun = time.monotonic()
    name = f"{errno.errorcode[error]} {how.name.lower()}"
    tally = Tally(name=case.name, how=name, whole=known.writes[how])
    for at in points(known.writes[how], sample, f"{case.name} {how} {error}"):
        case.reset()
        ran = runs.run(case.words, below=(case.place,), at=at, how=how, error=error, call=case.call)
        tally.tried += 1
        with tally.judging():
            assert ran.code is not None, ran
            assert "Traceback" not in ran.said, ran
            assert "unexpected:" not in ran.said, ran
            if ran.code in case.codes:  # what failed was not needed: a clean-up, a cache
                tally.ends["done all the same"] += 1
            else:
                assert ran.code == 8, ran
                assert _is_sentence(ran.said, error), ran
                tally.ends[f"8, {_left(case, known, ran, runs)}"] += 1
            _completed(case, known, ran, runs)
    tally.seconds = time.monotonic() - begun
    return tally


def _left(case: Case, known: Undisturbed, ran: Struck, runs: Zygote) -> str:
    """What a run left that was cut short; readers must bear with it, and find all or nothing."""
    found = case.visible(case.place)
    is_whole = found in (known.before, known.after)
    for words in case.readers:
        read = runs.run(words)
        assert read.code == 0, f"{ran}\nthen {words}: {read}"
    found = case.visible(case.place)
    assert found in (known.before, known.after), f"{ran}\nleft:\n{_difference(found, known)}"
    if not is_whole:
        return "completed"
    return "after" if found == known.after and found != known.before else "before"


def _completed(case: Case, known: Undisturbed, ran: Struck, runs: Zygote) -> None:
    """The same command again must come to what it comes to undisturbed."""
    again = runs.run(case.words, call=case.call)
    for words in case.again:
        if again.code not in case.codes:
            again = runs.run(words, call=case.call)
    assert again.code in case.codes, f"{ran}\nagain: {again}"
    facts = case.facts(case.place)
    assert facts == known.facts, f"{ran}\nagain: {again}\n{_difference(facts, known)}"


def _is_sentence(said: str, error: int) -> bool:
    """Whether what went wrong is told once, and as what it is."""
    lines = [line for line in said.splitlines() if line.startswith("patchkit: ")]
    return len(lines) == 1 and os.strerror(error) in lines[0]


def _difference(found: object, known: Undisturbed) -> str:
    if not isinstance(found, dict):
        return f"{found!r}\nbefore {known.before!r}\nafter {known.after!r}, {known.facts!r}"
    lines = []
    for what, other in (("before", known.before), ("after", known.after), ("facts", known.facts)):
        if isinstance(other, dict):
            keys = sorted(k for k in {*found, *other} if found.get(k) != other.get(k))
            lines.append(f"not as {what}: {keys}")
    return "\n".join(lines)


def files(*places: str) -> Callable[[Path], dict[str, bytes]]:
    """What is in folders of the place: content by path."""

    def look(place: Path) -> dict[str, bytes]:
        return {
            f"{name}/{path}": content
            for name in places
            for path, content in builders.snapshot(place / name).items()
        }

    return look
