"""What nixpkgs' derivation says is read; what it no longer says is told."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from patchkit.nix.derivation import LayoutError, NixpkgsPatch, read_derivation
from patchkit.nix.platform import holds
from patchkit.nix.tokens import UnreadableError, tokens
from patchkit.releases import Release
from tests.nix import support
from tests.nix.shapes import CONDITIONAL, derivation


@pytest.mark.nix
def test_the_shape_is_nix() -> None:
    """The stand-in derivation is Nix that Nix reads."""
    text = derivation("261.2", "0001-a.patch", conditional=CONDITIONAL)
    done = support.nix("nix-instantiate", "--parse", "--expr", text)
    assert done.returncode == 0, done.stderr


def test_version_and_patches_in_order() -> None:
    got = read_derivation(derivation("261.2", "0002-b.patch", "0001-a.patch"))
    assert got.release == Release.parse("v261.2")
    assert got.patches == (
        NixpkgsPatch(name="0002-b.patch", path="0002-b.patch"),
        NixpkgsPatch(name="0001-a.patch", path="0001-a.patch"),
    )


def test_conditions() -> None:
    got = read_derivation(derivation("262-rc1", "0001-a.patch", conditional=CONDITIONAL)).patches
    told = [(p.name, p.path, p.used, p.condition) for p in got]
    assert told == [
        ("0001-a.patch", "0001-a.patch", True, ""),
        (
            "0003-gnu.patch",
            "0003-gnu.patch",
            True,
            "(stdenv.hostPlatform.isLinux && stdenv.hostPlatform.isGnu)",
        ),
        ("0001-musl.patch", None, False, "stdenv.hostPlatform.isMusl"),
        ("0004-thing.patch", "0004-thing.patch", None, "withThing"),
        ("0005-fetched.patch", None, None, ""),
    ]


def test_other_ways_to_write_it() -> None:
    text = """
    let version = "258.2"; in stdenv.mkDerivation { inherit version;
      patches = [ ./sub/x.patch ../elsewhere.patch (fetchpatch { name = "y.patch"; }) ] ++ extra; }
    """
    got = read_derivation(text)
    assert got.release == Release.parse("v258.2")
    assert [(p.name, p.path, p.used) for p in got.patches] == [
        ("x.patch", "sub/x.patch", True),
        ("elsewhere.patch", None, None),
        ("y.patch", None, None),
        ("extra", None, None),
    ]


CHANGED = {
    "no derivation": ('{ version = "261"; patches = [ ]; }', "`mkDerivation`"),
    "no version": ("mkDerivation { patches = [ ]; }", "`version = "),
    "a computed version": ("mkDerivation { version = lib.v; patches = [ ]; }", "`version = "),
    "an odd version": ('mkDerivation { version = "main"; patches = [ ]; }', "`version = "),
    "no patches": ('mkDerivation { version = "261"; }', "`patches = "),
    "an open list": ('mkDerivation { version = "261"; patches = [ ./a.patch ; }', "`patches = "),
    "an open string": ('mkDerivation { version = "261', "a Nix expression"),
    "not Nix": ("<html>¶</html>", "a Nix expression"),
    "empty": ("", "`mkDerivation`"),
}


@pytest.mark.parametrize(("text", "wanted"), CHANGED.values(), ids=CHANGED)
def test_a_changed_layout_says_what_was_looked_for(text: str, wanted: str) -> None:
    with pytest.raises(LayoutError) as caught:
        read_derivation(text)
    assert wanted in caught.value.message
    assert "pkgs/os-specific/linux/systemd/default.nix" in caught.value.message


PLATFORM = {
    "stdenv.hostPlatform.isLinux": True,
    "!stdenv.hostPlatform.isMusl": True,
    "stdenv.hostPlatform.isMusl || stdenv.hostPlatform.isGnu": True,
    "(stdenv.hostPlatform.isLinux && !(stdenv.hostPlatform.isGnu))": False,
    "stdenv.hostPlatform.isLinux && withThing": None,
    "!withThing": None,
    "stdenv.hostPlatform.isUnheardOf": None,
    "stdenv.hostPlatform.isLinux stdenv": None,
    "(stdenv.hostPlatform.isLinux": None,
    "": None,
    "true": None,
}


@pytest.mark.parametrize(("text", "value"), PLATFORM.items())
def test_platform_conditions(text: str, value: bool | None) -> None:
    assert holds(list(tokens(text))) is value


def test_strings_and_comments_are_not_code() -> None:
    text = """a "b # c ${x "}" + ''y''} \\" \\${" # d
    ''e ''${ ''' ${f { g = "}"; }} $${h'' /* i */ ./j.patch 1.5 ++"""
    assert [token.text for token in tokens(text)] == [
        "a",
        "b # c ${x \"}\" + ''y''} \\\" \\${",
        "e ''${ ''' ${f { g = \"}\"; }} $${h",
        "./j.patch",
        "1.5",
        "++",
    ]


@given(st.text(st.sampled_from(list("\"'${}[]()/*#.\\;= \n+&|!<>ab1¶")), max_size=40))
@example("''")
@example('"${')
@example("./.")
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(UnreadableError):
        list(tokens(text))
    try:
        read_derivation(text)
    except LayoutError as error:
        assert error.hint


@pytest.mark.parametrize(
    "text",
    ['"${' * 5000, "((" * 20_000, "x = " + "[" * 20_000, "''" + "a ''' " * 100_000],
    ids=["strings", "brackets", "lists", "one long string"],
)
def test_what_has_no_end_is_refused_in_time(text: str) -> None:
    """Found by fuzzing: deep nesting, and a string that was copied for each of its characters."""
    whole = f'stdenv.mkDerivation {{ version = "262"; patches = lib.optional ({text}'
    begun = time.monotonic()
    with pytest.raises(LayoutError):
        read_derivation(whole)
    assert time.monotonic() - begun < 5
