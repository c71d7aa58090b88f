from __future__ import annotations

import os
import subprocess
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchkit.engine.owner import Fate, Owner, started


def test_this_process_lives() -> None:
    me = Owner.myself()
    assert me.pid == os.getpid()
    assert me.fate(me) is Fate.ALIVE
    assert Owner.parse(str(me)) == me


def test_a_process_that_ended_is_dead() -> None:
    with subprocess.Popen(["sleep", "60"]) as child:
        theirs = replace(Owner.myself(), pid=child.pid, started=started(child.pid) or 0)
        assert theirs.fate(Owner.myself()) is Fate.ALIVE
        child.kill()
    assert theirs.fate(Owner.myself()) is Fate.DEAD


@pytest.mark.parametrize(
    ("change", "fate"),
    [
        ({"started": 1}, Fate.DEAD),
        ({"boot": "0" * 12}, Fate.DEAD),
        ({"space": 1}, Fate.UNKNOWN),
        ({"machine": "0" * 12}, Fate.UNKNOWN),
        ({"machine": "0" * 12, "boot": "0" * 12}, Fate.UNKNOWN),
    ],
)
def test_only_what_can_be_known_is_said(change: dict[str, str | int], fate: Fate) -> None:
    me = Owner.myself()
    assert replace(me, **change).fate(me) is fate  # type: ignore[arg-type]


@given(st.text())
def test_other_labels_are_nobodys(text: str) -> None:
    assert Owner.parse(text) is None
