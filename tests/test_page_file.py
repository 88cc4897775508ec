"""A model in a file works in a real browser without a network: the form, the card, a whole table."""

import csv
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.conftest import FRAMEWORKS, Installed, skip_on_laptop, succeed
from tests.server import ask, serve
from tests.test_browser import FLAGS

HEADER = "PassengerId,Age,Sex,Embarked"
ROWS = ["1,24,female,C", "2,,male,", "3,80.5,female,S", "4,30,neither,S"]


def test_a_page_from_a_disk_answers_as_the_api_does_and_asks_nobody(installed: Installed, tmp_path: Path) -> None:
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        skip_on_laptop("no chromium here: install it to test the pages")
    project = installed(FRAMEWORKS[0])
    table = tmp_path / "people.csv"
    table.write_text("\n".join([HEADER, *ROWS]), encoding="utf-8")
    asked: list[str] = []
    wrong: list[str] = []

    said = succeed("make", "page", f"OUTPUT={tmp_path / 'titanic.html'}", cwd=project)

    assert "answer 1,000 records as the API does" in said
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=program, args=FLAGS) as browser:
        page = browser.new_context(offline=True).new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto((tmp_path / "titanic.html").as_uri())
        page.get_by_role("spinbutton", name="Age").fill("81")
        page.get_by_text("is outside the range seen in training").wait_for()
        page.get_by_role("radio", name="female", exact=True).check()
        page.locator("#prediction").get_by_text("survived", exact=True).wait_for()

        page.locator("input[type=file]").set_input_files(table)
        with page.expect_download() as download:
            page.get_by_role("button", name="Download as CSV").click()
        with download.value.path().open(encoding="utf-8", newline="") as file:
            scored = list(csv.DictReader(file))

        page.get_by_role("link", name="Model card").click()
        page.frame_locator("#model-card").get_by_role("heading", level=1).wait_for()

    assert [one for one in asked if not one.startswith(("blob:", "about:"))] == [(tmp_path / "titanic.html").as_uri()]
    assert wrong == []
    assert "must be one of: female, male" in scored[3]["error"]
    body = "\n".join([HEADER, *ROWS[:3]]).encode()
    with serve(project, UNKNOWN_FIELDS="ignore") as port:
        status, _, content = ask(port, "POST", "/predict?probabilities=true", {"Content-Type": "text/csv"}, body)
    assert status == 200, content
    for own, other in zip(scored, csv.DictReader(content.decode().splitlines()), strict=False):
        assert own["prediction"] == other["prediction"]
        for name in ("probability_0", "probability_1"):
            assert abs(float(own[name]) - float(other[name])) < 1e-6
