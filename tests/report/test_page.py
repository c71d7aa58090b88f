"""The pages: valid, inert, self-contained, the same bytes each time, and nothing runs in them."""

from __future__ import annotations

import functools
import json
import re
from itertools import pairwise
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import html5lib
import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchkit.commands.schema import published
from patchkit.report import page
from patchkit.report.page import INDEX, render_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.report.support import Shelf

    Pages = Mapping[PurePosixPath, bytes]

NAMES = ("index.html", "v260.html", "v261.html", "v261.1.html", "v262.html")
_HTML = "{http://www.w3.org/1999/xhtml}"


@functools.cache
def parsed(text: bytes) -> ET.Element:
    """The document, by the HTML standard's own algorithm; any parse error is a failure."""
    parser = html5lib.HTMLParser(strict=True)
    tree: ET.Element = parser.parse(text.decode("utf-8"))
    return tree


def elements(text: bytes) -> Iterator[tuple[str, ET.Element]]:
    for element in parsed(text).iter():
        if isinstance(element.tag, str):
            yield element.tag.rpartition("}")[2], element


def words(text: bytes) -> str:
    return " ".join("".join(parsed(text).find(f"{_HTML}body").itertext()).split())  # type: ignore[union-attr]


def test_the_folder_is_whole(pages: Pages) -> None:
    others = {"report.json", "support.json", "summary.md", "badge.svg"}
    assert {str(path) for path in pages} == {*NAMES, *others}
    assert list(pages)[-1] == INDEX


@pytest.mark.parametrize("name", NAMES)
def test_pages_are_valid_html(pages: Pages, name: str) -> None:
    tags = [tag for tag, _ in elements(pages[PurePosixPath(name)])]
    assert [tags.count(tag) for tag in ("h1", "main", "footer")] == [1, 1, 1]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_from_a_patch_or_a_log_becomes_markup(pages: Pages, name: str) -> None:
    for tag, element in elements(pages[PurePosixPath(name)]):
        assert tag not in {"script", "img", "iframe", "object", "form"}
        assert not [key for key in element.attrib if key.startswith("on") or key == "style"]


def test_hostile_text_is_shown_as_it_is(pages: Pages) -> None:
    shown = words(pages[PurePosixPath("v262.html")])
    assert "<script>document.title='owned'</script><img src=x onerror=alert(1)>" in shown
    assert "{{ 7 * 7 }}" in shown
    assert r"\x1b[31m\x0c \u202e\U0000fffe" in shown


@pytest.mark.parametrize("name", NAMES)
def test_pages_load_nothing_and_lead_somewhere(pages: Pages, name: str) -> None:
    ids = {e.get("id") for _, e in elements(pages[PurePosixPath(name)])} - {None}
    for tag, element in elements(pages[PurePosixPath(name)]):
        assert element.get("src") is None
        target = element.get("href")
        if tag == "link":
            assert target
            assert target.startswith("data:")
        elif target and not target.startswith("https://"):
            path, _, anchor = target.partition("#")
            assert not path or PurePosixPath(path) in pages
            there = pages[PurePosixPath(path or name)]
            assert not anchor or f'id="{anchor}"'.encode() in there
        for reference in ("aria-labelledby", "aria-describedby"):
            assert set((element.get(reference) or "").split()) <= ids


