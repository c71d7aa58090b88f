"""Hostile text at every entrance; every exit shows it, and nothing more than shows it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from patchkit import documents
from patchkit.forge.address import ForgeKind
from patchkit.report.junit import junit
from patchkit.verify.ablation import FailingCheck
from patchkit.verify.verdict import Verdict
from tests import builders
from tests.builders import Change, git
from tests.bump.support import evidence, without
from tests.commands.support import MAIN, MANAGER, Desk, Run, code
from tests.forge.server import TOKEN, Fault, ForgeServer, serving
from tests.hostile.exits import (
    HOSTILE,
    LINES,
    faults_in_markdown,
    faults_in_page,
    faults_on_a_terminal,
    outputs_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from patchkit.report.verify import ControlReport, VerifyReport

ODD = "src/core/<b>@everyone ##[error]x.c"
"""Git allows nearly everything in a path."""


def hostile_code(name: str, *, line: str, above: int = 0) -> bytes:
    """Upstream's code whose comments and names are hostile."""
    return code(name, above=above, line=line) + f"/* {HOSTILE} */\n".encode()


def releases() -> dict[str, dict[str, bytes]]:
    quiet = "    return r;"
    news = f"CHANGES WITH 261:\n\n        Changes {HOSTILE[:100]}:\n\n        * x\n".encode()
    return {
        "v260": {
            MAIN: hostile_code("main", line=quiet),
            MANAGER: code("manager"),
            ODD: code("odd"),
            "NEWS": news,
        },
        "v261": {
            MAIN: hostile_code("main", line=quiet, above=3),
            MANAGER: code("manager").replace(b"statement_9();", f"x(); // {HOSTILE}".encode()),
            ODD: code("odd", above=2).replace(b"statement_3", b"f_<script>_3"),
            "NEWS": news,
        },
        "v262": {
            MAIN: hostile_code("main", line=f"    goto {HOSTILE};"),
            MANAGER: code("manager"),
            ODD: code("odd"),
            "NEWS": news,
        },
    }


SERIES = {
    "manager": Change(
        message=f"manager: power off {HOSTILE[14:60]}\n\n{LINES}\n",
        files={MANAGER: code("manager", line="    return poweroff(r);")},
    ),
    "odd": Change(
        message="odd: be <script>odd</script>\n\nElse @everyone.\n",
        files={ODD: code("odd", line="    return 2; // <script>")},
    ),
    "main": Change(
        message="main: keep\n\n::error::x\n",
        files={MAIN: hostile_code("main", line="    return keep(r); // ``` @everyone #1")},
    ),
}


def hostile_report(series: str, verdict: Verdict = Verdict.PASSED) -> VerifyReport:
    """What a container, and a job that ran it, may have said."""
    made = evidence("v261", series=series, verdict=verdict)
    scenario = made.scenarios[0]
    case = scenario.cases[0]
    check = replace(
        case.checks[0],
        name=f"check {LINES}",
        measured=LINES,
        faults=(LINES,) if verdict is Verdict.FAILED else (),
    )
    case = replace(
        case,
        checks=(check,),
        conditions=(LINES,),
        reason=LINES if verdict is Verdict.FAILED else "",
        records={f"x{HOSTILE}": "y"},
    )
    missing = replace(
        without("odd"),
        failing=(FailingCheck(scenario="boot", case="plain", check=LINES, fault=LINES),),
    )
    control: ControlReport = replace(made.control[0], measured=LINES, conditions=(LINES,))
    return replace(
        made,
        version=f"systemd 261 {LINES}",
        scenarios=(replace(scenario, name=f"boot {LINES}", summary=LINES, cases=(case,)),),
        control=(control,),
        engine=replace(made.engine, name=LINES, version=LINES, kernel=LINES, os=LINES),
        ablation=(missing,),
    )


@dataclass(frozen=True, kw_only=True)
class Yard:
    """A desk in CI, a forge, and what a runner is told."""

    desk: Desk
    forge: ForgeServer
    folder: Path

    def run(self, *words: str) -> Run:
        ran = self.desk.run(*words)
        assert faults_on_a_terminal(ran.out) == [], words
        assert faults_on_a_terminal(ran.err) == [], words
        assert "Traceback" not in ran.err
        return ran

    def job(self, verdict: Verdict = Verdict.PASSED) -> str:
        series = self.desk.lock()["releases"]["v261"]["series_sha256"]
        path = self.folder / "job.json"
        path.write_text(documents.encode(hostile_report(series, verdict)), encoding="utf-8")
        return str(path)

    def told_the_runner(self) -> tuple[str, dict[str, str]]:
        summary = self.folder / "summary.md"
        output = self.folder / "output"
        return (
            summary.read_text("utf-8") if summary.exists() else "",
            outputs_of(output.read_text("utf-8")) if output.exists() else {},
        )


