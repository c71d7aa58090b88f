"""`patchkit verify`: run a release in unprivileged Docker; the verdict, with evidence."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from patchkit.build.preflight import build_needs, require
from patchkit.build.sandbox import INHERITED
from patchkit.build.variant import PATCHED, STOCK, Variant, VariantKind
from patchkit.console import Tone
from patchkit.engine.connection import Engine
from patchkit.engine.problems import NoEngineError
from patchkit.errors import (
    ExitCode,
    InconsistentError,
    PatchkitError,
    StorageError,
    UsageError,
    VerificationError,
)
from patchkit.proc import SystemRunner
from patchkit.releases import Release
from patchkit.report.junit import junit
from patchkit.report.verify import (
    VerifyReport,
    report_control,
    report_engine,
    report_repetition,
    report_scenarios,
)
from patchkit.report.verify_live import LiveView
from patchkit.report.verify_record import record
from patchkit.report.verify_tables import (
    TONES,
    ablation_table,
    detail_lines,
    scenario_table,
    time_table,
)
from patchkit.verify.ablation import Ablation
from patchkit.verify.catalogue import choose, read_catalogue
from patchkit.verify.examination import Examination
from patchkit.verify.ground import absent_needs, check_named
from patchkit.verify.namespace_vessel import sweep_namespaces
from patchkit.verify.spread import spreads
from patchkit.verify.variants import Variants
from patchkit.workspace.audit import audit_record
from patchkit.writeplan import atomic_write

if TYPE_CHECKING:
    import argparse

    from patchkit.commands.invocation import Invocation
    from patchkit.console import Console
    from patchkit.engine.facts import EngineFacts
    from patchkit.verify.scenario import Scenario
    from patchkit.verify.verdict import Verification
    from patchkit.workspace.config import SeriesConfig
    from patchkit.workspace.layout import Workspace
    from patchkit.workspace.lock import LockedRelease

_EXAMPLES = """\
examples:
  patchkit verify v262                     everything, and the evidence into patches/
  patchkit verify v262 --ablate            and what each patch is for
  patchkit verify v262 --scenario logs     one scenario; leaves the evidence alone
  patchkit verify v262 --repeat 50         and 50 boots and stops: the distribution of times
  patchkit verify v262 --junit report.xml  for a CI system

The stock build must fail in the same conditions, or the verdict is void. A scenario of your
own is a TOML file in patches/scenarios/.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = _EXAMPLES
    parser.add_argument("release", metavar="RELEASE", help="v262, say")
    parser.add_argument(
        "--scenario", action="append", default=[], metavar="NAME", help="only this one (repeatable)"
    )
    parser.add_argument("--ablate", action="store_true", help="also without each patch in turn")
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="PATCH",
        help="also without this one (repeatable)",
    )
    parser.add_argument(
        "--repeat", type=int, default=0, metavar="N", help="also boot and stop N times"
    )
    parser.add_argument("--junit", type=Path, metavar="FILE", help="write JUnit XML")
    parser.add_argument("--no-record", action="store_true", help="write no evidence into patches/")
    parser.add_argument("--upstream", metavar="URL|PATH", help="take upstream's git from here")


def run(arguments: argparse.Namespace, invocation: Invocation) -> ExitCode:
    """Verify, and end with 4 when anything falls short."""
    work = _prepare(arguments, invocation)
    with Engine.connect() as engine:
        report = _examine(work, engine)
    _tell(report, invocation.console)
    if arguments.junit:
        try:
            atomic_write(arguments.junit.resolve(), junit(report))
        except OSError as error:
            raise StorageError.from_os_error(f"write {arguments.junit}", error) from error
    if not arguments.no_record:
        record(report, work.workspace, invocation.console)
    invocation.console.document(report)
    return ExitCode.VERIFICATION if report.falls_short else ExitCode.DONE


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """What is to be verified, and how much of it."""

    invocation: Invocation
    workspace: Workspace
    config: SeriesConfig
    locked: LockedRelease
    known: tuple[Scenario, ...]
    scenarios: tuple[Scenario, ...]
    upstream: str | None
    ablate: tuple[str, ...]
    repeat: int

    @property
    def console(self) -> Console:
        return self.invocation.console

    def variants(self, engine: Engine) -> Variants:
        return Variants(
            release=self.locked.release,
            workspace=self.workspace,
            upstream=self.invocation.upstream(self.config, self.upstream),
            cache=self.invocation.cache,
            console=self.console,
            engine=engine,
        )


