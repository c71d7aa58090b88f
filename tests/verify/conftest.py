"""An engine with the stand-in image in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from patchkit.engine.connection import Engine
from tests.verify.support import Rig, stand_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def rig(engine_host: str, tmp_path: Path) -> Iterator[Rig]:  # noqa: ARG001 - the engine is there
    """What a harness test needs; everything is removed afterwards."""
    with Engine.connect() as engine:
        image = engine.import_image(stand_in(tmp_path / "image"))
        yield Rig(engine=engine, image=image, keep=tmp_path / "kept")
