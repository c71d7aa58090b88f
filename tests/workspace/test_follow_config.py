"""[follow] in `series.toml`."""

from __future__ import annotations

import pytest

from patchkit.errors import UsageError
from patchkit.releases import Release
from patchkit.workspace.config import FollowConfig, FollowedLines, read_config
from tests.builders import CONFIG, ENTRY

BASE = CONFIG.format(base="v260", url="/srv/systemd") + ENTRY.format(name="main", file="a.c")


def read(follow: str) -> FollowConfig:
    return read_config(BASE + follow, file_name="series.toml").follow


def test_without_it_the_newest_is_followed() -> None:
    assert read("") == FollowConfig()
    assert read("\n[follow]\n") == FollowConfig(lines=FollowedLines.NEWEST)


def test_everything_can_be_said() -> None:
    text = '\n[follow]\nlines = "supported"\nevery = true\nignore = ["v262", "v261.3"]\n'
    assert read(text) == FollowConfig(
        lines=FollowedLines.SUPPORTED,
        every=True,
        ignore=frozenset({Release.parse("v262"), Release.parse("v261.3")}),
    )


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('lines = "supportd"', "did you mean 'supported'?"),
        ('lines = "all"', "lines is 'newest' or 'supported', not 'all'"),
        ("lines = 3", "'lines' must be text"),
        ('every = "yes"', "'every' must be true or false"),
        ("every = 1", "'every' must be true or false"),
        ('ignore = ["262.1"]', "'262.1' is not a release tag"),
        ('ignore = "v262"', "'ignore' must be a list of texts"),
        ("skip = []", "unknown key 'skip'"),
        ("ingore = []", "did you mean 'ignore'?"),
    ],
)
def test_a_mistake_is_told_with_its_line(line: str, told: str) -> None:
    text = f"\n[follow]\n{line}\n"
    with pytest.raises(UsageError) as caught:
        read(text)
    number = (BASE + text).split("\n").index(line) + 1
    assert f"series.toml:{number}: " in str(caught.value.hint)
    assert told in str(caught.value.hint)


def test_all_mistakes_are_told_together() -> None:
    with pytest.raises(UsageError) as caught:
        read('\n[follow]\nlines = "x"\nevery = 1\nignore = ["y"]\nmore = 1\n')
    assert "4 mistakes" in caught.value.message
    with pytest.raises(UsageError, match="mistake"):
        read("\n[[follow]]\n")
