"""The real thing: systemd from Debian's source package, built, in an image, in Docker."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from patchkit.build.builder import build_variant
from patchkit.build.image import make_archive
from patchkit.build.plan import plan_build
from patchkit.build.sandbox import INHERITED
from patchkit.build.variant import PATCHED, STOCK, Variant
from patchkit.console import Console
from patchkit.engine.connection import Container, Engine
from patchkit.proc import SystemRunner
from patchkit.upstream.sources import DebianSource
from patchkit.upstream.store import Store
from patchkit.upstream.upstreams import Upstream
from patchkit.workspace.layout import Workspace

if TYPE_CHECKING:
    from patchkit.build.plan import Built
    from patchkit.releases import Release

ROOT = Path(__file__).parent.parent.parent


def _state(engine: Engine, container: Container) -> bytes:
    """What `systemctl is-system-running` says once the boot is over, or after a minute."""
    until = time.monotonic() + 60
    while True:
        said = engine.exec(container, ("systemctl", "is-system-running")).stdout.strip()
        if said not in (b"", b"initializing", b"starting", b"offline") or time.monotonic() > until:
            return said
        time.sleep(0.05)


def _newest(upstream: Upstream) -> Release:
    """The newest release that Debian's sources have and that is supported here, else any."""
    listed = {r for found in upstream.listings() for r in found.releases if r.is_stable}
    supported = set(Workspace(ROOT).lock().supported)
    return max(listed & supported or listed)


@pytest.mark.e2e
@pytest.mark.docker
def test_a_release_is_built_and_boots_only_when_patched(real_cache: Path, engine_host: str) -> None:
    del engine_host
    workspace, runner = Workspace(ROOT), SystemRunner(allowed=INHERITED)
    debian = tuple(s for s in workspace.config().sources if isinstance(s, DebianSource))
    upstream = Upstream(
        store=Store.open(real_cache / "upstream.git"),
        sources=debian,
        cache=real_cache,
        console=Console(verbosity=-1),
    )
    release = _newest(upstream)

    def build(variant: Variant) -> Built:
        plan = plan_build(
            release, variant, workspace=workspace, upstream=upstream, cache=real_cache
        )
        return build_variant(plan, console=Console(verbosity=-1), runner=runner)

    stock = build(STOCK)
    assert stock.version_text.startswith(f"systemd {release.version} ")
    with Engine.connect() as engine:
        container = engine.run(engine.import_image(make_archive(stock, runner)))
        assert engine.wait(container, timeout=30) == 255
        if not workspace.has_series(release):
            return
        patched = build(PATCHED)
        image = engine.import_image(make_archive(patched, runner))
        containers = [engine.run(image) for _ in range(2)]
        ids = set()
        for container in containers:
            assert _state(engine, container) == b"running"
            ids.add(engine.exec(container, ("cat", "/etc/machine-id")).stdout.strip())
            log = engine.logs(container)
            assert b"Detected first boot" not in log
            assert b"Initializing machine ID from" in log
            engine.stop(container)
            assert engine.wait(container, timeout=10) == 0
        assert len(ids) == 2
        assert {len(each) for each in ids} == {32}
