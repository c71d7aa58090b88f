"""The grounds on which commands are struck: small real repositories, upstreams and servers."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from patchkit import documents
from tests import builders
from tests.build.support import TAG
from tests.builders import Change, PatchRepository
from tests.bump.support import evidence, without
from tests.commands.support import MAIN, MANAGER, code
from tests.crash.harness import Case, files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.crash.harness import Zygote

PLACE = files("repo/patches", "repo/overlays")
"""What is published: it must be whole at any moment."""

GIT = ("for-each-ref", "--format=%(refname) %(objectname)")


@dataclass(frozen=True, kw_only=True)
class Yard:
    """A folder with a repository and a cache at fixed places, and a zygote to prepare it with."""

    folder: Path
    original: PatchRepository
    runs: Zygote

    @property
    def place(self) -> Path:
        return self.folder / "place"

    @property
    def repo(self) -> Path:
        return self.place / "repo"

    @property
    def patches(self) -> Path:
        return self.repo / "patches"

    @property
    def cache(self) -> Path:
        return self.place / "cache"

    def words(self, *words: str) -> list[str]:
        return ["--repo", str(self.repo), "--cache", str(self.cache), *words]

    def run(self, *words: str, code: int = 0) -> None:
        ran = self.runs.run(self.words(*words))
        assert ran.code == code, (words, ran.said)

    def begin(self, original: PatchRepository | None = None) -> None:
        """The place anew: the repository as it was made, an empty cache."""
        shutil.rmtree(self.place, ignore_errors=True)
        shutil.copytree((original or self.original).root, self.repo)
        self.cache.mkdir()

    def edit(self, patch: str, path: str, content: bytes) -> None:
        """What a person does to a file of a conflict."""
        target = self.repo / ".patchkit" / "rebase" / patch / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)

    def case(
        self,
        name: str,
        *words: str,
        facts: Callable[[Path], object] = PLACE,
        visible: Callable[[Path], object] = PLACE,
        codes: tuple[int, ...] = (0,),
        again: tuple[tuple[str, ...], ...] = (),
        call: str | None = None,
        reading: bool = True,
    ) -> Case:
        """The place as it is now becomes the ground of a case."""
        ground = self.folder / "grounds" / name
        shutil.copytree(self.place, ground, symlinks=True)
        return Case(
            name=name,
            ground=ground,
            place=self.place,
            words=list(words) if call else self.words(*words),
            call=call,
            facts=facts,
            visible=visible,
            codes=frozenset(codes),
            again=tuple(self.words(*each) for each in again),
            readers=(self.words("status", "-q"),) if reading else (),
        )


def open_rebase(place: Path) -> object:
    """What is published, the state of the rebase that waits, and the files to edit for it."""
    waiting = place / "repo" / ".patchkit" / "rebase"
    state = waiting / "state.json"
    if not state.exists():
        return PLACE(place)
    patch = documents.decode(state.read_bytes(), dict)["patch"]
    edited = builders.snapshot(waiting / patch)
    return (
        PLACE(place) | {"state": state.read_bytes()} | {f"edit/{p}": c for p, c in edited.items()}
    )


def branch(place: Path) -> object:
    """What is published, where git's branches end and what they hold, and the work tree."""
    repo = place / "repo"
    trees = builders.git(repo, "for-each-ref", "--format=%(refname) %(tree)", "refs/heads")
    return PLACE(place) | {
        "refs": trees,
        "head": builders.git(repo, "rev-parse", "HEAD"),
        "status": builders.git(repo, "status", "--porcelain"),
    }


def sources(place: Path) -> object:
    """What is published, and what the cache holds of upstream, which must be sound."""
    held = place / "cache" / "upstream.git"
    if not (held / "HEAD").exists():
        return PLACE(place)
    builders.git(held, "fsck", "--no-dangling", "--strict")
    return PLACE(place) | {"held": builders.git(held, *GIT)}


def pages(place: Path) -> object:
    return PLACE(place) | builders.snapshot(place / "out")


# The commands that write


def rebases(yard: Yard) -> list[Case]:
    """Onto a release that is new, and onto one anew."""
    yard.begin()
    yard.run("rebase", "v260")
    yard.run("overlay")
    cases = [yard.case("rebase", "rebase", "v261")]
    yard.run("rebase", "v261")
    yard.run("overlay")
    _record(yard)
    base = next((yard.patches / "v260").glob("*-main-*.patch"))
    base.write_bytes(base.read_bytes().replace(b"keep the console", b"keep the one console", 1))
    yard.run("rebase", "v260")  # its file has another name now
    cases.append(yard.case("rebase anew", "rebase", "v261"))
    return cases


