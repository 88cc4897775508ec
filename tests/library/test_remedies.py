"""What is no estimator of a table is refused with what to do about it, and doing it helps."""

from pathlib import Path
from typing import Any

import joblib
import pandas as pd
import pytest
from modelapi import package
from modelapi.packaging.fitted import main
from modelapi.training.features import to_columns
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


@pytest.fixture
def rows(pets: pd.DataFrame) -> pd.DataFrame:
    return pets[["age", "indoor"]]


@pytest.fixture
def scaler(rows: pd.DataFrame) -> StandardScaler:
    return StandardScaler().fit(rows)


@pytest.fixture
def classifier(rows: pd.DataFrame, scaler: StandardScaler, pets: pd.DataFrame) -> LogisticRegression:
    return LogisticRegression().fit(scaler.transform(rows), pets["kind"])


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MODEL_DIR", str(tmp_path / "artifacts"))
    monkeypatch.setenv("ALLOW_PICKLE", "1")
    return tmp_path


def packaged(thing: Any, sample: pd.DataFrame, folder: Path, *more: str) -> package.Package:
    joblib.dump(thing, folder / "my.joblib")
    sample.to_csv(folder / "sample.csv", index=False)
    main([f"--model={folder / 'my.joblib'}", f"--sample={folder / 'sample.csv'}", *more])
    return package.load(package.current(folder / "artifacts"), allow_pickle=True)


@pytest.mark.parametrize("kind", [tuple, dict, list])
def test_a_model_and_its_scaler_are_to_be_one_pipeline(
    folder: Path, rows: pd.DataFrame, scaler: StandardScaler, classifier: LogisticRegression, kind: Any
) -> None:
    both = {"model": classifier, "scaler": scaler}

    with pytest.raises(SystemExit) as caught:
        packaged(both if kind is dict else kind(both.values()), rows, folder)

    assert str(caught.value) == (
        f"Not packaged: the file holds a {kind.__name__} of StandardScaler and LogisticRegression: put them into one "
        "pipeline, in the order in which rows go through them, as in make_pipeline(standardscaler, "
        "logisticregression), and store that"
    )
    model = packaged(make_pipeline(scaler, classifier), rows, folder)
    labels = model.engine.predict(to_columns(rows, model.signature.features)).labels[0].tolist()
    assert labels == classifier.predict(scaler.transform(rows)).tolist()


def test_what_else_is_stored_is_named(folder: Path, rows: pd.DataFrame, classifier: LogisticRegression) -> None:
    things = {
        "a dict with a LogisticRegression in it: store the LogisticRegression by itself": {
            "a": [classifier],
            "b": rows,
        },
        "a list without an estimator in it: store the fitted estimator": [1, 2],
        "the class LogisticRegression, not an estimator of it: fit one": LogisticRegression,
    }

    for message, thing in things.items():
        with pytest.raises(SystemExit, match=f"^Not packaged: the file holds {message}"):
            packaged(thing, rows, folder)


def test_the_target_is_not_among_the_keys_of_dicts(folder: Path, pets: pd.DataFrame) -> None:
    table = pets[["age", "fur"]].fillna("none")
    fitted = make_pipeline(DictVectorizer(), LogisticRegression()).fit(table.to_dict("records"), pets["kind"])

    model = packaged(fitted, table.join(pets[["kind"]]), folder)

    assert [feature.name for feature in model.signature.features] == ["age", "fur"]
    assert (model.signature.takes, model.signature.target.name) == ("dicts", "kind")
