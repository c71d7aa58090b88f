"""The steps of a bump, and the book of what each made from what: a second run redoes the rest."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from patchkit import __version__, documents
from patchkit.errors import StorageError
from patchkit.writeplan import atomic_write

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path, PurePosixPath

SCHEMA = "patchkit.bump-steps/1"


class Step(StrEnum):
    """What a bump does, in this order; the values are what `--until` and `--from` take."""

    REBASE = "rebase"
    OVERLAY = "overlay"
    BUILD = "build"
    VERIFY = "verify"
    REPORT = "report"
    COMMIT = "commit"
    PR = "pr"


class Status(StrEnum):
    """How a step ended; the values are written for people."""

    DONE = "done"
    KEPT = "as before"
    """Nothing that it is made from has changed."""
    LEFT_OUT = "left out"
    FAILED = "failed"
    WOULD = "would run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What a step made, and from what: digests (SHA-256, hexadecimal) of its files.

    `result` is the document that the step's command printed, `detail` the same in a few words.
    """

    inputs: str
    output: str
    status: Status
    seconds: float
    detail: str
    result: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Book:
    schema: str = SCHEMA
    records: dict[Step, Record] = field(default_factory=dict)


class Book:
    """The records of one release's bump, kept in a file that is replaced with every change."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._book = self._read()

    def _read(self) -> _Book:
        try:
            book = documents.decode(self._path.read_bytes(), _Book)
        except (OSError, documents.MalformedDocument):
            return _Book()  # a lost book costs time, not work: everything is made again
        return book if book.schema == SCHEMA else _Book()

    def get(self, step: Step) -> Record | None:
        """What is recorded of a step."""
        return self._book.records.get(step)

    def valid(self, step: Step, inputs: str) -> Record | None:
        """The record of a step that ended well and was made from these inputs."""
        found = self.get(step)
        ended_well = found is not None and found.status in (Status.DONE, Status.KEPT)
        return found if found is not None and ended_well and found.inputs == inputs else None

    def put(self, step: Step, record: Record) -> None:
        """Record a step. Raises `StorageError`."""
        self._keep({**self._book.records, step: record})

    def forget(self, first: Step | None = None) -> None:
        """Forget a step and all after it; everything without one."""
        order = list(Step)
        gone = set(order[order.index(first) :]) if first else set(order)
        self._keep({s: r for s, r in self._book.records.items() if s not in gone})

    def outputs(self) -> frozenset[str]:
        """The digests of files that some step left."""
        return frozenset(record.output for record in self._book.records.values())

    def _keep(self, records: Mapping[Step, Record]) -> None:
        self._book = replace(self._book, records=dict(records))
        try:
            atomic_write(self._path, documents.encode(self._book).encode())
        except OSError as error:
            raise StorageError.from_os_error(f"write {self._path}", error) from error


def files_digest(files: Mapping[PurePosixPath, bytes]) -> str:
    """One digest over files with their names."""
    total = hashlib.sha256()
    for path, content in sorted(files.items()):
        name = str(path).encode("utf-8", "surrogateescape")
        total.update(b"%d:%s%d:" % (len(name), name, len(content)))
        total.update(content)
    return total.hexdigest()


def inputs_digest(step: Step, before: str, *options: str) -> str:
    """What a step is made from: the files before it, its options, and this patchkit."""
    parts = "\n".join((__version__, step, before, *(repr(option) for option in options)))
    return hashlib.sha256(parts.encode("utf-8", "surrogateescape")).hexdigest()


def span(until: Step | None, *, deliver: bool) -> tuple[Step, ...]:
    """The steps up to `until`; opening a pull request is one only where that is wanted."""
    order = [step for step in Step if deliver or step is not Step.PR]
    return tuple(order[: order.index(until) + 1]) if until in order else tuple(order)
