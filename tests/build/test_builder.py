from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING

import pytest

from patchkit.build.elf import read_elf
from patchkit.build.failure import BuildError
from patchkit.build.sandbox import INHERITED
from patchkit.errors import InconsistentError, MissingToolError, StorageError, UsageError
from patchkit.proc import SystemRunner
from patchkit.upstream.hold import held
from tests.build import support
from tests.build.support import Yard, changed, yard
from tests.builders import Change

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Yard:
    """Stock, patched and both ablations, in this order."""
    made = yard(tmp_path_factory.mktemp("yard"))
    for variant in ("stock", "patched", "without:one", "without:two"):
        made.build(variant)
    return made


def said_by(place: Path) -> str:
    program = place / "usr/lib/systemd/systemd"
    shared = place / "usr/lib/systemd"
    done = SystemRunner()([str(program)], env={"LD_LIBRARY_PATH": str(shared)})
    return done.check().text


class TestVariants:
    def test_each_has_its_own_patches(self, built: Yard) -> None:
        numbers = {
            variant: said_by(built.build(variant).prefix).splitlines()[1]
            for variant in ("stock", "patched", "without:one", "without:two")
        }
        assert numbers == {
            "stock": "1 2 3",
            "patched": "11 12 3",
            "without:one": "1 12 3",
            "without:two": "11 2 3",
        }

    def test_only_what_a_patch_touches_is_compiled_again(self, built: Yard) -> None:
        assert {"one", "two", "three", "systemd", "tool"} <= set(built.compiled("stock"))
        assert built.compiled("patched") == ["one", "two"]
        assert built.compiled("without:one") == ["one"]
        assert built.compiled("without:two") == ["one", "two"]

    def test_what_was_built_is_not_built_again(self, built: Yard) -> None:
        log = built.folder / "variants/patched/build.log"
        before = log.stat().st_mtime_ns
        again = built.build("patched")
        assert again.reused
        assert log.stat().st_mtime_ns == before
        assert again.version_text == "systemd 300 (300)"

    def test_the_series_is_named(self, built: Yard) -> None:
        assert built.build("stock").series_sha256 is None
        digests = {built.build(v).series_sha256 for v in ("patched", "without:one", "without:two")}
        assert len(digests) == 3
        inputs = {built.build(v).inputs_sha256 for v in ("stock", "patched", "without:one")}
        assert len(inputs) == 3

    def test_an_unknown_patch_is_named_with_those_there_are(self, built: Yard) -> None:
        with pytest.raises(UsageError, match="no patch 'three'") as raised:
            built.plan("without:three")
        assert raised.value.hint == "its patches are: one, two"


class TestInstalled:
    def test_programs_libraries_units_and_links(self, built: Yard) -> None:
        prefix = built.build("patched").prefix
        system = prefix / "usr/lib/systemd/system"
        assert (prefix / "usr/bin/systemctl").stat().st_mode & 0o777 == 0o755
        assert (system / "made.service").read_text() == (
            "[Service]\nExecStart=/usr/lib/systemd/systemd-journald\n"
        )
        assert (system / "default.target").readlink().name == "plain.target"
        wants = system / "plain.target.wants/made.service"
        assert wants.is_symlink()
        assert wants.resolve() == (system / "made.service").resolve()
        assert not (prefix / "usr/share/completions").exists()

    def test_the_run_path_leads_to_the_installed_library(self, built: Yard) -> None:
        elf = read_elf(built.build("stock").prefix / "usr/lib/systemd/systemd")
        assert elf is not None
        assert elf.runpath == ("/usr/lib/systemd",)
        assert "libsystemd-shared-300.so" in elf.needed

    def test_the_log_says_how_it_was_kept_apart(self, built: Yard) -> None:
        log = built.build("stock").log.read_text()
        assert "# kept from the network and the user by: " in log
        assert "by: nothing" not in log


class TestConfiguration:
    def test_options_and_programs_of_the_series(self, tmp_path: Path) -> None:
        made = yard(tmp_path)
        made.configure('[build]\nprograms = ["systemd-extra"]\n[build.options]\nextra = true\n')
        assert (made.build("stock").prefix / "usr/bin/systemd-extra").exists()

    @pytest.mark.parametrize(
        ("text", "message", "hint"),
        [
            ("[build.options]\nextr = true\n", "no Meson option 'extr'", "did you mean 'extra'?"),
            (
                '[build]\nprograms = ["systemd-jurnald"]\n',
                "builds no program 'systemd-jurnald'",
                "did you mean 'systemd-journald'?",
            ),
        ],
    )
    def test_what_the_release_does_not_know(
        self, tmp_path: Path, text: str, message: str, hint: str
    ) -> None:
        made = yard(tmp_path)
        made.configure(text)
        with pytest.raises(UsageError, match=message) as raised:
            made.build("stock")
        assert raised.value.hint == hint

    def test_a_release_of_another_layout_is_refused(self, tmp_path: Path) -> None:
        files = support.project()
        meson = files["meson.build"]
        assert isinstance(meson, bytes)
        files["meson.build"] = meson.replace(b"'systemd-executor', ", b"")
        with pytest.raises(InconsistentError, match="builds no systemd-executor"):
            yard(tmp_path, files=files).build("stock")


