"""The model card: what it says is what scikit-learn counts on the same predictions, and it tells of nobody."""

import re
from collections.abc import Sequence
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from modelapi import package
from modelapi.packaging import package as package_live
from modelapi.packaging.card import Making, digest, render
from modelapi.packaging.card.evidence import OutOfFold, of_sample
from modelapi.packaging.card.said import read_said
from modelapi.packaging.model_files import as_it_came
from modelapi.packaging.scores import with_scores
from modelapi.packaging.wording import with_wording
from modelapi.project import Project
from modelapi.settings import SettingsError
from modelapi.train import train
from modelapi.training.evaluate import evaluate
from modelapi.training.features import infer, read_features, to_columns
from sklearn import metrics
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.cluster import KMeans
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest, RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from steps.train import build_pipeline

from tests.library.web import MakeClient

RANDOM = np.random.default_rng(0)
N = 300
X = pd.DataFrame(
    {
        "age": RANDOM.integers(1, 90, N).astype(float),
        "noise": RANDOM.normal(size=N),
        "sex": RANDOM.choice(["f", "m"], N),
        "<port>": RANDOM.choice(["C", "Q", "S"], N),
    }
)
LIKELY = 1 / (1 + np.exp(-(3.0 * (X["sex"] == "f") - 1 - X["age"] / 60)))
BINARY = pd.Series((RANDOM.random(N) < np.where(X["<port>"] == "Q", 0.5, LIKELY)).astype(int), name="survived")
SEVERAL = pd.Series(np.where(X["age"] + RANDOM.normal(0, 9, N) < 30, "low", X["sex"]), name="size")
FARE = pd.Series(X["age"] * 2 + RANDOM.normal(0, 5, N), name="fare")
NUMBERS = X[["age", "noise"]]


def pipeline(last: Any) -> Any:
    return make_pipeline(make_column_transformer((OneHotEncoder(), ["sex", "<port>"]), remainder="passthrough"), last)


class Answers(RegressorMixin, BaseEstimator):
    """Answers what it is asked, be it infinite."""

    def fit(self, X: Any, _y: Any) -> Any:
        self.n_features_in_ = X.shape[1]
        return self

    def predict(self, X: Any) -> Any:
        return X["age"].to_numpy()


def card_of(estimator: Any, X: pd.DataFrame, y: Any = None, names: Sequence[str] = (), **options: Any) -> str:
    """Write the card of a fitted estimator, as packaging does for a project whose pyproject.toml has these options."""
    project = Project(Path(), "pets", options=options)
    features = read_features(X)
    targets = names or ([y.name] if isinstance(y, pd.Series) else [*y] if y is not None else ["target"])
    signature = with_wording(infer(features, targets, estimator, len(X), seen_in="sample", takes="frame"), project)
    signature = with_scores(signature, estimator, columns := to_columns(X, features))
    evidence = of_sample(as_it_came(estimator, signature), columns, None if y is None else pd.DataFrame(y), signature)
    making = Making(project, estimator, "sklearn", "for a test", {"scikit-learn": "1"})
    return render(making, signature, {}, evidence, read_said(project, signature.target.name))


def packaged(project: Path, estimator: Any, X: pd.DataFrame) -> str:
    version = package_live(estimator, X, BINARY)
    return (project / "artifacts" / version / "card.html").read_text(encoding="utf-8")


