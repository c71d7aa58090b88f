"""A scenario file is read strictly; every mistake in it is told at once, with its line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchkit.errors import UsageError
from patchkit.verify.scenario import Ended, Exec, Get, Kill, Mounts, Need, Place, Scenario, Stop
from patchkit.verify.scenario_file import read_scenario

HEAD = 'schema = "patchkit.scenario/1"\nsummary = "A summary"\n'


def read(text: str) -> Scenario:
    return read_scenario(text, name="mine", file_name="mine.toml")


def mistakes(text: str) -> str:
    with pytest.raises(UsageError) as caught:
        read(text)
    return f"{caught.value.message}\n{caught.value.hint}"


def test_a_whole_scenario() -> None:
    scenario = read(
        HEAD
        + """
[units]
"web.service" = '''
[Service]
ExecStart=/bin/true
'''
[files]
"/etc/word" = "text"
"/bin/tool" = { text = "#!/bin/sh", mode = 0o755 }

[[runs]]
name = "run"
mounts = ["plain", "tmpfs"]
tty = [false, true]
publish = [8080]
survives = true
steps = [
  { wait = "running", time = "boot" },
  { get = 8080, path = "/x", says = "page" },
  { exec = "true", exit = [0, 3], name = "named" },
  { kill = "SIGTERM" },
  { stop = 5, within = 4 },
]
"""
    )
    assert [case.name for case in scenario.cases] == [
        "run", "run (tty)", "run (tmpfs)", "run (tmpfs, tty)",
    ]  # fmt: skip
    case = scenario.cases[3]
    assert case.options.mounts is Mounts.TMPFS
    assert case.options.tty
    assert case.survives
    wait, get, execute, kill, stop = case.steps
    assert wait.time == "boot"
    assert get.action == Get(port=8080, path="/x")
    assert get.expect.exits == frozenset({200})
    assert execute.name == "named"
    assert execute.expect.exits == frozenset({0, 3})
    assert kill.action == Kill(signal="TERM")
    assert kill.expect.exits is None
    assert stop.action == Stop(grace=5)
    assert stop.timeout == 20
    assert stop.expect.exits == frozenset({0})
    assert dict(scenario.units) == {"web.service": "[Service]\nExecStart=/bin/true\n"}
    assert {file.path: file.mode for file in scenario.files} == {
        "/etc/word": 0o644,
        "/bin/tool": 0o755,
    }


def test_a_command_must_succeed_unless_it_says_otherwise() -> None:
    scenario = read(
        HEAD + '[[runs]]\nname = "r"\nsteps = [{ exec = "a" }, { exec = "b", exit = "any" }]\n'
    )
    first, second = scenario.cases[0].steps
    assert isinstance(first.action, Exec)
    assert first.expect.exits == frozenset({0})
    assert second.expect.exits is None


def test_moments_make_a_case_each() -> None:
    scenario = read(
        HEAD + '[[runs]]\nname = "r"\nmoments = [0, 0.5]\nsteps = [{ ended = 3, exit = 7 }]\n'
    )
    assert [(case.name, case.moment) for case in scenario.cases] == [
        ("r (after 0 s)", 0),
        ("r (after 0.5 s)", 0.5),
    ]
    assert scenario.cases[0].steps[0].action == Ended()
    assert scenario.cases[0].steps[0].timeout == 3


def test_steps_in_common_serve_runs_without_their_own() -> None:
    scenario = read(HEAD + 'steps = [{ wait = "running" }]\n[[runs]]\nname = "a"\n')
    assert len(scenario.cases[0].steps) == 1


def test_a_namespace_needs_what_makes_one() -> None:
    scenario = read(
        HEAD + 'place = "namespace"\n[[runs]]\nname = "a"\nsteps = [{ wait = "running" }]\n'
    )
    assert scenario.place is Place.NAMESPACE
    assert scenario.cases[0].needs == frozenset({Need.NAMESPACE})


def test_all_mistakes_are_told_with_their_lines() -> None:
    told = mistakes(
        """schema = "patchkit.scenario/9"
