from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
import urllib.request
from typing import TYPE_CHECKING

import pytest

from patchkit.build.layer import FileSpec
from patchkit.engine.connection import (
    Container,
    Engine,
    EngineError,
    EngineTimeoutError,
    NoEngineError,
    RunOptions,
)
from patchkit.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from patchkit.build.image import Image, ImageArchive

IDLE = ("/bin/sh", "-c", "trap 'exit 7' TERM; while :; do sleep 0.1; done")


@pytest.fixture
def image(engine: Engine, archive: ImageArchive) -> Image:
    return engine.import_image(archive)


@pytest.fixture
def idle(engine: Engine, image: Image) -> Container:
    return engine.run(image, RunOptions(command=IDLE))


@pytest.mark.docker
class TestWork:
    def test_what_it_is(self, engine: Engine) -> None:
        facts = engine.describe()
        assert facts.cgroup_version == 2
        assert any("seccomp" in option for option in facts.security)
        assert facts.kernel
        assert facts.runc

    def test_the_image_is_the_one_that_was_made(
        self, engine: Engine, image: Image, archive: ImageArchive
    ) -> None:
        assert image.digest == archive.id
        assert engine.import_image(archive).id == image.id

    def test_a_command_its_streams_and_its_code(self, engine: Engine, idle: Container) -> None:
        done = engine.exec(
            idle,
            ["sh", "-c", "cat; echo $WORD; echo err >&2; exit 3"],
            stdin=b"in\n",
            environment={"WORD": "env"},
        )
        assert (done.exit_code, done.stdout, done.stderr) == (3, b"in\nenv\n", b"err\n")
        assert engine.exec(idle, ["id", "-u"], user="user").stdout == b"1000\n"

    def test_much_output_arrives_whole(self, engine: Engine, idle: Container) -> None:
        script = "i=0; while [ $i -lt 20000 ]; do echo $i; i=$((i+1)); done"
        text = engine.exec(idle, ["sh", "-c", script], timeout=60).stdout
        assert text.splitlines() == [str(n).encode() for n in range(20000)]

    def test_a_hung_command_is_given_up(self, engine: Engine, idle: Container) -> None:
        begin = time.monotonic()
        with pytest.raises(EngineTimeoutError, match="did not end in time"):
            engine.exec(idle, ["sleep", "60"], timeout=0.5)
        assert time.monotonic() - begin < 5

    def test_a_chatty_command_is_given_up_too(self, engine: Engine, idle: Container) -> None:
        with pytest.raises(EngineTimeoutError):
            engine.exec(idle, ["sh", "-c", "while :; do echo x; sleep 0.01; done"], timeout=0.5)

    def test_stop_wait_and_the_log(self, engine: Engine, idle: Container) -> None:
        assert engine.wait(idle, timeout=0.2) is None
        engine.stop(idle)
        assert engine.wait(idle, timeout=5) == 7

    def test_kill_and_restart(self, engine: Engine, idle: Container) -> None:
        engine.restart(idle, timeout=5)
        assert engine.inspect(idle)["State"]["Running"]
        engine.kill(idle, "KILL")
        assert engine.wait(idle, timeout=5) == 137

    def test_both_streams_are_in_the_log(self, engine: Engine, image: Image) -> None:
        script = "echo out; echo err >&2"
        container = engine.run(image, RunOptions(command=("/bin/sh", "-c", script)))
        assert engine.wait(container, timeout=10) == 0
        assert sorted(engine.logs(container).split()) == [b"err", b"out"]

    def test_files_go_into_a_container(self, engine: Engine, image: Image) -> None:
        show = ("/bin/sh", "-c", "cat /deep/er/file; stat -c %a /tmp")
        container = engine.create(image, RunOptions(command=show))
        engine.put(container, {"deep/er/file": FileSpec.file("put\n"), "tmp/x": FileSpec.file("")})
        engine.start(container)
        assert engine.wait(container, timeout=10) == 0
        assert engine.logs(container) == b"put\n1777\n"

    def test_a_derived_image_has_more_files_and_less(self, engine: Engine, image: Image) -> None:
        more = engine.derive_image(
            image,
            {
                "etc/new": FileSpec.file("new\n"),
                "etc/.wh.group": FileSpec.file(b""),
                "tmp/x": FileSpec.link("/etc/new"),
            },
        )
        show = ("/bin/sh", "-c", "exec 2>&1; cat /tmp/x; ls /etc/group; stat -c %a /tmp")
        container = engine.run(more, RunOptions(command=show))
        assert engine.wait(container, timeout=10) == 0
        assert engine.logs(container).splitlines() == [
            b"new",
            b"ls: /etc/group: No such file or directory",
            b"1777",
        ]

    def test_a_port_is_published(self, engine: Engine, image: Image) -> None:
        serve = ("/bin/httpd", "-f", "-p", "8080", "-h", "/etc")
        container = engine.run(image, RunOptions(command=serve, ports=(8080,)))
        place = engine.inspect(container)["NetworkSettings"]["Ports"]["8080/tcp"][0]
        assert place["HostIp"] == "127.0.0.1"
        url = f"http://127.0.0.1:{place['HostPort']}/passwd"
        with urllib.request.urlopen(url, timeout=10) as answer:
            assert answer.read().startswith(b"root:")

    def test_a_network_of_its_own(self, engine: Engine, image: Image) -> None:
        network = engine.create_network("patchkit-test")
        container = engine.run(image, RunOptions(command=IDLE, network=network))
        assert list(engine.inspect(container)["NetworkSettings"]["Networks"]) == [network]

    def test_threads_share_it(self, engine: Engine, image: Image) -> None:
        codes: list[int | None] = []

        def work(number: int) -> None:
            command = ("/bin/sh", "-c", f"exit {number}")
            container = engine.run(image, RunOptions(command=command))
            codes.append(engine.wait(container, timeout=30))

        threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(code for code in codes if code is not None) == list(range(6))

    def test_a_refusal_says_why(self, engine: Engine, image: Image) -> None:
        container = engine.create(image, RunOptions(command=("/bin/none",)))
        with pytest.raises(EngineError, match="does not start the container") as raised:
            engine.start(container)
        assert "/bin/none" in raised.value.message
        assert raised.value.status is not None

    def test_a_container_that_is_gone(self, engine: Engine, idle: Container) -> None:
        engine.remove(idle)
        engine.remove(idle)
        with pytest.raises(EngineError, match="No such container"):
            engine.inspect(idle)


