"""A Docker engine at work for one run, which removes all that it made when it is left."""

from __future__ import annotations

import io
import os
import secrets
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self

import docker

from patchkit.build.image import Image, derived, referred, write_archive
from patchkit.build.layer import tar_bytes
from patchkit.engine import leftovers
from patchkit.engine.facts import EngineFacts, read_facts
from patchkit.engine.leftovers import OWNER, REPOSITORY, RUN
from patchkit.engine.options import RunOptions, container_config
from patchkit.engine.owner import Owner
from patchkit.engine.problems import (
    GET_ONE,
    SDK_ERRORS,
    EngineError,
    EngineTimeoutError,
    NoEngineError,
    asking,
    reason,
)
from patchkit.engine.session import converse
from patchkit.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from types import TracebackType

    from patchkit.build.image import ImageArchive
    from patchkit.build.layer import FileSpec

__all__ = [
    "Container",
    "Engine",
    "EngineError",
    "EngineFacts",
    "EngineTimeoutError",
    "Executed",
    "NoEngineError",
    "RunOptions",
]

_LOADING = 300
_POLL = 0.02
_GRACE = 10
"""Docker's own patience with a container that is to stop, in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A container of this run."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Executed:
    """A program that ended inside a container."""

    exit_code: int
    stdout: bytes
    stderr: bytes


class Engine:
    """A Docker engine, and everything that this run made in it.

    Leaving the `with` block removes the run's containers, networks and images. Threads may use
    it together. Every method ends within its timeout (seconds) and raises `EngineError` (a
    `PatchkitError`): `NoEngineError` when the engine is gone, `EngineTimeoutError` when it did
    not do it in time.
    """

    def __init__(self, environ: Mapping[str, str], *, timeout: float) -> None:
        self.run_id = secrets.token_hex(6)
        self._environ = dict(environ)
        self._timeout = timeout
        self._owner = Owner.myself()
        self._threads = threading.local()
        self._scratch = tempfile.TemporaryDirectory(prefix="patchkit-image-")
        self._lock = threading.Lock()
        self._images = 0
        self._version = "auto"

    @classmethod
    def connect(cls, environ: Mapping[str, str] | None = None, *, timeout: float = 30) -> Self:
        """`DOCKER_HOST`, else the current docker context, else the default socket.

        Raises `NoEngineError` when no engine answers; the hint says how to get one.
        """
        engine = cls(os.environ if environ is None else environ, timeout=timeout)
        try:
            engine._version = engine._client(timeout).api_version
            engine._client(timeout).ping()
        except SDK_ERRORS as error:
            engine._scratch.cleanup()
            where = engine._environ.get("DOCKER_HOST") or "its usual place"
            raise NoEngineError(
                f"no Docker engine answers at {where}: {reason(error)}", hint=GET_ONE
            ) from error
        return engine

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            leftovers.remove_run(self._client(_LOADING), self.run_id)
        except EngineError:
            if error is None:  # else the first trouble is the one to tell of
                raise
        finally:
            self._scratch.cleanup()

    def describe(self) -> EngineFacts:
        """What the engine is."""
        client = self._client()
        with asking("say what it is"):
            return read_facts(client.version(), client.info(), endpoint=self._endpoint(client))

    # Images

    def import_image(self, archive: ImageArchive) -> Image:
        """Load an image for this run."""
        with self._lock:
            self._images += 1
            number = self._images
        reference = f"{REPOSITORY}/{self._owner}:{self.run_id}-{number}"
        return Image(
            id=self.keep_image(referred(archive, reference)),
            reference=reference,
            release=archive.release,
            variant=archive.variant,
            digest=archive.id,
            archive=archive,
        )

    def keep_image(self, archive: ImageArchive) -> str:
        """Load an image under its own name, to stay; returns the id that the engine gives it."""
        client = self._client(_LOADING)
        with _packed(archive) as stream, asking("load the image"):
            for answer in client.load_image(stream):
                if isinstance(answer, dict) and "error" in answer:
                    raise EngineError(
                        f"the Docker engine does not load the image: {answer['error']}"
                    )
            return str(client.inspect_image(archive.reference)["Id"])

    def derive_image(self, base: Image, files: Mapping[str, FileSpec]) -> Image:
        """The image with one more layer of files, for this run."""
        return self.import_image(derived(base.archive, files, Path(self._scratch.name)))

    def remove_image(self, image: Image) -> None:
        """Take this run's name off an image; with its last name it goes."""
        leftovers.remove_reference(self._client(_LOADING), image.reference)

    # Containers

    def create(self, image: Image, options: RunOptions | None = None) -> Container:
        """Make a container, not yet running."""
        asked = options or RunOptions()
        config = container_config(image.id, asked, self._labels())
        with asking("create a container"):
            made = self._client().create_container_from_config(config, asked.name)
            return Container(id=made["Id"], name=asked.name or made["Id"][:12])

    def start(self, container: Container) -> None:
        """Start it."""
        with asking(f"start the container {container.name}"):
            self._client().start(container.id)

    def run(self, image: Image, options: RunOptions | None = None) -> Container:
        """Create and start."""
        container = self.create(image, options)
        self.start(container)
        return container

    def inspect(self, container: Container) -> dict[str, Any]:
        """`docker inspect`, as the API has it."""
        with asking(f"inspect the container {container.name}"):
            found: dict[str, Any] = self._client().inspect_container(container.id)
            return found

    def logs(self, container: Container, *, timeout: float = 10) -> bytes:
        """Everything that the container wrote so far: each stream in order, and the two as Docker
        happened to read them."""
        with asking(f"give the log of the container {container.name}"):
            text: bytes = self._client(timeout).logs(container.id, stdout=True, stderr=True)
            return text

    def exec(
        self,
        container: Container,
        argv: Iterable[str],
        *,
        timeout: float = 10,
        user: str = "",
        environment: Mapping[str, str] | None = None,
        stdin: bytes | None = None,
    ) -> Executed:
        """Run a command inside to its end; one that is late goes on until the container ends."""
        client = self._client()
        words = list(argv)
        with asking(f"run {words[0]} in the container {container.name}"):
            made = client.exec_create(
                container.id,
                words,
                stdin=stdin is not None,
                user=user,
                environment=dict(environment or {}),
            )["Id"]
            said = converse(client.exec_start(made, socket=True), stdin=stdin, timeout=timeout)
            code = self._exec_code(client, made, time.monotonic() + timeout)
        return Executed(exit_code=code, stdout=said.stdout, stderr=said.stderr)

    def exec_detached(self, container: Container, argv: Iterable[str]) -> None:
        """`docker exec -dt`: start a command on a terminal inside, and leave it running."""
        client, words = self._client(), list(argv)
        with asking(f"run {words[0]} in the container {container.name}"):
            made = client.exec_create(container.id, words, stdin=True, tty=True)["Id"]
            client.exec_start(made, detach=True, tty=True)

    def put(self, container: Container, files: Mapping[str, FileSpec]) -> None:
        """Write files into a container, running or not."""
        with asking(f"write into the container {container.name}"):
            self._client().put_archive(
                container.id, "/", io.BytesIO(tar_bytes(files, parents=False))
            )

    def stop(self, container: Container, *, timeout: int | None = None) -> None:
        """`docker stop`; `timeout` is the engine's grace in seconds (None: its default, 10)."""
        with asking(f"stop the container {container.name}"):
            grace = _GRACE if timeout is None else timeout
            self._client(self._timeout + grace).stop(container.id, timeout)

    def kill(self, container: Container, signal: str = "KILL") -> None:
        """`docker kill`."""
        with asking(f"send a signal to the container {container.name}"):
            self._client().kill(container.id, signal)

    def restart(self, container: Container, *, timeout: int | None = None) -> None:
        """`docker restart`; `timeout` as for `stop`."""
        with asking(f"restart the container {container.name}"):
            grace = _GRACE if timeout is None else timeout
            self._client(self._timeout + grace).restart(container.id, grace)

    def wait(self, container: Container, *, timeout: float) -> int | None:
        """The exit code once the container has ended; None when it has not within `timeout`."""
        deadline = time.monotonic() + timeout
        while True:
            state = self.inspect(container)["State"]
            # a container that was never started has no end
            if not state["Running"] and state["Status"] in ("exited", "dead"):
                return int(state["ExitCode"])
            if time.monotonic() >= deadline:
                return None
            time.sleep(_POLL)

    def remove(self, container: Container) -> None:
        """Remove by force, volumes too; one that is gone already is well."""
        leftovers.remove_container(self._client(), container.id)

    # Networks

    def create_network(self, name: str) -> str:
        """A bridge network of this run; returns what the engine calls it."""
        full = f"{name}-{self.run_id}"
        with asking(f"make the network {full}"):
            self._client().create_network(full, driver="bridge", labels=self._labels())
        return full

    # Leftovers

    def sweep(self) -> tuple[str, ...]:
        """Remove what dead runs of this machine left behind; returns what was removed."""
        return leftovers.sweep(self._client(_LOADING), self._owner)

    # The SDK

    def _labels(self) -> dict[str, str]:
        return {RUN: self.run_id, OWNER: str(self._owner)}

    def _client(self, timeout: float | None = None) -> docker.APIClient:
        """This thread's own client: the SDK's are not made to be shared."""
        client = getattr(self._threads, "client", None)
        if client is None:
            client = docker.DockerClient.from_env(
                environment=self._environ, version=self._version, timeout=self._timeout
            ).api
            self._threads.client = client
        client.timeout = self._timeout if timeout is None else timeout
        return client

    def _endpoint(self, client: docker.APIClient) -> str:
        base = str(client.base_url)
        named = self._environ.get("DOCKER_HOST")
        return named or ("unix:///var/run/docker.sock" if "http+docker" in base else base)

    def _exec_code(self, client: docker.APIClient, identity: str, deadline: float) -> int:
        """The exit code, which the engine may know a moment after the streams have closed."""
        while True:
            code = client.exec_inspect(identity)["ExitCode"]
            if code is not None:
                return int(code)
            if time.monotonic() >= deadline:
                raise EngineTimeoutError("a command in the container did not end in time")
            time.sleep(_POLL)


@contextmanager
def _packed(archive: ImageArchive) -> Iterator[IO[bytes]]:
    """The archive as one file to read, for as long as it lasts. Raises `StorageError`."""
    with tempfile.TemporaryFile() as stream:
        try:
            write_archive(archive, stream)
            stream.seek(0)
        except OSError as error:
            raise StorageError.from_os_error("pack the image", error) from error
        yield stream
