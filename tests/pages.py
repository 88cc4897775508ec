"""A real browser, and what every page that it shows must be: whole, legible for all, and from here alone."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from tests.conftest import skip_on_laptop

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
# The models of shown.py.
SHOWN = ("complaints", "rents", "parts", "energy", "outliers")
SCHEMES: list[Literal["light", "dark"]] = ["light", "dark"]
LOOKS = [(scheme, width) for scheme in SCHEMES for width in (360, 1280)]
WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
AT_REST = "Promise.allSettled(document.getAnimations().map((one) => one.finished))"
# Texts of which a part is hidden, and nobody can scroll to it.
CUT = """() => [...document.querySelectorAll("body *")].filter((part) =>
    part.scrollWidth > part.clientWidth + 1
    && (part.matches("input:not([type=range]), textarea")
        || (["hidden", "clip"].includes(getComputedStyle(part).overflowX)
            && !part.matches(".unseen")
            && [...part.childNodes].some((child) => child.nodeType === Node.TEXT_NODE && child.data.trim())))
    ).map((part) => part.outerHTML.slice(0, 200))"""


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Start the browser of the system, or skip the test."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        skip_on_laptop("no chromium here: install it to test the pages")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def watched(browser: Browser, port: int, *allowed: str, **options: Any) -> Iterator[Page]:
    """Open a page, and fail for an error in its console that is not allowed, or a request to another host.

    allowed : expressions for errors that are meant, as that a request was answered with 422.
    """
    asked: list[str] = []
    errors: list[str] = []
    page = browser.new_context(**options).new_page()
    page.set_default_timeout(60_000)
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    yield page
    page.context.close()
    hosts = {url.split("/")[2] for url in asked if url.startswith("http")}
    assert hosts == {f"127.0.0.1:{port}"}, hosts
    errors = [error for error in errors if not any(re.search(one, error) for one in allowed)]
    assert not errors, errors


def check_looks(page: Page) -> None:
    """Fail for what is wrong with a page, light or dark, narrow or wide, as it stands there."""
    for scheme, width in LOOKS:
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 800})
        check_look(page)


def check_look(page: Page) -> None:
    """Fail for what is wider than the window, what is cut, and for what axe finds against WCAG 2.2 AA."""
    page.evaluate(AT_REST)
    width = page.evaluate("document.documentElement.scrollWidth")
    assert page.viewport_size
    assert width <= page.viewport_size["width"], f"{page.url} is {width} px wide"
    cut = page.evaluate(CUT)
    assert not cut, f"{page.url} cuts {cut}"
    found = Axe().run(page, options=WCAG)
    assert found.violations_count == 0, f"{page.url}\n{found.generate_report()}"
