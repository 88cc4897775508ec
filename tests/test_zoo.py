"""Every estimator of scikit-learn that takes a table is served as it answers itself, or refused with its reason."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CI, FRAMEWORKS, ROOT, Installed, succeed
from tests.owner.conftest import edit
from tests.server import ask, serve

ZOO = ROOT / "tests" / "zoo.py"
PAGES = ROOT / "tests" / "zoo_pages.py"
PARTS = 4
TEXT = (ROOT / "docs" / "estimators.md").read_text(encoding="utf-8")
LINEAR = re.compile(
    r"(Multi(Task))?(.*LinearReg.*|.*Logistic.*|.*Ridge.*|.*Lasso.*|.*ElasticNet.*|Lars.*|.*ARD.*|Huber.*|TheilSen.*|RANSAC.*"
    r"|SGD.*|Perceptron|PassiveAggressive.*|LinearSV.|Poisson.*|Gamma.*|Tweedie.*|Quantile.*|OrthogonalMatching.*)"
)
TREES = re.compile(r"(RandomForest|ExtraTree|ExtraTrees|(Hist)?GradientBoosting|DecisionTree|AdaBoost|Bagging).*")
IN_PAGES_TOO = re.compile("CategoricalNB|GaussianNB|MLPClassifier|NuSVC|SVC")  # By other operators.


def documented() -> dict[str, tuple[str, str]]:
    """The engine, and the reason, of each estimator that is not served by onnx."""
    rows = re.findall(r"^\| ([\w, ]+) \| (sklearn|refused) \| (.+) \|$", TEXT, flags=re.MULTILINE)
    return {name: (engine, reason) for names, engine, reason in rows for name in names.split(", ")}


@pytest.fixture(scope="module")
def kinds(installed: Installed) -> dict[str, list[str]]:
    found: dict[str, list[str]] = json.loads(succeed(".venv/bin/python", ZOO, cwd=installed(FRAMEWORKS[0])))
    return found


@pytest.fixture(scope="module")
def names(kinds: dict[str, list[str]]) -> list[str]:
    return sorted(kinds["classifier"] + kinds["regressor"])


@pytest.mark.parametrize("part", range(PARTS))
def test_estimators_answer_over_http_as_by_themselves_and_the_common_ones_in_a_page(
    project: Callable[..., Path], names: list[str], tmp_path: Path, part: int
) -> None:
    api = project(FRAMEWORKS[part % len(FRAMEWORKS)])
    mine = names[part::PARTS]
    models = {name: str(tmp_path / name / "artifacts") for name in mine}
    edit(api / "api" / "app.py", "adjust=adjust)", f"adjust=adjust, models={models})")

    succeed(".venv/bin/python", ZOO, tmp_path, *mine, cwd=api)

    with serve(api) as port:
        for name in mine:
            case = documented_case(tmp_path, name)
            compare(name, case, ask_model(port, name, case))
    if CI or shutil.which("node") or shutil.which("chromium"):
        common = [name for name in mine if any(kind.fullmatch(name) for kind in (LINEAR, TREES, IN_PAGES_TOO))]
        refused = succeed(".venv/bin/python", PAGES, tmp_path, *common, cwd=api)
        assert json.loads(refused) == {}


@pytest.mark.parametrize("part", range(PARTS))
def test_other_estimators_answer_as_by_themselves_or_are_refused(
    installed: Installed, kinds: dict[str, list[str]], tmp_path: Path, part: int
) -> None:
    mine = kinds["other"][part::PARTS]

    succeed(".venv/bin/python", ZOO, tmp_path, *mine, cwd=installed(FRAMEWORKS[0]))

    for name in mine:
        case = documented_case(tmp_path, name)
        if case.get("answered"):
            compare(name, case, case["answered"])


def documented_case(folder: Path, name: str) -> dict[str, Any]:
    """Read what became of an estimator, which is to be as the tables say."""
    case: dict[str, Any] = json.loads((folder / name / "case.json").read_text(encoding="utf-8"))
    engine, reason = documented().get(name, ("onnx", ""))
    said = case.get("reason", case.get("refused"))
    assert case.get("engine", "refused") == engine, f"{name}: {said}"
    assert reason in said, f"{name}: {said}"
    return case


def ask_model(port: int, name: str, case: dict[str, Any]) -> dict[str, Any]:
    path = f"/models/{name}/predict{'?probabilities=true' * bool(case['probabilities'])}"
    body = json.dumps(case["records"]).encode()
    status, _, content = ask(port, "POST", path, {"Content-Type": "application/json"}, body)
    assert status == 200, content
    answer: dict[str, Any] = json.loads(content)
    return answer


def compare(name: str, case: dict[str, Any], answer: dict[str, Any]) -> None:
    several = isinstance(answer["prediction"][0], dict)
    same = equals(case["engine"])
    for own, other in zip(case["labels"], answer["prediction"], strict=True):
        for one, two in zip(own, other.values() if several else [other], strict=True):
            assert type(one) is type(two), name
            assert same(one, two), f"{name}: {one} {two}"
    for place, shares in enumerate(case["probabilities"]):
        for own, other in zip(shares, answer["probability"], strict=True):
            named = list(other.values())[place] if several else other
            assert all(map(same, own, named.values())), f"{name}: {own} {named}"


def equals(engine: str) -> Callable[[Any, Any], bool]:
    """Labels are equal; floats are within 1e-4 of each other for onnx, and exactly equal for sklearn."""

    def same(one: Any, two: Any) -> bool:
        if isinstance(one, float) and engine == "onnx":
            return abs(one - two) <= 1e-4 * abs(one) + 1e-12
        return bool(one == two)

    return same


def test_nearly_all_are_served_and_most_by_onnx(names: list[str], kinds: dict[str, list[str]]) -> None:
    everyone = documented()
    others = {name: row for name, row in everyone.items() if name in names}
    unusual = {name: row for name, row in everyone.items() if name in kinds["other"]}
    refused = [name for name, (engine, _) in others.items() if engine == "refused"]
    n_refused = sum(engine == "refused" for engine, _ in unusual.values())

    assert everyone.keys() <= {*names, *kinds["other"]}
    assert not refused
    assert len(others) <= 0.05 * len(names)
    assert f"{len(names)} of {len(names)} are served; {len(names) - len(others)} of them" in TEXT
    n_others = len(kinds["other"])
    by_onnx = n_others - len(unusual)
    assert f"Of {n_others} others {n_others - n_refused} are served, {by_onnx} of them by `onnx`" in TEXT
    assert len([name for name in names if LINEAR.fullmatch(name)]) >= 30
    assert len([name for name in names if TREES.fullmatch(name)]) >= 12
    assert not [name for name in others if LINEAR.fullmatch(name) or TREES.fullmatch(name)]