class TestFailures:
    def test_a_compiler_error_is_traced_to_the_patch_and_hunk(self, tmp_path: Path) -> None:
        broken = changed("two", 2, 12)["src/two.c"].replace(b"return value;", b"return vaule;")
        series = {
            "one": Change(message="one: be eleven", files=changed("one", 1, 11)),
            "two": Change(message="two: misspell", files={"src/two.c": broken}),
        }
        with pytest.raises(BuildError, match=r"src/two\.c:6: .*vaule") as raised:
            yard(tmp_path, series).build("patched")
        blamed = raised.value.blamed
        assert blamed is not None
        assert (blamed.patch, blamed.hunk, blamed.of, blamed.own) == ("two", 1, 1, True)
        hint = raised.value.hint or ""
        assert "0002-two-misspell.patch" in hint
        assert "build.log" in hint

    def test_a_patch_beside_the_error_is_named_as_beside(self, tmp_path: Path) -> None:
        files = support.project()
        wrong = changed("one", 1, 1)["src/one.c"].replace(b"return value;", b"return VALUE;")
        files["src/one.c"] = wrong
        renamed = wrong.replace(b"int value = 1;", b"int valve = 1;")
        series = {"one": Change(message="one: rename", files={"src/one.c": renamed})}
        with pytest.raises(BuildError) as raised:
            yard(tmp_path, series, files).build("patched")
        assert raised.value.blamed is not None
        assert not raised.value.blamed.own
        assert raised.value.blamed.hunk == 1

    def test_stock_has_nobody_to_blame(self, tmp_path: Path) -> None:
        files = support.project()
        files["src/three.c"] = b"int three(void) { return }\n"
        with pytest.raises(BuildError, match=r"src/three\.c:1: ") as raised:
            yard(tmp_path, files=files).build("stock")
        assert raised.value.blamed is None

    def test_a_broken_variant_does_no_harm_to_the_next(self, tmp_path: Path) -> None:
        bad = {"src/one.c": b"int one(void) { return }\n"}
        made = yard(tmp_path, {"one": Change(message="one: break", files=bad)})
        with pytest.raises(BuildError):
            made.build("patched")
        assert said_by(made.build("stock").prefix).splitlines()[1] == "1 2 3"

    def test_an_error_of_meson_is_shown(self, tmp_path: Path) -> None:
        files = support.project()
        meson = files["meson.build"]
        assert isinstance(meson, bytes)
        files["meson.build"] = meson + b"dependency('nobody-has-this')\n"
        with pytest.raises(MissingToolError, match="nobody-has-this"):
            yard(tmp_path, files=files).build("stock")

    def test_missing_tools_are_all_named_before_any_work(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = yard(tmp_path)
        plan = made.plan("stock")
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(MissingToolError, match=r"'meson'.*'ninja'.*'gperf'") as raised:
            made.build_plan(plan)
        assert "apt-get install meson ninja-build gcc gperf" in (raised.value.hint or "")
        assert not made.folder.exists()

    @pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small file system")
    def test_a_full_disk_is_told_and_the_build_goes_on_later(self, tmp_path: Path) -> None:
        made = yard(tmp_path)
        made.repository.cache.mkdir()
        runner = SystemRunner()
        place = str(made.repository.cache)
        runner(["mount", "-t", "tmpfs", "-o", "size=900k", "none", place]).check()
        try:
            with pytest.raises(StorageError):
                made.build("stock")
            runner(["mount", "-o", "remount,size=64m", place]).check()
            assert said_by(made.build("stock").prefix).startswith("systemd 300")
        finally:
            runner(["umount", place]).check()


class _Interrupted(SystemRunner):
    """Ctrl-C in the middle of ninja's work."""

    def stream(
        self,
        argv: Sequence[str],
        *,
        on_line: Callable[[str], None],
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float = 3600,
    ) -> int:
        def take(line: str) -> None:
            on_line(line)
            if line.startswith("[3/"):
                raise KeyboardInterrupt

        return super().stream(argv, on_line=take, cwd=cwd, env=env, timeout=timeout)


class TestInterruption:
    def test_a_half_build_is_never_taken_for_a_whole(self, tmp_path: Path) -> None:
        made = yard(tmp_path)
        with pytest.raises(KeyboardInterrupt):
            made.build("stock", _Interrupted(allowed=INHERITED))
        home = made.folder / "variants/stock"
        assert not (home / "built.json").exists()
        assert not (home / "prefix").exists()
        assert not made.build("stock").reused
        # what had been compiled stays
        assert len(made.compiled("stock")) < 14

    def test_two_builds_at_once_wait_for_each_other(self, tmp_path: Path) -> None:
        made = yard(tmp_path)
        made.folder.mkdir(parents=True)
        started = threading.Event()

        def hold() -> None:
            with held(made.folder, doing="building v300 patched", work="building in"):
                started.set()
                until = time.monotonic() + 60
                while "waiting for" not in made.said.getvalue() and time.monotonic() < until:
                    time.sleep(0.01)
                assert not (made.folder / "source").exists()

        thread = threading.Thread(target=hold)
        thread.start()
        started.wait(10)
        assert not made.build("stock").reused
        thread.join()
        assert "waiting for another patchkit that is building in" in made.said.getvalue()
        assert "building v300 patched" in made.said.getvalue()
