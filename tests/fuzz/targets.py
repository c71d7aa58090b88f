"""What is fuzzed: for each reader real inputs, and what must hold whatever it is given.

A target may raise a `PatchkitError` whose message is one line; anything else is a finding.
"""

from __future__ import annotations

import gzip
import io
import lzma
import shutil
import tarfile
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from patchkit import console, documents
from patchkit.build import ninja, users
from patchkit.build.elf import read_elf
from patchkit.build.meson import InstallData, InstalledData, InstalledLink, InstalledTarget
from patchkit.bump import evidence as evidence_of
from patchkit.bump import news
from patchkit.bump.blocks import fenced
from patchkit.bump.body import verdict_text
from patchkit.bump.steps import Book
from patchkit.bump.wording import read_evidence, verify_detail
from patchkit.commands import merge_evidence
from patchkit.errors import UsageError
from patchkit.nix.derivation import read_derivation
from patchkit.rebase.lesson import NO_NEWLINE, LessonFile, Place, halves
from patchkit.rebase.outcome import ConflictReason
from patchkit.releases import Release
from patchkit.report.markdown import escaped
from patchkit.report.verify_evidence import evidence, lock_verification
from patchkit.report.verify_tables import ablation_table, detail_lines, scenario_table
from patchkit.series.parse import parse_patch
from patchkit.upstream import apt, compressed, debian_index, tarball
from patchkit.upstream.pack import PackWriter
from patchkit.verify import conditions, judge
from patchkit.verify.scenario_file import read_scenario
from patchkit.workspace import session
from patchkit.workspace.config import read_config
from patchkit.workspace.lock import read_lock
from patchkit.workspace.resolutions import KeptResolution, read_shelf
from patchkit.writeplan import STATE, settle
from tests.bump import support as told
from tests.upstream import support as upstream

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = ROOT / "patchkit" / "verify" / "scenarios"
_NAME = "fuzzed"


@dataclass(frozen=True, kw_only=True)
class Target:
    """A reader. `feed` gets the input and a folder of its own."""

    name: str
    feed: Callable[[bytes, Path], object]
    seeds: Callable[[], list[bytes]]
    heavy: bool = False
    """A command with everything around it, rather than one reader."""
    outside: frozenset[str] = field(default=frozenset())


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _patches() -> list[bytes]:
    return [path.read_bytes() for path in sorted((ROOT / "patches").glob("v26*/*.patch"))[-10:]]


def _patch(data: bytes, _: Path) -> None:
    patch = parse_patch(data, name="x", file_name="0001-x.patch")
    for path in patch.paths:
        inside = PurePosixPath(path)
        assert not inside.is_absolute(), path
        assert ".." not in inside.parts, path


def _configs() -> list[bytes]:
    return [(ROOT / "patches" / "series.toml").read_bytes()]


def _config(data: bytes, _: Path) -> None:
    read_config(_text(data), file_name="series.toml")


def _locks() -> list[bytes]:
    return [(ROOT / "patches" / "lock.json").read_bytes()]


def _lock(data: bytes, _: Path) -> None:
    lock = read_lock(data, file_name="lock.json")
    for locked in lock.releases.values():
        for patch in locked.patches:
            assert patch.file is None or "/" not in patch.file, patch.file
    documents.encode(lock)


def _resolutions() -> list[bytes]:
    """Kept resolutions of every kind: places, edits, whole files, removed ones."""
    place = Place(target=("a",), base=("b",), patch=("c",), resolved=("d", NO_NEWLINE))
    files = (
        LessonFile(path="src/a.c", reason=ConflictReason.CONTENT, places=(place,),
                   edits=((" x", "-y", "+z"),)),
        LessonFile(path="src/b.c", reason=ConflictReason.GONE, about=("-y",), gone=True),
        LessonFile(path="src/c.c", whole=("e",), mode="100755"),
    )  # fmt: skip
    kept = KeptResolution(
        patch="main", conflict="", release="v262", base="v260", from_sha256="0" * 64,
        by="Ada <ada@example.org>", date="2026-01-02T03:04:05+00:00", files=files,
    )  # fmt: skip
    return [documents.encode(replace(kept, conflict=kept.lesson.key).sealed()).encode()]


