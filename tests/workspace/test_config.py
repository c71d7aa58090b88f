"""`series.toml`: what is read, and every mistake at once, each with its line."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patchkit.errors import ExitCode, PatchkitError, UsageError
from patchkit.releases import Release
from patchkit.upstream.sources import DebianSource, GitSource
from patchkit.workspace.config import BuildConfig, read_config

GOOD = """\
schema = "patchkit.series/1"
base = "v260"

[[sources]]
kind = "git"
name = "upstream"
url = "https://example.org/systemd.git"

[[sources]]
kind = "debian"
name = "debian"
suites = ["sid", "trixie"]

[[patches]]
name = "mount-setup"
summary = "go on"
why = \"\"\"
It cannot be written.
\"\"\"
files = ["src/shared/mount-setup.c"]
functions = ["mount_setup"]

[[patches]]
name = "main"
summary = "console"
why = "logs"
files = ["src/core/main.c"]
scenarios = ["logs"]
"""


def mistakes(text: str) -> list[str]:
    with pytest.raises(UsageError) as caught:
        read_config(text, file_name="series.toml")
    assert caught.value.exit_code is ExitCode.USAGE
    hint = caught.value.hint or ""
    count = len(hint.splitlines())
    assert caught.value.message == f"series.toml has {count} mistake{'s' * (count != 1)}"
    return [line.strip().removeprefix("series.toml:") for line in hint.splitlines()]


def test_reads_it_all() -> None:
    config = read_config(GOOD, file_name="series.toml")
    assert config.base == Release.parse("v260")
    assert config.sources == (
        GitSource(name="upstream", location="https://example.org/systemd.git"),
        DebianSource(name="debian", suites=("sid", "trixie"), mirror=None),
    )
    first, second = config.patches
    assert (first.name, first.why, first.functions) == (
        "mount-setup",
        "It cannot be written.",
        ("mount_setup",),
    )
    assert (second.files, second.scenarios) == (("src/core/main.c",), ("logs",))


@pytest.mark.parametrize(
    ("old", "new", "mistake"),
    [
        ("base =", "bass =", ["1: 'base' is missing",
                              "2: unknown key 'bass'; did you mean 'base'?"]),
        ('"v260"', '"260"', ["2: '260' is not a release tag (such as v260)"]),
        ('"v260"', "260", ["2: 'base' must be text"]),
        ('"v260"', '" "', ["2: 'base' must be text", "2: ' ' is not a release tag (such as v260)"]),
        ("series/1", "series/9", ["1: schema is 'patchkit.series/9'; this patchkit reads "
                                  "'patchkit.series/1'"]),
        ('"git"', '"svn"', ["5: a source's kind is 'git' or 'debian', not 'svn'"]),
        ("url =", "uri =", ["4: 'url' is missing", "7: unknown key 'uri'; did you mean 'url'?"]),
        ('["sid", "trixie"]', '"sid"', ["12: 'suites' must be a list of texts"]),
        ('["sid", "trixie"]', "[]", ["12: 'suites' is empty"]),
        ('"debian"\nsuites', '"upstream"\nsuites', ["4: two entries of [[sources]] are named "
                                                    "'upstream'"]),
        ('"mount-setup"', '"Mount Setup"', ["15: 'Mount Setup' cannot be a patch's name: use a-z, "
                                            "0-9, '-', '.', '+'"]),
        ('name = "main"', 'name = "mount-setup"', ["14: two entries of [[patches]] are named "
                                                   "'mount-setup'"]),
        ('"src/core/main.c"', '"../main.c"', ["27: '../main.c' leads out of the tree"]),
        ('"src/core/main.c"', '"/main.c"', ["27: '/main.c' leads out of the tree"]),
        ('"src/core/main.c"', "7", ["27: 'files' must be a list of texts"]),
        ("scenarios", "scenario", ["28: unknown key 'scenario'; did you mean 'scenarios'?"]),
        ("scenarios", "colour", ["28: unknown key 'colour'"]),
        ('summary = "console"\n', "", ["23: 'summary' is missing"]),
    ],
)  # fmt: skip
def test_each_mistake_has_its_line(old: str, new: str, mistake: list[str]) -> None:
    assert old in GOOD
    assert mistakes(GOOD.replace(old, new)) == sorted(mistake)


def test_all_mistakes_are_told_at_once() -> None:
    text = GOOD.replace("base =", "bass =").replace("summary", "sumary").replace("url", "uri")
    assert [line.split(":")[0] for line in mistakes(text)] == [
        "1", "2", "4", "7", "14", "16", "23", "25"
    ]  # fmt: skip


def test_a_file_without_patches_or_sources_is_told() -> None:
    text = 'schema = "patchkit.series/1"\nbase = "v260"\n'
    assert mistakes(text) == ["1: there is no [[patches]]", "1: there is no [[sources]]"]


def test_one_table_instead_of_many_is_told() -> None:
    text = GOOD[: GOOD.index("[[patches]]")] + '[patches]\nname = "x"\n'
    assert mistakes(text) == ["14: 'patches' must be a list of tables, written as [[patches]]"]


@pytest.mark.parametrize("text", ["base = ", "[[", 'base = "v260"\nbase = "v261"', "\x00"])
def test_what_is_not_toml_is_told_with_its_place(text: str) -> None:
    with pytest.raises(UsageError, match=r"series\.toml is not TOML: .*(at line \d|at end)"):
        read_config(text, file_name="series.toml")


@settings(max_examples=150)
@given(st.integers(0, len(GOOD)), st.integers(0, 40), st.text(max_size=12))
def test_no_damage_ends_in_anything_but_a_config_or_a_sentence(
    at: int, dropped: int, inserted: str
) -> None:
    try:
        read_config(GOOD[:at] + inserted + GOOD[at + dropped :], file_name="series.toml")
    except PatchkitError as error:
        assert error.message.startswith("series.toml ")


BUILD = (
    GOOD
    + """
