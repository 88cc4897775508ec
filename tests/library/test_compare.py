"""`ESTIMATOR=auto` compares the estimators of a project, and training says what looks too good."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from modelapi.train import train
from modelapi.training.compare import Score, choose, compare
from modelapi.training.leaks import find_leaks
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier
from steps.train import build_pipeline

numbers = np.random.default_rng(0).uniform(-1, 1, size=(300, 2))
X = pd.DataFrame(numbers, columns=["a", "b"])
XOR = pd.DataFrame({"y": (X["a"] > 0) ^ (X["b"] > 0)})


def score(mean: float, error: float = 0.01) -> Score:
    return Score(mean, error, {"folds": 5})


@pytest.mark.parametrize(
    ("means", "chosen"), [((0.9, 0.905, 0.904), "first"), ((0.8, 0.91, 0.915), "second"), ((0.8, 0.9, 0.95), "third")]
)
def test_the_simplest_within_a_standard_error_of_the_best_is_taken(means: tuple[float, ...], chosen: str) -> None:
    assert choose(dict(zip(("first", "second", "third"), map(score, means), strict=True))) == chosen


def test_what_cannot_be_fitted_is_told_and_the_others_are_compared() -> None:
    makers = {"linear": LogisticRegression, "none": lambda: None, "tree": DecisionTreeClassifier}

    scores = compare(makers, X, XOR, "classification", lambda: None)

    assert choose(scores) == "tree"
    assert scores["tree"].mean > 0.8 > scores["linear"].mean
    assert scores["none"].reason.startswith("cannot be fitted")


def test_when_the_time_is_up_no_other_is_tried() -> None:
    scores = compare({"one": DummyClassifier, "two": DummyClassifier}, X, XOR, "classification", lambda: None, -1)

    assert [one.reason for one in scores.values()] == ["", "not tried: the time is up"]


@pytest.mark.parametrize("kind", ["numbers", "labels"])
def test_a_feature_that_alone_tells_the_target_is_named(kind: str) -> None:
    target = pd.DataFrame(
        {"price": X["a"] * 3 if kind == "numbers" else (X["a"] > 0).map({True: "dear", False: "fair"})}
    )
    columns = X.assign(euro=target["price"] * 2 if kind == "numbers" else target["price"].str.upper(), gap=None)
    task = "regression" if kind == "numbers" else "classification"

    (line, *others) = find_leaks(columns[["b", "gap", "euro"]], target, task)

    assert line.startswith("Too good to be true? euro alone predicts price (")
    assert line.endswith("leave it out with DROP=euro")
    assert not others


def test_training_compares_and_takes_what_is_best(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    X.assign(y=XOR["y"].map({True: "yes", False: "no"})).to_csv(project / "xor.csv", index=False)

    arguments = ["--data=xor.csv", "--target=y", "--estimator=auto"]
    train(build_pipeline, estimators=["linear", "decision-tree", "nearest-neighbors"], arguments=arguments)

    said = capsys.readouterr().out
    assert "balanced accuracy of\n" in said
    (taken,) = [line.split()[0] for line in said.splitlines() if line.endswith("  taken")]
    assert taken == "decision-tree"
    assert "Too good" not in said
