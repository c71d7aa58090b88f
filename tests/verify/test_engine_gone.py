"""An engine that goes away midway, and two verifications at once: a clear end, nothing left."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from patchkit.engine.connection import Engine
from patchkit.engine.problems import NoEngineError
from patchkit.verify.verdict import Verdict
from tests.verify.support import HEAD, Rig, run, stand_in, threads

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.docker


class Line:
    """A line to the engine that can be cut: a socket of its own, handing on to the real one."""

    def __init__(self, folder: Path, engine: str) -> None:
        self.path = folder / "line.sock"
        self._engine = engine
        self._open: list[socket.socket] = []
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(self.path))
        self._listening.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Nobody answers any more."""
        self.path.unlink(missing_ok=True)
        for plug in [self._listening, *self._open]:
            with contextlib.suppress(OSError):
                plug.shutdown(socket.SHUT_RDWR)
            plug.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            far.connect(self._engine)
            self._open += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._hand_on, args=(source, sink), daemon=True).start()

    @staticmethod
    def _hand_on(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while chunk := source.recv(65536):
                sink.sendall(chunk)
            sink.shutdown(socket.SHUT_WR)


@pytest.fixture
def line(engine_host: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    """A line to the engine at hand."""
    path = (engine_host or "unix:///var/run/docker.sock").removeprefix("unix://")
    if not Path(path).is_socket():
        pytest.skip(f"the engine at {engine_host} is not reached by a socket")
    made = Line(tmp_path_factory.mktemp("l"), path)
    yield made
    made.cut()


def test_an_engine_that_goes_away_ends_it_with_a_sentence(line: Line, tmp_path: Path) -> None:
    head = HEAD + 'steps = [{ wait = "running", timeout = 60 }]\n'
    runs = "".join(f'[[runs]]\nname = "{n}"\n' for n in range(4))
    with pytest.raises(NoEngineError) as caught:  # noqa: SIM117 - the engine's own end is in it
        with Engine.connect({**os.environ, "DOCKER_HOST": f"unix://{line.path}"}) as engine:
            image = engine.import_image(stand_in(tmp_path / "image"))
            rig = Rig(engine=engine, image=image, keep=tmp_path / "kept")
            jobs = rig.jobs("hangs", runs, head=head)
            threading.Timer(2, line.cut).start()
            begun = time.monotonic()
            rig.suite().run(jobs)
    assert "went away" in caught.value.message
    assert time.monotonic() - begun < 30
    assert not threads()
    owner = f"org.patchkit.run={rig.engine.run_id}"
    with Engine.connect() as other:  # this process lives: sweeping is not for the living
        client = other._client()
        for found in client.containers(all=True, filters={"label": owner}):
            client.remove_container(found["Id"], force=True, v=True)
        client.remove_image(image.reference, force=True)


def test_two_at_once_keep_apart(rig: Rig, tmp_path: Path) -> None:
    steps = ('wait = "running"', 'exec = "sleep 1"', "stop = 5")
    with Engine.connect() as engine:
        image = engine.import_image(stand_in(tmp_path / "other"))
        other = Rig(engine=engine, image=image, keep=tmp_path / "kept2")
        found: list[Verdict] = []
        threads_ = [
            threading.Thread(target=lambda r=r: found.append(r.verify("good", run(*steps)).verdict))
            for r in (rig, other)
        ]
        for thread in threads_:
            thread.start()
        assert engine.sweep() == ()
        for thread in threads_:
            thread.join(60)
        assert found == [Verdict.PASSED, Verdict.PASSED]
