"""`make package TRAINING=…`: whether ranges, categories and the number of rows are those of a sample or of training."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import skops.io
from modelapi import package
from modelapi.outputs import warnings
from modelapi.package import Package
from modelapi.packaging import package as package_live
from modelapi.packaging.fitted import main
from modelapi.records.parser import RecordParser
from modelapi.serving.schemas import schemas
from modelapi.serving.settings import Settings
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

TRAINING = pd.DataFrame(
    {"age": [*range(1, 100), None], "size": np.linspace(0, 9, 100), "fur": ["short", "long", "curly", "none"] * 25}
)
SAMPLE = TRAINING.iloc[[8, 9, 12, 13, 33]].astype({"age": "int64"})  # Without curly fur or none, and without a gap.


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MODEL_DIR", str(tmp_path / "artifacts"))
    monkeypatch.chdir(tmp_path)
    known = TRAINING[TRAINING["fur"] != "none"]
    columns = make_column_transformer(
        (SimpleImputer(), ["age", "size"]), (OneHotEncoder(handle_unknown="ignore"), ["fur"])
    )
    skops.io.dump(make_pipeline(columns, LinearRegression()).fit(known, known["size"]), "my.skops")
    SAMPLE.to_csv("sample.csv", index=False)
    return tmp_path / "artifacts"


def run(artifacts: Path, *options: str) -> Package:
    main(["--model=my.skops", "--sample=sample.csv", *options])
    return package.load(package.current(artifacts))


def said(model: Package) -> dict[str, Any]:
    """Gather what clients are told of a record that is far from all others."""
    far = RecordParser(model.signature, unknown_categories="ignore").parse_json(b'{"age":500,"size":1,"fur":"?"}')
    warned = [fault.detail for fault in warnings(far, model.signature)]
    described = schemas({"": model.signature}, Settings())["Record"]["properties"]["age"]["description"]
    return {"warned": warned, "described": described, "card": model.card}


def test_what_was_seen_is_that_of_the_sample_until_all_rows_are_given(model: Path) -> None:
    told = said(packaged := run(model))

    assert (packaged.signature.seen_in, packaged.signature.n_samples) == ("sample", 5)
    assert told["warned"] == [
        "is outside the range seen in the sample, which is 9 to 34",
        "is a category that was not in the sample: it is ignored",
    ]
    assert told["described"] == "9 to 34 in the sample"
    assert "<dt>Rows of the sample</dt><dd>5</dd>" in told["card"]
    assert "Seen in the sample" in told["card"]


@pytest.mark.parametrize("suffix", ["csv", "parquet", "json"])
def test_all_rows_of_training_tell_ranges_and_gaps_and_encoders_their_categories(model: Path, suffix: str) -> None:
    write = {"csv": pd.DataFrame.to_csv, "parquet": pd.DataFrame.to_parquet, "json": pd.DataFrame.to_json}[suffix]
    write(TRAINING, f"all.{suffix}")

    told = said(packaged := run(model, f"--training=all.{suffix}"))

    age, size, fur = packaged.signature.features
    assert (packaged.signature.seen_in, packaged.signature.n_samples) == ("training", 100)
    assert (age.type, age.dtype, age.nullable, age.minimum, age.maximum) == ("number", "float64", True, 1, 99)
    assert (size.minimum, size.maximum) == (0, 9)
    assert fur.categories == ["curly", "long", "short"]
    assert told["warned"] == [
        "is outside the range seen in training, which is 1 to 99",
        "is a category that was not in training: it is ignored",
    ]
    assert told["described"] == "1 to 99 in training"
    assert "<dt>Training rows</dt><dd>100</dd>" in told["card"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows.drop(columns="fur"), "the table of all training rows has no column fur"),
        (lambda rows: rows.assign(age="old"), "column age is integer .* in the sample, but string .* write both alike"),
    ],
)
def test_rows_of_another_table_are_refused(model: Path, change: Any, message: str) -> None:
    change(TRAINING).to_csv("all.csv", index=False)

    with pytest.raises(SystemExit, match=f"^Not packaged: {message}"):
        run(model, "--training=all.csv")


def test_in_a_notebook_the_rows_of_the_sample_may_be_all(project: Path) -> None:
    X = np.arange(40.0).reshape(20, 2) ** 2

    package_live(LinearRegression().fit(X, X[:, 0]), X, training=X)

    signature = package.read_signature(package.current(project / "artifacts"))
    assert (signature.seen_in, signature.n_samples) == ("training", 20)


def test_the_page_is_told_how_the_numbers_lie_that_are_predicted(model: Path) -> None:
    def ends(*options: str) -> tuple[float, float] | None:
        told = run(model, *options).signature.target.quantiles
        return told and (told[0], told[-1])

    TRAINING.assign(right=2 * TRAINING["size"]).to_csv("all.csv", index=False)
    TRAINING.to_csv("bare.csv", index=False)
    SAMPLE.assign(right=2 * SAMPLE["size"]).to_csv("sample.csv", index=False)

    assert ends("--target=right") == (1.455, 6)
    assert ends("--target=right", "--training=all.csv") == (0, 18)
    assert ends("--target=right", "--training=bare.csv") is None


@pytest.mark.parametrize("is_all", [False, True])
def test_in_a_notebook_what_is_right_tells_it_too(project: Path, is_all: bool) -> None:
    X = np.arange(42.0).reshape(21, 2)
    y = np.column_stack([X[:, 0], -X[:, 1]])

    package_live(LinearRegression().fit(X, y), X, y, training=X if is_all else None)

    one, other = package.read_signature(package.current(project / "artifacts")).targets
    assert (one.quantiles, other.quantiles) == ([2.0 * n for n in range(21)], [2.0 * n - 41 for n in range(21)])
