"""The place where a bump works: a copy of the patch repository, so that the user's stays as it is.

Everything of a release's bump is under `.patchkit/bump/<tag>/` of the patch repository: `bench/`
(the copy), `steps.json` (the book), `report/` (the page), `log/` (what the steps said).
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from patchkit.bump.checkout import FOLDERS
from patchkit.bump.steps import Book, files_digest
from patchkit.errors import StorageError
from patchkit.workspace import session as sessions
from patchkit.workspace.layout import Workspace
from patchkit.writeplan import STATE, atomic_write, settle

if TYPE_CHECKING:
    from patchkit.bump.checkout import Files
    from patchkit.releases import Release

_EXECUTABLE = 0o100755


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A release's place under the patch repository `root`."""

    root: Path
    release: Release

    @property
    def place(self) -> Path:
        """Where everything of this bump is."""
        return self.root / STATE / "bump" / self.release.tag

    @property
    def workspace(self) -> Workspace:
        """The copy of the patch repository."""
        return Workspace(self.place / "bench")

    @property
    def report(self) -> Path:
        """Where the page goes."""
        return self.place / "report"

    @property
    def page(self) -> Path:
        """The text of a pull request."""
        return self.place / "pull-request.md"

    def log(self, step: str) -> Path:
        """What a step said."""
        return self.place / "log" / f"{step}.log"

    def book(self) -> Book:
        """What each step made."""
        return Book(self.place / "steps.json")

    def prepare(self) -> None:
        """Make the place, which git ignores. Raises `StorageError`."""
        try:
            self.place.mkdir(parents=True, exist_ok=True)
            ignore = self.root / STATE / ".gitignore"
            if not ignore.exists():
                atomic_write(ignore, b"*\n")
        except OSError as error:
            raise StorageError.from_os_error(f"prepare {self.place}", error) from error

    def lay(self, ground: Files, book: Book) -> str:
        """Have the copy hold `ground`, or what was made of it; the digest that steps begin with.

        A copy stays as it is while it was laid for this ground, or is what the branch has now;
        where neither a step nor this method left it so, a person did, and the book is begun anew
        from there. For other ground it is laid anew; put aside is one in which a conflict waits
        or a person changed something. Raises `StorageError`.
        """
        wanted = files_digest({path: stored.content for path, stored in ground.items()})
        root = self.workspace.root
        settle(root)
        try:
            laid, start = self._mark()
            if laid is not None and root.is_dir():
                present = files_digest(self.files())
                known = present == start or present in book.outputs()
                if wanted in (laid, present):
                    return start if known else self._begin(book, wanted, present)
                if sessions.load(root) is not None or not known:
                    self._put_aside(root)
            self._begin(book, "", "")  # whatever interrupts what follows, it is laid again
            self._write(root, ground)
            return self._begin(book, wanted, wanted)
        except OSError as error:
            raise StorageError.from_os_error(f"prepare {self.place}", error) from error

    def _mark(self) -> tuple[str | None, str]:
        """The ground that the copy was laid for, and what the steps in the book begin with."""
        try:
            laid, start = (self.place / "ground").read_text(encoding="ascii").split()
        except (FileNotFoundError, ValueError):
            return None, ""
        return laid, start

    def _begin(self, book: Book, laid: str, start: str) -> str:
        book.forget()
        atomic_write(self.place / "ground", f"{laid} {start}\n".encode())
        return start

    def files(self) -> dict[PurePosixPath, bytes]:
        """What the copy has in `patches/` and `overlays/`. Raises `StorageError`."""
        root = self.workspace.root
        try:
            return {
                PurePosixPath(path.relative_to(root).as_posix()): path.read_bytes()
                for folder in FOLDERS
                for path in sorted((root / folder).rglob("*"))
                if path.is_file() and not path.is_symlink()
            }
        except OSError as error:
            raise StorageError.from_os_error(f"read {root}", error) from error

    def _write(self, root: Path, ground: Files) -> None:
        aside = root.with_name(".bench.new")
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        for path, stored in ground.items():
            target = aside / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(stored.content)
            if stored.mode == _EXECUTABLE:
                target.chmod(0o755)
        shutil.rmtree(root, ignore_errors=True)
        aside.replace(root)

    def _put_aside(self, root: Path) -> None:
        number = 1
        while os.path.lexists(kept := root.with_name(f"bench-{number}")):
            number += 1
        root.rename(kept)
