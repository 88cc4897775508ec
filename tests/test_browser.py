"""The pages work in a real browser, and load nothing from another host."""

import hashlib
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.conftest import FRAMEWORKS, Installed, skip_on_laptop, succeed
from tests.server import serve
from tests.test_prefix import PREFIX, proxy

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        skip_on_laptop("no chromium here: install it to test the pages")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        page = browser.new_page(viewport={"width": 1000, "height": 760})
        page.set_default_timeout(60_000)
        yield page
        browser.close()


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_the_pages_work_and_load_only_from_here(
    page: Page, installed: Installed, framework: str, tmp_path: Path
) -> None:
    asked: list[str] = []
    wrong: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    with serve(installed(framework)) as port:
        url = f"http://127.0.0.1:{port}"

        page.goto(url)
        page.get_by_label("Age").fill("24")
        page.get_by_label("Sex").select_option("female")
        page.get_by_label("Embarked").select_option("C")
        page.get_by_role("button", name="Predict").click()
        page.locator("#prediction").get_by_text("1", exact=True).wait_for()
        assert page.locator("#probabilities tr").count() == 2
        page.screenshot(path=tmp_path / "try-it.png")

        page.get_by_label("Sex").evaluate("select => select.add(new Option('other', 'other', true, true))")
        page.get_by_role("button", name="Predict").click()
        page.get_by_text("must be one of: female, male").wait_for()

        page.goto(f"{url}/model")
        page.get_by_role("heading", name="model card").wait_for()

        page.goto(f"{url}/docs")
        page.get_by_text("Predict Survived").click()
        page.get_by_role("button", name="Execute").click()
        page.locator(".live-responses-table").get_by_text("prediction").first.wait_for()

        page.goto(f"{url}/redoc")
        page.get_by_role("heading", name="Predict Survived").wait_for()

    assert {part.split("/")[2] for part in asked if part.startswith("http")} == {f"127.0.0.1:{port}"}
    assert wrong == []


def test_the_form_and_execute_in_the_docs_ask_below_the_prefix_of_a_proxy(page: Page, installed: Installed) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    with serve(installed(FRAMEWORKS[0])) as served, proxy(served, strips=True) as port:
        url = f"http://127.0.0.1:{port}{PREFIX}/"

        page.goto(url)
        page.get_by_role("button", name="Predict").click()
        page.locator("#prediction").wait_for()

        page.goto(f"{url}docs")
        page.get_by_text("Predict Survived").click()
        page.get_by_role("button", name="Execute").click()
        page.locator(".live-responses-table").get_by_text("prediction").first.wait_for()

    assert sum(one.partition("?")[0] == f"{url}predict" for one in asked) == 2
    assert [one for one in asked if one.startswith("http") and not one.startswith(url)] == []


KEY = "mapi_ada"


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_the_form_asks_for_a_key_keeps_it_to_itself_and_needs_nothing_inline(
    page: Page, installed: Installed, framework: str
) -> None:
    violations: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: violations.append(message.text) if "Security Policy" in message.text else None)
    page.on("request", lambda request: asked.append(request.url))
    keys = f"ada:{hashlib.sha256(KEY.encode()).hexdigest()}"
    with serve(installed(framework), API_KEYS=keys, RATE_LIMIT="2/hour") as port:
        page.goto(f"http://127.0.0.1:{port}/")
        page.get_by_text("send a key").wait_for()
        assert not page.get_by_role("button", name="Predict").is_visible()
        page.get_by_label("Key").fill("mapi_other")
        page.get_by_role("button", name="Use this key").click()
        page.get_by_text("this key is not known here").wait_for()
        page.get_by_label("Key").fill(KEY)
        page.get_by_role("button", name="Use this key").click()
        page.get_by_role("button", name="Predict").click()
        page.locator("#prediction").get_by_text("0", exact=True).wait_for()

        assert not page.get_by_label("Key").is_visible()
        assert not page.get_by_role("link", name="Model card").is_visible()
        assert "Bearer $KEY" in (page.locator("#command").text_content() or "")
        kept = page.evaluate("() => JSON.stringify([localStorage, sessionStorage, document.cookie, history.state])")
        assert KEY not in kept + page.content() + " ".join(asked) + page.get_by_label("Key").input_value()

        page.get_by_role("button", name="Predict").click()
        page.get_by_text(re.compile(r"Too many requests: try again in \d+ s\.")).wait_for()

    assert violations == []


DATES = """
import pandas as pd
days = pd.date_range("2024-01-01", periods=300)
table = pd.DataFrame({"day": days.strftime("%Y-%m-%d"), "flag": [0, 1, 1] * 100, "sky": ["clear", "rain", None] * 100})
table["warmth"], table["rain"] = days.month * 1.5, table.index % 7
table["said"] = [f"it was day {number} of the year" for number in table.index]
table.to_csv("own.csv", index=False)
"""


def test_the_form_fits_dates_numbered_categories_text_and_several_targets(
    page: Page, project: Callable[..., Path], tmp_path: Path
) -> None:
    folder = project(FRAMEWORKS[-1])
    succeed(".venv/bin/python", "-c", DATES, cwd=folder)
    succeed("make", "train", "DATA=own.csv", "TARGET=warmth,rain", "FEATURES=day,flag,sky,said", cwd=folder)
    with serve(folder) as port:
        page.goto(f"http://127.0.0.1:{port}")
        page.get_by_label("day").fill("2030-02-28")
        page.get_by_label("flag").select_option("1")
        page.get_by_label("sky").select_option("")
        assert page.get_by_label("said").evaluate("field => field.localName") == "textarea"
        page.get_by_label("said").fill("words that nobody\nhas written yet")
        page.get_by_role("button", name="Predict").click()

        page.locator("#prediction").get_by_text("warmth: ").wait_for()
        assert "rain: " in page.locator("#prediction").inner_text()
        assert "day is outside the range seen in training" in page.locator("#warnings").inner_text()
        page.screenshot(path=tmp_path / "several.png")

        page.goto(f"http://127.0.0.1:{port}/model")
        assert "Predicts warmth" in page.content()
