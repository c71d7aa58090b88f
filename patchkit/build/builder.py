"""Carry a build plan out: export the tree, configure, compile, install; all of it or nothing."""

from __future__ import annotations

import os
import platform
import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from patchkit import __version__, documents
from patchkit.build import ninja
from patchkit.build.export import Exported, export
from patchkit.build.failure import build_failure
from patchkit.build.install import install, select
from patchkit.build.layer import EPOCH
from patchkit.build.meson import (
    INSTALL_DUMP,
    InstallData,
    fingerprint,
    setup_options,
    wanted_programs,
)
from patchkit.build.plan import BuildPlan, Built, digest
from patchkit.build.preflight import build_needs, require
from patchkit.build.sandbox import Sandbox, find_sandbox
from patchkit.errors import StorageError
from patchkit.upstream.hold import held
from patchkit.writeplan import atomic_write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from patchkit.console import Console
    from patchkit.proc import StreamingRunner

_FORM = "patchkit.built/1"
"""Changes when the same inputs would give another result: what was built before is then built
again."""

_PATIENCE = 3600.0
"""How long to wait for another build of the same release, in seconds."""

_SETUP_TIMEOUT = 900
_COMPILE_TIMEOUT = 4 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stamp:
    """What stands beside a finished build; written last."""

    schema: str = _FORM
    inputs_sha256: str
    series_sha256: str | None
    version_text: str
    seconds: float


def build_variant(plan: BuildPlan, *, console: Console, runner: StreamingRunner) -> Built:
    """Build a variant, or take it as it was built before from the same inputs.

    Raises `MissingToolError` (before any work), `BusyError`, `StorageError`, `BuildError` with
    the first error of the compiler and the patch that it is from, and what `export` raises.
    """
    require(build_needs(plan.config), runner, doing="building")
    with held(
        plan.folder,
        doing=f"building {plan.release} {plan.variant}",
        console=console,
        patience=_PATIENCE,
        work="building in",
    ):
        try:
            return _Build(plan=plan, console=console, runner=runner).run()
        except OSError as error:
            raise StorageError.from_os_error(f"build in {plan.folder}", error) from error


def is_current(built: Built) -> bool:
    """Whether a build is still what its place in the cache holds: another may have come since."""
    try:
        made = documents.decode((built.prefix.parent / "built.json").read_bytes(), _Stamp)
    except (FileNotFoundError, documents.MalformedDocument):
        return False
    return made.inputs_sha256 == built.inputs_sha256