def everything(engine: Engine) -> set[str]:
    """What the engine has: containers, networks, names of images."""
    client = engine._client()
    return {
        *(c["Id"] for c in client.containers(all=True)),
        *(n["Name"] for n in client.networks()),
        *(r for i in client.images() for r in i.get("RepoTags") or ()),
    }


_CRASHING = """
import os, sys, pickle
from patchkit.engine.connection import Engine, RunOptions
archive = pickle.load(open(sys.argv[1], "rb"))
engine = Engine.connect()
image = engine.import_image(archive)
engine.run(image, RunOptions(command=("/bin/sleep", "1000")))
engine.create_network("patchkit-crash")
print(engine.run_id, flush=True)
sys.stdin.read() if sys.argv[2] == "wait" else None
os._exit(9)
"""


@pytest.fixture
def pickled(archive: ImageArchive, tmp_path: Path) -> Path:
    import pickle  # noqa: PLC0415

    place = tmp_path / "archive"
    place.write_bytes(pickle.dumps(archive))
    return place


@pytest.mark.docker
class TestCleaning:
    def test_leaving_removes_all_that_was_made(self, engine: Engine, archive: ImageArchive) -> None:
        before = everything(engine)
        with Engine.connect() as other:
            other.run(other.import_image(archive), RunOptions(command=IDLE))
            other.create_network("patchkit-test")
            assert everything(engine) - before
        left = everything(engine) - before
        assert not [item for item in left if other.run_id in item]

    def test_ctrl_c_removes_all_too(self, engine: Engine, archive: ImageArchive) -> None:
        def work() -> None:
            with Engine.connect() as other:
                made.append(other.run(other.import_image(archive), RunOptions(command=IDLE)))
                raise KeyboardInterrupt

        made: list[Container] = []
        with pytest.raises(KeyboardInterrupt):
            work()
        assert made[0].id not in everything(engine)

    def test_a_crashed_run_is_swept_and_a_live_one_is_not(
        self, engine: Engine, pickled: Path, image: Image
    ) -> None:
        mine = engine.run(image, RunOptions(command=IDLE))
        argv = [sys.executable, "-c", _CRASHING, str(pickled)]
        with subprocess.Popen(
            [*argv, "wait"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as live:
            assert live.stdout is not None
            alive = live.stdout.readline().strip()
            dead = subprocess.run(
                [*argv, "crash"], capture_output=True, text=True, check=False
            ).stdout.strip()
            removed = engine.sweep()
            assert sum(dead in item for item in removed) == 2  # network and image
            assert any(item.startswith("container ") for item in removed)
            assert not any(alive in item for item in removed)
            assert engine.inspect(mine)["State"]["Running"]
            assert any(alive in item for item in everything(engine))
            assert not any(dead in item for item in everything(engine))
            live.communicate("")
        assert any(alive in item for item in engine.sweep())

    def test_a_strangers_container_is_left_alone(self, engine: Engine, image: Image) -> None:
        client = engine._client()
        labels = {"org.patchkit.owner": "m" + "0" * 12 + "-b" + "0" * 12 + "-n1-p1-s1"}
        config = {"Image": image.id, "Cmd": ["/bin/sleep", "1"], "Labels": labels}
        stranger = client.create_container_from_config(config)["Id"]
        try:
            engine.sweep()
            assert stranger in everything(engine)
        finally:
            client.remove_container(stranger)


@pytest.fixture
def silent(tmp_path: Path) -> Iterator[str]:
    """A socket that takes calls and never answers."""
    place = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as plug:
        plug.bind(str(place))
        plug.listen(8)
        yield f"unix://{place}"


class TestNoEngine:
    def test_nobody_is_there(self, tmp_path: Path) -> None:
        host = f"unix://{tmp_path}/none.sock"
        with pytest.raises(NoEngineError, match="no Docker engine answers at unix") as raised:
            Engine.connect({"DOCKER_HOST": host})
        assert raised.value.exit_code is ExitCode.MISSING_TOOL
        assert "scripts/dockerd start" in (raised.value.hint or "")
        assert "No such file" in raised.value.message

    def test_one_that_does_not_answer(self, silent: str) -> None:
        begin = time.monotonic()
        with pytest.raises(NoEngineError):
            Engine.connect({"DOCKER_HOST": silent}, timeout=0.5)
        assert time.monotonic() - begin < 10

    def test_a_host_that_makes_no_sense(self) -> None:
        with pytest.raises(NoEngineError):
            Engine.connect({"DOCKER_HOST": "gopher://x"})
