"""A stand-in for systemd: a small image whose init is a shell script that behaves as told."""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from patchkit.build.image import ImageArchive
from patchkit.build.layer import FileSpec, tar_bytes
from patchkit.build.variant import PATCHED
from patchkit.releases import Release
from patchkit.verify.docker_vessel import DockerHarbour
from patchkit.verify.scenario_file import read_scenario
from patchkit.verify.suite import Job, Suite

if TYPE_CHECKING:
    from patchkit.build.image import Image
    from patchkit.engine.connection import Engine
    from patchkit.verify.scenario import Scenario
    from patchkit.verify.verdict import CaseResult, Verification

_APPLETS = ("sh", "cat", "sleep", "echo", "rm", "mkdir", "true", "kill", "ps", "grep", "ls", "test")
_SYSTEMCTL = """#!/bin/sh
# What the harness asks PID 1, answered from a file that the init writes.
test -e /run/state || exit 1
cat /run/state
"""

BEHAVIOURS = {
    "good": """
trap 'echo STOPPING; exit 0' TERM
echo 'stand-in 262 starts'
echo running >/run/state
while :; do sleep 0.05; done
""",
    "hangs": "while :; do sleep 0.1; done\n",
    "deaf": "trap '' TERM\necho running >/run/state\nwhile :; do sleep 0.1; done\n",
    "dies": "echo 'it cannot go on'\nexit 3\n",
    "silent": "exit 255\n",
    "degraded": "echo degraded >/run/state\nwhile :; do sleep 0.1; done\n",
    "crashes": """
trap 'exit 0' TERM
echo running >/run/state
sleep 1
echo "Assertion 'x' failed at src/core/x.c:1, function y(). Aborting."
while :; do sleep 0.05; done
""",
    "executes itself anew": """
trap 'exit 0' TERM
trap 'rm /run/state; sleep 1; echo running >/run/state' HUP
trap 'rm /run/state' USR1
echo running >/run/state
while :; do sleep 0.05; done
""",
    "escapes": r"""
trap 'exit 0' TERM
printf '\033]0;owned\007\033[31mred\033[0m\033[2J failing\n'
exit 9
""",
    "leaves": """
trap 'exit 0' TERM
echo running >/run/state
sleep 0.7
exit 4
""",
    "stock": """
echo 'Failed to create /init.scope control group: Read-only file system'
echo 'Failed to allocate manager object: Read-only file system'
exit 255
""",
}
HEAD = 'schema = "patchkit.scenario/1"\nsummary = "A test"\n'


def stand_in(folder: Path) -> ImageArchive:
    """The image, without a behaviour yet: that is a file of the scenario's."""
    busybox = shutil.which("busybox")
    assert busybox, "busybox is needed: apt-get install busybox-static"
    files = {
        "bin": FileSpec.link("usr/bin"),
        "usr/bin/busybox": FileSpec.file(Path(busybox).read_bytes(), mode=0o755),
        **{f"usr/bin/{name}": FileSpec.link("busybox") for name in _APPLETS},
        "usr/bin/systemctl": FileSpec.file(_SYSTEMCTL, mode=0o755),
        "usr/sbin/init": FileSpec.file("#!/bin/sh\n. /behaviour\n", mode=0o755),
        **{name: FileSpec.folder() for name in ("run", "tmp", "proc", "sys", "dev", "etc")},
    }
    content = tar_bytes(files)
    folder.mkdir(parents=True, exist_ok=True)
    layer = folder / "layer.tar"
    layer.write_bytes(content)
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {
                "Env": ["PATH=/usr/sbin:/usr/bin"],
                "Cmd": ["/usr/sbin/init"],
                "Volumes": {"/run": {}},
            },
            "rootfs": {
                "type": "layers",
                "diff_ids": ["sha256:" + hashlib.sha256(content).hexdigest()],
            },
        }
    ).encode()
    return ImageArchive(
        release=Release.parse("v262"),
        variant=PATCHED,
        series_sha256=None,
        reference="patchkit/stand-in:latest",
        config=config,
        layers=(layer,),
        id="sha256:" + hashlib.sha256(config).hexdigest(),
    )


@dataclass(slots=True, kw_only=True)
class Rig:
    """An engine with the stand-in image in it."""

    engine: Engine
    image: Image
    keep: Path
    seen: list[CaseResult] = field(default_factory=list)

    def harbour(self, behaviour: str) -> DockerHarbour:
        """Makes containers that behave so."""
        script = FileSpec.file(BEHAVIOURS[behaviour])
        return DockerHarbour(
            engine=self.engine,
            image=self.engine.derive_image(self.image, {"/behaviour": script}),
            init="/usr/sbin/init",
        )

    def jobs(self, behaviour: str, runs: str, *, head: str = HEAD) -> list[Job]:
        """The cases of a scenario text on containers that behave so."""
        scenario = parsed(runs, head=head)
        harbour = self.harbour(behaviour)
        return [
            Job(scenario=scenario, case=case, make=lambda case=case: harbour.vessel(case))  # type: ignore[misc]
            for case in scenario.cases
        ]

    def suite(self) -> Suite:
        """A suite that notes what has ended."""
        return Suite(words={"VERSION": "262"}, keep=self.keep, seen=self.seen.append)

    def verify(
        self, behaviour: str, runs: str, *, control: str | None = None, head: str = HEAD
    ) -> Verification:
        """Run a scenario text, and the control with containers that behave as `control`."""
        against = self.jobs(control, runs, head=head) if control else None
        return self.suite().run(self.jobs(behaviour, runs, head=head), against)

    def case(self, behaviour: str, runs: str) -> CaseResult:
        """The result of a scenario text with one case."""
        (scenario,) = self.verify(behaviour, runs).scenarios
        (case,) = scenario.cases
        return case


def parsed(runs: str, *, head: str = HEAD) -> Scenario:
    """A scenario from its `[[runs]]`."""
    return read_scenario(head + runs, name="test", file_name="test.toml")


def run(*steps: str, more: str = "") -> str:
    """One `[[runs]]` of these steps."""
    listed = "".join(f"  {{ {step} }},\n" for step in steps)
    return f'[[runs]]\nname = "it"\n{more}\nsteps = [\n{listed}]\n'


def threads() -> set[str]:
    """The threads that work on cases."""
    return {thread.name for thread in threading.enumerate() if thread.name.startswith("case")}
