"""What the CI system around us understands: log groups, a job summary, outputs for later steps.

GitHub's runner sets the variables that are used here, and so do Forgejo's and Gitea's
(docs.github.com, "Workflow commands for GitHub Actions").
"""

from __future__ import annotations

import os
import secrets
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

from patchkit.console import clean, defused
from patchkit.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The CI system, if there is one."""

    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    out: IO[str] = field(default_factory=lambda: sys.stderr)

    @property
    def has_groups(self) -> bool:
        """Whether the log can fold."""
        return self.environ.get("GITHUB_ACTIONS") == "true"

    def harmless(self, text: str) -> str:
        """Text of whatever origin, of which no line is a command to the runner."""
        return defused(text) if self.has_groups else text

    @contextmanager
    def group(self, title: str) -> Iterator[None]:
        """Fold what the block logs."""
        if not self.has_groups:
            yield
            return
        self.out.write(f"::group::{' '.join(clean(title).split())}\n")
        self.out.flush()
        try:
            yield
        finally:
            self.out.write("::endgroup::\n")
            self.out.flush()

    def summarize(self, markdown: str) -> None:
        """Add to the job's summary. Raises `StorageError`."""
        self._append("GITHUB_STEP_SUMMARY", markdown.rstrip("\n") + "\n")

    def put_outputs(self, outputs: Mapping[str, str]) -> None:
        """Hand values to later steps. Raises `StorageError`."""
        text = ""
        for name, value in outputs.items():
            fence = f"end-{secrets.token_hex(8)}"  # so that a value cannot end itself
            text += f"{name}<<{fence}\n{value}\n{fence}\n"
        self._append("GITHUB_OUTPUT", text)

    def _append(self, variable: str, text: str) -> None:
        path = self.environ.get(variable)
        if not path:
            return
        try:
            with Path(path).open("a", encoding="utf-8") as stream:
                stream.write(text)
        except OSError as error:
            raise StorageError.from_os_error(f"write {variable}", error) from error
