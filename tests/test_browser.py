"""The pages work in a real browser, for people who see, who do not, and who have no mouse."""

import csv
import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.conftest import FRAMEWORKS, Installed, succeed
from tests.pages import LOOKS, SHOWN, check_look, check_looks, open_browser, watched
from tests.server import serve
from tests.test_prefix import PREFIX, proxy

REFUSED = "status of 422"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_person_tries_the_model_by_keyboard_then_a_table_and_takes_the_code_along(
    browser: Browser, installed: Installed, framework: str, tmp_path: Path
) -> None:
    project = installed(framework)
    succeed(project / ".venv/bin/python", "-c", TABLES, cwd=tmp_path, PROJECT=str(project))
    clipboard = ["clipboard-read", "clipboard-write"]
    with (
        serve(project) as port,
        watched(browser, port, REFUSED, viewport={"width": 1280, "height": 800}, permissions=clipboard) as page,
    ):
        url = f"http://127.0.0.1:{port}"
        page.goto(url)
        page.locator("#prediction").get_by_text("died").wait_for()

        tab_to(page, "Age")
        page.keyboard.type("24")
        tab_to(page, "male")
        page.keyboard.press("ArrowLeft")
        tab_to(page, "Port")
        page.keyboard.type("Cher")
        page.locator("#prediction").get_by_text("survived").wait_for()
        assert page.locator("#probabilities li").count() == 2
        tab_to(page, "Why?")
        page.keyboard.press("Space")
        page.locator("#why-bars").get_by_text("From the baseline").wait_for()
        assert page.locator("#why-bars li").count() == 3
        run_snippets(page)

        page.get_by_role("spinbutton", name="Age").fill("1e39")
        page.locator("#fields .wrong").get_by_text("this number is too large").wait_for()
        assert page.get_by_role("spinbutton", name="Age").get_attribute("aria-invalid") == "true"
        page.get_by_role("spinbutton", name="Age").clear()
        page.get_by_role("spinbutton", name="Age").press_sequentially("5e")
        page.locator("#fields .wrong").get_by_text("enter a number").wait_for()
        page.get_by_role("spinbutton", name="Age").fill("90")
        page.locator("#fields .warning").get_by_text("is outside the range seen in training").wait_for()

        for name, bad in (("many.csv", 3), ("many.parquet", 0)):
            page.locator("#file").set_input_files(tmp_path / name)
            page.locator("#drop").get_by_text(f"{name}: 100,000 rows").wait_for()
            with page.expect_download() as download:
                page.get_by_role("button", name="Download").click()
            rows = list(csv.DictReader(download.value.path().open(encoding="utf-8", newline="")))
            assert len(rows) == 100_000
            assert [row["prediction"] in ("0", "1") for row in rows].count(False) == bad
        page.locator("#file").set_input_files(tmp_path / "many.csv")
        page.get_by_label("only rows without a prediction").check()
        assert page.locator("td.wrong").all_inner_texts() == ["Sex must be one of: female, male"] * 3
        page.get_by_label("only rows without a prediction").uncheck()
        page.get_by_role("button", name="probability of survived").click()
        page.get_by_role("button", name="probability of survived").click()
        assert page.locator("tbody tr").first.get_by_role("cell").first.inner_text() == "survived"
        check_look(page)

        page.goto(f"{url}/docs")
        page.get_by_text("Predict Survived").click()
        page.get_by_role("button", name="Execute").click()
        page.locator(".live-responses-table").get_by_text("prediction").first.wait_for()
        page.goto(f"{url}/redoc")
        page.get_by_role("heading", name="Predict Survived").wait_for()
        page.goto(f"{url}/model")
        page.get_by_role("heading", name="model card").wait_for()
        page.get_by_role("slider").fill("70")
        page.get_by_text("from a probability of 0.70").wait_for()
        page.get_by_role("slider").fill("100")
        page.get_by_text("Never answers “survived”.").wait_for()


TABLES = """
import os, pandas as pd
rows = pd.read_csv(f"{os.environ['PROJECT']}/data/titanic.csv")
many = pd.concat([rows] * 77, ignore_index=True).head(100_000)
many.to_parquet("many.parquet")
many.loc[[3, 50_000, 99_999], "Sex"] = "other"
many.to_csv("many.csv", index=False)
"""