def _prepare(arguments: argparse.Namespace, invocation: Invocation) -> _Work:
    """Everything that can be found wrong before an engine or a compiler is asked."""
    release, workspace = Release.parse(arguments.release), invocation.workspace()
    config, lock = workspace.config(), workspace.lock()
    locked = lock.get(release)
    if arguments.repeat < 0:
        raise UsageError("--repeat takes a number of boots", hint="--repeat 50, say")
    if locked is None:
        raise UsageError(
            f"{release} is not supported here",
            hint=f"supported: {', '.join(r.tag for r in lock.supported) or 'none yet'}",
        )
    if problems := audit_record(locked, workspace, config):
        raise InconsistentError(
            f"{release} is not as the lock has it: {problems[0]}",
            hint="evidence binds to the series in the lock: "
            f"see `patchkit check {release}`, then `patchkit rebase {release}`",
        )
    known = read_catalogue(workspace.root)
    check_named(known, {patch.name: patch.scenarios for patch in config.patches})
    scenarios = choose(known, arguments.scenario)
    require(build_needs(config.build), SystemRunner(allowed=INHERITED), doing="building")
    return _Work(
        invocation=invocation,
        workspace=workspace,
        config=config,
        locked=locked,
        known=known,
        scenarios=scenarios,
        upstream=arguments.upstream,
        ablate=_ablated(locked, everything=arguments.ablate, named=arguments.without),
        repeat=arguments.repeat,
    )


def _ablated(locked: LockedRelease, *, everything: bool, named: list[str]) -> tuple[str, ...]:
    """The patches to do without, one at a time, in the series' order."""
    patches = [patch.name for patch in locked.patches if patch.file is not None]
    for name in named:
        if name not in patches:
            raise UsageError(
                f"the series of {locked.tag} has no patch '{name}'",
                hint=f"its patches are: {', '.join(patches)}",
            )
    return tuple(name for name in patches if everything or name in named)


def _examine(work: _Work, engine: Engine) -> VerifyReport:
    begun = time.monotonic()
    for name in (*engine.sweep(), *sweep_namespaces()):
        work.console.note(f"removed what a dead run had left: {name}")
    facts = engine.describe()
    _require_pure_cgroups(facts)
    variants = work.variants(engine)
    stock, patched = variants.image(STOCK), variants.image(PATCHED)
    view = LiveView(console=work.console, expected={})
    examination = Examination(
        engine=engine,
        scenarios=work.scenarios,
        known=work.known,
        version=patched.version,
        keep=work.invocation.cache / "verify" / work.locked.tag / engine.run_id,
        absent=absent_needs(facts, podman=shutil.which("podman") is not None),
        seen=view.seen,
    )
    with view.shown(work.scenarios):
        verification = examination.verify(patched.image, stock.image)
    report = VerifyReport(
        release=work.locked.tag,
        version=patched.version_text,
        series_sha256=work.locked.series_sha256,
        verdict=verification.verdict,
        voids=verification.voids,
        whole=len(work.scenarios) == len(work.known),
        images={"patched": patched.image.digest, "stock": stock.image.digest},
        engine=report_engine(facts),
        control=report_control(verification.control),
        scenarios=report_scenarios(verification),
        milliseconds=spreads(case for s in verification.scenarios for case in s.cases),
    )
    if work.repeat:
        with view.shown(()):
            cases = examination.repeat(patched.image, work.repeat)
        report = replace(report, repetition=report_repetition(cases))
    if work.ablate:
        report = replace(report, ablation=_ablate(work, variants, examination, view, verification))
    return replace(report, seconds=round(time.monotonic() - begun, 1))


def _require_pure_cgroups(facts: EngineFacts) -> None:
    if facts.cgroup_version != 2:
        raise VerificationError(
            f"the verdict is void: the engine at {facts.endpoint} runs on cgroup"
            f" v{facts.cgroup_version}, and a read-only cgroup2 tree is what this is about",
            hint="scripts/dockerd start gives a private engine with a pure cgroup2 tree",
        )


def _ablate(
    work: _Work,
    variants: Variants,
    examination: Examination,
    view: LiveView,
    whole: Verification,
) -> tuple[Ablation, ...]:
    """One patch of the release after the other. A variant that cannot be built is told as that."""
    named = {entry.name: entry.scenarios for entry in work.config.patches}
    found = []
    for patch in work.ablate:
        work.console.note(f"without '{patch}' (what fails now is what it is for):", Tone.STRONG)
        try:
            made = variants.image(Variant(kind=VariantKind.WITHOUT, without=patch))
        except NoEngineError:
            raise
        except PatchkitError as error:
            found.append(Ablation(patch=patch, problem=error.message))
            continue
        with view.shown(work.scenarios, without=patch):
            found.append(examination.ablate(patch, made.image, whole, named[patch]))
    return tuple(found)


def _tell(report: VerifyReport, console: Console) -> None:
    for line, tone in detail_lines(report):
        console.say(line, tone)
    console.table(scenario_table(report))
    console.table(time_table(report.milliseconds))
    if report.repetition is not None:
        console.say(f"{report.repetition.count} boots, {len(report.repetition.failures)} failed")
        for failure in report.repetition.failures:
            console.say(f"  boot {failure}", Tone.BAD)
        console.table(time_table(report.repetition.milliseconds))
    if report.ablation:
        console.table(ablation_table(report.ablation))
    part = "" if report.whole else f" (only {', '.join(s.name for s in report.scenarios)})"
    console.say(
        f"{report.release} {str(report.verdict).upper()}{part}: {report.version},"
        f" {report.engine.name} {report.engine.version}, kernel {report.engine.kernel},"
        f" {report.seconds:.0f} s",
        TONES[report.verdict],
    )
