"""A patch repository whose upstream is its own, so that a test may damage it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.commands.support import Desk


def with_own_upstream(desk: Desk, folder: Path) -> Desk:
    """The same desk over a copy of its upstream."""
    shared, own = desk.repository.upstream, folder / "own-upstream.git"
    shutil.copytree(shared, own)
    config = desk.patches / "series.toml"
    text = config.read_text(encoding="utf-8")
    assert str(shared) in text
    config.write_text(text.replace(str(shared), str(own)), encoding="utf-8")
    return replace(desk, repository=replace(desk.repository, upstream=own))
