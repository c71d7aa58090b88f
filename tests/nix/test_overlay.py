"""The overlay evaluates to what it promises; what would break out of Nix is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchkit.errors import InconsistentError
from patchkit.nix.overlay import nix_literal, plan_overlay, render_overlay, stale_overlay
from patchkit.rebase.outcome import Outcome
from patchkit.upstream.sources import Origin, SourceKind
from patchkit.workspace.lock import Lock, LockedBase, LockedPatch, LockedRelease
from tests.nix import support

if TYPE_CHECKING:
    from pathlib import Path

HASH = "sha256-6IB1ZEQqQ0impwBhCaLZAEgMVkVFU61JDVlGotxNzGQ="
TAGS = ("v260", "v260.1", "v261-rc2", "v261", "v261.2", "v261.10", "v262")


def locked(tag: str, *names: str, nar_hash: str | None = HASH, digest: str = "a" * 64) -> Any:
    patches = tuple(
        LockedPatch(name=name, outcome=Outcome.CLEAN, from_sha256="b" * 64, file=name)
        for name in names or ("0001-one.patch", "0002-two.patch")
    )
    left_out = LockedPatch(name="gone", outcome=Outcome.UPSTREAM, from_sha256="b" * 64)
    return LockedRelease(
        tag=tag,
        tree="c" * 40,
        commit=None,
        tag_object=None,
        origin=Origin(kind=SourceKind.GIT, source="upstream"),
        base=LockedBase(release="v260", series_sha256=digest, three_way=True),
        series_sha256=digest,
        patches=(*patches, left_out),
        nar_hash=nar_hash,
    )


def lock_of(*releases: LockedRelease) -> Lock:
    return Lock(releases={each.tag: each for each in releases})


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A rendered overlay with its patches; v260.1 has no source hash."""
    lock = lock_of(*(locked(tag, nar_hash=None if tag == "v260.1" else HASH) for tag in TAGS))
    write(tmp_path, lock)
    return tmp_path


def write(root: Path, lock: Lock) -> None:
    for path, content in plan_overlay(root, lock).writes.items():
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_bytes(content)
    for release in lock.releases.values():
        folder = root / "patches" / release.tag
        folder.mkdir(parents=True)
        for patch in release.patches:
            if patch.file:
                (folder / patch.file).write_bytes(b"")


STAND_IN = """
let
  package =
    base:
    let
      # as nixpkgs' makeOverridable: an override goes through overrideAttrs again
      make = arguments: change:
        let attrs = base arguments; in
        attrs // change attrs // {
          override = more: make (arguments // more) change;
          overrideAttrs =
            again:
            make arguments (old: let new = change old; in new // again (old // new));
        };
    in
    make { } (_: { });
  systemd = package ({ pname ? "systemd", ... }: {
    inherit pname;
    version = "%(version)s";
    src = "nixpkgs-src";
    patches = [ "theirs-1" "theirs-2" ];
    passthru.tests = "kept";
  });
  prev = { inherit systemd; fetchFromGitHub = arguments: arguments; };
  final = prev // overlay final prev;
  overlay = %(overlay)s;
  show = package: {
    inherit (package) version src pname;
    patches = map toString package.patches;  # a path as such would be copied to the store
    passthru = package.passthru;
  };
in
"""


def applied(repository: Path, version: str, *, pinned: str | None = None) -> Any:
    """The package with the overlay over it, and a variant that nixpkgs derives from it."""
    body = "{ whole = show final.systemd; variant = show variant; twice = show twice; }"
    return support.evaluate(expression(repository, version, body, pinned=pinned))


def expression(repository: Path, version: str, body: str, *, pinned: str | None = None) -> str:
    overlay = f"import {repository}/overlays"
    if pinned is not None:
        overlay = f"import {repository}/overlays/pinned.nix {pinned}"
    variants = """
      let
        variant = final.systemd.override { pname = "systemd-minimal"; };
        twice = (overlay final final).systemd;
      in
    """
    return STAND_IN % {"version": version, "overlay": overlay} + variants + body


def paths(repository: Path, tag: str) -> list[str]:
    return [f"{repository}/patches/{tag}/{name}" for name in ("0001-one.patch", "0002-two.patch")]


CHOICES = {
    "260": "260",
    "260.1": "260.1",
    "260.9": "260.1",
    "261-rc2": "261-rc2",
    "261~rc3": "261-rc2",
    "261": "261",
    "261.1": "261",
    "261.2": "261.2",
    "261.9": "261.2",
    "261.10": "261.10",
    "261.11": "261.10",
    "262": "262",
    "262.1": "262",
}