def words(card: str) -> str:
    """Leave out the tags, and what is no text."""
    body = re.sub(r"<(style|script)>.*?</\1>", "", card, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def test_out_of_fold_predictions_are_those_of_scikit_learn() -> None:
    estimator = pipeline(LogisticRegression(max_iter=1000))
    features = read_features(X)
    signature = infer(features, ["survived"], clone(estimator).fit(X, BINARY), N, takes="frame")
    y = BINARY.to_frame()
    gathered = OutOfFold(to_columns(X, features), y, signature)

    evaluate(estimator, X, y, "classification", lambda: None, gathered.add)

    evidence = gathered.evidence()
    (one,) = evidence.outcomes
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    own = cross_val_predict(estimator, X, BINARY, cv=folds, method="predict_proba")
    np.testing.assert_allclose(one.shares, own)
    assert one.answered.tolist() == own.argmax(axis=1).tolist()
    assert evidence.folds == 5
    assert evidence.importance[0].name == "sex"


def test_a_classifier_is_judged_by_the_numbers_of_scikit_learn() -> None:
    estimator = pipeline(LogisticRegression(max_iter=1000)).fit(X, BINARY)

    labels = {"0": "died", "1": "<survived>"}
    card = card_of(estimator, X, BINARY, labels=labels, card={"rows": "passengers"})

    likely, said = estimator.predict_proba(X)[:, 1], words(card)
    right, often = metrics.accuracy_score(BINARY, likely >= 0.5), max(BINARY.mean(), 1 - BINARY.mean())
    assert f"On the sample it was right for {100 * right:.0f} % of passengers; always answering “died” is" in said
    assert f"is right for {100 * often:.0f} %. No out-of-fold predictions" in said
    assert f"the area below is {metrics.roc_auc_score(BINARY, likely):.4g}" in said
    assert f"{metrics.average_precision_score(BINARY, likely):.4g} on average" in said
    counts = metrics.confusion_matrix(BINARY, likely >= 0.5)
    assert re.findall(r'shade-\d">(\d+)<', card) == [str(count) for count in counts.ravel()]
    assert "It is clearly worse than for all others where: <port> Q: right for" in said
    assert "<port>" not in card
    assert "<survived>" not in card


def test_training_tells_the_spread_over_the_folds(project: Path) -> None:
    train(build_pipeline, arguments=[])

    said = words((package.current(project / "artifacts") / "card.html").read_text(encoding="utf-8"))

    assert re.search(r"In 5 folds it was right for 7\d % \(± \d\) of rows; always answering “0” is right for 6", said)
    assert "Plots and counts below put the predictions of all folds together." in said
    assert "No out-of-fold" not in said


def test_a_regression_is_judged_by_the_numbers_of_scikit_learn() -> None:
    estimator = LinearRegression().fit(NUMBERS, FARE)

    said = words(card_of(estimator, NUMBERS, FARE, columns={"fare": {"unit": "pounds"}}))

    errors = (estimator.predict(NUMBERS) - FARE).abs()
    assert f"its answers were off by {errors.mean():.4g} pounds on average" in said
    assert f"Half of the answers are off by {errors.median():.4g} pounds or less" in said
    assert f"R² the share of the differences that it explains; 1 is all {estimator.score(NUMBERS, FARE):.4g}" in said


@pytest.mark.parametrize(
    ("estimator", "y", "told"),
    [
        (RandomForestClassifier(5, random_state=0), SEVERAL, "Calibration of what is answered"),
        (LogisticRegression(), None, "With TARGET=column, make package draws how good it is"),
        (LinearRegression(), pd.DataFrame({"a": FARE, "b": -FARE}), "Averages over 2 targets."),
        (
            RandomForestClassifier(5, random_state=0),
            pd.DataFrame({"a": BINARY, "b": 1 - BINARY}),
            "1 for each label that applies",
        ),
        (KMeans(2, n_init=1), None, "Finds the cluster, of 2, by age, noise. It answers the number of the cluster."),
        (
            IsolationForest(n_estimators=5, random_state=0),
            None,
            "Tells outliers from others by age, noise. It answers -1 for an outlier, 1 for others.",
        ),
        (PCA(2), None, "Transforms age, noise into 2 columns by PCA: pca0, pca1."),
    ],
)
def test_each_task_has_a_card_that_stands_alone(estimator: Any, y: Any, told: str) -> None:
    names = ["pca0", "pca1"] if isinstance(estimator, PCA) else []

    card = card_of(estimator.fit(NUMBERS, BINARY if y is None else y), NUMBERS, y, names)

    assert told in words(card)
    assert not re.search(r"(?i)https?:|src=|url\(|@import|\son\w+=|\sstyle=|nan\b", card)
    assert re.search(f'class="sk-top-container.*{type(estimator).__name__}.*Parameters', card, re.DOTALL)


def test_whole_numbers_are_shown_by_their_labels_and_errors_of_several_targets_by_their_average() -> None:
    rows = X[["age"]].assign(stars=np.arange(N) % 3 + 1)
    y = pd.DataFrame({"a": FARE, "b": -FARE})

    said = words(card_of(LinearRegression().fit(rows, y), rows, y, columns={"stars": {"labels": {"3": "superb"}}}))

    assert re.search(r"stars Rows Off, times the average 95 % interval 1 100 .* superb 100 [01]\.\d", said)
    assert re.search(r"stars integer required 1 33 % 2 33 % superb 33 %", said)


def test_its_policy_allows_its_own_style_and_script_and_nothing_else(project: Path, make: MakeClient) -> None:
    card = packaged(project, LogisticRegression().fit(NUMBERS, BINARY), NUMBERS)
    (style,), (script,) = (re.findall(f"<{name}>(.*?)</{name}>", card, re.DOTALL) for name in ("style", "script"))

    answer = make(model_dir=project / "artifacts").get("/model", headers={"Accept": "text/html"})

    allowed = f"default-src 'none'; script-src {digest(script)}; style-src {digest(style)}; img-src data:"
    assert re.sub("<nav.*</nav>\n", "", answer.text) == card
    assert f'http-equiv="Content-Security-Policy" content="{allowed}"' in unescape(card)
    assert answer.headers["Content-Security-Policy"] == f"{allowed}; frame-ancestors 'none'; base-uri 'none'"


def test_nothing_of_a_single_row_is_told(project: Path) -> None:
    rows = pd.DataFrame(
        {
            "name": [f"Canary No. {number}" for number in range(N)],
            "port": ["Cherbourg"] * (N - 3) + ["Rareport"] * 3,
            "age": X["age"],
        }
    )
    encoder = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["name", "port"]), remainder="passthrough"
    )

    card = packaged(project, make_pipeline(encoder, LogisticRegression(max_iter=1000)).fit(rows, BINARY), rows)

    assert "Canary" not in card
    assert "300 values, which are not listed" in card
    assert "Cherbourg" in card
    assert "Rareport" not in card


