"""A model in a file works in a real browser without a network: the form, why, the card, a whole table."""

import csv
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.conftest import FRAMEWORKS, Installed, succeed
from tests.pages import check_look, open_browser
from tests.server import ask, serve

HEADER = "PassengerId,Age,Sex,Embarked"
ROWS = ["1,24,female,C", "2,,male,", "3,80.5,female,S", "4,30,neither,S"]


def test_a_page_from_a_disk_answers_as_the_api_does_and_asks_nobody(installed: Installed, tmp_path: Path) -> None:
    project = installed(FRAMEWORKS[0])
    url = (tmp_path / "titanic.html").as_uri()
    asked: list[str] = []
    errors: list[str] = []

    said = succeed("make", "page", f"OUTPUT={tmp_path / 'titanic.html'}", cwd=project)

    assert "answer 1,000 records as the API does" in said
    with open_browser() as browser:
        page = browser.new_context(offline=True, viewport={"width": 360, "height": 800}, color_scheme="dark").new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: errors.append(message.text))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(url)
        ask_why(page)
        scored = score(page, tmp_path)
        check_look(page)
        page.get_by_role("link", name="Model card").click()
        page.frame_locator("#model-card").get_by_role("heading", level=1).wait_for()
        page.set_viewport_size({"width": 1280, "height": 800})
        page.screenshot(path=tmp_path / "card.png")

    assert [one for one in asked if not one.startswith(("blob:", "about:"))] == [url]
    assert errors == []
    assert "must be one of: female, male" in scored[3]["error"]
    body = "\n".join([HEADER, *ROWS[:3]]).encode()
    with serve(project, UNKNOWN_FIELDS="ignore") as port:
        status, _, content = ask(port, "POST", "/predict?probabilities=true", {"Content-Type": "text/csv"}, body)
    assert status == 200, content
    for own, other in zip(scored[:3], csv.DictReader(content.decode().splitlines()), strict=True):
        assert own["prediction"] == other["prediction"]
        shares = ["probability_0", "probability_1"]
        assert [float(own[name]) for name in shares] == pytest.approx([float(other[name]) for name in shares], abs=1e-6)


def ask_why(page: Page) -> None:
    page.get_by_role("spinbutton", name="Age").fill("81")
    page.get_by_text("is outside the range seen in training").wait_for()
    page.get_by_role("radio", name="female", exact=True).check()
    page.locator("#prediction").get_by_text("survived").wait_for()
    page.get_by_label("Why?").check()
    page.locator("#why-bars li").nth(2).wait_for()


def score(page: Page, folder: Path) -> list[dict[str, str]]:
    (folder / "people.csv").write_text("\n".join([HEADER, *ROWS]), encoding="utf-8")
    page.locator("#file").set_input_files(folder / "people.csv")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    with download.value.path().open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
