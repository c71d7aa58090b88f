"""The book of steps, the span of a bump, and the bench."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import pytest

from patchkit.bump.bench import Bench
from patchkit.bump.branch import stored
from patchkit.bump.steps import Book, Record, Status, Step, files_digest, inputs_digest, span
from patchkit.releases import Release

if TYPE_CHECKING:
    from pathlib import Path

LOCK = PurePosixPath("patches/lock.json")


def record(inputs: str = "i", output: str = "o", status: Status = Status.DONE) -> Record:
    return Record(inputs=inputs, output=output, status=status, seconds=1.5, detail="d")


def test_a_book_is_kept_and_trusted_only_for_the_same_inputs(tmp_path: Path) -> None:
    Book(tmp_path / "book").put(Step.REBASE, record())
    book = Book(tmp_path / "book")
    assert book.valid(Step.REBASE, "i") == record()
    assert book.valid(Step.REBASE, "other") is None
    assert book.valid(Step.OVERLAY, "i") is None
    assert book.outputs() == {"o"}
    for status in (Status.FAILED, Status.LEFT_OUT):
        book.put(Step.REBASE, record(status=status))
        assert book.valid(Step.REBASE, "i") is None
        assert book.get(Step.REBASE) is not None


def test_forgetting_a_step_forgets_what_rests_on_it(tmp_path: Path) -> None:
    book = Book(tmp_path / "book")
    for step in (Step.REBASE, Step.OVERLAY, Step.VERIFY):
        book.put(step, record())
    book.forget(Step.OVERLAY)
    assert book.get(Step.REBASE) is not None
    assert book.get(Step.OVERLAY) is None
    assert book.get(Step.VERIFY) is None


@pytest.mark.parametrize("content", [b"", b"{", b'{"schema": "patchkit.bump-steps/9"}', b"\xff"])
def test_a_damaged_book_costs_time_and_nothing_else(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "book").write_bytes(content)
    assert Book(tmp_path / "book").get(Step.REBASE) is None


def test_digests_tell_everything_apart() -> None:
    a, b = PurePosixPath("a"), PurePosixPath("b")
    different = [{}, {a: b""}, {b: b""}, {a: b"b"}, {a: b"", b: b""}, {PurePosixPath("ab"): b""}]
    assert len({files_digest(files) for files in different}) == len(different)
    inputs = [
        inputs_digest(Step.REBASE, "x"),
        inputs_digest(Step.OVERLAY, "x"),
        inputs_digest(Step.REBASE, "y"),
        inputs_digest(Step.REBASE, "x", "a b"),
        inputs_digest(Step.REBASE, "x", "a", "b"),
    ]
    assert len(set(inputs)) == len(inputs)


def test_the_span() -> None:
    assert span(None, deliver=False)[-1] is Step.COMMIT
    assert span(None, deliver=True) == tuple(Step)
    assert span(Step.OVERLAY, deliver=True) == (Step.REBASE, Step.OVERLAY)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    made = Bench(root=tmp_path, release=Release.parse("v262"))
    made.prepare()
    return made


def test_a_bench_is_laid_and_kept(bench: Bench) -> None:
    book = bench.book()
    start = bench.lay({LOCK: stored(b"1")}, book)
    assert bench.files() == {LOCK: b"1"}
    assert (bench.root / ".patchkit" / ".gitignore").read_bytes() == b"*\n"
    # what a step made of it stays
    (bench.workspace.root / LOCK).write_bytes(b"2")
    book.put(Step.REBASE, record(output=files_digest({LOCK: b"2"})))
    assert bench.lay({LOCK: stored(b"1")}, book) == start
    assert bench.files() == {LOCK: b"2"}
    # and when it is what the branch has now
    assert bench.lay({LOCK: stored(b"2")}, book) == start
    assert book.get(Step.REBASE) is not None


def test_other_ground_lays_the_bench_anew(bench: Bench) -> None:
    book = bench.book()
    bench.lay({LOCK: stored(b"1")}, book)
    book.put(Step.REBASE, record(output=files_digest({LOCK: b"1"})))
    bench.lay({LOCK: stored(b"main moved on")}, book)
    assert bench.files() == {LOCK: b"main moved on"}
    assert book.get(Step.REBASE) is None
    assert sorted(path.name for path in bench.place.glob("bench*")) == ["bench"]


def test_what_a_person_did_on_the_bench_is_never_lost(bench: Bench) -> None:
    book = bench.book()
    bench.lay({LOCK: stored(b"1")}, book)
    mine = bench.workspace.root / "patches" / "mine"
    mine.write_bytes(b"by hand")
    start = bench.lay({LOCK: stored(b"1")}, book)
    assert start == files_digest(bench.files())
    assert mine.read_bytes() == b"by hand"
    mine.write_bytes(b"more")
    bench.lay({LOCK: stored(b"main moved on")}, book)
    assert bench.files() == {LOCK: b"main moved on"}
    assert (bench.place / "bench-1" / "patches" / "mine").read_bytes() == b"more"
