"""Real tables train and are served with no option but the target."""

import csv
import json
from collections import Counter
from pathlib import Path

import palmerpenguins
import pytest
from vega_datasets import local_data

from tests.conftest import FRAMEWORKS, ROOT, Installed, succeed
from tests.server import ask, serve

# The table, its target, the task that is found, and how well the served model does at least on its own rows:
# the share of labels that are right, or the share of the variance that is explained.
TABLES = [
    ("iris", "target", "multiclass", 0.9),
    ("wine", "target", "multiclass", 0.9),
    ("breast_cancer", "target", "binary", 0.9),
    ("diabetes", "target", "regression", 0.4),
    ("digits", "target", "multiclass", 0.9),
    ("linnerud", "Weight,Waist,Pulse", "multi-output", 0.0),
    ("penguins", "species", "multiclass", 0.9),
    ("penguins", "body_mass_g", "regression", 0.8),
    ("penguins", "species,sex", "multi-output", 0.8),
    ("penguins_raw", "Species", "multiclass", 0.9),
    ("cars", "Origin", "multiclass", 0.6),
    ("cars", "Miles_per_Gallon", "regression", 0.7),
    ("seattle_weather", "weather", "multiclass", 0.6),
    ("barley", "yield", "regression", 0.4),
    ("stocks", "price", "regression", 0.7),
    ("sf_temps", "temp", "regression", 0.1),
    ("iowa_electricity", "net_generation", "regression", 0.7),
    ("titanic", "Survived", "binary", 0.7),
]


def write(name: str, folder: Path, project: Path) -> Path:
    path = folder / f"{name}.csv"
    if name == "titanic":
        return project / "data" / "titanic.csv"
    if name.startswith("penguins"):
        frame = palmerpenguins.load_penguins_raw() if name == "penguins_raw" else palmerpenguins.load_penguins()
        frame.to_csv(path, index=False)
    elif hasattr(local_data, name) and name != "iris":
        getattr(local_data, name)().to_csv(path, index=False)
    else:
        succeed(".venv/bin/python", ROOT / "tests" / "tables.py", folder, cwd=project)
    return path


@pytest.mark.parametrize(("name", "target", "task", "least"), TABLES)
def test_a_real_table_is_served_with_no_option_but_its_target(
    installed: Installed, tmp_path: Path, name: str, target: str, task: str, least: float
) -> None:
    project = installed(FRAMEWORKS[len(target) % len(FRAMEWORKS)])
    path = write(name, tmp_path, project)
    models = str(tmp_path / "artifacts")

    out = succeed("make", "train", f"DATA={path}", f"TARGET={target}", cwd=project, MODEL_DIR=models)

    assert f"Task {task}: predicts {target.split(',')[0]}" in out
    assert "Engine onnx: " in out
    with serve(project, MODEL_DIR=models, UNKNOWN_FIELDS="ignore") as port:
        status, _, answer = ask(port, "POST", "/predict", {"Content-Type": "text/csv"}, path.read_bytes())
        asked = json.loads(ask(port, "GET", "/model")[2])["signature"]
    assert status == 200, answer
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    answers = list(csv.DictReader(answer.decode().splitlines()))
    assert len(rows) == len(answers)
    names = target.split(",")
    for own in names:
        column = f"prediction_{own}" if len(names) > 1 else "prediction"
        pairs = [(row[own], one[column]) for row, one in zip(rows, answers, strict=True) if row[own] not in ("", "NA")]
        assert score(pairs, asked["task"] == "regression" or name == "linnerud") >= least
    features = {feature["name"] for feature in asked["features"]}
    assert features
    assert not features & set(names)


def score(pairs: list[tuple[str, str]], numbers: bool) -> float:
    if not numbers:
        assert len(Counter(two for _, two in pairs)) > 1
        return sum(one == two or float_of(one) == float_of(two) for one, two in pairs) / len(pairs)
    values = [(float(one), float(two)) for one, two in pairs]
    mean = sum(one for one, _ in values) / len(values)
    return 1 - sum((one - two) ** 2 for one, two in values) / sum((one - mean) ** 2 for one, _ in values)


def float_of(text: str) -> object:
    try:
        return float(text)
    except ValueError:
        return object()
