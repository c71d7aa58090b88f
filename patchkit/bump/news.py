"""What upstream's NEWS says of a release: its headings; pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from patchkit.releases import Release

_SECTION = re.compile(r"^CHANGES WITH (?P<version>\d+(?:\.\d+)?(?:-rc\d+)?)(?: in spe)?:\s*$")
_HEADING = re.compile(r"^ {1,8}(?P<text>[A-Z][^\n]{2,120}):\s*$")


def headings(news: str, release: Release) -> tuple[str, ...]:
    """The headings under `CHANGES WITH 262:`; a point release has its major's.

    Empty where NEWS has no such section.
    """
    found: list[str] = []
    inside = False
    for line in news.split("\n"):
        section = _SECTION.match(line)
        if section:
            if inside:
                break
            inside = section["version"].partition("-")[0] == str(release.major)
        elif inside and (heading := _HEADING.match(line)):
            found.append(heading["text"])
    return tuple(dict.fromkeys(found))
