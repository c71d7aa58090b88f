"""An image of a variant, and the containers that scenarios ask for on it."""

from __future__ import annotations

import json
import shutil
import tarfile
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from patchkit.errors import InconsistentError, UsageError
from patchkit.verify.docker_vessel import DockerHarbour
from patchkit.verify.namespace_vessel import NamespaceHarbour, namespace_absence
from patchkit.verify.scenario import Need, Place
from patchkit.verify.scenario_image import scenario_files
from patchkit.verify.suite import Job

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from patchkit.build.image import Image
    from patchkit.build.layer import FileSpec
    from patchkit.engine.connection import Engine
    from patchkit.engine.facts import EngineFacts
    from patchkit.verify.scenario import Scenario


@dataclass(slots=True, kw_only=True)
class Ground:
    """One variant's image in an engine; every scenario gets an image of its own on top of it."""

    engine: Engine
    image: Image
    _harbours: dict[str, DockerHarbour | NamespaceHarbour] = field(default_factory=dict)

    def jobs(self, scenarios: Iterable[Scenario]) -> list[Job]:
        """The cases of the scenarios, each with what makes its container."""
        return [
            Job(scenario=scenario, case=case, make=partial(self.harbour(scenario).vessel, case))
            for scenario in scenarios
            for case in scenario.cases
        ]

    def harbour(self, scenario: Scenario) -> DockerHarbour | NamespaceHarbour:
        """What makes the containers of a scenario."""
        if scenario.name not in self._harbours:
            files, init = scenario_files(scenario), init_of(self.image.archive.config)
            if scenario.place is Place.NAMESPACE:
                layers = self.image.archive.layers
                made: DockerHarbour | NamespaceHarbour = NamespaceHarbour(
                    unpack=partial(unpack, layers, files), init=init
                )
            else:
                image = self.engine.derive_image(self.image, files) if files else self.image
                made = DockerHarbour(engine=self.engine, image=image, init=init)
            self._harbours[scenario.name] = made
        return self._harbours[scenario.name]


def init_of(config: bytes) -> str:
    """The program that an image starts (OCI image configuration: Entrypoint, then Cmd)."""
    inner = json.loads(config).get("config") or {}
    words = [*(inner.get("Entrypoint") or ()), *(inner.get("Cmd") or ())]
    if not words:
        raise InconsistentError("the image does not say what it starts")
    return str(words[0])


def unpack(layers: Iterable[Path], files: Mapping[str, FileSpec], root: Path) -> None:
    """Write an image's layers, lowest first, and a scenario's files into a folder.

    What was built is not trusted: a link of it that leads out of the folder is not followed.
    Raises `InconsistentError`.
    """
    for layer in layers:
        try:
            with tarfile.open(layer) as archive:
                archive.extractall(root, filter="tar")
        except tarfile.FilterError as error:
            raise InconsistentError(f"{layer.name} leads out of its root: {error}") from error
    inside = root.resolve()
    for path, spec in files.items():
        place = root / path.lstrip("/")
        if ".." in place.parts or not place.parent.resolve().is_relative_to(inside):
            raise InconsistentError(f"{path} leads out of the image: a folder on its way is a link")
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
        place.unlink(missing_ok=True)
        if spec.content is not None:
            place.write_bytes(spec.content)
            place.chmod(spec.mode)
        elif spec.target is not None:
            place.symlink_to(spec.target)
        else:
            place.mkdir(mode=spec.mode)


def absent_needs(facts: EngineFacts, *, podman: bool) -> dict[Need, str]:
    """What this engine and machine do not offer, each with the reason.

    `podman` tells whether the program is on this machine.
    """
    absent = {}
    if not facts.writable_cgroups:
        absent[Need.WRITABLE_CGROUPS] = (
            f"{facts.name} {facts.version} has no writable cgroups; Docker 28 brought them"
        )
    if not facts.userns_remap:
        absent[Need.USERNS_REMAP] = "the engine does not remap users (its option userns-remap)"
    if facts.name != "podman":
        absent[Need.PODMAN] = (
            "this engine is not podman; name its socket with DOCKER_HOST"
            if podman
            else "podman is not on this machine"
        )
    if reason := namespace_absence():
        absent[Need.NAMESPACE] = reason
    return absent


def check_named(scenarios: tuple[Scenario, ...], named: Mapping[str, tuple[str, ...]]) -> None:
    """Every scenario that a patch names must be there. Raises `UsageError`."""
    known = {scenario.name for scenario in scenarios}
    for patch, names in named.items():
        for name in names:
            if name not in known:
                raise UsageError(
                    f"patches/series.toml: the patch '{patch}' names a scenario '{name}',"
                    " which there is not",
                    hint=f"there are: {', '.join(sorted(known))}",
                )