def test_what_is_missing_or_infinite_is_left_out() -> None:
    odd = pd.DataFrame({"age": [*X["age"][:-2], np.inf, 3.0], "noise": X["noise"]})
    fares = FARE.where(FARE.index > 9)

    said = words(card_of(Answers().fit(odd, fares), odd, fares))

    assert f"judged on {N - 11} rows of SAMPLE" in said


@pytest.mark.parametrize("answers", [{"intended": "?"}, {"owner": 7}, {"not_for": [1]}, "none"])
def test_what_answers_no_question_is_refused_in_a_line(answers: object) -> None:
    with pytest.raises(SettingsError, match=r"^pyproject.toml says in \[tool.modelapi.card\] something else .*texts$"):
        read_said(Project(Path(), "pets", options={"card": answers}), "y")


def test_what_is_said_of_a_model_with_another_target_is_left_out() -> None:
    project = Project(Path(), "pets", options={"card": {"target": "kind", "owner": "Ada"}})

    assert (read_said(project, "kind").owner, read_said(project, "weight").owner) == ("Ada", "")


def test_what_people_say_is_there_and_what_they_do_not_say_is_asked_for() -> None:
    told = {"not_for": ["Ships", "<Planes>"], "owner": "Ada"}

    said = words(card_of(LogisticRegression().fit(NUMBERS, BINARY), NUMBERS, BINARY, card=told))

    assert "Not for Ships <Planes> Owner Ada" in said
    assert "Nobody has said yet: intended use, caveats, data, licence of the data." in said