def conflicts(yard: Yard) -> list[Case]:
    """A rebase that waits for a person, from its beginning to each of its ends."""
    yard.begin()
    yard.run("rebase", "v260")
    cases = [yard.case("rebase, conflict", "rebase", "v262", facts=open_rebase, codes=(3,),
                       again=(("rebase", "--abort"),))]  # fmt: skip
    yard.run("rebase", "v262", code=3)
    cases.append(yard.case("rebase --abort", "rebase", "--abort", facts=open_rebase))
    yard.edit("main", MAIN, code("main", above=4, line="    goto keep;"))
    cases.append(
        yard.case("--continue, next", "rebase", "--continue", facts=open_rebase, codes=(3,))
    )
    yard.run("rebase", "--continue", code=3)
    finished = (("rebase", "v262"),)  # it had come to its end: the same again changes nothing
    cases.append(yard.case("rebase --skip", "rebase", "--skip", facts=open_rebase, again=finished))
    yard.edit("manager", MANAGER, code("manager", above=2, line="    poweroff();"))
    cases.append(
        yard.case("--continue, last", "rebase", "--continue", facts=open_rebase, again=finished)
    )
    return cases


def proposals(yard: Yard, proposing: PatchRepository) -> list[Case]:
    """Taking what is proposed."""
    yard.begin(proposing)
    yard.run("rebase", "v261", code=3)
    again = (("rebase", "v261"),)
    return [yard.case("rebase --accept", "rebase", "--accept", "main", facts=open_rebase,
                      again=again)]  # fmt: skip


def proposing_repository(folder: Path) -> PatchRepository:
    """v261 is v260 without the header that declares what the patch calls."""
    before = {MAIN: b'#include "fds.h"\n' + code("main"), "src/core/fds.h": b"int keep(int r);\n"}
    after = {MAIN: b'#include "fds.h"\n' + code("main", above=2), "src/core/o.h": b"int o(void);\n"}
    change = Change(
        message="main: keep the console\n\nElse docker logs is empty.\n",
        files={MAIN: b'#include "fds.h"\n' + code("main", line="    return keep(r);")},
    )
    return builders.patch_repository(folder, {"v260": before, "v261": after}, {"main": change})


def published(yard: Yard) -> list[Case]:
    """The overlay, the evidence of jobs and of a verification, the report."""
    yard.begin()
    yard.run("rebase", "v260")
    yard.run("rebase", "v261")
    cases = [yard.case("overlay", "overlay")]
    yard.run("overlay")
    jobs = _jobs(yard)
    cases.append(yard.case("merge-evidence", "merge-evidence", *jobs))
    cases.append(
        yard.case("verify's record", str(yard.repo), jobs[0], call="tests.crash.ground:record")
    )
    out = str(yard.place / "out")
    cases.append(yard.case("report", "report", "-o", out, facts=pages))
    yard.run("report", "-o", out)
    yard.run("merge-evidence", *jobs)
    cases.append(yard.case("report anew", "report", "-o", out, facts=pages))
    return cases


def bumps(yard: Yard) -> list[Case]:
    """A branch with commits: with and without evidence."""
    yard.begin()
    yard.run("rebase", "v260")
    yard.run("overlay")
    _in_git(yard)
    cases = [yard.case("bump", "bump", "v261", "--no-verify", facts=branch, visible=standing)]
    yard.run("rebase", "v261")
    jobs = _jobs(yard)
    for words in (("checkout", "-q", "."), ("clean", "-qfd", "patches", "overlays")):
        builders.git(yard.repo, *words)
    given = [word for job in jobs for word in ("--evidence", job)]
    cases.append(yard.case("bump --evidence", "bump", "v261", *given, facts=branch,
                           visible=standing))  # fmt: skip
    return cases


def standing(place: Path) -> object:
    """What a bump never touches, and its branch: not there, or with all of its commits."""
    repo = place / "repo"
    ends = builders.git(repo, "for-each-ref", "--format=%(refname) %(tree)", "refs/heads")
    return PLACE(place) | {"refs": ends, "status": builders.git(repo, "status", "--porcelain")}


