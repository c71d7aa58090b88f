"""The pages in a real browser: wide and narrow, light and dark, on paper, by keyboard."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from patchkit.report.folder import write_folder
from patchkit.report.page import render_folder
from patchkit.verify.catalogue import read_catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import PurePosixPath

    from playwright.sync_api import Browser, Page

    from patchkit.report.gathering import Gathered

pytestmark = pytest.mark.browser

NAMES = ("index", "v262", "v261.1", "v260")
SIZES = {"desktop": (1280, 900), "phone": (360, 740)}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; where there is none the tests are skipped, and fail in CI."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        absent = pytest.fail if os.environ.get("CI") else pytest.skip
        absent("there is no Chromium on this machine (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        # Chromium's own sandbox does not work for root, nor in a container.
        started = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def site(pages: Mapping[PurePosixPath, bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder on disk."""
    folder = tmp_path_factory.mktemp("site") / "public"
    write_folder(folder, pages)
    return folder


@contextmanager
def shown(
    browser: Browser,
    site: Path,
    name: str,
    *,
    size: str = "desktop",
    scheme: Literal["light", "dark"] = "light",
    script: bool = True,
) -> Iterator[Page]:
    """A page, opened from its file. Whatever it says on the console, or asks for, is a failure."""
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        java_script_enabled=script,
    )
    said: list[str] = []
    page = context.new_page()
    page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    asked: list[str] = []
    page.goto((site / f"{name}.html").as_uri())
    try:
        yield page
    finally:
        context.close()
    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


def opened(page: Page) -> None:
    """Open everything that is folded."""
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_wider_than_the_window(
    browser: Browser, site: Path, name: str, size: str, scheme: Literal["light", "dark"]
) -> None:
    with shown(browser, site, name, size=size, scheme=scheme) as page:
        for _ in range(2):
            assert page.evaluate("document.documentElement.scrollWidth") == SIZES[size][0]
            opened(page)
        assert page.title() != "owned"


@pytest.mark.parametrize(("size", "scheme"), [("desktop", "light"), ("phone", "dark")])
@pytest.mark.parametrize("name", ["index", "v262", "v261.1"])
def test_everyone_can_use_it(
    browser: Browser, site: Path, name: str, size: str, scheme: Literal["light", "dark"]
) -> None:
    with shown(browser, site, name, size=size, scheme=scheme) as page:
        opened(page)
        found: Any = Axe().run(page).response
        assert len(found["passes"]) > 20
        wrong = [
            (each["id"], node["target"], node["failureSummary"])
            for each in found["violations"]
            for node in each["nodes"]
        ]
        assert wrong == []


def test_both_colour_schemes_are_made(browser: Browser, site: Path) -> None:
    grounds = []
    for scheme in SCHEMES:
        with shown(browser, site, "index", scheme=scheme) as page:
            grounds.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert grounds == ["rgb(246, 247, 249)", "rgb(17, 20, 24)"]


def test_hostile_text_runs_nothing(browser: Browser, site: Path) -> None:
    with shown(browser, site, "v262") as page:
        opened(page)
        assert page.title() == "systemd v262 in Docker: proven"
        assert page.locator("script, img, iframe").count() == 0


@pytest.mark.parametrize("sort", ["script", "style"])
def test_what_got_in_nonetheless_would_not_run(browser: Browser, site: Path, sort: str) -> None:
    page = browser.new_page()
    try:
        page.goto((site / "v262.html").as_uri())
        refused = page.evaluate(
            """sort => new Promise(done => {
                document.addEventListener('securitypolicyviolation',
                    event => done(event.effectiveDirective), {once: true});
                const probe = document.createElement(sort);
                probe.textContent = 'body { display: none }';
                document.head.append(probe);
                setTimeout(() => done('it was let in'), 5000);
            })""",
            sort,
        )
        assert refused == f"{sort}-src-elem"
    finally:
        page.close()


def test_the_first_tab_skips_to_the_content(browser: Browser, site: Path) -> None:
    with shown(browser, site, "index") as page:
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        assert focused.inner_text() == "Skip to the content"
        box = focused.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "content"