sumary = "typo"
[units]
"no unit" = "x"
[files]
"relative" = "x"
[[runs]]
name = "a"
mounts = "ramdisk"
moments = [1, -1]
steps = [
  { wait = "runing" },
  { exec = "a", stop = 3 },
  { exec = "a", sayz = "x" },
  { exec = "a", says = "(" },
  { kill = "KILL" },
  { kill = "TREM" },
  { },
  { exec = "a", timeout = 1000 },
  { wait = "running", exit = 1 },
]
"""
    )
    for line, words in (
        (1, "schema is 'patchkit.scenario/9'"),
        (2, "unknown key 'sumary'; did you mean 'summary'?"),
        (4, "'no unit' is not the name of a unit"),
        (6, "'relative' must be an absolute path"),
        (9, "'mounts' is one of plain, tmpfs, not 'ramdisk'"),
        (10, "'moments' must be numbers from 0"),
        (12, "'runing' is not a state of systemd; did you mean 'running'?"),
        (13, "a step does one thing; this one has both 'exec' and 'stop'"),
        (14, "unknown key 'sayz'; did you mean 'says'?"),
        (15, "'(' is not a regular expression"),
        (16, "'KILL' cannot be caught"),
        (17, "'TREM' is not a signal; did you mean 'TERM'?"),
        (18, "a step does one thing; this one has none of"),
        (19, "'timeout' must be more than 0 and at most"),
        (20, "'exit' belongs to"),
    ):
        assert f"mine.toml:{line}: {words}" in told


@pytest.mark.parametrize(
    "option",
    ["privileged = true", 'cap_add = ["SYS_ADMIN"]', 'security_opt = ["x"]', 'stop_signal = "INT"'],
)
def test_privileges_are_refused_even_in_a_matrix(option: str) -> None:
    told = mistakes(
        HEAD + f'matrix = true\n[[runs]]\nname = "a"\n{option}\nsteps = [{{ wait = "running" }}]\n'
    )
    assert "is refused: no scenario may have what an unprivileged container has not" in told


@pytest.mark.parametrize(
    "option",
    ["read_only = true", 'cap_drop = ["ALL"]', 'cgroupns = "host"', "writable_cgroups = true"],
)
def test_other_conditions_belong_to_a_matrix(option: str) -> None:
    run = f'[[runs]]\nname = "a"\n{option}\nsteps = [{{ wait = "running" }}]\n'
    assert "only a scenario with `matrix = true`" in mistakes(HEAD + run)
    assert read(HEAD + "matrix = true\n" + run).cases[0].options.beyond_plain


def test_two_runs_of_one_name() -> None:
    run = '[[runs]]\nname = "a"\nsteps = [{ wait = "running" }]\n'
    assert "two runs are named 'a'" in mistakes(HEAD + run + run)


def test_what_is_not_toml() -> None:
    assert "is not TOML" in mistakes("[[runs]\n")


def test_no_run() -> None:
    assert "there is no [[runs]]" in mistakes(HEAD)


@given(st.text(max_size=300))
def test_any_text_is_a_scenario_or_a_usage_error(text: str) -> None:
    try:
        read(HEAD + text)
    except UsageError as error:
        assert error.hint is None or "mine.toml:" in error.hint or "TOML" in error.message


@given(
    st.dictionaries(
        st.sampled_from(["name", "steps", "mounts", "tty", "publish", "moments", "needs", "x"]),
        st.sampled_from(["1", '"a"', "[]", "[1]", '["plain"]', "{}", "true", "[{}]", "nan", "-1"]),
    )
)
def test_any_run_is_read_or_refused_with_a_line(values: dict[str, str]) -> None:
    text = HEAD + "[[runs]]\n" + "".join(f"{k} = {v}\n" for k, v in values.items())
    try:
        read(text)
    except UsageError as error:
        assert error.hint is not None
        assert "mine.toml:" in error.hint


@pytest.mark.parametrize("text", ["x = " + "9" * 5000, "x = " + "[" * 5000])
def test_what_has_no_end_is_no_toml(text: str) -> None:
    with pytest.raises(UsageError, match="is not TOML"):
        read_scenario(text, name="x", file_name="x.toml")


@pytest.mark.parametrize(
    "pattern", ["a{99999999999999999999}", "a{" + "9" * 5000 + "}", "(" * 3000 + ")" * 3000]
)
def test_a_pattern_without_end_is_a_mistake(pattern: str) -> None:
    text = (
        'schema = "patchkit.scenario/1"\nsummary = "x"\n'
        f'[[steps]]\nname = "x"\nexec = "true"\nsays = "{pattern}"\n'
    )
    with pytest.raises(UsageError) as caught:
        read_scenario(text, name="x", file_name="x.toml")
    assert "is not a regular expression" in (caught.value.hint or "")


@pytest.mark.parametrize("number", ["inf", "nan", "1e300", "-1", "86400"])
def test_a_time_without_end_is_a_mistake(number: str) -> None:
    text = (
        f'schema = "patchkit.scenario/1"\nsummary = "x"\n[[steps]]\nname = "x"\nstop = {number}\n'
    )
    with pytest.raises(UsageError) as caught:
        read_scenario(text, name="x", file_name="x.toml")
    assert "'stop' must be a number from 0 to 86399" in (caught.value.hint or "")
