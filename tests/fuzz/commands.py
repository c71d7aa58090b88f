"""Whole commands over a repository of which one file is broken."""

from __future__ import annotations

import contextlib
import hashlib
import io
import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

from patchkit import documents
from patchkit.cli import main
from tests.bump.support import evidence
from tests.commands import support
from tests.fuzz.targets import Target

if TYPE_CHECKING:
    from collections.abc import Callable

_READ = (
    ("status", "--json"), ("check", "--offline"), ("rebase", "v261", "--dry-run"),
    ("report", "-o", "{out}"), ("overlay", "--offline"), ("rebase", "--continue"),
    ("rebase", "--skip"), ("explain", "v261", "main"), ("rebase", "v261"), ("plan", "--json"),
)  # fmt: skip
_CODES = frozenset({0, 2, 3, 4, 5, 6, 7, 8})


@cache
def _ground() -> Path:
    """A repository with two releases, evidence, an overlay, and a rebase that waits."""
    folder = Path(mkdtemp(prefix="patchkit-fuzz-"))
    made = support.make_repository(folder)
    _silently("--repo", str(made.root), "--cache", str(made.cache), "rebase", "v260")
    _silently("--repo", str(made.root), "--cache", str(made.cache), "rebase", "v261")
    lock = documents.decode((made.root / "patches" / "lock.json").read_bytes(), dict)
    job = folder / "job.json"
    series = lock["releases"]["v261"]["series_sha256"]
    job.write_text(documents.encode(evidence("v261", series=series)), encoding="utf-8")
    _silently("--repo", str(made.root), "--cache", str(made.cache), "merge-evidence", str(job))
    _silently("--repo", str(made.root), "--cache", str(made.cache), "overlay")
    _silently("--repo", str(made.root), "--cache", str(made.cache), "rebase", "v262")
    return folder


def _silently(*words: str) -> tuple[int, str]:
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = main(list(words))
    return code, said.getvalue()


def _over(path: str) -> Target:
    """A target that breaks one file of the repository."""

    def feed(data: bytes, folder: Path) -> None:
        repo = folder / "repo"
        shutil.rmtree(repo, ignore_errors=True)
        shutil.copytree(_ground() / "repo", repo)
        _found(repo, path).write_bytes(data)
        words = _READ[hashlib.sha256(data).digest()[0] % len(_READ)]
        here = [word.format(out=folder / "out") for word in words]
        cache_folder = _ground() / "cache"
        code, said = _silently("--repo", str(repo), "--cache", str(cache_folder), *here)
        assert code in _CODES, f"{' '.join(words)} ended with {code}: {said[-600:]}"
        assert "Traceback" not in said, said[-600:]
        beside = {entry.name for entry in folder.iterdir()} - {"repo", "out"}
        assert not beside, beside

    return Target(name=f"commands, {path}", feed=feed, seeds=_seed(path), heavy=True)


def _seed(path: str) -> Callable[[], list[bytes]]:
    return lambda: [_found(_ground() / "repo", path).read_bytes()]


def _found(repo: Path, path: str) -> Path:
    return next(iter(sorted(repo.glob(path))))


COMMANDS = tuple(
    _over(path)
    for path in (
        "patches/series.toml", "patches/lock.json", "patches/evidence/v261.json",
        "patches/v260/0002-*.patch", "patches/v261/0003-*.patch", ".patchkit/rebase/state.json",
    )
)  # fmt: skip