def _resolution(data: bytes, folder: Path) -> None:
    """What stands under the name that it claims, sealed anew: the digest keeps nobody out."""
    root = folder / "repo"
    shutil.rmtree(root, ignore_errors=True)
    place = root / "patches" / "resolutions"
    place.mkdir(parents=True)
    name = "main-000000000000.json"
    try:
        kept = documents.decode(data, KeptResolution)
        kept = replace(kept, conflict=kept.lesson.key).sealed()
        data = documents.encode(kept).encode()
        name = kept.path.name
    except (documents.MalformedDocument, UnicodeEncodeError):
        """Read as it is."""
    if len(name) > 200 or "\0" in name or not name.endswith(".json"):
        return
    (place / name).write_bytes(data)
    for memory in read_shelf(root).memories.values():
        for file in memory.lesson.files:
            assert ".." not in Path(file.path).parts, file.path
            assert not file.mode or int(file.mode, 8)
            for edit in file.edits:
                halves(edit)


def _reports() -> list[bytes]:
    made = told.evidence("v262", ablation=(told.without("main"), told.without("cgroup")))
    return [documents.encode(made).encode()]


def _report(data: bytes, folder: Path) -> None:
    """What `merge-evidence` and `bump` do with what a job printed."""
    path = folder / "job.json"
    path.write_bytes(data)
    report = merge_evidence._read(path)
    (merged,) = evidence_of.merged([("x", report)]).values()
    for table in (scenario_table(merged), ablation_table(merged.ablation)):
        table.plain()
    list(detail_lines(merged))
    kept = evidence(merged)
    lock_verification(merged, kept, None)
    _kept_evidence(kept, Path())


def _evidences() -> list[bytes]:
    kept = evidence(told.evidence("v262", ablation=(told.without("main"),)))
    real = sorted((ROOT / "patches" / "evidence").glob("*.json"))
    return [kept, *(path.read_bytes() for path in real[-1:])]


def _kept_evidence(data: bytes, _: Path) -> None:
    found = read_evidence(data)
    if found is not None:
        verify_detail(found)
        verdict_text("v262", found)


def _archives() -> list[bytes]:
    plain = upstream.tar(upstream.FILES)
    return [plain, _hostile_tar()]


def _hostile_tar() -> bytes:
    """One of every kind of member."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for kind in (b"0", b"1", b"2", b"3", b"4", b"5", b"6", b"7", b"S", b"x", b"L"):
            info = tarfile.TarInfo("systemd-261/" + "d/" * 3 + "n" * 120)
            info.type, info.linkname = kind, "../../../../etc/passwd"
            archive.addfile(info)
    return out.getvalue()


def _tarball(data: bytes, folder: Path) -> None:
    """The archive as it is, within either compression, and the compressed bytes themselves."""
    path = folder / "x.tar.gz"
    path.write_bytes(gzip.compress(data, 1, mtime=0))
    _import(path, folder)


def _import(path: Path, folder: Path) -> None:
    packs = folder / "pack"
    packs.mkdir(exist_ok=True)
    limits = tarball.Limits(total=32 << 20, file=8 << 20, entries=20_000)
    try:
        with PackWriter(packs) as pack:
            tarball.read_tarball(path, pack, limits=limits)
    finally:
        assert not any(packs.iterdir()), "something of a refused archive stays"


def _compressed_seeds() -> list[bytes]:
    plain = upstream.tar(upstream.FILES)
    return [
        gzip.compress(plain, mtime=0),
        lzma.compress(plain),
        gzip.compress(b"\0" * (1 << 20)) * 3,
    ]


def _compressed(data: bytes, folder: Path) -> None:
    suffix = "xz" if data[:2] == b"\xfd7" else "gz"
    path = folder / f"x.tar.{suffix}"
    path.write_bytes(data)
    whole = sum(len(chunk) for chunk in _chunks(path))
    assert whole <= 64 << 20
    _import(path, folder)


def _chunks(path: Path) -> list[bytes]:
    return [chunk[:1] * 0 + bytes(min(len(chunk), 1)) for chunk in
            compressed.chunks(path, limit=64 << 20)]  # fmt: skip


def _indices() -> list[bytes]:
    site = upstream.Site(url="http://127.0.0.1:1")
    archive = upstream.Archive(site)
    archive.put("sid", "262~rc1-1", b"x")
    archive.put("sid", "261.2-1", b"y")
    index = lzma.decompress(site.pages["/debian/dists/sid/main/source/Sources.xz"])
    return [index, site.pages["/debian/dists/sid/InRelease"]]


def _index(data: bytes, _: Path) -> None:
    try:
        for found in debian_index.tarballs([data[:7], data[7:900], data[900:]]):
            assert "/" not in found.file
            assert ".." not in found.folder
            assert found.size >= 0
    except ValueError as error:  # what Debian's reader turns into an `InconsistentError`
        raise UsageError(_line(str(error))) from error
    list(debian_index.listed_files(_text(data), ("main/source/Sources.xz",)))


def _apt_seeds() -> list[bytes]:
    return [
        b"deb [signed-by=/x.gpg arch=amd64] http://deb.debian.org/debian sid main # x\n",
        b"Types: deb deb-src\nURIs: http://[::1]/debian http://deb.debian.org/debian\n"
        b"Suites: sid sid-updates\nComponents: main\nSigned-By: /x\n inline\nEnabled: yes\n",
    ]


def _apt(data: bytes, folder: Path) -> None:
    (folder / "sources.list").write_bytes(data)
    (folder / "sources.list.d").mkdir(exist_ok=True)
    (folder / "sources.list.d" / "x.sources").write_bytes(data)
    apt.mirror(folder)


def _derivations() -> list[bytes]:
    shape = b"""{ lib, stdenv, withX ? true }:
