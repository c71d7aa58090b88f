from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from patchkit.build.elf import read_elf, with_runpath
from patchkit.build.libraries import Libraries
from patchkit.errors import InconsistentError, MissingToolError
from patchkit.proc import SystemRunner

_LIBRARY = "int answer(void) { return 42; }\n"
_OPENER = r"""
int answer(void);
__attribute__((used, section(".note.dlopen"), aligned(4))) static const struct {
        int name_size, size, type;
        char name[4];
        char text[72] __attribute__((aligned(4)));
} note = {
        4, 72, 0x407c0c0a, "FDO",
        "[{\"feature\":\"x\",\"soname\":[\"libm.so.6\"]},{\"soname\":[\"libnobody.so.9\"]}]",
};
int main(void) { return answer() != 42; }
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program with a library beside it and notes about others, by the real compiler."""
    folder = tmp_path_factory.mktemp("elf")
    (folder / "lib").mkdir()
    (folder / "answer.c").write_text(_LIBRARY)
    (folder / "main.c").write_text(_OPENER)
    run = SystemRunner()
    run(["cc", "-shared", "-fPIC", "-o", "lib/libanswer.so", "answer.c"], cwd=folder).check()
    linked = ["-Llib", "-lanswer", "-Wl,-rpath,$ORIGIN/lib:/some/long/way"]
    run(["cc", "-o", "main", "main.c", *linked], cwd=folder).check()
    return folder / "main"


def test_headers(program: Path) -> None:
    elf = read_elf(program)
    assert elf is not None
    assert set(elf.needed) == {"libanswer.so", "libc.so.6"}
    assert elf.runpath == ("$ORIGIN/lib", "/some/long/way")
    assert elf.opened == (("libm.so.6",), ("libnobody.so.9",))
    assert elf.interpreter is not None
    assert Path(elf.interpreter).exists()


def test_another_run_path(program: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    moved.write_bytes(with_runpath(program, "/opt/x"))
    elf = read_elf(moved)
    assert elf is not None
    assert elf.runpath == ("/opt/x",)
    assert set(elf.needed) == {"libanswer.so", "libc.so.6"}
    with pytest.raises(InconsistentError, match="no room"):
        with_runpath(program, "/" + "x" * 200)


def test_what_is_no_elf_or_a_damaged_one(program: Path, tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("#!/bin/sh\n")
    assert read_elf(text) is None
    damaged = tmp_path / "damaged"
    damaged.write_bytes(program.read_bytes()[:40])
    with pytest.raises(InconsistentError, match="damaged ELF"):
        read_elf(damaged)
    content = bytearray(program.read_bytes())
    for offset in (b"\xff" * 8, b"\xff" * 7 + b"\x7f", b"\xff" * 7 + b"\x00"):
        content[40:48] = offset  # e_shoff (elf(5)): sections at a place that no file has
        damaged.write_bytes(content)
        with pytest.raises(InconsistentError, match="damaged ELF"):
            read_elf(damaged)


def test_a_static_program() -> None:
    elf = read_elf(Path(shutil.which("busybox") or "/bin/busybox"))
    assert elf is not None
    assert not elf.is_dynamic
    assert elf.needed == ()


def test_libraries_are_found_as_the_loader_finds_them(program: Path) -> None:
    gathered = Libraries(own=program.parent / "nothing")
    gathered.add(program)
    assert gathered.found["libanswer.so"] == (program.parent / "lib/libanswer.so").resolve()
    assert gathered.found["libc.so.6"].name.startswith("libc")
    assert "libm.so.6" in gathered.found
    assert gathered.absent == {"libnobody.so.9"}
    loaded = SystemRunner()(["ldd", str(program)]).check().text
    assert str(Path("/lib") / gathered.found["libc.so.6"].relative_to("/usr/lib")) in loaded


def test_a_library_that_is_gone_is_named(program: Path, tmp_path: Path) -> None:
    alone = tmp_path / "main"
    shutil.copy(program, alone)
    with pytest.raises(MissingToolError, match=r"main needs the library libanswer\.so"):
        Libraries(own=tmp_path / "nothing").add(alone)
