from __future__ import annotations

import os
import shutil
import socket
from typing import TYPE_CHECKING

import pytest

from patchkit.build.preflight import Need, NeedKind, build_needs, missing_needs, require
from patchkit.build.sandbox import INHERITED, Sandbox, find_sandbox
from patchkit.errors import MissingToolError
from patchkit.proc import SystemRunner
from patchkit.workspace.config import BuildConfig

if TYPE_CHECKING:
    from pathlib import Path

needs_bubblewrap = pytest.mark.skipif(shutil.which("bwrap") is None, reason="no bubblewrap")

RUNNER = SystemRunner(allowed=INHERITED)


def test_there_is_a_way_here_and_it_has_no_network(tmp_path: Path) -> None:
    sandbox = find_sandbox((tmp_path,), RUNNER)
    assert sandbox.name is not None
    listed = RUNNER(sandbox.wrap(["cat", "/proc/net/dev"])).check().text
    devices = {line.split(":")[0].strip() for line in listed.splitlines()[2:]}
    assert devices <= {"lo", "sit0", "tunl0", "gre0", "gretap0", "erspan0", "ip6tnl0", "ip_vti0"}
    RUNNER(sandbox.wrap(["touch", str(tmp_path / "here")])).check()
    assert (tmp_path / "here").exists()


@needs_bubblewrap
def test_it_sees_no_home_no_sockets_and_writes_only_where_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Docker engine's socket can be reached through a read-only mount: it must not be there."""
    home, out = tmp_path / "home", tmp_path / "out"
    for folder in (home / ".ssh", home / ".local" / "bin", out):
        folder.mkdir(parents=True)
    (home / ".ssh" / "id").write_text("secret")
    tool = home / ".local" / "bin" / "a-tool"
    tool.write_text("#!/bin/sh\necho works\n")
    tool.chmod(0o755)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PATH", f"{tool.parent}:{os.environ['PATH']}")
    sandbox = find_sandbox((out,), RUNNER)
    assert sandbox.name is not None
    assert sandbox.name.startswith("bubblewrap")

    def inside(*argv: str) -> int:
        return RUNNER(sandbox.wrap(argv)).returncode

    assert inside("cat", str(home / ".ssh" / "id")) != 0
    assert inside("sh", "-c", 'test -z "$(ls -A /run)"') == 0
    assert inside("touch", str(tmp_path / "beside")) == 0  # in a /tmp of its own
    assert not (tmp_path / "beside").exists()
    assert inside("touch", "/usr/x") != 0
    assert inside("a-tool") == 0
    assert inside("touch", str(out / "here")) == 0
    assert (out / "here").exists()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(home / "s"))
        listener.listen()
        connect = f"import socket; socket.socket(socket.AF_UNIX).connect({str(home / 's')!r})"
        assert inside("python3", "-c", connect) != 0
    seen = RUNNER(sandbox.wrap(["ps", "-e"])).text
    assert "pytest" not in seen


def test_where_nothing_works_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_sandbox((), RUNNER) == Sandbox(name=None)
    assert Sandbox(name=None).wrap(["true"]) == ("true",)


def test_the_users_environment_stays_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CFLAGS", "-O0")
    monkeypatch.setenv("LD_PRELOAD_X", "1")
    seen = RUNNER(["env"]).check().text.splitlines()
    assert {line.partition("=")[0] for line in seen} == {"PATH", "LC_ALL"}


def test_this_machine_builds() -> None:
    assert missing_needs(build_needs(BuildConfig()), RUNNER) == ()


def test_everything_missing_is_named_with_its_package() -> None:
    needs = [
        Need(kind=NeedKind.PROGRAM, name="nobody-has-me", package="a"),
        Need(kind=NeedKind.LIBRARY, name="nobody-has-me-either", package="b"),
        Need(kind=NeedKind.MODULE, name="nor_me", package="a"),
        Need(kind=NeedKind.PROGRAM, name="sh", package="c"),
    ]
    with pytest.raises(MissingToolError) as raised:
        require(needs, RUNNER, doing="building")
    assert raised.value.message == (
        "building needs what this machine lacks: the program 'nobody-has-me', "
        "the headers of 'nobody-has-me-either', the Python module 'nor_me'"
    )
    assert raised.value.hint == "on Debian and Ubuntu: apt-get install a b"


def test_a_feature_brings_its_library() -> None:
    config = BuildConfig(options=(("seccomp", "enabled"), ("pam", "enabled"), ("x", "true")))
    names = [need.name for need in build_needs(config)]
    assert "libseccomp" in names
    assert "mount" in names
    assert os.environ.get("PATH")