stdenv.mkDerivation (finalAttrs: {
  pname = "systemd"; version = "261.2";
  src = fetchFromGitHub { owner = "systemd"; repo = "systemd"; tag = "v${finalAttrs.version}"; };
  patches = [ ./0001-a.patch ./0002-b.patch ] ++ lib.optionals stdenv.hostPlatform.isMusl (
    let x = ''text ''${y} ${z}''; in [ ./0003-c.patch (fetchpatch { url = "https://x/4.patch"; }) ])
    ++ lib.optional (withX && !stdenv.isLinux || a == "b") ./0005-d.patch; /* c */ # d
})
"""
    return [shape]


def _derivation(data: bytes, _: Path) -> None:
    read_derivation(_text(data))


def _scenarios() -> list[bytes]:
    return [path.read_bytes() for path in sorted(SCENARIOS.glob("*.toml"))]


def _scenario(data: bytes, _: Path) -> None:
    read_scenario(_text(data), name="x", file_name="x.toml")


def _outputs() -> list[bytes]:
    status = (
        b"Name:\tsystemd\nCapInh:\t0000000000000000\nCapPrm:\t00000000a80425fb\nCapEff:\t0\n"
        b"CapBnd:\t00000000a80425fb\nCapAmb:\t0\nSeccomp:\t2\n--\n"
        b"29 22 0:26 / /sys/fs/cgroup ro,nosuid shared:4 - cgroup2 cgroup ro,nsdelegate\n"
    )
    log = (
        b"\x1b[0;1;39msystemd 262\x1b[0m running\r\n[  \x1b[0;32mOK\x1b[0m  ] Started \x1b]8;;x\x07"
    )
    return [status, log]


def _output(data: bytes, _: Path) -> None:
    """What a container prints, on its way to the verdict and to whoever reads that."""
    text = _text(data)
    inside = conditions.read_inside(text)
    if inside is not None:
        conditions.namespace_violations(inside, refused=False)
    judge.plain(text)
    judge.pulse_faults(judge.Pulse(running=True, answer=text), text)
    for shown in (console.clean(text), escaped(text), fenced(text, "")):
        assert "\x1b" not in shown
        assert "\x07" not in shown


def _builds() -> list[bytes]:
    return [
        b"[1/30] Compiling C object src/core/x.p/main.c.o\nFAILED: x\n"
        b"../src/core/main.c:12:3: error: 'x' undeclared\nninja: build stopped\n"
    ]


def _build(data: bytes, _: Path) -> None:
    output = ninja.Output()
    for line in _text(data).splitlines():
        output.line(line)
    assert output.first_error is None or output.first_error.text
    users.accounts([_text(data)])


def _installs() -> list[bytes]:
    plan = InstallData(
        targets=(InstalledTarget(file="systemd", folder="lib/systemd"),),
        data=(InstalledData(file="/x/units/a.target", to="lib/systemd/system/a.target"),),
        links=(InstalledLink(at="lib/systemd/system/b.target", to="a.target"),),
        folders=(InstalledData(file="/x/catalog", to="lib/systemd/catalog"),),
    )
    return [documents.encode(plan).encode()]


def _install(data: bytes, _: Path) -> None:
    plan = InstallData.read(data)
    for target in plan.targets:
        assert target.to.startswith("/"), target.name
    for place in (*(d.place for d in (*plan.data, *plan.folders)), *(k.place for k in plan.links)):
        assert place.startswith("/")


def _elves() -> list[bytes]:
    found = [Path(name) for name in ("/bin/true", "/usr/bin/env") if Path(name).exists()]
    return [path.read_bytes() for path in found[:1]]


def _elf(data: bytes, folder: Path) -> None:
    path = folder / "program"
    path.write_bytes(data)
    read_elf(path)


def _news_seeds() -> list[bytes]:
    return [
        b"systemd System and Service Manager\n\nCHANGES WITH 262:\n\n"
        b"        Changes in x:\n\n        * a\n"
    ]


def _news(data: bytes, _: Path) -> None:
    news.headings(_text(data), Release.parse("v262"))


def _states() -> list[bytes]:
    kept = session.Session(
        target="v262", base="v261", upstream=None, series_sha256="5" * 64, patch="main",
        paths={"src/core/main.c": 0o100644}, skipped=("x",),
        resolutions={"a": {"b": session.KeptFile(mode=0o100644, content=b"x"), "c": None}},
    )  # fmt: skip
    return [
        documents.encode(kept).encode(),
        b'{"schema": "patchkit.journal/1", "stage": "stage-1", "writes": {"patches/x": "0"}, '
        b'"removals": ["patches/y"]}',
        b'{"schema": "patchkit.bump-steps/1", "records": {"rebase": {"inputs": "a", "output": "b", '
        b'"status": "done", "seconds": 1.5, "detail": "x", "result": {"release": "v262"}}}}',
    ]


def _state(data: bytes, folder: Path) -> None:
    """What is under way: a rebase, a journal, the book of a bump; nothing outside is touched."""
    root = folder / "repo"
    shutil.rmtree(root, ignore_errors=True)
    waiting = root / STATE / "rebase" / "main"
    waiting.mkdir(parents=True)
    (waiting / "x").write_bytes(b"x")
    (root / STATE / "stage-1").mkdir()
    (root / STATE / "stage-1" / "0").write_bytes(b"staged")
    Book(_put(root / STATE / "steps.json", data)).outputs()
    _put(root / STATE / "rebase" / "state.json", data)
    (root / "patches").mkdir()
    try:
        found = session.load(root)
        if found is not None:
            _ = found.decisions
            session.collect(root, found)
    finally:
        _put(root / STATE / "journal.json", data)
        settle(root)


def _put(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def _line(text: str) -> str:
    return " ".join(text.split())[:200]


READERS = (
    Target(name="patch", feed=_patch, seeds=_patches),
    Target(name="series.toml", feed=_config, seeds=_configs),
    Target(name="lock.json", feed=_lock, seeds=_locks),
    Target(name="a resolution", feed=_resolution, seeds=_resolutions),
    Target(name="evidence of a job", feed=_report, seeds=_reports),
    Target(name="evidence kept", feed=_kept_evidence, seeds=_evidences),
    Target(name="tar", feed=_tarball, seeds=_archives),
    Target(name="gz and xz", feed=_compressed, seeds=_compressed_seeds),
    Target(name="Sources, InRelease", feed=_index, seeds=_indices),
    Target(name="apt's sources", feed=_apt, seeds=_apt_seeds),
    Target(name="nixpkgs' derivation", feed=_derivation, seeds=_derivations),
    Target(name="scenario", feed=_scenario, seeds=_scenarios),
    Target(name="container output", feed=_output, seeds=_outputs),
    Target(name="build output", feed=_build, seeds=_builds),
    Target(name="meson's install plan", feed=_install, seeds=_installs),
    Target(name="ELF", feed=_elf, seeds=_elves),
    Target(name="NEWS", feed=_news, seeds=_news_seeds),
    Target(name="what is under way", feed=_state, seeds=_states),
)