def fetches(yard: Yard, daemon: str, mirror: str) -> list[Case]:
    """The cache: lists of releases, a tag from a server, a tarball, and throwing it away."""
    yard.begin()
    _serve(yard, f'kind = "git"\nname = "upstream"\nurl = "{daemon}"\n')
    cases = [
        yard.case("releases", "releases", facts=sources, reading=False),
        yard.case("rebase, fetching", "rebase", "v261", facts=sources),
    ]
    yard.run("rebase", "v261")
    cases.append(yard.case("--rebuild-cache", "releases", "--rebuild-cache", facts=sources))
    yard.begin()
    _serve(yard, f'kind = "debian"\nname = "debian"\nmirror = "{mirror}"\nsuites = ["sid"]\n')
    cases.append(yard.case("rebase, tarball", "rebase", "v261", facts=sources))
    return cases


def images(yard: Yard, small: PatchRepository) -> list[Case]:
    """An image as a file, of a release that has been built."""
    yard.begin(small)
    yard.run("build", TAG)
    out = yard.place / "out"
    out.mkdir()
    words: tuple[str, ...] = ("image", TAG, "-o", str(out / "v300.tar"))
    cases = [yard.case("image", *words, facts=image, visible=image_file, reading=False)]
    yard.run(*words)
    yard.run("build", TAG, "--variant", "stock")
    words = ("image", TAG, "--variant", "stock", "-o", str(out / "v300.tar"))
    cases.append(yard.case("image anew", *words, facts=image, visible=image_file, reading=False))
    return cases


def image(place: Path) -> object:
    """The file that was asked for, and nothing beside it when all is done."""
    return PLACE(place) | builders.snapshot(place / "out")


def image_file(place: Path) -> object:
    """The file that was asked for."""
    file = place / "out" / "v300.tar"
    return PLACE(place) | ({"image": file.read_bytes()} if file.exists() else {})


def _serve(yard: Yard, source: str) -> None:
    config = yard.patches / "series.toml"
    head, _, rest = config.read_text("utf-8").partition("[[sources]]\n")
    entries = rest[rest.index("[[patches]]") :]
    config.write_text(f"{head}[[sources]]\n{source}\n{entries}", encoding="utf-8")


def _in_git(yard: Yard) -> None:
    config = yard.patches / "series.toml"
    config.write_text(config.read_text("utf-8") + '\n[follow]\nignore = ["v262"]\n')
    builders.git(yard.repo, "init", "-q", "-b", "main", "--template=")
    builders.git(yard.repo, "config", "user.name", "A Maintainer")
    builders.git(yard.repo, "config", "user.email", "maintainer@example.org")
    builders.git(yard.repo, "add", "-A")
    builders.git(yard.repo, "commit", "-q", "-m", "start")


def _jobs(yard: Yard) -> list[str]:
    """What the jobs of a matrix print about v261: the whole, and one for each patch."""
    lock = documents.decode((yard.patches / "lock.json").read_bytes(), dict)
    series = lock["releases"]["v261"]["series_sha256"]
    reports = {"0-whole": evidence("v261", series=series)} | {
        name: evidence("v261", series=series, ablation=(without(name),))
        for name in yard.original.names
    }
    folder = yard.place / "jobs"
    folder.mkdir(exist_ok=True)
    for name, report in reports.items():
        (folder / f"{name}.json").write_text(documents.encode(report), encoding="utf-8")
    return [str(folder / f"{name}.json") for name in reports]


def _record(yard: Yard) -> None:
    ran = yard.runs.run([str(yard.repo), _jobs(yard)[0]], call="tests.crash.ground:record")
    assert ran.code == 0, ran.said


def record(root: Path, report: Path) -> int:
    """The end of `patchkit verify`: its evidence into the repository, with its error boundary."""
    from patchkit import cli  # noqa: PLC0415 - in the zygote
    from patchkit.console import Console  # noqa: PLC0415
    from patchkit.report.verify import VerifyReport  # noqa: PLC0415
    from patchkit.report.verify_record import record as write  # noqa: PLC0415
    from patchkit.workspace.layout import Workspace  # noqa: PLC0415

    console = Console()
    try:
        write(documents.decode(report.read_bytes(), VerifyReport), Workspace(root), console)
    except Exception as error:  # noqa: BLE001 - as the command line does
        return cli._ended(console, error)
    return 0