def test_the_keyboard_opens_a_diff_and_scrolls_it(browser: Browser, site: Path) -> None:
    with shown(browser, site, "v262", size="phone") as page:
        summary = page.locator("article summary", has_text="src/core/main.c")
        summary.focus()
        page.keyboard.press("Enter")
        diff = page.get_by_role("region", name="main: src/core/main.c")
        assert diff.is_visible()
        diff.focus()
        page.keyboard.press("ArrowRight")
        deadline = time.monotonic() + 5
        while not diff.evaluate("each => each.scrollLeft") and time.monotonic() < deadline:
            page.wait_for_timeout(50)
        assert diff.evaluate("each => each.scrollLeft") > 0


def test_a_link_leads_to_the_patch(browser: Browser, site: Path) -> None:
    with shown(browser, site, "index") as page:
        page.get_by_role("link", name="log", exact=True).click()
        assert page.url.endswith("v262.html#patch-log")
        assert page.locator("#patch-log").is_visible()


def test_it_works_without_scripts(browser: Browser, site: Path) -> None:
    with shown(browser, site, "v262", script=False) as page:
        summary = page.locator("article summary", has_text="src/basic/log.c")
        summary.click()
        assert page.get_by_text("/* at last */").is_visible()


def crowded(gathered: Gathered) -> Gathered:
    """The same report, with as many scenarios as patchkit ships."""
    names = [scenario.name for scenario in read_catalogue(Path("/nowhere"))]
    newest = gathered.report.releases[0]
    evidence = newest.verification
    assert evidence is not None
    case = next(iter(evidence.scenarios.values()))
    many = replace(evidence, scenarios=dict.fromkeys(names, case))
    releases = (replace(newest, verification=many), *gathered.report.releases[1:])
    return replace(gathered, report=replace(gathered.report, releases=releases))


@pytest.mark.parametrize("name", ["index", "v262"])
def test_it_prints_on_white_with_nothing_cut_off(
    browser: Browser, gathered: Gathered, tmp_path: Path, name: str
) -> None:
    write_folder(tmp_path, render_folder(crowded(gathered)))
    with shown(browser, tmp_path, name) as page:
        opened(page)
        page.emulate_media(media="print")
        page.set_viewport_size({"width": 700, "height": 990})  # A4 at 96 dpi without its margins
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == (
            "rgb(255, 255, 255)"
        )
        assert page.evaluate("document.documentElement.scrollWidth") == 700
        cut = page.evaluate(
            """[...document.querySelectorAll('.code, .scroll')]
               .filter(each => each.scrollWidth > each.clientWidth + 1)
               .map(each => each.getAttribute('aria-labelledby'))"""
        )
        assert cut == []
        assert page.pdf(format="A4").startswith(b"%PDF")


def test_the_plots_marks_stay_inside(browser: Browser, site: Path) -> None:
    for size in SIZES:
        with shown(browser, site, "index", size=size) as page:
            outside = page.evaluate(
                """[...document.querySelectorAll('figure > svg')].flatMap(plot => {
                    const frame = plot.getBoundingClientRect();
                    return [...plot.querySelectorAll('text, circle, rect')].filter(part => {
                        const box = part.getBoundingClientRect();
                        return box.left < frame.left - 2 || box.right > frame.right + 2
                            || box.top < frame.top - 2 || box.bottom > frame.bottom + 2;
                    }).map(part => part.outerHTML);
                })"""
            )
            assert outside == []


def test_the_badge_is_drawn(browser: Browser, site: Path) -> None:
    page = browser.new_page()
    try:
        page.goto((site / "badge.svg").as_uri())
        boxes = page.evaluate("[...document.querySelectorAll('text')].map(t => t.getBBox().width)")
        width = page.evaluate("document.documentElement.width.baseVal.value")
        assert all(box > 10 for box in boxes)
        assert sum(boxes) + 28 == pytest.approx(width, abs=2)
    finally:
        page.close()
