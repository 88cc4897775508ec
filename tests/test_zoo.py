"""Every classifier and regressor of scikit-learn is served, and answers over HTTP as it does itself."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import FRAMEWORKS, ROOT, Installed, succeed
from tests.server import ask, serve

ZOO = ROOT / "tests" / "zoo.py"
NO_TABLE = {"IsotonicRegression"}  # It takes one column.
PARTS = 4
LINEAR = re.compile(
    r"(Multi(Task))?(.*LinearReg.*|.*Logistic.*|.*Ridge.*|.*Lasso.*|.*ElasticNet.*|Lars.*|.*ARD.*|Huber.*|TheilSen.*|RANSAC.*"
    r"|SGD.*|Perceptron|PassiveAggressive.*|LinearSV.|Poisson.*|Gamma.*|Tweedie.*|Quantile.*|OrthogonalMatching.*)"
)
TREES = re.compile(r"(RandomForest|ExtraTree|ExtraTrees|(Hist)?GradientBoosting|DecisionTree|AdaBoost|Bagging).*")


def documented() -> dict[str, tuple[str, str]]:
    """The engine, and the reason, of each estimator that is not served by onnx."""
    text = (ROOT / "docs" / "estimators.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\w+) \| (sklearn|refused) \| (.+) \|$", text, flags=re.MULTILINE)
    return {name: (engine, reason) for name, engine, reason in rows}


@pytest.fixture(scope="module")
def names(installed: Installed) -> list[str]:
    found = succeed(".venv/bin/python", ZOO, "names", cwd=installed(FRAMEWORKS[0])).split()
    return [name for name in found if name not in NO_TABLE]


@pytest.mark.parametrize("part", range(PARTS))
def test_estimators_answer_over_http_as_by_themselves(
    installed: Installed, names: list[str], tmp_path: Path, part: int
) -> None:
    framework = FRAMEWORKS[part % len(FRAMEWORKS)]
    mine = names[part::PARTS]

    succeed(".venv/bin/python", ZOO, tmp_path, *mine, cwd=installed(framework))

    for name in mine:
        case = json.loads((tmp_path / name / "case.json").read_text(encoding="utf-8"))
        engine, reason = documented().get(name, ("onnx", ""))
        assert case.get("engine", "refused") == engine, f"{name}: {case.get('reason', case.get('refused'))}"
        assert reason in case.get("reason", case.get("refused")), name
        if "engine" in case:
            compare(installed(framework), tmp_path / name, case)


def compare(project: Path, folder: Path, case: dict[str, Any]) -> None:
    several = len(case["labels"][0]) > 1
    query = "?probabilities=true" if case["probabilities"] else ""
    with serve(project, MODEL_DIR=str(folder / "artifacts")) as port:
        body = json.dumps(case["records"]).encode()
        status, _, content = ask(port, "POST", f"/predict{query}", {"Content-Type": "application/json"}, body)
    assert status == 200, content
    answer = json.loads(content)
    same = equals(case["engine"])
    for own, other in zip(case["labels"], answer["prediction"], strict=True):
        for one, two in zip(own, other.values() if several else [other], strict=True):
            assert type(one) is type(two), folder.name
            assert same(one, two), f"{folder.name}: {one} {two}"
    for place, shares in enumerate(case["probabilities"]):
        for own, other in zip(shares, answer["probability"], strict=True):
            named = list(other.values())[place] if several else other
            assert all(map(same, own, named.values())), f"{folder.name}: {own} {named}"


def equals(engine: str) -> Callable[[Any, Any], bool]:
    """Labels are equal; floats are within 1e-4 of each other for onnx, and exactly equal for sklearn."""

    def same(one: Any, two: Any) -> bool:
        if isinstance(one, float) and engine == "onnx":
            return abs(one - two) <= 1e-4 * abs(one) + 1e-12
        return bool(one == two)

    return same


def test_nearly_all_are_served_and_most_by_onnx(names: list[str]) -> None:
    others = documented()
    refused = [name for name, (engine, _) in others.items() if engine == "refused"]

    assert others.keys() <= set(names)
    assert len(refused) <= 0.05 * len(names)
    assert len(others) <= 0.2 * len(names)
    text = (ROOT / "docs" / "estimators.md").read_text(encoding="utf-8")
    assert f"{len(names) - len(refused)} of {len(names)} are served; {len(names) - len(others)} of them" in text
    assert len([name for name in names if LINEAR.fullmatch(name)]) >= 30
    assert len([name for name in names if TREES.fullmatch(name)]) >= 12
    assert not [name for name in others if LINEAR.fullmatch(name) or TREES.fullmatch(name)]
