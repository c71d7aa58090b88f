"""What runs leave in an engine: how it is marked, found and removed."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

import docker
import docker.errors

from patchkit.build.image import LABEL
from patchkit.engine.owner import Fate, Owner
from patchkit.engine.problems import asking

if TYPE_CHECKING:
    from collections.abc import Iterator

RUN = f"{LABEL}run"
OWNER = f"{LABEL}owner"
"""The labels of what a run made: the run, and the process that it belongs to."""

REPOSITORY = "patchkit.run"
"""What a run's images are called: `patchkit.run/<owner>:<run>-<number>`. They have no label of
their run: the same inputs give the same image."""

_PATIENCE = 30.0
"""How long to wait for a container that somebody is removing already, in seconds."""

_POLL = 0.02


def sweep(client: docker.APIClient, observer: Owner) -> tuple[str, ...]:
    """Remove what dead runs of this machine left behind; returns what was removed, in words.

    Raises `EngineError`.
    """

    def is_dead(text: str) -> bool:
        owner = Owner.parse(text)
        return owner is not None and owner.fate(observer) is Fate.DEAD

    removed = []
    with asking("list what is left of earlier runs"):
        containers = client.containers(all=True, filters={"label": OWNER})
        networks = client.networks(filters={"label": OWNER})
        names = list(references(client))
    for container in containers:
        if is_dead(container["Labels"].get(OWNER, "")):
            remove_container(client, container["Id"])
            removed.append(f"container {container['Id'][:12]}")
    for network in networks:
        if is_dead(network["Labels"].get(OWNER, "")):
            remove_network(client, network["Id"])
            removed.append(f"network {network['Name']}")
    for name in names:
        if is_dead(name.removeprefix(f"{REPOSITORY}/").partition(":")[0]):
            remove_reference(client, name)
            removed.append(f"image {name}")
    return tuple(removed)


def remove_run(client: docker.APIClient, run_id: str) -> None:
    """Remove all that a run made. Raises `EngineError`."""
    mine = {"label": f"{RUN}={run_id}"}
    with asking("list what this run made"):
        containers = client.containers(all=True, filters=mine)
        networks = client.networks(filters=mine)
        names = [name for name in references(client) if f":{run_id}-" in name]
    for container in containers:
        remove_container(client, container["Id"])
    for network in networks:
        remove_network(client, network["Id"])
    for name in names:
        remove_reference(client, name)


def references(client: docker.APIClient) -> Iterator[str]:
    """The names of all images that belong to a run, of whichever."""
    for image in client.images():
        for reference in image.get("RepoTags") or ():
            # podman puts a host's name before it
            name = reference.removeprefix("localhost/").removeprefix("docker.io/")
            if name.startswith(f"{REPOSITORY}/"):
                yield name


def remove_container(client: docker.APIClient, identity: str) -> None:
    """Remove by force, volumes too; one that is gone already is well. Raises `EngineError`."""
    deadline = time.monotonic() + _PATIENCE
    with asking("remove a container"):
        while True:
            try:
                client.remove_container(identity, v=True, force=True)
            except docker.errors.NotFound:
                return
            except docker.errors.APIError as error:
                # somebody removes it already: it is gone when it is not found
                if error.status_code != 409 or time.monotonic() > deadline:
                    raise
                time.sleep(_POLL)
            else:
                return


def remove_network(client: docker.APIClient, identity: str) -> None:
    """Remove a network that nothing is connected to. Raises `EngineError`."""
    with asking("remove a network"), contextlib.suppress(docker.errors.NotFound):
        client.remove_network(identity)


def remove_reference(client: docker.APIClient, reference: str) -> None:
    """Take a name off an image; with its last name the image goes. Raises `EngineError`."""
    with asking("remove an image"), contextlib.suppress(docker.errors.NotFound):
        client.remove_image(reference)