@pytest.mark.parametrize("name", NAMES)
def test_ids_are_unique_and_headings_skip_no_level(pages: Pages, name: str) -> None:
    found = list(elements(pages[PurePosixPath(name)]))
    ids = [e.get("id") for _, e in found if e.get("id")]
    assert len(ids) == len(set(ids))
    levels = [int(tag[1]) for tag, _ in found if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_the_policy_allows_the_one_style_sheet_and_no_script(pages: Pages) -> None:
    text = pages[INDEX]
    policy = next(e.get("content") for _, e in elements(text) if e.get("http-equiv"))
    style = next(e.text for tag, e in elements(text) if tag == "style")
    assert policy == (
        f"default-src 'none'; style-src '{page._digest(style or '')}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def test_the_same_report_is_the_same_bytes(library: Shelf, pages: Pages) -> None:
    assert dict(render_folder(library.gather())) == dict(pages)


def test_what_is_proven_stands_first(pages: Pages) -> None:
    shown = words(pages[INDEX])
    assert "v262 is supported and proven" in shown
    assert shown.index("v262 is supported") < shown.index("Releases")
    assert "Boot and stop times by release" in shown
    assert "supported after 10 days" in shown


def test_a_diff_shows_both_line_numbers_and_colours(pages: Pages) -> None:
    text = pages[PurePosixPath("v262.html")]
    lines = [
        ("".join(e.itertext()), tag, e.get("data-old"), e[0].get("data-new"))
        for tag, e in elements(text)
        if e.get("class") == "l" and e.get("data-old") is not None
    ]
    assert ("-    return r;\n", "del", "33", "") in lines
    assert ("+    return reopen(r); /* at last */\n", "ins", "", "29") in lines
    kinds = {e.get("class"): "".join(e.itertext()) for _, e in elements(text)}
    assert kinds["c"] == "/* at last */"
    assert kinds["k"] in {"return", "int"}


def test_what_fails_without_a_patch_is_a_matrix(pages: Pages) -> None:
    shown = words(pages[PurePosixPath("v262.html")])
    assert "Without mainnothing fails: no scenario shows what this patch is for" in shown
    assert "boot/boot, plain: is-system-running says running" in shown


def test_a_failed_check_is_told_in_words(pages: Pages) -> None:
    text = pages[PurePosixPath("v261.1.html")]
    signs = [e.get("aria-label") for _, e in elements(text) if "sign" in (e.get("class") or "")]
    assert signs.count("failed") == 1
    opened = [e for tag, e in elements(text) if tag == "details" and e.get("open") is not None]
    assert any("logs" in "".join(e.itertext()) for e in opened)


def test_a_release_that_was_never_run_says_so(pages: Pages) -> None:
    assert "Not verified. patchkit verify v260 --ablate runs it." in words(
        pages[PurePosixPath("v260.html")]
    )


def test_an_empty_repository_has_a_page_too(shelf: Shelf) -> None:
    (shelf.root / "patches/lock.json").unlink()
    files = render_folder(shelf.gather())
    assert "No release is supported yet." in words(files[INDEX])
    assert b"no release yet" in files[PurePosixPath("badge.svg")]


def test_a_release_whose_series_cannot_be_read_has_a_page(shelf: Shelf) -> None:
    next((shelf.root / "patches/v261").glob("0001-*.patch")).write_bytes(b"nothing\n")
    shown = words(render_folder(shelf.gather())[PurePosixPath("v261.html")])
    assert "The series cannot be read: 0001-main-keep-the-console.patch" in shown


@pytest.mark.parametrize("name", ["report", "support"])
def test_documents_fit_their_published_schemas(pages: Pages, name: str) -> None:
    schema: Any = json.loads(published(name))
    document = json.loads(pages[PurePosixPath(f"{name}.json")])
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(document)
    del document["releases"][0]["tree"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate(document)


def test_the_badge_is_an_svg_that_says_its_words(pages: Pages) -> None:
    badge = ET.fromstring(pages[PurePosixPath("badge.svg")])
    assert badge.get("aria-label") == "systemd in Docker: v262 proven"
    assert [e.text for e in badge.iter("{http://www.w3.org/2000/svg}text")] == [
        "systemd in Docker",
        "v262 proven",
    ]


@given(st.text())
def test_any_text_is_fit_for_html(text: str) -> None:
    shown = page._environment().from_string("<!DOCTYPE html><title>x</title><p>{{ t }}</p>")
    html5lib.HTMLParser(strict=True).parse(shown.render(t=text))


def test_prose_has_code_between_backquotes() -> None:
    assert page._prose("run `docker <stop>`, twice.") == (
        "run <code>docker &lt;stop&gt;</code>, twice"
    )
    assert page._prose("one ` alone") == "one ` alone"