@pytest.fixture(params=list(ForgeKind))
def yard(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Yard]:
    repository = builders.patch_repository(tmp_path, releases(), SERIES, base="v260")
    desk = Desk(repository=repository, capsys=capsys)
    config = desk.patches / "series.toml"
    text = config.read_text("utf-8").replace('why = "because"', f"why = {json.dumps(HOSTILE)}")
    text = text.replace('summary = "about', f"summary = {json.dumps(HOSTILE)[:-1]} about")
    text = text.replace("\x7f", "\\u007f") + '\n[follow]\nignore = ["v262"]\n'
    config.write_text(text, encoding="utf-8")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    for name in ("GITHUB_TOKEN", "GH_TOKEN", "GITHUB_API_URL", "GITHUB_REPOSITORY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATCHKIT_TOKEN", TOKEN)
    desk.done("rebase", "v260")
    desk.done("overlay")
    root = repository.root
    git(root, "init", "-q", "-b", "main")
    git(root, "config", "user.name", "A")
    git(root, "config", "user.email", "a@example.org")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "start")
    bare = tmp_path / "forge" / "patches.git"
    bare.parent.mkdir()
    git(tmp_path, "clone", "-q", "--bare", str(root), str(bare))
    git(bare, "config", "http.receivepack", "true")
    with serving(request.param, bare) as forge:
        git(root, "remote", "add", "origin", forge.remote)
        yield Yard(desk=desk, forge=forge, folder=tmp_path)


def test_on_the_terminal_and_to_the_runner(yard: Yard) -> None:
    assert yard.run("rebase", "v261", "-v").code == 0
    assert yard.run("rebase", "v261", "--json").code == 0
    assert yard.run("merge-evidence", yard.job()).code == 0
    for words in (("status",), ("overlay",), ("check",), ("report",), ("explain", "v261")):
        assert yard.run(*words).code == 0, words
        assert yard.run(*words, "--json").code == 0, words
    assert yard.run("rebase", "v262").code == 3
    assert yard.run("rebase", "--abort").code == 0
    assert yard.run("rebase", "v262", "--dry-run", "--json").code == 3
    yard.run("forecast")
    yard.run("merge-evidence", yard.job(Verdict.FAILED))
    yard.run("status", "-v")


def test_on_the_pages(yard: Yard) -> None:
    yard.run("rebase", "v261")
    yard.run("merge-evidence", yard.job())
    yard.run("overlay")
    assert yard.run("report", "-o", str(yard.folder / "out")).code == 0
    pages = builders.snapshot(yard.folder / "out")
    for name, content in pages.items():
        if name.endswith(".html"):
            assert faults_in_page(content) == [], name
    shown = pages["v261.html"].decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
    assert "\\x1b]0;owned\\x07" in shown
    assert faults_in_markdown(pages["summary.md"].decode()) == []
    assert faults_in_page(b"<p>" + pages["badge.svg"]) == []
    series = yard.desk.lock()["releases"]["v261"]["series_sha256"]
    assert b"\x1b" not in junit(hostile_report(series))


def test_in_a_pull_request(yard: Yard) -> None:
    yard.run("rebase", "v261")
    job = yard.job()
    git(yard.desk.repository.root, "clean", "-qfd", "patches")
    git(yard.desk.repository.root, "checkout", "-q", ".")
    ran = yard.run("bump", "v261", "--pr", "--evidence", job, *yard.forge.words[1:])
    assert ran.code == 0, ran.said
    (pull,) = yard.forge.pulls
    assert "everyone" in pull["body"]
    assert faults_in_markdown(pull["body"]) == []
    assert faults_on_a_terminal(pull["title"]) == []
    summary, outputs = yard.told_the_runner()
    assert faults_in_markdown(summary) == []
    assert set(outputs) == {"changed", "release", "verdict", "releases"}
    assert outputs["verdict"] == "passed"
    log = git(yard.desk.repository.root, "log", "--format=%B", "main..patchkit/v261").decode()
    assert faults_on_a_terminal(log) == []
    trailers = [line for line in log.splitlines() if line.startswith("Patchkit-Tree: ")]
    assert "0" * 40 not in " ".join(trailers)
    assert len(trailers) == 3


def test_in_an_issue(yard: Yard) -> None:
    yard.run("rebase", "v261")
    job = yard.job(Verdict.FAILED)
    git(yard.desk.repository.root, "clean", "-qfd", "patches")
    git(yard.desk.repository.root, "checkout", "-q", ".")
    assert yard.run("bump", "v261", "--pr", "--evidence", job, *yard.forge.words[1:]).code == 4
    assert yard.run("bump", "v262", "--pr", "--no-verify", *yard.forge.words[1:]).code == 3
    failed, conflict = yard.forge.issues
    for issue in (failed, conflict):
        assert "everyone" in issue["body"]
        assert faults_in_markdown(issue["body"]) == []
        assert faults_on_a_terminal(issue["title"]) == []
    summary, outputs = yard.told_the_runner()
    assert faults_in_markdown(summary) == []
    assert set(outputs) == {"changed", "release", "verdict", "releases"}


def test_what_the_forge_says_when_it_refuses(yard: Yard) -> None:
    yard.forge.faults.extend(
        Fault(method="GET", part="", status=422, body={"message": LINES, "errors": [LINES]})
        for _ in range(9)
    )
    ran = yard.run("bump", "v261", "--pr", "--no-verify", *yard.forge.words[1:])
    assert ran.code == 5
    assert "owned" in ran.said
    assert faults_in_markdown(yard.told_the_runner()[0]) == []


def test_the_eyes_see() -> None:
    """A test that looks for faults must find one where there is one."""
    for piece in ("\x1b[2J", "::error::x", "x ##[error]y", "\u202e", " ::x::"):
        assert faults_on_a_terminal(piece)
    for piece in (
        "<script>x</script>", "x @everyone", "see #12", "a/b#5", "https://evil.example",
        "[x](https://evil.example)", "![x](y)", "\x9b", "x !7", "GH-9",
    ):  # fmt: skip
        assert faults_in_markdown(piece), piece
    for page in (b"<p onclick=x>", b"<script>", b"<img src=x>", b"<a href='javascript:x'>"):
        assert faults_in_page(page)