@dataclass(slots=True, kw_only=True)
class _Build:
    """One build under way; the caller holds the release's folder."""

    plan: BuildPlan
    console: Console
    runner: StreamingRunner
    sandbox: Sandbox = field(default_factory=lambda: Sandbox(name=None))

    # Places

    @property
    def source(self) -> Path:
        return self.plan.folder / "source"

    @property
    def build(self) -> Path:
        return self.plan.folder / "build"

    @property
    def home(self) -> Path:
        """Where the variant's result and its log are."""
        return self.plan.folder / "variants" / self.plan.variant.tag_text

    @property
    def log(self) -> Path:
        return self.home / "build.log"

    def run(self) -> Built:
        inputs = self._inputs()
        if built := self._reusable(inputs):
            self.console.detail(f"{self.plan.variant}: built before from the same inputs")
            return built
        start = time.monotonic()
        stamp = self.home / "built.json"
        stamp.unlink(missing_ok=True)
        self._prepare()
        self.log.write_bytes(b"")
        self._note_export(self._export())
        data = self._configure()
        selection = select(data, wanted_programs(self.plan.config, data))
        self._compile(selection.files)
        install(data, selection, self.build, self.home / "prefix.new")
        version = self._version()
        shutil.rmtree(self.home / "prefix", ignore_errors=True)
        (self.home / "prefix.new").rename(self.home / "prefix")
        os.sync()
        made = _Stamp(
            inputs_sha256=inputs,
            series_sha256=self.plan.series_sha256,
            version_text=version,
            seconds=round(time.monotonic() - start, 2),
        )
        atomic_write(stamp, documents.encode(made).encode())
        return self._built(made, reused=False)

    # What goes in

    def _inputs(self) -> str:
        """One digest of all that decides what comes out."""
        plan = self.plan
        changes = [
            f"{path} {state.mode:o} {digest(state.content.hex())}" if state else f"{path} -"
            for path, state in sorted(plan.view.changes.items())
        ]
        return digest(
            _FORM,
            __version__,
            plan.release.tag,
            plan.view.tree,
            "\n".join(changes),
            self._tools(),
            fingerprint(plan.config),
        )

    def _tools(self) -> str:
        """The versions of what builds; another compiler makes other programs."""
        asked = (
            ["cc", "--version"],
            ["meson", "--version"],
            ["pkg-config", "--modversion", "mount"],
        )
        said = [self.runner(argv, timeout=60).text.partition("\n")[0] for argv in asked]
        return "\n".join([platform.machine(), *said])

    def _reusable(self, inputs: str) -> Built | None:
        try:
            made = documents.decode((self.home / "built.json").read_bytes(), _Stamp)
        except (FileNotFoundError, documents.MalformedDocument):
            return None
        if made.inputs_sha256 != inputs or not (self.home / "prefix").is_dir():
            return None
        return self._built(made, reused=True)

    def _built(self, made: _Stamp, *, reused: bool) -> Built:
        return Built(
            release=self.plan.release,
            variant=self.plan.variant,
            series_sha256=made.series_sha256,
            prefix=self.home / "prefix",
            inputs_sha256=made.inputs_sha256,
            version_text=made.version_text,
            seconds=made.seconds,
            log=self.log,
            reused=reused,
        )

    # Steps

    def _prepare(self) -> None:
        for folder in (self.home, self.source, self.build, self.plan.ccache):
            folder.mkdir(parents=True, exist_ok=True)
        # not the source, not the log, not what was built: those are written from outside, and a
        # link that a build put there would lead the writing elsewhere
        self.sandbox = find_sandbox(
            (self.build, self.plan.ccache), self.runner, readable=(self.source,)
        )
        if self.sandbox.name is None:
            self.console.warn(
                "neither bubblewrap nor unshare works here: the build can reach the network"
            )

    def _export(self) -> Exported:
        label = f"{self.plan.release} {self.plan.variant}: writing the source tree"
        with self.console.progress(label, unit="files") as bar:
            return export(self.plan.view, self.source, progress=bar.update)

    def _note_export(self, exported: Exported) -> None:
        with self._logging() as write:
            write(f"# systemd {self.plan.release.version}, {self.plan.variant}")
            write(f"# tree {self.plan.view.tree}, series {self.plan.series_sha256 or 'none'}")
            write(f"# kept from the network and the user by: {self.sandbox.name or 'nothing'}")
            write(f"# {len(exported.written)} files written, {len(exported.removed)} removed")
            for path in exported.stand_ins:
                write(f"# {path} stands empty: no repository at hand has its content")

    def _configure(self) -> InstallData:
        """Set the build folder up, unless it is set up just so."""
        options = setup_options(self.plan.config, self.source)
        wanted = digest(_FORM, self._tools(), "\n".join(options), self._compiler, str(EPOCH))
        stamp = self.plan.folder / "configured"
        is_same = stamp.is_file() and stamp.read_text() == wanted
        if not is_same or not (self.build / "build.ninja").is_file():
            stamp.unlink(missing_ok=True)
            shutil.rmtree(self.build, ignore_errors=True)
            self.build.mkdir()
            label = f"{self.plan.release} {self.plan.variant}: configuring"
            self._program(["meson", "setup", ".", "../source", *options], label, _SETUP_TIMEOUT)
            atomic_write(stamp, wanted.encode())
        # Meson keeps it as a pickle, which does whatever the build that wrote it wants
        dump = self.runner(
            self.sandbox.wrap(["meson", "runpython", "-c", INSTALL_DUMP]),
            cwd=self.build,
            timeout=120,
        ).check()
        return InstallData.read(dump.stdout)

    def _compile(self, targets: Sequence[str]) -> None:
        label = f"{self.plan.release} {self.plan.variant}: compiling"
        self._program(["ninja", *targets], label, _COMPILE_TIMEOUT)

    def _version(self) -> str:
        asked = self.runner(
            self.sandbox.wrap(["./systemd", "--version"]), cwd=self.build, timeout=30
        ).check()
        return asked.text.partition("\n")[0].strip()

    # Programs

    @property
    def _compiler(self) -> str:
        return "ccache cc" if shutil.which("ccache") else "cc"

    @property
    def _environment(self) -> Mapping[str, str]:
        return {
            "CC": self._compiler,
            "HOME": str(self.plan.folder),
            "NINJA_STATUS": ninja.STATUS,
            "SOURCE_DATE_EPOCH": str(EPOCH),
            "CCACHE_DIR": str(self.plan.ccache),
            "CCACHE_BASEDIR": str(self.plan.folder),
            "CCACHE_NOHASHDIR": "1",
            "CCACHE_CONFIGPATH": os.devnull,
            "CCACHE_MAXSIZE": "3G",
        }

    def _program(self, argv: Sequence[str], label: str, timeout: float) -> None:
        """Run one of the build's programs in the sandbox, into the log.

        Raises `BuildError`, `StorageError` when the disk is full.
        """
        said = ninja.Output()
        with self.console.progress(label, unit="steps") as bar, self._logging() as write:
            write("$ " + " ".join(argv))

            def take(line: str) -> None:
                write(line)
                if said.line(line):
                    bar.update(said.done, said.total)

            code = self.runner.stream(
                self.sandbox.wrap(argv),
                on_line=take,
                cwd=self.build,
                env=self._environment,
                timeout=timeout,
            )
        if code != 0:
            raise build_failure(self.plan, said, log=self.log, program=argv[0], code=code)

    @contextmanager
    def _logging(self) -> Iterator[Callable[[str], object]]:
        with self.log.open("a", encoding="utf-8", buffering=1) as stream:
            yield lambda line: stream.write(line + "\n")
