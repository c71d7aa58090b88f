from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from patchkit.build.layer import FileSpec
from patchkit.build.units import UNITS, exists, resolve, useless_units


def unit(name: str, text: str) -> tuple[str, FileSpec]:
    return UNITS + name, FileSpec.file(text)


FILES = {
    "bin": FileSpec.link("usr/bin"),
    "usr/bin/busybox": FileSpec.file(b"", mode=0o755),
    "usr/bin/sh": FileSpec.link("busybox"),
    "usr/lib/systemd/systemd-shutdown": FileSpec.file(b"", mode=0o755),
}


def kept(*units: tuple[str, FileSpec]) -> set[str]:
    files = {**FILES, **dict(units)}
    gone = useless_units(files)
    return {path.removeprefix(UNITS) for path, _ in units if path not in gone}


def test_a_service_stays_with_its_program() -> None:
    assert kept(
        unit("here.service", "[Service]\nExecStart=-/bin/sh -c true\n"),
        unit("relative.service", "[Service]\nExecStart=sh\n"),
        unit("prefixed.service", "[Service]\nExecStart=!!-@/usr/bin/sh me\n"),
        unit("gone.service", "[Service]\nExecStart=/usr/bin/agetty\n"),
        unit("gone-relative.service", "[Service]\nExecStart=systemd-creds x\n"),
        unit("half.service", "[Service]\nExecStartPre=/bin/none\nExecStart=/bin/sh\n"),
        unit("none.service", "[Service]\nExecStop=/bin/none\n"),
        unit("plain.target", "[Unit]\n"),
    ) == {"here.service", "relative.service", "prefixed.service", "none.service", "plain.target"}


def test_what_starts_a_service_goes_with_it() -> None:
    assert kept(
        unit("a.service", "[Service]\nExecStart=/bin/none\n"),
        unit("a.socket", "[Socket]\n"),
        unit("b@.service", "[Service]\nExecStart=/bin/sh\n"),
        unit("b.socket", "[Socket]\nAccept=yes\n"),
        unit("c.timer", "[Timer]\nUnit=a.service\n"),
        unit("d.path", "[Path]\nUnit=b@x.service\nPathExists=/x\n"),
        ("usr/lib/systemd/system/t.target.wants/a.socket", FileSpec.link("../a.socket")),
        ("usr/lib/systemd/system/t.target.wants/b@1.service", FileSpec.link("../b@.service")),
        ("usr/lib/systemd/system/masked.service", FileSpec.link("/dev/null")),
        ("usr/lib/systemd/system/alias.service", FileSpec.link("a.service")),
    ) == {
        "b@.service",
        "b.socket",
        "t.target.wants/b@1.service",
        "masked.service",
    }


def test_links_are_followed_and_circles_end() -> None:
    files = {**FILES, "x": FileSpec.link("y"), "y": FileSpec.link("x")}
    assert resolve("/bin/sh", files) == "usr/bin/busybox"
    assert exists("/bin/../bin/sh", files)
    assert not exists("/x/z", files)
    assert not exists("/usr/bin/none", files)


@given(st.dictionaries(st.text(alphabet="ab/.", min_size=1), st.text(alphabet="ab/.")))
def test_any_links_are_survived(links: dict[str, str]) -> None:
    files = {path: FileSpec.link(target) for path, target in links.items()}
    for path in links:
        resolve("/" + path, files)
    useless_units({UNITS + path: spec for path, spec in files.items()})
