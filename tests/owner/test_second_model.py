"""A second model beside the first: its own routes, its own version, swapped and described like the first."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import FRAMEWORKS, succeed
from tests.owner.conftest import OWN_WAYS, edit, open_api
from tests.server import PATIENCE


def add_fare(project: Path, _framework: str) -> None:
    edit(
        project / "api" / "app.py",
        "ModelApi(settings, adjust=adjust)",
        'ModelApi(settings, adjust=adjust, models={"fare": "artifacts-fare"})',
    )


@pytest.fixture(scope="module")
def fares(own: Callable[..., Path]) -> Path:
    """A folder with a model of another target."""
    project = own("fastapi")
    options = ("TARGET=Fare", "DATA=data/titanic.csv", "FEATURES=Age,Sex,Embarked")
    succeed("make", "train", *options, cwd=project, MODEL_DIR="artifacts-fare")
    return project / "artifacts-fare"


def version(folder: Path) -> str:
    return (folder / "CURRENT").read_text(encoding="utf-8").strip()


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_second_model_has_routes_a_version_and_a_description_under_every_entry_point(
    own: Callable[..., Path], fares: Path, framework: str
) -> None:
    project = own(framework, add_fare)
    shutil.copytree(fares, project / "artifacts-fare")
    versions = [version(project / folder) for folder in ("artifacts", "artifacts-fare")]

    for entry in [entry for one, entry in OWN_WAYS if one == framework]:
        with open_api(project, framework, entry) as api:
            survived, costs = api.predict(), api.predict(target="/models/fare/predict")
            routes = {api.line(answer)["route"] for answer in costs.values()}
            document = api.ask("GET", "/openapi.json").json()

        answers = [survived, costs]
        assert {answer.status for kind in answers for answer in kind.values()} == {200}, entry
        assert [{answer.headers["x-model-version"] for answer in kind.values()} for kind in answers] == [
            {one} for one in versions
        ]
        assert survived["application/json"].json() == {"prediction": [1]}
        assert costs["application/json"].json()["prediction"][0] > 1
        assert routes == {"/models/fare/predict"}
        assert {"/predict", "/models/fare", "/models/fare/predict"} <= set(document["paths"])


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_second_model_is_swapped_without_a_restart(own: Callable[..., Path], fares: Path, framework: str) -> None:
    project = own(framework, add_fare)
    folder, after = project / "artifacts-fare", version(fares)
    shutil.copytree(project / "artifacts", folder)

    with open_api(project, framework) as api:
        before = api.predict(target="/models/fare/predict")["text/csv"].headers["x-model-version"]
        shutil.copytree(fares / after, folder / after)
        succeed("make", "rollback", f"VERSION={after}", cwd=project, MODEL_DIR="artifacts-fare")
        ends = time.monotonic() + PATIENCE
        while (answer := api.predict(target="/models/fare/predict")["text/csv"]).headers["x-model-version"] == before:
            assert time.monotonic() < ends
            time.sleep(0.05)

        assert answer.headers["x-model-version"] == after
        assert float(answer.body.split()[1]) > 1
        assert api.predict()["text/csv"].headers["x-model-version"] == before
