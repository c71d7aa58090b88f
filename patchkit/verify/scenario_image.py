"""A scenario's units and files as what is put into an image."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from patchkit.build.layer import FileSpec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from patchkit.verify.scenario import Scenario

UNITS = "/etc/systemd/system"
_INSTALL = {"WantedBy": "wants", "RequiredBy": "requires", "UpheldBy": "upholds"}


def scenario_files(scenario: Scenario) -> dict[str, FileSpec]:
    """The files by their paths; a unit with an `[Install]` section is enabled as it says there."""
    files = {f.path: FileSpec.file(f.text, mode=f.mode) for f in scenario.files}
    for name, text in scenario.units:
        files[f"{UNITS}/{name}"] = FileSpec.file(text.lstrip("\n"))
        for link in enabling_links(name, text):
            files[f"{UNITS}/{link}"] = FileSpec.link(f"../{name}")
    return files


def enabling_links(name: str, text: str) -> Iterator[str]:
    """The links that `systemctl enable` makes for a unit, below the folder of units."""
    section = None
    for line in text.splitlines():
        if heading := re.fullmatch(r"\s*\[(\w+)\]\s*", line):
            section = heading[1]
        key, equals, value = line.partition("=")
        if section == "Install" and equals and key.strip() in _INSTALL:
            for target in value.split():
                yield f"{target}.{_INSTALL[key.strip()]}/{name}"
