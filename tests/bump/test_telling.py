"""Telling of steps: on a terminal, in a pipe, in CI."""

from __future__ import annotations

import io

from patchkit.bump.steps import Status, Step
from patchkit.bump.surroundings import Surroundings
from patchkit.bump.telling import StepConsole, Teller, Told
from patchkit.console import Console, Tone
from patchkit.releases import Release

STEPS = (Step.REBASE, Step.OVERLAY, Step.COMMIT)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def teller(console: Console, environ: dict[str, str] | None = None) -> Teller:
    return Teller(
        console=console,
        surroundings=Surroundings(environ=environ or {}, out=io.StringIO()),
        release=Release.parse("v262"),
        steps=STEPS,
    )


def told(step: Step, status: Status) -> Told:
    return Told(step=step, status=status, seconds=1.25, detail=f"about {step}")


def test_in_a_pipe_a_step_is_a_line_and_no_news_is_none() -> None:
    out = io.StringIO()
    telling = teller(Console(out=out, err=io.StringIO(), environ={}))
    with telling.shown():
        telling.ended(told(Step.REBASE, Status.KEPT))
        assert out.getvalue() == ""
        telling.ended(told(Step.OVERLAY, Status.DONE))
        telling.ended(told(Step.COMMIT, Status.FAILED))
    lines = out.getvalue().splitlines()
    assert [line.split()[1] for line in lines] == ["rebase", "overlay", "commit"]
    assert "as before" in lines[0]
    assert "1.2 s" in lines[1]


def test_on_a_terminal_the_steps_are_a_table_with_what_goes_on() -> None:
    screen = Terminal()
    console = Console(out=Terminal(), err=screen, environ={"TERM": "xterm"})
    telling = teller(console)
    log = io.StringIO()
    with telling.shown():
        with telling.under_way(Step.REBASE):
            inner = StepConsole(telling, log, aloud=telling.is_loud)
            telling._drawn = 0.0
            with inner.progress("fetching v262", unit="bytes") as progress:
                telling._drawn = 0.0
                progress.update(5_000_000, 19_000_000)
        telling.ended(told(Step.REBASE, Status.DONE))
    shown = screen.getvalue()
    assert "fetching v262: 5.0 MB" in shown
    assert "overlay" in shown and "commit" in shown
    assert "about rebase" in shown
    assert log.getvalue() == "fetching v262 …\n"


def test_a_steps_words_go_to_its_log_and_its_document_is_kept() -> None:
    err = io.StringIO()
    telling = teller(Console(out=io.StringIO(), err=err, environ={}))
    log = io.StringIO()
    inner = StepConsole(telling, log, aloud=False)
    inner.say("v261 -> v262\x1b[31m", Tone.STRONG)
    inner.warn("careful")
    inner.document({"schema": "x/1"})
    assert log.getvalue() == "v261 -> v262\\x1b[31m\nwarning: careful\n"
    assert inner.result == {"schema": "x/1"}
    assert err.getvalue() == ""


def test_in_ci_the_words_are_loud() -> None:
    telling = teller(Console(out=io.StringIO(), err=io.StringIO()), {"GITHUB_ACTIONS": "true"})
    assert telling.is_loud
    assert not teller(Console(out=io.StringIO(), err=io.StringIO())).is_loud
