"""What nixpkgs' derivation of systemd says: its version, and its patches in order; pure.

The shape that is looked for is that of nixpkgs' pkgs/os-specific/linux/systemd/default.nix: a call
of `mkDerivation`, a `version`, and `patches` as lists joined by `++`, some of them conditional.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from patchkit.errors import InconsistentError
from patchkit.nix.platform import holds
from patchkit.nix.tokens import Token, TokenKind, UnreadableError, enclosed, tokens
from patchkit.releases import Release

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE = "pkgs/os-specific/linux/systemd/default.nix"

_VERSION = re.compile(r"[1-9]\d*(?:\.\d+)?(?:[-~]rc\d+)?")
_NAMED = re.compile(r"[^/\s]+\.(?:patch|diff)(?![A-Za-z0-9])")
_OPTIONAL = ("lib.optional", "lib.optionals", "optional", "optionals")


class LayoutError(InconsistentError):
    """Nixpkgs' derivation is not shaped as patchkit knows it."""

    @classmethod
    def missing(cls, what: str) -> LayoutError:
        """Say what was looked for."""
        return cls(
            f"nixpkgs' systemd is not described as patchkit knows it: looked for {what} in {FILE}",
            hint="report it: the overlay may need to change too",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NixpkgsPatch:
    """One of nixpkgs' own patches.

    `path` is relative to the derivation's folder, None for one that is not a file of nixpkgs.
    `condition` is Nix's text for when it is used, empty when always; `used` whether it is on
    Linux with glibc, None when that cannot be told.
    """

    name: str
    path: str | None
    condition: str = ""
    used: bool | None = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Derivation:
    """Nixpkgs' systemd."""

    release: Release
    patches: tuple[NixpkgsPatch, ...]


def read_derivation(text: str) -> Derivation:
    """Read the derivation. Raises `LayoutError` that names what was looked for."""
    try:
        return _derivation(text)
    except RecursionError as error:
        raise LayoutError.missing("less nesting") from error


def _derivation(text: str) -> Derivation:
    try:
        items = list(tokens(text))
    except UnreadableError as error:
        raise LayoutError.missing(f"a Nix expression, and found {error}") from error
    starts = [i for i, token in enumerate(items) if token.text.endswith("mkDerivation")]
    if not starts:
        raise LayoutError.missing("`mkDerivation`")
    try:
        patches = tuple(_patches(items, starts[0]))
    except UnreadableError as error:
        raise LayoutError.missing(f"`patches = [ … ]`, and found {error}") from error
    return Derivation(release=_release(items), patches=patches)


def _release(items: list[Token]) -> Release:
    for index, token in enumerate(items[:-2]):
        value = items[index + 2]
        if token.text == "version" and items[index + 1].text == "=":
            written = value.text.replace("~", "-")
            if value.kind is TokenKind.STRING and value.plain and _VERSION.fullmatch(value.text):
                release = Release.from_tag(f"v{written}")
                if release is not None:
                    return release
    raise LayoutError.missing('`version = "…"`')


def _patches(items: list[Token], start: int) -> Iterator[NixpkgsPatch]:
    at = next(
        (
            index + 2
            for index in range(start, len(items) - 2)
            if items[index].text == "patches" and items[index + 1].text == "="
        ),
        None,
    )
    if at is None:
        raise LayoutError.missing("`patches = [ … ]`")
    for term in _terms(items, at):
        yield from _of_term(term)


def _terms(items: list[Token], at: int) -> Iterator[list[Token]]:
    """What `++` joins, up to the semicolon."""
    term: list[Token] = []
    while at < len(items) and items[at].text != ";":
        token = items[at]
        if token.kind is TokenKind.SIGN and token.text in ("{", "[", "(", "${"):
            end = enclosed(items, at)
            term += items[at:end]
            at = end
        elif token.kind is TokenKind.SIGN and token.text == "++":
            yield term
            term, at = [], at + 1
        else:
            term.append(token)
            at += 1
    yield term


def _of_term(term: list[Token]) -> Iterator[NixpkgsPatch]:
    """A list, or `lib.optionals CONDITION LIST`; whatever else is named as not looked at."""
    if term and term[0].text == "[" and enclosed(term, 0) == len(term):
        yield from _elements(term, "", used=True)
    elif len(term) > 2 and term[0].text in _OPTIONAL:
        split = enclosed(term, 1) if term[1].text == "(" else 2
        condition, rest = term[1:split], term[split:]
        written = _written(condition)
        used = holds(condition)
        if rest and rest[0].text == "[" and enclosed(rest, 0) == len(rest):
            yield from _elements(rest, written, used=used)
        elif rest and rest[0].kind is TokenKind.PATH and len(rest) == 1:
            yield _own(rest[0].text, written, used=used)
        else:
            yield _unseen(rest, written, used=False if used is False else None)
    elif term:
        yield _unseen(term, "", used=None)


def _elements(
    brackets: list[Token], condition: str, *, used: bool | None
) -> Iterator[NixpkgsPatch]:
    at = 1
    while at < len(brackets) - 1:
        token = brackets[at]
        if token.kind is TokenKind.PATH:
            yield _own(token.text, condition, used=used)
            at += 1
        else:
            end = enclosed(brackets, at) if token.text in ("(", "{", "[") else at + 1
            yield _unseen(brackets[at:end], condition, used=False if used is False else None)
            at = end


def _own(path: str, condition: str, *, used: bool | None) -> NixpkgsPatch:
    inside = path.startswith("./") and ".." not in path.split("/")
    return NixpkgsPatch(
        name=path.rsplit("/", 1)[-1],
        path=path.removeprefix("./") if inside else None,
        condition=condition,
        used=used if inside or used is False else None,
    )


def _unseen(items: list[Token], condition: str, *, used: bool | None) -> NixpkgsPatch:
    """A patch, or several, that come from elsewhere: named by a string in it, or by its words."""
    named = next((found[0] for token in items if (found := _NAMED.search(token.text))), None)
    return NixpkgsPatch(
        name=(named or _written(items))[:60],
        path=None,
        condition=condition,
        used=used,
    )


def _written(items: list[Token]) -> str:
    words = [f'"{t.text}"' if t.kind is TokenKind.STRING else t.text for t in items]
    return re.sub(r"([(!\[]) | (?=[)\]])", r"\1", " ".join(words)).strip()
