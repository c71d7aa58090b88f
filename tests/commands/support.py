"""Running patchkit's own command line, in this process and in others."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from patchkit.cli import main
from tests import builders
from tests.builders import Change, PatchRepository, numbered, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest

    from tests.builders import Files

SOURCE = Path(__file__).resolve().parents[2]
"""The checkout, for processes of their own."""

MAIN, MANAGER, MOUNT = "src/core/main.c", "src/core/manager.c", "src/shared/mount-setup.c"
CODE = ["int {name}(void) {{", *numbered(10), "    return r;", *numbered(10, start=11), "}}"]


def code(name: str, *, above: int = 0, line: str = "    return r;") -> bytes:
    """A source file with one function, whose middle says `line`."""
    body = [line if each == "    return r;" else each.format(name=name) for each in CODE]
    return text(*[f"#include <header_{n}.h>" for n in range(above)], *body)


SERIES = {
    "mount-setup": Change(
        message="mount-setup: go on when it cannot be written\n\nElse the boot ends there.\n",
        files={MOUNT: code("mount_setup", line="    return 0;")},
    ),
    "main": Change(
        message="main: keep the console\n\nElse docker logs is empty.\n",
        files={MAIN: code("main", line="    return keep(r);")},
    ),
    "manager": Change(
        message="manager: power off on SIGTERM\n\nElse docker stop takes 10 s.\n",
        files={MANAGER: code("manager", line="    return poweroff(r);")},
    ),
}
"""By name; each changes the one line of its file."""


def release(**different: bytes) -> Files:
    """A release's files; keywords replace those of main, manager and mount."""
    return {
        MAIN: different.get("main", code("main")),
        MANAGER: different.get("manager", code("manager")),
        MOUNT: different.get("mount", code("mount_setup")),
        "README": different.get("readme", b"systemd\n"),
    }


RELEASES: dict[str, Files] = {
    "v259": release(readme=b"old\n"),
    "v260": release(),
    "v261-rc1": release(readme=b"soon\n"),
    "v261": release(
        main=code("main", above=4),
        manager=code("manager").replace(b"statement_9();", b"statement_nine();"),
        readme=b"newer\n",
    ),
    # settled by nobody but a person, twice
    "v262": release(
        main=code("main", above=4, line="    goto fail;"),
        manager=code("manager", above=2, line="    abort();"),
        mount=code("mount_setup", line="    return 0;"),
    ),
}


@dataclass(frozen=True, kw_only=True)
class Run:
    """What a run of patchkit gave."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on standard output."""
        return json.loads(self.out)

    @property
    def said(self) -> str:
        """Both streams."""
        return self.out + self.err


@dataclass(frozen=True, kw_only=True)
class Desk:
    """A patch repository, and the command line over it."""

    repository: PatchRepository
    capsys: pytest.CaptureFixture[str]

    @property
    def patches(self) -> Path:
        return self.repository.root / "patches"

    def argv(self, *words: str) -> list[str]:
        return [
            "--repo", str(self.repository.root), "--cache", str(self.repository.cache), *words
        ]  # fmt: skip

    def run(self, *words: str) -> Run:
        """Run in this process."""
        self.capsys.readouterr()
        ended = main(self.argv(*words))
        said = self.capsys.readouterr()
        return Run(code=ended, out=said.out, err=said.err)

    def done(self, *words: str) -> Run:
        """Run, and expect that it works."""
        ran = self.run(*words)
        assert ran.code == 0, ran.said
        return ran

    def process(self, *words: str, **environment: str) -> Run:
        """Run in a process of its own."""
        return program(self.argv(*words), **environment)

    def lock(self) -> Any:
        return json.loads((self.patches / "lock.json").read_bytes())

    def snapshot(self) -> dict[str, bytes]:
        return self.repository.snapshot()

    def edited(self, patch: str, path: str, content: bytes) -> None:
        """What a person does to a file of a conflict."""
        place = self.repository.edit(patch) / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)


def program(words: list[str], *prefix: str, **environment: str) -> Run:
    """Run patchkit in a process of its own, perhaps below another program."""
    done = subprocess.run(
        [*prefix, sys.executable, "-m", "patchkit", *words],
        cwd=SOURCE,
        env={**os.environ, **environment},
        capture_output=True,
        check=False,
    )
    return Run(
        code=done.returncode,
        out=done.stdout.decode("utf-8", "replace"),
        err=done.stderr.decode("utf-8", "replace"),
    )


def make_repository(folder: Path) -> PatchRepository:
    """The repository of these tests, with a series for v260."""
    return builders.patch_repository(folder, RELEASES, SERIES, base="v260")


def copied(original: PatchRepository, folder: Path) -> PatchRepository:
    """A repository of one's own over the same upstream."""
    shutil.copytree(original.root, folder / "repo")
    return PatchRepository(
        root=folder / "repo",
        upstream=original.upstream,
        cache=folder / "cache",
        names=original.names,
    )


def forked(work: Callable[[], int]) -> int:
    """Do something in a forked process, silently; its id. Ctrl-C reaches nothing but the work."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    process = os.fork()
    if process == 0:
        ended = 99
        try:
            silence = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(silence, stream)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            try:
                signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
            except KeyboardInterrupt:  # it came before the work began
                os._exit(130)
            ended = work()
        finally:
            os._exit(ended)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    return process


@contextmanager
def child(words: list[str]) -> Iterator[int]:
    """patchkit in a forked process, silent; ended by the end of the block at the latest."""
    process = forked(lambda: main(words))
    try:
        yield process
    finally:
        try:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
        except (ProcessLookupError, ChildProcessError):
            """It had ended and was waited for."""
