"""A short run of every target; the long ones are `python -m tests.fuzz.run`."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from patchkit.errors import UsageError
from tests.depth import DEPTH
from tests.fuzz.engine import fuzz
from tests.fuzz.mutate import mutated
from tests.fuzz.run import TARGETS
from tests.fuzz.targets import Target

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name.replace(" ", "-"))
def test_nothing_but_refusals(target: Target, tmp_path: Path) -> None:
    most = (10 if target.heavy else 100) * DEPTH
    outcome = fuzz(target, seconds=10 * DEPTH, most=most, seed=20261122 + DEPTH, kept=tmp_path)
    assert outcome.findings == []
    assert outcome.executions >= 1
    print(f"{target.name}: {outcome.executions} executions, {outcome.refused} refused")


def leaking(_data: bytes, folder: Path) -> None:
    (folder.parent / "a-file-that-is-outside").write_bytes(b"")


def greedy(data: bytes, _folder: Path) -> None:
    if data != b"seed":
        bytearray(8 << 30)


def dying(data: bytes, _folder: Path) -> None:
    if data != b"seed":
        import os  # noqa: PLC0415

        os.abort()


def wordless(_data: bytes, _folder: Path) -> None:
    raise UsageError("")


@pytest.mark.parametrize(
    ("feed", "what"),
    [
        (leaking, "wrote"),
        (greedy, "MemoryError"),
        (dying, "died"),
        (wordless, "a message of 0"),
        (lambda data, _: {}[data], "KeyError"),
    ],
)
def test_the_engine_sees_what_it_is_for(feed: object, what: str) -> None:
    target = Target(name="x", feed=feed, seeds=lambda: [b"seed"])  # type: ignore[arg-type]
    findings = fuzz(target, seconds=0.2, seed=1).findings
    assert findings
    assert findings[0].what.startswith(what)


def test_the_same_seed_gives_the_same_input() -> None:
    one, other = (mutated(b'{"a": [1, 2]}\n', [b"x"], random.Random(7)) for _ in range(2))
    assert one == other
    many = {mutated(b'{"a": [1, 2]}\n', [b"x"], random.Random(n)) for n in range(300)}
    assert len(many) > 200