@pytest.mark.nix
@pytest.mark.parametrize(("version", "chosen"), CHOICES.items())
def test_the_series_is_chosen_by_version(repository: Path, version: str, chosen: str) -> None:
    got = applied(repository, version)["whole"]
    assert got["patches"] == ["theirs-1", "theirs-2", *paths(repository, f"v{chosen}")]
    assert got["version"] == version
    assert got["src"] == "nixpkgs-src"
    assert got["passthru"] == {
        "tests": "kept",
        "patchkit": {
            "series": chosen,
            "exact": chosen == version,
            "digest": "a" * 64,
            "verification": None,
        },
    }


@pytest.mark.nix
@pytest.mark.parametrize("version", ["259", "259.9", "261-rc1", "262-rc1", "263", "main", "26"])
def test_an_unsupported_version_says_what_to_do(repository: Path, version: str) -> None:
    said = support.refusal(expression(repository, version, "show final.systemd"))
    assert f"no patch series for systemd {version}." in said
    assert "Supported: 260, 260.1, 261-rc2, 261, 261.2, 261.10, 262" in said
    assert "overlays/pinned.nix" in said
    assert f"patchkit rebase v{version}" in said


@pytest.mark.nix
def test_variants_stay_as_they_are(repository: Path) -> None:
    variant = applied(repository, "261")["variant"]
    assert variant["patches"] == ["theirs-1", "theirs-2"]
    assert "patchkit" not in variant["passthru"]


@pytest.mark.nix
def test_a_variant_that_is_asked_for_is_patched(repository: Path) -> None:
    body = "{ v = show variant; w = show final.systemd; }"
    asked = f'import {repository}/overlays/overlay.nix {{ pnames = [ "systemd-minimal" ]; }}'
    text = expression(repository, "261", body).replace(
        f"import {repository}/overlays;", asked + ";"
    )
    got = support.evaluate(text)
    assert got["v"]["patches"][2:] == paths(repository, "v261")
    assert got["w"]["patches"] == ["theirs-1", "theirs-2"]


@pytest.mark.nix
def test_verification_is_told_as_the_lock_has_it(repository: Path) -> None:
    """It needs no rendering anew, and counts for the very series only."""
    path = repository / "patches" / "lock.json"

    def recorded(digest: str) -> None:
        found = {"verdict": "passed", "evidence_sha256": "e" * 64, "series_sha256": digest}
        path.write_text(json.dumps({"releases": {"v261": {"verification": found}, "v262": {}}}))

    def told(version: str) -> Any:
        return applied(repository, version)["whole"]["passthru"]["patchkit"]["verification"]

    recorded("a" * 64)
    assert told("261") == told("261.1") == {"verdict": "passed", "evidence": "e" * 64}
    assert told("262") is None
    recorded("b" * 64)
    assert told("261") is None


@pytest.mark.nix
def test_twice_is_once(repository: Path) -> None:
    got = applied(repository, "261.2")
    assert got["twice"] == got["whole"]


@pytest.mark.nix
def test_pinned_takes_the_newest(repository: Path) -> None:
    got = applied(repository, "257.13", pinned="{ }")["whole"]
    assert got["version"] == "262"
    assert got["src"] == {"owner": "systemd", "repo": "systemd", "tag": "v262", "hash": HASH}
    assert got["patches"] == ["theirs-1", "theirs-2", *paths(repository, "v262")]
    assert got["passthru"]["patchkit"]["exact"] is True


@pytest.mark.nix
def test_pinned_takes_a_given_release_and_drops_patches(repository: Path) -> None:
    pinned = '{ release = "261.2"; keepPatch = patch: patch != "theirs-1"; }'
    got = applied(repository, "262", pinned=pinned)["whole"]
    assert got["version"] == "261.2"
    assert got["patches"] == ["theirs-2", *paths(repository, "v261.2")]


@pytest.mark.nix
@pytest.mark.parametrize("release", ["260.1", "259", "261.3"])
def test_pinned_refuses_what_it_cannot_build(repository: Path, release: str) -> None:
    pinned = f'{{ release = "{release}"; }}'
    said = support.refusal(expression(repository, "262", "show final.systemd", pinned=pinned))
    assert f"cannot build systemd {release} from source" in said
    assert "source hash: 260, 261-rc2, 261, 261.2, 261.10, 262." in said


