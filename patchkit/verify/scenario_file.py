"""Reading a scenario file: strict, and every mistake in it is told at once with its line."""

from __future__ import annotations

import re
import tomllib
from itertools import product

from patchkit.errors import UsageError
from patchkit.toml.places import places
from patchkit.toml.table import Mistakes, Table
from patchkit.verify import scenario as sc
from patchkit.verify.scenario_steps import LONGEST, read_step

SCHEMA = "patchkit.scenario/1"
_NAME = re.compile(r"[a-z][a-z0-9-]*")
_UNIT = re.compile(
    r"[A-Za-z0-9:_.\\-]+@?[A-Za-z0-9:_.\\-]*"
    r"\.(service|socket|timer|path|target|slice|mount|scope|swap|automount|device)"
)
_TOP = (
    "schema", "summary", "place", "matrix", "control", "alone", "units", "files", "steps", "runs",
)  # fmt: skip
_RUN = (
    "name", "steps", "moments", "survives", "needs", "mounts", "tty", "publish", "read_only",
    "cap_drop", "cgroupns", "network", "no_new_privileges", "writable_cgroups",
)  # fmt: skip
_REFUSED = {
    name: f"'{name}' is refused: no scenario may have what an unprivileged container has not"
    for name in (
        "privileged", "cap_add", "devices", "binds", "volumes", "security_opt", "stop_signal",
        "pid", "ipc", "userns", "seccomp", "apparmor", "sysctls", "ulimits", "runtime", "init",
    )
}  # fmt: skip


def read_scenario(text: str, *, name: str, file_name: str) -> sc.Scenario:
    """Read one scenario.

    Raises `UsageError` that lists every mistake with its line.
    """
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # numbers and nesting without end, too
        raise UsageError(f"{file_name} is not TOML: {error}") from error
    mistakes = Mistakes(lines=places(text))
    scenario = _scenario(Table(mistakes, document, ()), name)
    if mistakes.found:
        listed = [f"{file_name}:{line}: {what}" for line, what in sorted(set(mistakes.found))]
        count = len(listed)
        raise UsageError(
            f"the scenario {file_name} has {count} mistake{'s' * (count != 1)}",
            hint="\n  ".join(listed),
        )
    return scenario


def _scenario(top: Table, name: str) -> sc.Scenario:
    top.only(_TOP)
    if not _NAME.fullmatch(name):
        top.problem("", f"'{name}' cannot be a scenario's name: use a-z, 0-9 and '-'")
    if (schema := top.text("schema")) and schema != SCHEMA:
        top.problem("schema", f"schema is '{schema}'; this patchkit reads '{SCHEMA}'")
    matrix = top.flag("matrix")
    place = top.choice("place", sc.Place, sc.Place.DOCKER)
    placed = frozenset({sc.Need.NAMESPACE} if place is sc.Place.NAMESPACE else ())
    common = [read_step(step) for step in top.tables("steps")]
    cases: list[sc.Case] = []
    runs = top.tables("runs")
    if not runs:
        top.problem("runs", "there is no [[runs]]: a scenario runs at least one container")
    for run in runs:
        cases += _read_run(run, common, matrix=matrix, placed=placed)
    names = [case.name for case in cases]
    for double in sorted({name for name in names if names.count(name) > 1}):
        top.problem("runs", f"two runs are named '{double}'")
    return sc.Scenario(
        name=name,
        summary=top.text("summary").strip(),
        cases=tuple(cases),
        units=_read_units(top.table("units")),
        files=_read_files(top.table("files")),
        place=place,
        matrix=matrix,
        control=top.flag("control"),
        alone=top.flag("alone"),
    )


def _read_units(table: Table) -> tuple[tuple[str, str], ...]:
    for name in table.values:
        if not _UNIT.fullmatch(name):
            table.problem(name, f"'{name}' is not the name of a unit (such as web.service)")
    return tuple((name, table.text(name)) for name in table.values)


def _read_files(table: Table) -> tuple[sc.ExtraFile, ...]:
    files = []
    for path, value in table.values.items():
        if not path.startswith("/") or ".." in path.split("/") or path.endswith("/"):
            table.problem(path, f"'{path}' must be an absolute path of a file")
        if isinstance(value, dict):
            inner = Table(table.mistakes, value, (*table.path, path))
            inner.only(("text", "mode"))
            mode = inner.number("mode", 0o644)
            if not 0 <= mode <= 0o777:
                inner.problem("mode", f"mode {mode:#o} has more than permission bits")
            files.append(sc.ExtraFile(path=path, text=inner.text("text"), mode=int(mode)))
        else:
            files.append(sc.ExtraFile(path=path, text=table.text(path, empty=True)))
    return tuple(files)


def _read_run(
    run: Table, common: list[sc.Step | None], *, matrix: bool, placed: frozenset[sc.Need]
) -> list[sc.Case]:
    """The cases of one `[[runs]]`: one for each of its mounts, terminals and moments."""
    run.only(_RUN, _REFUSED)
    name = run.text("name")
    steps = [read_step(step) for step in run.tables("steps")] if run.has("steps") else common
    if not steps:
        run.problem("steps", f"the run '{name}' has no steps, and the scenario has none in common")
    moments = run.numbers("moments", highest=LONGEST) or (None,)
    cases = []
    for mounts, tty, moment in product(_mounts(run), _ttys(run), moments):
        options = _options(run, mounts=mounts, tty=tty)
        if options.beyond_plain and not matrix:
            run.problem(
                options.beyond_plain[0],
                f"'{options.beyond_plain[0]}' is not in a plain `docker run`: only a scenario"
                " with `matrix = true` may set it",
            )
        words = [word for word, on in (("tmpfs", mounts is sc.Mounts.TMPFS), ("tty", tty)) if on]
        words += [f"after {moment:g} s"] if moment is not None else []
        cases.append(
            sc.Case(
                name=f"{name} ({', '.join(words)})" if words else name,
                options=options,
                steps=tuple(step for step in steps if step),
                moment=moment,
                survives=run.flag("survives"),
                needs=frozenset(run.choices("needs", sc.Need)) | placed,
            )
        )
    return cases


def _mounts(run: Table) -> tuple[sc.Mounts, ...]:
    return run.choices("mounts", sc.Mounts) or (sc.Mounts.PLAIN,)


def _ttys(run: Table) -> tuple[bool, ...]:
    value = run.values.get("tty", False)
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(item, bool) for item in values):
        run.problem("tty", "'tty' must be true, false or [true, false]")
        return (False,)
    return tuple(values)


def _options(run: Table, *, mounts: sc.Mounts, tty: bool) -> sc.RunOptions:
    cgroupns, network = run.values.get("cgroupns"), run.values.get("network")
    if cgroupns not in {None, "host", "private"}:
        run.problem("cgroupns", f"'cgroupns' is 'host' or 'private', not {cgroupns!r}")
    if network not in {None, "none", "host", "bridge"}:
        run.problem("network", f"'network' is 'none', 'host' or 'bridge', not {network!r}")
    return sc.RunOptions(
        mounts=mounts,
        tty=tty,
        publish=tuple(int(port) for port in run.numbers("publish", lowest=1, highest=65535)),
        read_only=run.flag("read_only"),
        cap_drop=run.texts("cap_drop"),
        cgroupns=cgroupns,
        network=network,
        no_new_privileges=run.flag("no_new_privileges"),
        writable_cgroups=run.flag("writable_cgroups"),
    )