[build]
programs = ["systemd-logind"]

[build.options]
seccomp = "enabled"
logind = true
optimization = 1
"""
)


def test_reads_what_to_build() -> None:
    build = read_config(BUILD, file_name="series.toml").build
    assert build.programs == ("systemd-logind",)
    assert build.options == (("seccomp", "enabled"), ("logind", "true"), ("optimization", "1"))
    assert read_config(GOOD, file_name="series.toml").build == BuildConfig()


@pytest.mark.parametrize(
    ("old", "new", "mistake"),
    [
        ("programs =", "program =", "unknown key 'program'; did you mean 'programs'?"),
        ('["systemd-logind"]', '["a b"]', "'a b' cannot be a program's name"),
        ('["systemd-logind"]', '"x"', "'programs' must be a list of texts"),
        ("logind = true", "prefix = 'x'", "'prefix' is not yours to set: patchkit depends on it"),
        ("logind = true", "logind = []", "'logind' must be text, a number, true or false"),
        ("logind = true", '"lo gind" = 1', "'lo gind' cannot be a Meson option's name"),
    ],
)
def test_mistakes_in_what_to_build(old: str, new: str, mistake: str) -> None:
    assert old in BUILD
    text = BUILD.replace(old, new)
    lines = zip(BUILD.splitlines(), text.splitlines(), strict=True)
    line = next(number for number, (before, after) in enumerate(lines, 1) if before != after)
    assert mistakes(text) == [f"{line}: {mistake}"]


def test_a_build_that_is_no_table() -> None:
    text = 'build = "all"\n' + GOOD
    assert mistakes(text) == ["1: 'build' must be a table, written as [build]"]


@pytest.mark.parametrize("text", ["x = " + "9" * 5000, "x = " + "[" * 5000, "x = 1979-99-99"])
def test_what_has_no_end_is_no_toml(text: str) -> None:
    """Found by fuzzing."""
    with pytest.raises(UsageError, match="is not TOML"):
        read_config(text, file_name="series.toml")
