"""`modelapi docs` writes the document of the project's own app, whatever model is current and whatever is set here."""

import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
import yaml
from modelapi.serving import swagger
from modelapi.settings import SettingsError
from sklearn.pipeline import Pipeline

from tests.library.packages import save


class Api:
    """Stands for the app of a project, with a route of its owner's."""

    def openapi(self) -> dict[str, Any]:
        limit = {"x-limit": os.environ.get("RATE_LIMIT"), "x-model": os.environ.get("MODEL_DIR")}
        info = {"title": "yes", "version": "0.1.0", "contact": {"name": "Ada"}}
        return {"openapi": "3.1.0", "info": info, "paths": {"/mine": {"get": limit}, "/again": {"get": limit}}}


@pytest.fixture
def document(project: Path, pets: pd.DataFrame, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> Path:
    save(project / "artifacts", pets, pipeline)
    monkeypatch.setattr(os, "environ", os.environ.copy())  # The verb changes it, for its process is its own.
    monkeypatch.setitem(sys.modules, "modelapi.process.target", SimpleNamespace(load_api=lambda _: Api()))
    return project / "docs" / "swagger.yaml"


def test_the_document_is_that_of_the_app_under_the_default_settings(
    document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RATE_LIMIT", "1/minute")
    monkeypatch.setenv("MODEL_DIR", str(document.parent.parent / "artifacts"))

    swagger.main([])

    text = document.read_text(encoding="utf-8")
    assert yaml.safe_load(text)["paths"]["/mine"] == {"get": {"x-limit": "", "x-model": os.environ["MODEL_DIR"]}}
    assert 'title: "yes"\n' in text
    assert "&" not in text  # What occurs twice is written twice.


def test_a_stale_document_is_told_and_left_alone(document: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for text in (None, "openapi: 3.0.0\n"):
        if text:
            document.write_text(text, encoding="utf-8")
        with pytest.raises(SystemExit, match=r'^docs/swagger\.yaml is stale: run "make docs"$'):
            swagger.main(["--check"])
        assert text is None or document.read_text(encoding="utf-8") == text
        swagger.main([])
    capsys.readouterr()

    swagger.main(["--check"])

    assert capsys.readouterr().out == ""


def test_a_model_that_is_missing_is_named(document: Path) -> None:
    (document.parent.parent / "artifacts" / "CURRENT").unlink()

    with pytest.raises(SystemExit, match=r'^Not written: .*CURRENT not found: run "make train" first$'):
        swagger.main([])


def test_an_app_that_cannot_be_made_is_a_sentence(document: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> None:
        raise SettingsError("this folder has no app")

    monkeypatch.setitem(sys.modules, "modelapi.process.target", SimpleNamespace(load_api=refuse))

    with pytest.raises(SystemExit, match=r"^Not written: this folder has no app$"):
        swagger.main([])
    assert not document.exists()
