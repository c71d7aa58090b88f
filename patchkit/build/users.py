"""Users and groups as sysusers.d describes them, for an image's /etc; pure."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_HIGHEST = 999
"""System users are numbered from here down, as systemd-sysusers does (SYSTEM_UID_MAX)."""

_FIXED_USERS = {"root": (0, 0, "/root", "/bin/sh"), "nobody": (65534, 65534, "/", "/bin/false")}
_FIXED_GROUPS = {"root": 0, "nogroup": 65534}
_PLAIN = "user"
"""An ordinary user for units' `User=`, number 1000."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_NUMBER = re.compile(r"\d+")


@dataclass(slots=True)
class _Accounts:
    groups: dict[str, int] = field(default_factory=lambda: dict(_FIXED_GROUPS))
    users: dict[str, tuple[int, int, str, str]] = field(default_factory=lambda: dict(_FIXED_USERS))
    members: dict[str, list[str]] = field(default_factory=dict)


def accounts(texts: Iterable[str]) -> tuple[str, str]:
    """/etc/passwd and /etc/group for the lines of sysusers.d(5) files, in order.

    Groups and users without a number get the highest free ones; the same input gives the same
    numbers.
    """
    lines = [_words(line) for text in texts for line in text.splitlines()]
    made = _Accounts()
    entries = [line for line in lines if len(line) >= 2 and _NAME.fullmatch(line[1])]
    for kind, name, *rest in entries:
        if kind[:1] == "g":
            _group(made, name, rest[0] if rest else "-")
    for kind, name, *rest in entries:
        if kind[:1] == "u" and name not in made.users:
            _user(made, name, rest)
    for kind, name, *rest in entries:
        if kind[:1] == "m" and rest:
            made.members.setdefault(rest[0], []).append(name)
    made.users[_PLAIN] = (1000, 1000, "/", "/bin/sh")
    made.groups[_PLAIN] = 1000
    return _passwd(made), _group_file(made)


def _words(line: str) -> list[str]:
    stripped = line.strip()
    if not stripped or stripped.startswith("#"):
        return []
    try:
        return shlex.split(stripped)
    except ValueError:
        return []


def _group(made: _Accounts, name: str, number: str) -> int:
    if name not in made.groups:
        used = {*made.groups.values(), *(user[0] for user in made.users.values())}
        wanted = int(number) if _NUMBER.fullmatch(number) else None
        made.groups[name] = wanted if wanted is not None and wanted not in used else _free(used)
    return made.groups[name]


def _user(made: _Accounts, name: str, rest: list[str]) -> None:
    number, _, group = (rest[0] if rest else "-").partition(":")
    home = rest[2] if len(rest) > 2 and rest[2] != "-" else "/"
    shell = rest[3] if len(rest) > 3 and rest[3] != "-" else "/usr/sbin/nologin"
    gid = int(group) if _NUMBER.fullmatch(group) else _group(made, group or name, number)
    used = {user[0] for user in made.users.values()}
    wanted = int(number) if _NUMBER.fullmatch(number) else gid
    made.users[name] = (wanted if wanted not in used else _free(used), gid, home, shell)


def _free(used: set[int]) -> int:
    return next(number for number in range(_HIGHEST, 0, -1) if number not in used)


def _passwd(made: _Accounts) -> str:
    ordered = sorted(made.users.items(), key=lambda item: item[1][0])
    return "".join(
        f"{name}:x:{uid}:{gid}:{name}:{home}:{shell}\n" for name, (uid, gid, home, shell) in ordered
    )


def _group_file(made: _Accounts) -> str:
    ordered = sorted(made.groups.items(), key=lambda item: item[1])
    return "".join(
        f"{name}:x:{gid}:{','.join(sorted(made.members.get(name, [])))}\n" for name, gid in ordered
    )
