"""The scenarios there are: those shipped with patchkit, and those of the patch repository."""

from __future__ import annotations

import difflib
from importlib import resources
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from patchkit.errors import StorageError, UsageError
from patchkit.verify.scenario_file import read_scenario

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.resources.abc import Traversable
    from pathlib import Path

    from patchkit.verify.scenario import Scenario

OWN = PurePosixPath("patches/scenarios")
"""The folder of a patch repository for scenarios of its own: one TOML file each."""


def read_catalogue(repository: Path) -> tuple[Scenario, ...]:
    """All scenarios, in the order of their names; a repository's own takes a shipped one's place.

    Raises `UsageError` that lists the mistakes of every file.
    """
    files: dict[str, tuple[str, Traversable | Path]] = {}
    for item in resources.files("patchkit.verify").joinpath("scenarios").iterdir():
        if item.name.endswith(".toml"):
            files[item.name.removesuffix(".toml")] = (item.name, item)
    for path in sorted((repository / OWN).glob("*.toml")):
        files[path.stem] = (str(OWN / path.name), path)
    scenarios, mistakes = [], []
    for name, (file_name, item) in sorted(files.items()):
        try:
            scenarios.append(read_scenario(_text(item), name=name, file_name=file_name))
        except UsageError as error:
            mistakes.append(error)
    if len(mistakes) == 1:
        raise mistakes[0]
    if mistakes:
        raise UsageError(
            f"{len(mistakes)} scenario files have mistakes",
            hint="\n  ".join(error.hint or error.message for error in mistakes),
        )
    return tuple(scenarios)


def choose(scenarios: tuple[Scenario, ...], names: Sequence[str]) -> tuple[Scenario, ...]:
    """Those that are named, or all when none is. Raises `UsageError` for an unknown name."""
    known = [scenario.name for scenario in scenarios]
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            raise UsageError(
                f"there is no scenario '{name}'" + (f"; did you mean '{near[0]}'?" if near else ""),
                hint=f"there are: {', '.join(known)}",
            )
    return tuple(s for s in scenarios if not names or s.name in names)


def _text(item: Traversable | Path) -> str:
    try:
        return item.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"the scenario {item.name} is not UTF-8: {error}") from error
    except OSError as error:
        raise StorageError.from_os_error(f"read {item.name}", error) from error