@pytest.mark.nix
def test_without_any_hash_pinned_says_so(tmp_path: Path) -> None:
    write(tmp_path, lock_of(locked("v261", nar_hash=None)))
    said = support.refusal(expression(tmp_path, "261", "show final.systemd", pinned="{ }"))
    assert "no release has a known source hash yet" in said
    pinned = '{ release = "261"; }'
    said = support.refusal(expression(tmp_path, "261", "show final.systemd", pinned=pinned))
    assert "cannot build systemd 261" in said


@pytest.mark.nix
def test_an_empty_lock_and_an_empty_series_evaluate(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    write(tmp_path / "none", lock_of())
    assert support.evaluate(f"import {tmp_path}/none/overlays/releases.nix") == []
    (tmp_path / "empty").mkdir()
    nothing = replace(locked("v261"), patches=())
    write(tmp_path / "empty", lock_of(nothing))
    got = applied(tmp_path / "empty", "261")["whole"]
    assert got["patches"] == ["theirs-1", "theirs-2"]


def test_the_same_lock_gives_the_same_bytes() -> None:
    releases = [locked(tag) for tag in TAGS]
    one, other = lock_of(*releases), lock_of(*reversed(releases))
    assert render_overlay(one) == render_overlay(other)
    for content in render_overlay(one).values():
        assert content.startswith(b"# Generated by `patchkit overlay`")
        assert content.endswith(b"\n")
        assert not content.endswith(b"\n\n")
        text = content.decode()
        assert all(line == line.rstrip() and len(line) <= 100 for line in text.split("\n"))


BREAKING = [
    '0001-a${builtins.abort "x"}.patch',
    '0001-a".patch',
    "0001-a b.patch",
    "0001-a;b.patch",
    "0001-../../../etc/passwd.patch",
    "0001-a/b.patch",
    "../0001-a.patch",
    "0001-a.patch\n",
    "0001-ü.patch",
    "0001-.patch",
    "a.patch",
]


@pytest.mark.parametrize("name", BREAKING)
def test_names_that_break_out_are_refused(name: str) -> None:
    with pytest.raises(InconsistentError, match="cannot stand in a Nix expression"):
        render_overlay(lock_of(locked("v261", name)))


@pytest.mark.parametrize(
    "broken",
    [
        {"nar_hash": "sha256-x"},
        {"nar_hash": HASH + "\n"},
        {"nar_hash": f'{HASH[:-1]}"'},
        {"digest": "A" * 64},
        {"digest": '"; x = "'},
    ],
)
def test_hashes_that_are_none_are_refused(broken: dict[str, str]) -> None:
    with pytest.raises(InconsistentError, match="v261"):
        render_overlay(lock_of(locked("v261", **broken)))


@pytest.mark.nix
def test_any_text_is_a_string_in_nix() -> None:
    texts = ['a"b', "${x}", "\\", "$${x}", "\\${", "new\nline", "tab\t", "ü", "''", "$"]
    listed = " ".join(f"({nix_literal(text)})" for text in texts)
    assert support.evaluate(f"[ {listed} ]") == texts
    assert nix_literal(None) == "null"


@given(st.text(st.characters(codec="utf-8")))
def test_a_string_never_interpolates(text: str) -> None:
    import re  # noqa: PLC0415

    written = nix_literal(text)
    assert written.startswith('"')
    inner = re.sub(r"\\.", "", written[1:-1])
    assert "${" not in inner
    assert '"' not in inner


def test_what_is_stale(repository: Path) -> None:
    lock = lock_of(*(locked(tag, nar_hash=None if tag == "v260.1" else HASH) for tag in TAGS))
    assert stale_overlay(repository, lock) == ()
    overlays = repository / "overlays"
    (overlays / "old.nix").write_bytes(b"# Generated by `patchkit overlay` from the lock\n{ }\n")
    (overlays / "mine.nix").write_bytes(b"{ }\n")
    (overlays / "default.nix").write_bytes(b"{ }\n")
    (overlays / "pinned.nix").unlink()
    assert stale_overlay(repository, lock) == (
        "overlays/default.nix",
        "overlays/old.nix",
        "overlays/pinned.nix",
    )


def test_no_folder_is_not_stale(tmp_path: Path) -> None:
    assert stale_overlay(tmp_path, lock_of(locked("v261"))) == ()
