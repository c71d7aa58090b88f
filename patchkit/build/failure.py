"""A build that failed: the first error, and the patch that it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from patchkit.build.blame import Blame, blame
from patchkit.build.preflight import PACKAGES
from patchkit.errors import MissingToolError, PatchkitError, StorageError
from patchkit.rebase.tree import TreeView

if TYPE_CHECKING:
    from pathlib import Path

    from patchkit.build.ninja import Output
    from patchkit.build.plan import BuildPlan


class BuildError(PatchkitError):
    """The release, or a patch, does not compile. `blamed` is the place in the series, if any."""

    def __init__(self, message: str, *, hint: str | None = None, blamed: Blame | None) -> None:
        super().__init__(message, hint=hint)
        self.blamed = blamed


def build_failure(
    plan: BuildPlan, said: Output, *, log: Path, program: str, code: int
) -> PatchkitError:
    """What to say of a program of the build that ended with `code`; the caller raises it."""
    kept = f"the whole output: {log}"
    if said.disk_full:
        return StorageError(
            f"the disk is full: {plan.release} {plan.variant} was not built to its end",
            hint=f"free some space and run it again, it goes on where it stopped; {kept}",
        )
    if said.dependency is not None:
        packages = dict(PACKAGES.values())
        package = packages.get(said.dependency)
        return MissingToolError(
            f"Meson does not find '{said.dependency}', which [build.options] asks for",
            hint=(f"on Debian and Ubuntu: apt-get install {package}; " if package else "") + kept,
        )
    error = said.first_error
    if error is None:
        ended = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        step = f" at {said.failed_step}" if said.failed_step else ""
        return BuildError(
            f"{plan.release} {plan.variant} does not build: {program} {ended}{step}",
            hint=kept,
            blamed=None,
        )
    stock = TreeView(source=plan.view.source, tree=plan.view.tree)
    blamed = (
        blame(plan.series, stock, error.path, error.line or 0) if error.path is not None else None
    )
    where = f"{error.path or ''}:{error.line or ''}: ".replace(":: ", ": ").lstrip(": ")
    lines = [*error.shown]
    if blamed is not None:
        lines.append(blamed.sentence)
    elif plan.series.patches:
        lines.append("no patch of the series touches that file")
    return BuildError(
        f"{plan.release} {plan.variant} does not build: {where}{error.text}",
        hint="\n".join([*lines, kept]),
        blamed=blamed,
    )
