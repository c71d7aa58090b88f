"""The NixOS modules, evaluated: with a stand-in for nixpkgs' lib, and with that itself if named.

Nothing is built here: that is `nix flake check` with all of nixpkgs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.nix import support
from tests.nix.test_overlay import lock_of, locked, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.nix

EXAMPLES = sorted((support.ROOT / "nix" / "examples").glob("*.nix"))


@pytest.fixture(scope="module")
def overlay(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("repository")
    write(root, lock_of(locked("v261"), locked("v262")))
    return root / "overlays"


@pytest.fixture(params=support.libraries(), ids=lambda name: "nixpkgs" if name else "stand-in")
def expression(request: pytest.FixtureRequest, overlay: Path) -> Callable[[str], str]:
    """The expression that evaluates a configuration."""
    library = request.param or "null"
    return lambda configuration: (
        f"import {support.STANDIN}/evaluate.nix {{ library = {library}; overlay = {overlay}; "
        f"configuration = {configuration}; }}"
    )


@pytest.fixture
def made(expression: Callable[[str], str]) -> Callable[[str], Any]:
    """What a configuration evaluates to."""
    return lambda configuration: support.evaluate(expression(configuration))


@pytest.fixture
def refused(expression: Callable[[str], str]) -> Callable[[str], str]:
    """What is said of a configuration that does not evaluate."""
    return lambda configuration: support.refusal(expression(configuration))


def test_defaults(made: Callable[[str], Any]) -> None:
    got = made("{ }")
    image = got["image"]
    assert (image["name"], image["tag"], image["maxLayers"]) == ("nixos", "latest", 125)
    assert (image["includeNixDB"], image["extra"]) == (False, [])
    assert image["kind"] == "archive"
    assert got["stream"] == "stream"
    assert (got["failed"], got["warnings"]) == ([], [])


def test_the_image_is_named_for_the_host(made: Callable[[str], Any]) -> None:
    assert made('{ networking.hostName = "Web01"; }')["image"]["name"] == "web01"
    assert made('{ networking.hostName = ""; }')["image"]["name"] == "nixos-docker"


def test_options(made: Callable[[str], Any]) -> None:
    got = made(
        """{
          virtualisation.dockerImage = {
            name = "registry.example.org:5000/team/web";
            tag = "v1.2";
            maxLayers = 20;
            extraContents = [ { type = "derivation"; outPath = "/certificates"; } ];
            includeNixDB = true;
            stopTimeout = 30;
            config.ExposedPorts."80/tcp" = { };
            config.Cmd = [ "/sbin/init" "--log-level=debug" ];
          };
        }"""
    )
    image = got["image"]
    assert image["name"] == "registry.example.org:5000/team/web"
    assert (image["tag"], image["maxLayers"], image["includeNixDB"]) == ("v1.2", 20, True)
    assert image["extra"] == ["/certificates"]
    assert image["config"]["ExposedPorts"] == {"80/tcp": {}}
    assert image["config"]["Cmd"] == ["/sbin/init", "--log-level=debug"]
    assert image["config"]["Volumes"] == {"/run": {}, "/tmp": {}}
    assert got["inner"]["manager"] == {"DefaultTimeoutStopSec": "30s"}


WRONG = {
    "name": '"With Space"',
    "tag": '"-x"',
    "maxLayers": "128",
    "journald": '"loud"',
    "stopTimeout": "0",
    "exitWith": '[ "nginx" ]',
    "includeNixDB": '"yes"',
}


@pytest.mark.parametrize(("option", "value"), WRONG.items())
def test_wrong_values_are_refused(refused: Callable[[str], str], option: str, value: str) -> None:
    said = refused(f"{{ virtualisation.dockerImage.{option} = {value}; }}")
    assert f"virtualisation.dockerImage.{option}" in said
    assert "is not of type" in said


def test_units_with_odd_names(made: Callable[[str], Any]) -> None:
    unit = r"a@b\\x2dc:d-e_f.service"
    got = made(f'{{ virtualisation.dockerImage.exitWith = [ "{unit}" ]; }}')
    assert r"a@b\x2dc:d-e_f" in got["inner"]["units"]


def test_oci(made: Callable[[str], Any]) -> None:
    image = made('{ networking.hostName = "web"; }')["image"]
    assert image["config"]["Cmd"] == ["/sbin/init"]
    assert "StopSignal" not in image["config"]
    assert "/run" in image["config"]["Volumes"]
    assert {"container=docker", "SYSTEMD_SECCOMP=0"} <= set(image["config"]["Env"])
    assert "ln -s /toplevel-of-web/init $out/sbin/init" in image["root"]
    assert "touch etc/machine-id" in image["extraCommands"]


def test_the_base_system_is_not_modified(made: Callable[[str], Any]) -> None:
    got = made('{ fileSystems."/".device = "/dev/sda1"; networking.hostName = "web"; }')
    assert got["outer"]["fileSystems"] == {"/": {"device": "/dev/sda1"}}
    assert got["outer"]["isContainer"] is False
    assert got["outer"]["units"] == []
    assert got["inner"]["fileSystems"] == {}
    assert got["inner"]["boot"]["isContainer"] is True


def test_the_containers_settings(made: Callable[[str], Any]) -> None:
    inner = made("{ boot.loader.grub.enable = true; services.resolved.enable = true; }")["inner"]
    assert inner["boot"]["specialFileSystems"] == {}
    assert inner["boot"]["nixStoreMountOpts"] == []
    assert inner["boot"]["loader"]["grub"]["enable"] is False
    for service in ("resolved", "timesyncd", "nscd", "udev"):
        assert inner["services"][service]["enable"] is False
    assert inner["networking"]["firewall"]["enable"] is False
    for name in ("hosts", "hostname", "resolv.conf"):
        assert inner["etc"][name]["enable"] is False
    assert inner["slices"]["-"]["sliceConfig"]["DisableControllers"] == "cpu cpuset io memory pids"
    start = inner["boot"]["systemdExecutable"]
    assert "export container=docker" in start
    assert "export SYSTEMD_SECCOMP=0" in start
    assert 'exec /run/current-system/systemd/lib/systemd/systemd "$@"' in start


def test_what_is_masked(made: Callable[[str], Any]) -> None:
    masked = set(made("{ }")["inner"]["masked"])
    assert {
        "systemd-udevd.service",
        "systemd-remount-fs.service",
        "suid-sgid-wrappers.service",
        "systemd-logind.service",
        "getty@.service",
        "systemd-journald.socket",
        "systemd-update-utmp.service",
        "systemd-machine-id-commit.service",
        "tmp.mount",
    } <= masked
    # without these nothing ends, or /run/nologin keeps everybody out
    assert not masked & {
        "systemd-poweroff.service",
        "systemd-exit.service",
        "systemd-user-sessions.service",
        "systemd-tmpfiles-setup.service",
        "dbus.service",
    }


def test_a_service_of_the_base_stays_masked(made: Callable[[str], Any]) -> None:
    got = made('{ systemd.units."systemd-logind.service".enable = true; }')
    assert "systemd-logind.service" in got["inner"]["masked"]


def test_units_are_had_back(made: Callable[[str], Any]) -> None:
    got = made('{ virtualisation.dockerImage.keepUnits = [ "systemd-logind.service" ]; }')
    assert "systemd-logind.service" not in got["inner"]["masked"]
    assert "systemd-udevd.service" in got["inner"]["masked"]
    wrong = made('{ virtualisation.dockerImage.keepUnits = [ "nginx.service" ]; }')
    assert "nginx.service" in wrong["failed"][0]


@pytest.mark.parametrize("storage", ["volatile", "persistent"])
def test_a_journal(made: Callable[[str], Any], storage: str) -> None:
    inner = made(f'{{ virtualisation.dockerImage.journald = "{storage}"; }}')["inner"]
    assert inner["services"]["journald"]["storage"] == storage
    assert "systemd-journald.service" not in inner["masked"]
    assert "systemd-journald-audit.socket" in inner["masked"]


def test_no_journal(made: Callable[[str], Any]) -> None:
    inner = made("{ }")["inner"]
    assert not inner["services"].get("journald")
    assert "systemd-journald.service" in inner["masked"]


def test_the_patched_systemd(made: Callable[[str], Any], overlay: Path) -> None:
    systemd = made("{ }")["inner"]["systemd"]
    assert systemd["version"] == "261.2"
    assert systemd["patchkit"]["series"] == "261"
    assert len(systemd["patches"]) == 3
    pinned = f'(import {overlay}/pinned.nix {{ release = "262"; }})'
    got = made(f"{{ virtualisation.dockerImage.systemdOverlay = {pinned}; }}")
    assert got["inner"]["systemd"]["version"] == "262"


def test_an_unpatched_systemd_is_warned_of(made: Callable[[str], Any]) -> None:
    package = '{ version = "261.2"; patches = [ ]; passthru = { }; overrideAttrs = null; }'
    (warning,) = made(f"{{ systemd.package = {package}; }}")["warnings"]
    assert "without the patch series" in warning


def test_exit_with(made: Callable[[str], Any]) -> None:
    got = made('{ virtualisation.dockerImage.exitWith = [ "nginx.service" ]; }')
    unit = got["inner"]["units"]["nginx"]
    assert unit["unitConfig"] == {"SuccessAction": "exit", "FailureAction": "exit"}
    # else the first failure of a service with Restart= would end the container
    assert unit["serviceConfig"]["RestartMode"] == "direct"
    assert got["outer"]["services"] == []
    assert made("{ }")["inner"]["units"] == {}


def test_exit_with_takes_back_seat(made: Callable[[str], Any]) -> None:
    got = made(
        """{
          virtualisation.dockerImage.exitWith = [ "a.service" ];
          systemd.services.a.serviceConfig.RestartMode = "normal";
        }"""
    )
    assert got["inner"]["units"]["a"]["serviceConfig"]["RestartMode"] == "normal"


def test_settings_for_the_image_only(made: Callable[[str], Any]) -> None:
    got = made(
        """{
          environment.etc."motd".text = "machine";
          virtualisation.dockerVariant = { lib, ... }: {
            environment.etc."motd".text = lib.mkForce "container";
            virtualisation.dockerImage.tag = "variant";
          };
        }"""
    )
    assert got["outer"]["etc"]["motd"] == "machine"
    assert got["inner"]["etc"]["motd"]["text"] == "container"
    assert got["image"]["tag"] == "variant"
    assert got["failed"] == []


def test_nesting_is_refused(made: Callable[[str], Any]) -> None:
    nested = """{
      virtualisation.dockerVariant.virtualisation.dockerVariant.networking.hostName = "x";
    }"""
    (message,) = made(nested)["failed"]
    assert "virtualisation.dockerVariant is set inside virtualisation.dockerVariant" in message


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples(made: Callable[[str], Any], path: Path) -> None:
    got = made(str(path))
    assert (got["failed"], got["warnings"]) == ([], [])
    assert got["image"]["config"]["Cmd"] == ["/sbin/init"]


def test_what_the_examples_show(made: Callable[[str], Any]) -> None:
    examples = support.ROOT / "nix" / "examples"
    assert made(str(examples / "nix.nix"))["image"]["includeNixDB"] is True
    hello = made(str(examples / "hello.nix"))["inner"]["units"]["hello"]
    assert hello["unitConfig"]["SuccessAction"] == "exit"
    etc = made(str(examples / "environment-etc.nix"))
    assert "machine" in etc["outer"]["etc"]["motd"]
    assert "container" in etc["inner"]["etc"]["motd"]["text"]
