"""A service takes a new model up while it serves, and refuses one that it cannot serve."""

import json
from pathlib import Path

import pandas as pd
import pytest
from sklearn.pipeline import Pipeline

from modelapi.serving.exchange import Exchange
from modelapi.serving import describe
from modelapi.serving.service import Service
from modelapi.settings import Settings
from tests.library.packages import forge, save


@pytest.fixture
def service(tmp_path: Path, pets: pd.DataFrame, pipeline: Pipeline) -> Service:
    save(tmp_path, pets, pipeline)
    made = Service(Settings(model_dir=tmp_path))
    made.load()
    return made


def ready(service: Service) -> dict[str, object]:
    body = describe.ready(Exchange(None, service)).body
    assert isinstance(body, bytes)
    content: dict[str, object] = json.loads(body)
    return content


def test_a_new_version_is_served_from_the_next_request_on(
    service: Service, tmp_path: Path, pets: pd.DataFrame, pipeline: Pipeline
) -> None:
    before = Exchange(None, service)
    assert not service.is_outdated()

    newer = save(tmp_path, pets, pipeline)
    assert service.is_outdated()
    service.load()

    assert not service.is_outdated()
    assert Exchange(None, service).headers["X-Model-Version"] == newer.name
    assert before.headers["X-Model-Version"] != newer.name
    assert "warning" not in ready(service)


@pytest.mark.parametrize(("name", "value"), [("example", "no age"), ("name", "weight")])
def test_a_whole_package_that_cannot_be_served_is_refused(
    service: Service, tmp_path: Path, pets: pd.DataFrame, pipeline: Pipeline, name: str, value: str
) -> None:
    served = service.model
    folder = save(tmp_path, pets, pipeline)
    signature = json.loads((folder / "signature.json").read_bytes())
    signature["features"][1][name] = value
    forge(folder, {"signature.json": json.dumps(signature).encode()})

    service.load()

    assert service.model is served
    assert service.refused
    assert "warning" in ready(service)
