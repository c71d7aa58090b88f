"""A small Meson project laid out as systemd's is, and how to build variants of it."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from patchkit.build.builder import build_variant
from patchkit.build.meson import PROGRAMS
from patchkit.build.plan import BuildPlan, Built, plan_build
from patchkit.build.sandbox import INHERITED
from patchkit.build.variant import Variant
from patchkit.console import Console
from patchkit.proc import SystemRunner
from patchkit.releases import Release
from patchkit.upstream.sources import GitSource
from patchkit.upstream.store import Store
from patchkit.upstream.upstreams import Upstream
from patchkit.workspace.layout import Workspace
from tests.builders import Change, Files, PatchRepository, patch_repository, text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from patchkit.proc import StreamingRunner

TAG = "v300"

_MESON = """\
project('systemd', 'c', version : '300', meson_version : '>= 0.60',
        default_options : ['prefix=/usr', 'sysconfdir=/etc', 'localstatedir=/var'])
pkglibdir = get_option('prefix') / 'lib/systemd'
unitdir = pkglibdir / 'system'
conf = configuration_data()
conf.set('LIBEXECDIR', pkglibdir)
conf.set10('EXTRA', get_option('extra'))
configure_file(output : 'config.h', configuration : conf)
shared = shared_library('systemd-shared-300', 'src/one.c', 'src/two.c', 'src/three.c',
                        c_args : ['-include', 'config.h'],
                        install : true, install_dir : pkglibdir)
foreach name : [{programs}]
  executable(name, 'src/' + (name == 'systemd' ? 'systemd' : 'tool') + '.c',
             link_with : shared,
             install : true, install_rpath : pkglibdir,
             install_dir : name.startswith('systemctl') ? get_option('bindir') : pkglibdir)
endforeach
if get_option('extra')
  executable('systemd-extra', 'src/tool.c', link_with : shared, install : true,
             install_rpath : pkglibdir)
endif
foreach unit : ['made.service']
  custom_target(unit, input : 'units' / (unit + '.in'), output : unit,
                command : ['sed', 's,@LIBEXECDIR@,' + pkglibdir + ',', '@INPUT@'], capture : true,
                install : true, install_dir : unitdir)
endforeach
install_data('units/plain.target', 'units/lost.service', 'units/lost.socket', install_dir : unitdir)
install_symlink('default.target', pointing_to : 'plain.target', install_dir : unitdir)
install_symlink('made.service', pointing_to : '../made.service',
                install_dir : unitdir / 'plain.target.wants')
install_symlink('lost.socket', pointing_to : '../lost.socket',
                install_dir : unitdir / 'plain.target.wants')
"""

_MAIN = b"""\
#include <stdio.h>
int one(void);
int two(void);
int three(void);
int main(void) {
        printf("systemd 300 (300)\\n");
        printf("%d %d %d\\n", one(), two(), three());
        return 0;
}
"""


def _unit(name: str, value: int) -> bytes:
    return text(
        f"int {name}(void);",
        "",
        f"int {name}(void) {{",
        f"        int value = {value};",
        "",
        "        return value;",
        "}",
    )


def project() -> dict[str, bytes | tuple[int, bytes]]:
    """The release's files."""
    programs = ", ".join(f"'{name}'" for name in PROGRAMS)
    meson = _MESON.replace("{programs}", programs)
    return {
        "meson.build": (meson + "subdir('completion')\n").encode(),
        "meson_options.txt": b"option('extra', type : 'boolean', value : false)\n"
        b"option('mode', type : 'combo', choices : ['developer', 'release'])\n",
        "completion/meson.build": b"custom_target('c', output : 'systemctl', "
        b"input : 'completion',\n"
        b"  command : ['cp', '@INPUT@', '@OUTPUT@'], install : true,\n"
        b"  install_dir : get_option('datadir') / 'completions')\n",
        "completion/completion": b"complete\n",
        "src/one.c": _unit("one", 1),
        "src/two.c": _unit("two", 2),
        "src/three.c": _unit("three", 3),
        "src/systemd.c": _MAIN,
        "src/tool.c": _MAIN,
        "units/made.service.in": b"[Service]\nExecStart=@LIBEXECDIR@/systemd-journald\n",
        "units/plain.target": b"[Unit]\nDescription=Plain\n",
        "units/lost.service": b"[Service]\nExecStart=!!/usr/bin/nobody-built-this\n",
        "units/lost.socket": b"[Socket]\nListenStream=/run/lost\n",
        "hwdb.d/large": b"not needed\n",
    }


def changed(name: str, old: int, new: int) -> dict[str, bytes]:
    """One source file with another value."""
    return {f"src/{name}.c": _unit(name, old).replace(b"= %d;" % old, b"= %d;" % new)}


SERIES = {
    "one": Change(message="one: be eleven", files=changed("one", 1, 11)),
    "two": Change(message="two: be twelve", files=changed("two", 2, 12)),
}


@dataclass
class Yard:
    """A patch repository and its cache, and a way to build its variants."""

    repository: PatchRepository
    said: io.StringIO = field(default_factory=io.StringIO)

    @property
    def folder(self) -> Path:
        return self.repository.cache / "builds" / TAG

    def plan(self, variant: str) -> BuildPlan:
        workspace = Workspace(self.repository.root)
        self.repository.cache.mkdir(exist_ok=True)
        source = GitSource(name="upstream", location=str(self.repository.upstream))
        upstream = Upstream(
            store=Store.open(self.repository.cache / "upstream.git"),
            sources=(source,),
            cache=self.repository.cache,
            console=self.console,
        )
        return plan_build(
            Release.parse(TAG),
            Variant.parse(variant),
            workspace=workspace,
            upstream=upstream,
            cache=self.repository.cache,
        )

    @property
    def console(self) -> Console:
        return Console(out=self.said, err=self.said, environ={})

    def build(self, variant: str, runner: StreamingRunner | None = None) -> Built:
        return self.build_plan(self.plan(variant), runner)

    def build_plan(self, plan: BuildPlan, runner: StreamingRunner | None = None) -> Built:
        return build_variant(
            plan,
            console=self.console,
            runner=runner or SystemRunner(allowed=INHERITED),
        )

    def compiled(self, variant: str) -> list[str]:
        """The sources that the variant's last build compiled, as ninja counted them."""
        log = (self.folder / "variants" / variant.replace(":", "-") / "build.log").read_text()
        steps = re.findall(r"^\[\d+/\d+\] Compiling C object \S*?src_(\w+)\.c\.o$", log, re.M)
        return sorted(steps)

    def configure(self, text_: str) -> None:
        """Put more into series.toml."""
        place = self.repository.root / "patches" / "series.toml"
        place.write_text(place.read_text() + text_)


def yard(
    folder: Path, series: Mapping[str, Change] | None = None, files: Files | None = None
) -> Yard:
    """A yard with the small project, released as v300."""
    return Yard(
        patch_repository(folder, {TAG: files or project()}, SERIES if series is None else series)
    )
