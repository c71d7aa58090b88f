"""The images of a release's variants: built, assembled and brought into an engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from patchkit.build.builder import build_variant
from patchkit.build.image import make_archive
from patchkit.build.plan import plan_build
from patchkit.build.sandbox import INHERITED
from patchkit.proc import SystemRunner

if TYPE_CHECKING:
    from pathlib import Path

    from patchkit.build.image import Image
    from patchkit.build.variant import Variant
    from patchkit.console import Console
    from patchkit.engine.connection import Engine
    from patchkit.releases import Release
    from patchkit.upstream.upstreams import Upstream
    from patchkit.workspace.layout import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantImage:
    """A variant's image, and the first line of its `systemd --version`."""

    image: Image
    version_text: str

    @property
    def version(self) -> str:
        """The version as systemd names itself: the word after `systemd`."""
        words = self.version_text.split()
        return words[1] if len(words) > 1 else self.version_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Variants:
    """Makes the images of one release's variants."""

    release: Release
    workspace: Workspace
    upstream: Upstream
    cache: Path
    console: Console
    engine: Engine

    def image(self, variant: Variant) -> VariantImage:
        """Build a variant and bring its image into the engine.

        Raises what a build raises, and `EngineError`.
        """
        plan = plan_build(
            self.release,
            variant,
            workspace=self.workspace,
            upstream=self.upstream,
            cache=self.cache,
        )
        runner = SystemRunner(allowed=INHERITED)
        built = build_variant(plan, console=self.console, runner=runner)
        how = "as built before" if built.reused else f"built in {built.seconds:.0f} s"
        self.console.note(f"{self.release} {variant}: {how}")
        archive = make_archive(built, runner)
        return VariantImage(
            image=self.engine.import_image(archive), version_text=built.version_text
        )
