"""`patchkit nixpkgs`: a fake channel on loopback, and a checkout on disk."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from patchkit.errors import ExitCode
from tests import builders
from tests.builders import Change
from tests.commands.support import MAIN, MANAGER, code
from tests.nix.desks import with_own_upstream
from tests.nix.shapes import CONDITIONAL, FOLDER, derivation
from tests.upstream.support import Reply, Site, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.commands.support import Desk, Run

UNSTABLE, STABLE = "1" * 40, "2" * 40


@pytest.fixture
def supported(desk: Desk, tmp_path: Path) -> Desk:
    desk = with_own_upstream(desk, tmp_path)
    desk.done("rebase", "v260")
    desk.done("rebase", "v261")
    return desk


def patch_for(desk: Desk, tag: str, change: Change) -> bytes:
    """A patch as nixpkgs would carry it for a release."""
    upstream = desk.repository.upstream
    builders.git(upstream, "update-ref", "-d", f"refs/heads/series-{tag}")
    shutil.rmtree(upstream / f"series-{tag}", ignore_errors=True)
    (content,) = builders.written_series(upstream, tag, [change]).values()
    return content


def harmless(desk: Desk, tag: str = "v261") -> bytes:
    """Moves our hunk in main.c without touching it."""
    content = builders.files_at(desk.repository.upstream, tag)[MAIN][1]
    change = Change(message="theirs", files={MAIN: b"/* nixpkgs */\n" + content})
    return patch_for(desk, tag, change)


def clashing(desk: Desk, tag: str = "v261") -> bytes:
    """Changes the very line that ours changes."""
    content = builders.files_at(desk.repository.upstream, tag)[MANAGER][1]
    changed = content.replace(b"    return r;", b"    return nixpkgs(r);")
    assert changed != content
    return patch_for(desk, tag, Change(message="theirs", files={MANAGER: changed}))


def checkout(folder: Path, text: str, patches: dict[str, bytes] | None = None) -> Path:
    """A nixpkgs on disk."""
    (folder / FOLDER).mkdir(parents=True, exist_ok=True)
    (folder / FOLDER / "default.nix").write_text(text)
    for name, content in (patches or {}).items():
        (folder / FOLDER / name).write_bytes(content)
    return folder


def only(ran: Run) -> Any:
    (channel,) = ran.document["channels"]
    return channel


# A checkout


def test_it_applies_on_top(supported: Desk, tmp_path: Path) -> None:
    patches = {"0001-a.patch": harmless(supported), "0003-gnu.patch": b""}
    patches["0003-gnu.patch"] = patch_for(
        supported, "v261", Change(message="gnu", files={"NEWS": b"new\n"})
    )
    text = derivation("261", "0001-a.patch", conditional=CONDITIONAL)
    path = checkout(tmp_path / "nixpkgs", text, patches)
    ran = supported.done("nixpkgs", "--path", str(path), "--json")
    state = only(ran)
    assert ran.document["schema"] == "patchkit.nixpkgs/1"
    assert (state["release"], state["series"], state["applies"]) == ("v261", "v261", True)
    told = [(p["name"], p["ours"], p["fit"]) for p in state["patches"]]
    assert told[:5] == [
        ("0001-a.patch", False, "exact"),
        ("0003-gnu.patch", False, "exact"),
        ("0001-musl.patch", False, "not used here"),
        ("0004-thing.patch", False, "not looked at"),
        ("0005-fetched.patch", False, "not looked at"),
    ]
    assert [(ours, fit) for _, ours, fit in told[5:]] == [
        (True, "exact"),
        (True, "offset"),
        (True, "exact"),
    ]
    people = supported.done("nixpkgs", "--path", str(path))
    assert "applies, with offsets" in people.out
    assert "0004-thing.patch: not looked at (only when withThing)" in people.out


def test_a_conflict_with_nixpkgs(supported: Desk, tmp_path: Path) -> None:
    text = derivation("261", "0001-a.patch")
    path = checkout(tmp_path / "n", text, {"0001-a.patch": clashing(supported)})
    ran = supported.run("nixpkgs", "--path", str(path), "--json")
    assert ran.code == ExitCode.CONFLICT
    state = only(ran)
    assert state["applies"] is False
    (conflict,) = [p for p in state["patches"] if p["fit"] == "conflict"]
    assert conflict["ours"] is True
    assert "manager" in conflict["name"]
    assert MANAGER in conflict["detail"]


def test_a_patch_of_nixpkgs_that_fails(supported: Desk, tmp_path: Path) -> None:
    """Made for another release than the one that the derivation names."""
    other = Change(message="theirs", files={MAIN: code("main", line="    goto end;")})
    path = checkout(
        tmp_path / "n",
        derivation("261", "0001-a.patch", "0002-b.patch"),
        {"0001-a.patch": patch_for(supported, "v260", other).replace(b"_10", b"_ten")}
        | {"0002-b.patch": harmless(supported)},
    )
    ran = supported.run("nixpkgs", "--path", str(path))
    assert ran.code == ExitCode.CONFLICT
    assert "nixpkgs' 0001-a.patch: conflict" in ran.out


def test_a_later_point_release_takes_the_nearest(supported: Desk, tmp_path: Path) -> None:
    files = builders.files_at(supported.repository.upstream, "v261")
    builders.append(
        supported.repository.upstream,
        [builders.Commit(files={**files, "NEWS": b"fixes\n"}, tag="v261.1")],
        branch="stable",
    )
    path = checkout(tmp_path / "n", derivation("261.1"))
    state = only(supported.done("nixpkgs", "--path", str(path), "--json"))
    assert (state["release"], state["series"], state["applies"]) == ("v261.1", "v261", True)


def test_an_unsupported_version(supported: Desk, tmp_path: Path) -> None:
    path = checkout(tmp_path / "n", derivation("262"))
    ran = supported.done("nixpkgs", "--path", str(path))
    assert "no series for v262: patchkit rebase v262" in ran.out


def test_a_release_that_cannot_be_had(supported: Desk, tmp_path: Path) -> None:
    path = checkout(tmp_path / "n", derivation("261.7"))
    ran = supported.run("nixpkgs", "--path", str(path), "--json")
    assert ran.code == ExitCode.UNAVAILABLE
    assert "v261.7" in only(ran)["problem"]


def test_a_changed_layout(supported: Desk, tmp_path: Path) -> None:
    path = checkout(
        tmp_path / "n", "{ stdenv }: stdenv.mkDerivation { version = v; patches = [ ]; }\n"
    )
    ran = supported.run("nixpkgs", "--path", str(path))
    assert ran.code == ExitCode.INCONSISTENT
    assert 'looked for `version = "…"`' in ran.err


def test_a_patch_that_nixpkgs_lacks(supported: Desk, tmp_path: Path) -> None:
    path = checkout(tmp_path / "n", derivation("261", "0001-a.patch"))
    ran = supported.run("nixpkgs", "--path", str(path), "--json")
    assert ran.code == ExitCode.INCONSISTENT
    assert "names the patch 0001-a.patch, which is not there" in only(ran)["problem"]


def test_wrong_words(supported: Desk, tmp_path: Path) -> None:
    assert supported.run("nixpkgs", "--path", str(tmp_path / "no")).code == ExitCode.USAGE
    assert supported.run("nixpkgs", "--rev", "master").code == ExitCode.USAGE
    assert supported.run("nixpkgs", "--channel", "../x").code == ExitCode.USAGE


# Channels


@dataclass(frozen=True)
class Channels:
    """Two channels on loopback, and the command that asks them."""

    site: Site
    desk: Desk

    def put(self, name: str, revision: str, text: str, patches: dict[str, bytes]) -> None:
        self.site.pages[f"/channels/{name}/git-revision"] = revision.encode()
        base = f"/files/{revision}/{FOLDER}"
        self.site.pages[f"{base}/default.nix"] = text.encode()
        for patch, content in patches.items():
            self.site.pages[f"{base}/{patch}"] = content

    def run(self, *words: str) -> Run:
        urls = ("--channels-url", f"{self.site.url}/channels", "--files-url")
        return self.desk.run("nixpkgs", *urls, f"{self.site.url}/files", *words)

    def asked(self) -> list[str]:
        return [path.rsplit("/", 1)[-1] for path in self.site.paths()]


@pytest.fixture
def channels(supported: Desk) -> Iterator[Channels]:
    with serving(Site()) as site:
        made = Channels(site, supported)
        fine = {"0001-a.patch": harmless(supported)}
        made.put("nixos-unstable", UNSTABLE, derivation("261", "0001-a.patch"), fine)
        made.put("nixos-26.05", STABLE, derivation("260"), {})
        yield made


NAMED = ("--channel", "nixos-unstable", "--channel", "nixos-26.05")


def test_channels(channels: Channels) -> None:
    ran = channels.run(*NAMED, "--json")
    assert ran.code == ExitCode.DONE, ran.said
    told = [
        (c["name"], c["revision"], c["release"], c["series"], c["applies"])
        for c in ran.document["channels"]
    ]
    assert told == [
        ("nixos-unstable", UNSTABLE, "v261", "v261", True),
        ("nixos-26.05", STABLE, "v260", "v260", True),
    ]


def test_the_second_time_only_news_is_asked_for(channels: Channels) -> None:
    channels.run(*NAMED)
    channels.site.asked.clear()
    assert channels.run(*NAMED).code == ExitCode.DONE
    assert channels.asked() == ["git-revision", "git-revision"]
    assert all("if-none-match" in request.headers for request in channels.site.asked)


def test_a_channel_that_moves_on(channels: Channels) -> None:
    channels.run(*NAMED)
    channels.put("nixos-unstable", "3" * 40, derivation("262"), {})
    state = channels.run("--channel", "nixos-unstable", "--json").document["channels"][0]
    assert (state["release"], state["series"]) == ("v262", None)


def test_a_conflict_in_one(channels: Channels) -> None:
    bad = {"0001-a.patch": clashing(channels.desk)}
    channels.put("nixos-unstable", "3" * 40, derivation("261", "0001-a.patch"), bad)
    ran = channels.run(*NAMED)
    assert ran.code == ExitCode.CONFLICT
    rows = [line.split()[0] for line in ran.out.splitlines()[1:3]]
    assert rows == ["nixos-unstable", "nixos-26.05"]
    assert "does not apply" in ran.out


def test_one_that_is_not_there(channels: Channels) -> None:
    ran = channels.run("--channel", "nixos-99.05", "--channel", "nixos-26.05", "--json")
    assert ran.code == ExitCode.UNAVAILABLE
    absent, there = ran.document["channels"]
    assert "is not there" in absent["problem"]
    assert there["applies"] is True


def test_a_malformed_answer(channels: Channels) -> None:
    channels.site.pages["/channels/nixos-unstable/git-revision"] = b"<html>busy</html>"
    ran = channels.run("--channel", "nixos-unstable")
    assert ran.code == ExitCode.UNAVAILABLE
    assert "does not hold a revision" in ran.out


def test_a_malformed_derivation(channels: Channels) -> None:
    channels.put("nixos-unstable", "3" * 40, "<html>¶</html>", {})
    ran = channels.run(*NAMED, "--json")
    assert ran.code == ExitCode.INCONSISTENT
    broken, fine = ran.document["channels"]
    assert "looked for" in broken["problem"]
    assert fine["applies"] is True


def test_what_was_known_stays_when_a_server_fails(channels: Channels) -> None:
    channels.run(*NAMED)
    path = "/channels/nixos-unstable/git-revision"
    channels.site.special[path] = lambda _request, _earlier: Reply(status=403)
    ran = channels.run(*NAMED, "--json")
    assert ran.code == ExitCode.UNAVAILABLE
    limited, fine = ran.document["channels"]
    assert (limited["release"], limited["applies"]) == ("v261", None)
    assert "answers 403" in limited["problem"]
    assert fine["problem"] is None


def test_unreachable(supported: Desk) -> None:
    ran = supported.run(
        "nixpkgs", "--channel", "nixos-unstable", "--channels-url", "http://127.0.0.1:1/x"
    )
    assert ran.code == ExitCode.UNAVAILABLE
    assert "cannot be reached" in ran.out


def test_status_tells_it(channels: Channels) -> None:
    before = channels.desk.done("status", "--json").document
    assert before["nixpkgs"] == []
    channels.put("staging", "3" * 40, derivation("262"), {})
    channels.run(*NAMED, "--channel", "staging")
    channels.site.asked.clear()
    after = channels.desk.done("status")
    assert channels.site.asked == []
    assert "nixos-unstable carries v261 (series v261, applies)" in after.out
    assert "staging carries v262: patchkit rebase v262" in after.out
    names = [c["name"] for c in channels.desk.done("status", "--json").document["nixpkgs"]]
    assert names == ["nixos-26.05", "nixos-unstable", "staging"]


def test_a_release_that_no_channel_carries(channels: Channels) -> None:
    channels.run("--channel", "nixos-26.05")
    assert "no channel carries v261 yet" in channels.desk.done("status").out


def test_a_checkout_is_not_remembered(supported: Desk, tmp_path: Path) -> None:
    path = checkout(tmp_path / "n", derivation("261"))
    supported.done("nixpkgs", "--path", str(path))
    assert json.loads(supported.done("status", "--json").out)["nixpkgs"] == []
