"""A service takes a new model up while it serves, and refuses one that it cannot serve."""

import json
from pathlib import Path

import pandas as pd
import pytest
from modelapi.serving import describe
from modelapi.serving.exchange import Exchange
from modelapi.serving.service import ModelHost, Service
from modelapi.serving.settings import Settings
from modelapi.serving.shared import FOLDER, remember
from sklearn.pipeline import Pipeline

from tests.library.packages import forge, save


@pytest.fixture
def service(tmp_path: Path, pets: pd.DataFrame, pipeline: Pipeline) -> Service:
    save(tmp_path, pets, pipeline)
    made = Service(Settings(model_dir=tmp_path))
    made.load()
    return made


def exchange(service: Service) -> Exchange:
    made = Exchange(None, service)
    made.finish("GET", 200)  # So that it does not count as under way in other tests.
    return made


def ready(service: Service) -> dict[str, object]:
    body = describe.ready(exchange(service)).body
    assert isinstance(body, bytes)
    content: dict[str, object] = json.loads(body)
    return content


def test_a_new_version_is_served_from_the_next_request_on(
    service: Service, tmp_path: Path, pets: pd.DataFrame, pipeline: Pipeline
) -> None:
    before = exchange(service)
    assert not service.model.is_outdated()

    newer = save(tmp_path, pets, pipeline)
    assert service.model.is_outdated()
    service.load()

    assert not service.model.is_outdated()
    assert exchange(service).headers["X-Model-Version"] == newer.name
    assert before.headers["X-Model-Version"] != newer.name
    assert "warning" not in ready(service)


@pytest.mark.parametrize(("name", "value"), [("example", "no age"), ("name", "weight")])
def test_a_whole_package_that_cannot_be_served_is_refused(
    service: Service, tmp_path: Path, pets: pd.DataFrame, pipeline: Pipeline, name: str, value: str
) -> None:
    served = service.model.served
    folder = save(tmp_path, pets, pipeline)
    signature = json.loads((folder / "signature.json").read_bytes())
    signature["features"][1][name] = value
    forge(folder, {"signature.json": json.dumps(signature).encode()})

    service.load()

    assert service.model.served is served
    assert service.model.refused
    assert not service.refusal()  # For one is served.
    assert "warning" in ready(service)


def test_a_worker_that_starts_at_a_package_that_is_refused_goes_on_with_the_one_before(
    service: Service, tmp_path: Path, pets: pd.DataFrame, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER, str(tmp_path))
    remember("served-", service.model.served.version if service.model.served else "")
    damaged = save(tmp_path, pets, pipeline)
    (damaged / "model.skops").write_bytes(b"")
    successor = ModelHost("", tmp_path, service.settings)

    successor.load()

    assert successor.served
    assert successor.served.version != damaged.name
    assert successor.refused


def test_what_was_refused_is_tried_again_when_some_time_is_over(
    service: Service, tmp_path: Path, pets: pd.DataFrame, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = save(tmp_path, pets, pipeline)
    model = (folder / "model.skops").read_bytes()
    (folder / "model.skops").write_bytes(model[:10])  # It is being copied.
    service.load()
    assert service.model.refused
    assert not service.model.is_outdated()

    (folder / "model.skops").write_bytes(model)
    monkeypatch.setattr("modelapi.serving.service.AGAIN", -1.0)
    assert service.model.is_outdated()
    service.load_outdated()

    assert not service.model.refused
    assert exchange(service).headers["X-Model-Version"] == folder.name
