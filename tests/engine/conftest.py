"""A real engine, and a small image for it."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from patchkit.build.image import ImageArchive, archive_of
from patchkit.build.layer import FileSpec, tar_bytes
from patchkit.build.variant import STOCK
from patchkit.engine.connection import Engine
from patchkit.releases import Release

if TYPE_CHECKING:
    from collections.abc import Iterator

TOOLS = ("sh", "sleep", "cat", "echo", "ls", "id", "touch", "httpd", "env", "true", "stat")


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> ImageArchive:
    """Busybox, and nothing else."""
    busybox = Path(shutil.which("busybox") or "/bin/busybox").read_bytes()
    files = {
        "bin/busybox": FileSpec.file(busybox, mode=0o755),
        "tmp": FileSpec.folder(mode=0o1777),
        "etc/passwd": FileSpec.file("root:x:0:0::/:/bin/sh\nuser:x:1000:1000::/:/bin/sh\n"),
        "etc/group": FileSpec.file("root:x:0:\nuser:x:1000:\n"),
        **{f"bin/{name}": FileSpec.link("busybox") for name in TOOLS},
    }
    content = tar_bytes(files)
    layer = tmp_path_factory.mktemp("layer") / f"{hashlib.sha256(content).hexdigest()}.tar"
    layer.write_bytes(content)
    return archive_of(
        release=Release.parse("v300"),
        variant=STOCK,
        series_sha256=None,
        reference="patchkit-tests/small:1",
        layers=(layer,),
    )


@pytest.fixture
def engine(engine_host: str) -> Iterator[Engine]:
    del engine_host
    with Engine.connect() as connected:
        yield connected
