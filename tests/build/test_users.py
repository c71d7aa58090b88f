from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from patchkit.build.users import accounts

BASIC = """\
# a comment
g tty     5     - -
g audio   -     - -
u! nobody 65534:65534 "Kernel Overflow User" -
g nogroup 65534 - -
u  systemd-network - "systemd Network Management" - -
m systemd-network audio
g systemd-journal - - -
u fixed 77 "Fixed" /var/lib/fixed /bin/sh
"""


def test_numbers_names_and_members() -> None:
    passwd, group = accounts([BASIC])
    users = {line.split(":")[0]: line.split(":") for line in passwd.splitlines()}
    groups = {line.split(":")[0]: line.split(":") for line in group.splitlines()}
    assert passwd.startswith("root:x:0:0:root:/root:/bin/sh\n")
    assert users["nobody"][2:4] == ["65534", "65534"]
    assert users["fixed"][2] == "77"
    assert users["fixed"][5:] == ["/var/lib/fixed", "/bin/sh"]
    assert users["user"][2] == "1000"
    assert groups["tty"][2] == "5"
    assert groups["audio"][3] == "systemd-network"
    assert groups["systemd-network"][2] == users["systemd-network"][3]
    assert users["systemd-network"][6] == "/usr/sbin/nologin"


def test_the_same_input_gives_the_same_text() -> None:
    assert accounts([BASIC]) == accounts([BASIC])


@given(st.lists(st.text()))
def test_any_text_is_survived_and_numbers_are_unique(texts: list[str]) -> None:
    passwd, _ = accounts(texts)
    numbers = [line.split(":")[2] for line in passwd.splitlines() if line.count(":") == 6]
    assert len(numbers) == len(set(numbers))


def test_a_kind_that_is_empty_is_no_line() -> None:
    assert accounts(['"" name 7\n']) == accounts([""])
