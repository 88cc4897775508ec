"""A notebook serves, shows, shares and stops a model, whatever event loop runs, in a project and without one."""

from __future__ import annotations

import asyncio
import json
import sys
import urllib.request
from collections.abc import Iterator
from http.client import HTTPResponse
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest
from modelapi import notebook
from modelapi.notebook import Api, serve
from modelapi.settings import SettingsError
from modelapi.template import TEMPLATE, TemplateError, check_answers, origin
from modelapi.training.dialect import TableError
from sklearn.pipeline import Pipeline

from tests.library.tunnel_service import get

pytestmark = pytest.mark.web

NAMES = ["fur", "age", "indoor"]


@pytest.fixture(autouse=True)
def _stopped() -> Iterator[None]:
    yield
    for api in notebook._running.values():
        api.stop()
    notebook._running.clear()


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in no project."""
    folder = tmp_path / "nowhere"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", sys.path.copy())
    return folder


def ask(url: str, record: object = None) -> tuple[HTTPResponse, bytes]:
    body = None if record is None else json.dumps(record).encode()
    headers = {"Content-Type": "application/json", "Accept": "text/html, */*;q=0.1"}
    with urllib.request.urlopen(urllib.request.Request(url, body, headers)) as answer:
        return answer, answer.read()


def test_a_model_is_served_in_a_running_loop_and_another_of_its_title_in_its_place(
    framework: str, nowhere: Path, pets: pd.DataFrame, pipeline: Pipeline, agents: Path
) -> None:
    async def cell() -> Api:
        return serve(pipeline, pets[NAMES], pets["kind"], framework=framework, title='Pets "&" more')

    first, api = asyncio.run(cell()), asyncio.run(cell())

    with pytest.raises(OSError, match="refused"):
        ask(first.url)
    page, _ = ask(api.url)
    assert "frame-ancestors 'self' http://localhost:* " in page.headers["Content-Security-Policy"]
    record = {"fur": "long", "age": 5, "indoor": False}
    assert json.loads(ask(f"{api.url}predict", record)[1]) == {"prediction": ["dog"]}
    assert json.loads(ask(f"{api.url}openapi.json")[1])["info"]["title"] == 'Pets "&" more'
    assert list(nowhere.iterdir()) == []

    assert api.share() == "https://four-words-of-chance.trycloudflare.com"
    assert get(agents) == 401
    assert api.share(public=True)
    assert get(agents) == 200

    api.stop()
    for asked in (lambda: ask(api.url), lambda: get(agents)):
        with pytest.raises(OSError, match="refused"):
            asked()
    assert not api._folder.exists()


def test_in_a_project_its_application_serves_and_its_model_stays(
    site: Path, pets: pd.DataFrame, pipeline: Pipeline, framework: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(site / "steps")
    current = (site / "artifacts" / "CURRENT").read_bytes()

    api = serve(pipeline, pets[NAMES], pets["kind"])

    assert api.framework == framework
    assert api._root == site
    signature = json.loads(ask(f"{api.url}openapi.json")[1])["info"]
    assert signature["title"] == "Pets"
    assert (site / "artifacts" / "CURRENT").read_bytes() == current


def test_colab_shows_the_page_by_its_own_proxy(
    framework: str, nowhere: Path, pets: pd.DataFrame, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: dict[str, str] = {}
    output = ModuleType("google.colab.output")
    output.eval_js = lambda code: f"https://colab.example/{code}"  # type: ignore[attr-defined]
    output.serve_kernel_port_as_iframe = lambda port, **options: shown.update({str(port): options["height"]})  # type: ignore[attr-defined]
    colab = ModuleType("google.colab")
    colab.output = output  # type: ignore[attr-defined]
    for name, module in {"google": ModuleType("google"), "google.colab": colab, "google.colab.output": output}.items():
        monkeypatch.setitem(sys.modules, name, module)

    api = serve(pipeline, pets[NAMES], pets["kind"], framework=framework)

    (port,) = shown
    assert api.url == f"https://colab.example/google.colab.kernel.proxyPort({port})"
    page, _ = ask(api.local_url)
    assert "frame-ancestors 'self' https://colab.research.google.com" in page.headers["Content-Security-Policy"]


def test_what_cannot_be_served_or_ejected_is_a_sentence_and_leaves_nothing(
    framework: str, nowhere: Path, pets: pd.DataFrame, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SettingsError, match=r"^django is not installed: install modelapi\[fastapi\] or \[flask\]$"):
        serve(pipeline, pets[NAMES], framework="django")

    with pytest.raises(TableError, match=r"^X lacks the column age, which the estimator was fitted on: it has fur, in"):
        serve(pipeline, pets[["fur", "indoor"]])
    with pytest.raises(TableError, match=r"^y has 3 rows, and X has 20: give those of the same rows$"):
        serve(pipeline, pets[NAMES], pets["kind"][:3])

    monkeypatch.setitem(sys.modules, "cookiecutter", None)
    api = serve(pipeline, pets[NAMES], framework=framework)
    assert repr(api).startswith("<Api 'LogisticRegression' at ")
    with pytest.raises(TemplateError, match=r"^Bad Name! cannot be the name of a project: take up to 60 lower-case"):
        api.eject("Bad Name!")
    with pytest.raises(TemplateError, match=r"^cookiecutter is not installed: install modelapi\[notebook\]$"):
        api.eject("pets-api")

    assert list(nowhere.iterdir()) == []


def test_the_answers_to_a_template_are_those_that_it_takes() -> None:
    questions = {"framework": ["fastapi", "flask"], "license": "MIT", "_example": True}

    check_answers({"framework": "flask", "license": "any"}, questions)
    with pytest.raises(TemplateError, match=r"^framework cannot be django: take fastapi or flask$"):
        check_answers({"framework": "django"}, questions)
    with pytest.raises(TemplateError, match=r"^the template does not ask for colour: it asks for framework, license$"):
        check_answers({"colour": "red"}, questions)


def test_the_template_is_the_one_that_cruft_or_copier_made_the_project_of(tmp_path: Path) -> None:
    assert origin(tmp_path) == (TEMPLATE, None)

    (tmp_path / ".copier-answers.yml").write_text("_commit: '1234567'\n_src_path: gh:a/b\nci: none\n", encoding="utf-8")
    assert origin(tmp_path) == ("gh:a/b", "1234567")

    (tmp_path / ".cruft.json").write_text('{"template": "/c", "commit": "89"}', encoding="utf-8")
    assert origin(tmp_path) == ("/c", "89")