def tab_to(page: Page, label: str) -> None:
    """Press Tab until the field of this label has the focus."""
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("label => document.activeElement.labels?.[0]?.textContent.startsWith(label)", label):
            return
    raise AssertionError(f"no Tab leads to {label}")


def run_snippets(page: Page) -> None:
    """Copy the code in each language and run it where there is one; it says what the page shows."""
    programs = {
        "curl": ["sh", "-c"],
        "Python": [sys.executable, "-c"],
        "JavaScript": [shutil.which("node"), "--input-type=module", "-e"],
        "R": [shutil.which("Rscript"), "-e"],
    }
    for language, program in programs.items():
        page.get_by_role("tab", name=language, exact=True).click()
        page.get_by_role("button", name="Copy").click()
        page.get_by_text("copied").wait_for()
        code = page.evaluate("navigator.clipboard.readText()")
        if None not in program:
            said = subprocess.run([*program, code], capture_output=True, text=True, timeout=60, check=True).stdout
            assert re.search(r"prediction\W+(:List of 1\n.*int )?1\b", said), f"{language}\n{code}\n{said}"


@pytest.fixture(scope="module")
def shown(installed: Installed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Serve five very different models beside that of the example; returns the port."""
    folder = tmp_path_factory.mktemp("shown") / "project"
    borrowed = installed(FRAMEWORKS[0])
    shutil.copytree(borrowed, folder, ignore=shutil.ignore_patterns(".venv", "__pycache__"))
    (folder / ".venv").symlink_to(borrowed / ".venv")
    succeed(".venv/bin/python", Path(__file__).parent / "shown.py", cwd=folder, PYTHONPATH=str(folder))
    app = folder / "api" / "app.py"
    models = {name: f"artifacts/{name}" for name in SHOWN}
    app.write_text(app.read_text().replace("adjust=adjust)", f"adjust=adjust, models={models})"))
    with serve(folder) as port:
        yield port


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_every_page_is_whole_and_accessible_for_five_very_different_models(
    browser: Browser, shown: int, scheme: str, width: int, request: pytest.FixtureRequest
) -> None:
    folder = request.config.getoption("--screenshots")
    url = f"http://127.0.0.1:{shown}"
    with watched(browser, shown, viewport={"width": width, "height": 800}, color_scheme=scheme) as page:
        for name in ("", *SHOWN):
            page.goto(f"{url}/?model={name}")
            page.locator("#prediction > *").wait_for()
            page.get_by_label("Why?").check()
            page.locator("#why-bars li").first.wait_for()
            if folder:
                page.evaluate("scrollTo(0, 0)")
                page.screenshot(path=folder / f"{name or 'try-it'}-{scheme}-{width}.png")
            check_look(page)
            for field in (page.locator("#fields .field").first, page.locator("#fields .field").last):
                field.scroll_into_view_if_needed()
                assert is_in_sight(page, "#target"), page.url
        for path, ready in (("docs", ".opblock"), ("redoc", "h2"), ("model", "h1"), ("models/rents", "h1")):
            page.goto(f"{url}/{path}")
            page.locator(ready).first.wait_for()
            if folder:
                page.screenshot(path=folder / f"{path.replace('/', '-')}-{scheme}-{width}.png")
            check_look(page)


def is_in_sight(page: Page, selector: str) -> bool:
    box = page.locator(selector).bounding_box()
    assert box
    assert page.viewport_size
    return box["y"] >= 0 and box["y"] + box["height"] <= page.viewport_size["height"]


def test_a_date_a_text_and_a_gap_go_to_the_model_as_what_they_are(browser: Browser, shown: int) -> None:
    sent: list[str] = []
    with watched(browser, shown) as page:
        page.on("request", lambda request: sent.append(request.post_data or ""))

        page.goto(f"http://127.0.0.1:{shown}/?model=rents")
        page.get_by_label("Let since").fill("2030-02-28")
        page.get_by_role("radiogroup", name="heating").get_by_label("not known").check()
        page.get_by_text("is outside the range seen in training").wait_for()
        page.get_by_role("group", name="Other").get_by_text("heating").wait_for()
        assert json.loads(sent[-1])[0].keys() == {"since", "area", "floor"}
        assert "€" in page.locator("#prediction").inner_text()
        assert "of the values in training" in page.locator("#prediction").inner_text()

        page.goto(f"http://127.0.0.1:{shown}/?model=complaints")
        page.get_by_label("What they wrote").fill("never again\nrefund")
        page.locator("#prediction").get_by_text("a complaint").wait_for()
        page.get_by_role("button", name="Another example").click()
        assert json.loads(sent[-1])[0]["message"] == "never again\nrefund"


def test_the_form_and_execute_in_the_docs_ask_below_the_prefix_of_a_proxy(
    browser: Browser, installed: Installed
) -> None:
    asked: list[str] = []
    with serve(installed(FRAMEWORKS[0])) as served, proxy(served, strips=True) as port, watched(browser, port) as page:
        page.on("request", lambda request: asked.append(request.url))
        url = f"http://127.0.0.1:{port}{PREFIX}/"

        page.goto(url)
        page.locator("#prediction").get_by_text("died").wait_for()
        assert f"{url}predict" in page.locator("#snippet").inner_text()

        page.goto(f"{url}docs")
        page.get_by_text("Predict Survived").click()
        page.get_by_role("button", name="Execute").click()
        page.locator(".live-responses-table").get_by_text("prediction").first.wait_for()

    assert sum(one.partition("?")[0] == f"{url}predict" for one in asked) == 2
    assert [one for one in asked if one.startswith("http") and not one.startswith(url)] == []


KEY = "mapi_ada"


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_the_form_asks_for_a_key_once_and_shows_all_that_it_opens(
    browser: Browser, installed: Installed, framework: str
) -> None:
    asked: list[str] = []
    keys = f"ada:{hashlib.sha256(KEY.encode()).hexdigest()}"
    with (
        serve(installed(framework), API_KEYS=keys, RATE_LIMIT="7/hour") as port,
        watched(browser, port, "status of 4(01|29)") as page,
    ):
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"http://127.0.0.1:{port}/")
        page.locator("#unlock").wait_for()
        assert not page.locator("#record, #problem").filter(visible=True).count()
        if framework == FRAMEWORKS[0]:
            check_looks(page)
        page.get_by_label("Key").fill("mapi_other")
        page.get_by_role("button", name="Use this key").click()
        page.get_by_text("this key is not known here").wait_for()
        page.get_by_label("Key").fill(KEY)
        page.get_by_role("button", name="Use this key").click()
        page.locator("#prediction").get_by_text("died").wait_for()

        assert not page.get_by_label("Key").is_visible()
        assert "Bearer $KEY" in page.locator("#snippet").inner_text()
        kept = page.evaluate("() => JSON.stringify([localStorage, document.cookie, history.state])")
        assert KEY not in kept + page.content() + " ".join(asked) + page.get_by_label("Key").input_value()

        page.goto(f"http://127.0.0.1:{port}/docs")
        page.get_by_role("link", name="Model card").click()
        page.frame_locator("#model-card").get_by_role("slider").fill("70")
        page.frame_locator("#model-card").get_by_text("from a probability of 0.70").wait_for()
        if framework == FRAMEWORKS[0]:
            check_looks(page)

        page.get_by_role("link", name="Docs").click()
        page.get_by_role("button", name="Authorize").first.click()
        if framework == FRAMEWORKS[0]:
            check_looks(page)
        page.get_by_role("button", name="Close").last.click()
        page.get_by_text("Predict Survived").click()
        page.get_by_role("button", name="Execute").click()
        page.locator(".live-responses-table").get_by_text("prediction").first.wait_for()
        if framework == FRAMEWORKS[0]:
            check_looks(page)

        page.goto(f"http://127.0.0.1:{port}/")
        page.get_by_text(re.compile(r"Too many requests: try again in \d+ s\.")).wait_for()

        page.emulate_media(color_scheme="dark")
        page.get_by_role("link", name="Reference").click()
        arrow = page.locator("h5 + svg polygon").first
        assert arrow.evaluate("one => getComputedStyle(one).fill") != "rgb(0, 0, 0)"
