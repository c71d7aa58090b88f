"""Running a target on mutated input for a while, apart from the rest and within bounds."""

from __future__ import annotations

import contextlib
import faulthandler
import hashlib
import json
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from patchkit.errors import PatchkitError
from tests.fuzz.mutate import mutated

if TYPE_CHECKING:
    from types import FrameType

    from tests.fuzz.targets import Target

MEMORY = 1 << 30
"""How much more address space a target may take than the process had, in bytes."""
LONGEST = 10
"""How long one input may take, in seconds."""


class HangError(Exception):
    """An input took too long."""


@dataclass(kw_only=True)
class Finding:
    """What went wrong, where, and the input's name."""

    what: str
    where: str
    input: str


@dataclass(kw_only=True)
class Outcome:
    """What a slice of time gave."""

    executions: int = 0
    refused: int = 0
    seconds: float = 0.0
    findings: list[Finding] = field(default_factory=list)


def fuzz(
    target: Target,
    *,
    seconds: float,
    seed: int,
    most: int | None = None,
    kept: Path | None = None,
) -> Outcome:
    """Feed a target for so many seconds in a process of its own; inputs that break it are kept.

    With `most`, that many inputs at the most: the same seed then gives the same run anywhere.
    """
    work = Path(tempfile.mkdtemp(prefix="patchkit-fuzz-work-"))
    read, write = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    process = os.fork()
    if process == 0:
        code = 1
        faulthandler.disable()  # of which pytest makes pages; how it died is told by the status
        try:
            os.close(read)
            outcome = _loop(target, seconds, most, random.Random(seed), work)
            with os.fdopen(write, "w", encoding="utf-8") as stream:
                json.dump(asdict(outcome), stream)
            code = 0
        except BaseException:  # noqa: BLE001 - told, then the process ends
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(write)
    with os.fdopen(read, encoding="utf-8") as stream:
        text = stream.read()
    _, status = os.waitpid(process, 0)
    outcome = _outcome(text, status, work)
    if kept is not None:
        for finding in outcome.findings:
            kept.mkdir(parents=True, exist_ok=True)
            source = work / finding.input
            if source.exists():
                shutil.copy(source, kept / f"{target.name.replace('/', '-')}-{finding.input}")
    shutil.rmtree(work, ignore_errors=True)
    return outcome


def _outcome(text: str, status: int, work: Path) -> Outcome:
    try:
        told = json.loads(text)
    except ValueError:  # it died over an input
        how = f"died, status {status:#x}"
        (work / "died").write_bytes((work / "input").read_bytes() if text == "" else b"")
        return Outcome(executions=1, findings=[Finding(what=how, where="", input="died")])
    return Outcome(**{**told, "findings": [Finding(**each) for each in told["findings"]]})


def _loop(
    target: Target, seconds: float, most: int | None, chance: random.Random, work: Path
) -> Outcome:
    signal.signal(signal.SIGALRM, _late)
    seeds = target.seeds()
    outcome, seen = Outcome(), set[str]()
    begun = time.monotonic()
    while (now := time.monotonic() - begun) < seconds and outcome.executions != most:
        data = mutated(chance.choice(seeds), seeds, chance) if outcome.executions else seeds[0]
        (work / "input").write_bytes(data)
        found = _one(target, data, work, outcome)
        if outcome.executions == 1:
            _bound()  # what is imported and made at the first is not counted
        if found is not None and found.where not in seen:
            seen.add(found.where)
            found.input = hashlib.sha256(data).hexdigest()[:12]
            (work / found.input).write_bytes(data)
            outcome.findings.append(found)
        outcome.seconds = now
    outcome.seconds = time.monotonic() - begun
    return outcome


def _one(target: Target, data: bytes, work: Path, outcome: Outcome) -> Finding | None:
    """Feed one input; what is wrong with how that went, or None."""
    place = work / "place"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    outcome.executions += 1
    signal.alarm(LONGEST)
    try:
        target.feed(data, place)
    except PatchkitError as error:
        outcome.refused += 1
        return _judged(error)
    except BaseException as error:  # noqa: BLE001 - this is what is looked for
        return _finding(error)
    finally:
        signal.alarm(0)
    strangers = sorted(entry.name for entry in work.iterdir() if len(entry.name) > 12)
    return Finding(what=f"wrote {strangers}", where="outside", input="") if strangers else None


def _judged(error: PatchkitError) -> Finding | None:
    """A refusal is a sentence of bounded length."""
    if 0 < len(error.message) < 4000:
        return None
    return Finding(what=f"a message of {len(error.message)}", where=_where(error), input="")


def _finding(error: BaseException) -> Finding:
    return Finding(what=f"{type(error).__name__}: {error}"[:300], where=_where(error), input="")


def _where(error: BaseException) -> str:
    """The innermost place of ours that it came through."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if "/patchkit/" in f.filename and "/tests/" not in f.filename]
    last = (ours or list(frames))[-1]
    name = last.filename.rpartition("/patchkit/")[2]
    return f"{type(error).__name__} in {name}:{last.lineno} {last.name}"


def _late(_number: int, _frame: FrameType | None) -> None:
    raise HangError


def _bound() -> None:
    """From here on, memory has an end."""
    with contextlib.suppress(OSError, ValueError):
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        limit = pages * resource.getpagesize() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
