"""The background that explanations are made against: a summary of columns, in which nobody's row is."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from modelapi import package
from modelapi.package import PackageError
from modelapi.package.background import MAX_ROWS
from modelapi.packaging.background import MIN_ROWS, SHARED, summarise
from modelapi.training.features import infer, read_features, to_columns
from sklearn.linear_model import LinearRegression

from tests.library.fitted_models import flowers, package_fitted
from tests.library.packages import forge

N_ROWS = 1_000
RNG = np.random.default_rng(0)
TABLE = pd.DataFrame(
    {
        "income": np.append(RNG.lognormal(10, 1, N_ROWS - 1).round(2), 31_337_123.45),
        "children": RNG.integers(0, 4, N_ROWS),
        "rate": RNG.choice([0.1234567, 0.7654321], N_ROWS),
        "born": pd.Timestamp("1950-01-01") + pd.to_timedelta(RNG.integers(0, 20_000 * 86_400, N_ROWS), unit="s"),
        "city": RNG.choice(["Bath", "York"], N_ROWS, p=[0.9, 0.1]),
        "smokes": RNG.random(N_ROWS) < 0.3,
        "passport": [f"canary-{number}" for number in range(N_ROWS)],
        "account_id": RNG.permutation(N_ROWS) * 7_919 + 40_000_000,
        "height": np.where(RNG.random(N_ROWS) < 0.2, np.nan, RNG.normal(170, 10, N_ROWS)),
    }
)


def summary(table: pd.DataFrame = TABLE) -> dict[str, list[object]]:
    features = read_features(table)
    signature = infer(features, ["y"], LinearRegression(), len(table))
    return summarise(to_columns(table, features), signature).columns


def test_each_column_is_like_that_of_training() -> None:
    columns = summary()

    assert {len(values) for values in columns.values()} == {MAX_ROWS}
    assert columns["city"].count("York") in range(8, 13)
    assert columns["smokes"].count(True) in range(27, 34)
    assert columns["height"].count(None) in range(17, 24)
    income, height = pd.Series(columns["income"]), pd.Series(columns["height"], dtype=float)
    assert income.median() == pytest.approx(TABLE["income"].median(), rel=0.05)
    assert height.mean() == pytest.approx(TABLE["height"].mean(), abs=0.5)
    assert {*columns["children"]} == {0, 1, 2, 3}
    assert {*columns["rate"]} == {0.1234567, 0.7654321}  # Which many rows share.
    assert [type(values[0]) for values in columns.values()][:3] == [float, int, float]


def test_no_value_of_a_single_row_is_in_it() -> None:
    columns = summary()

    for name in ("income", "height", "born"):
        counts = TABLE[name].value_counts()
        rare = {*counts[counts < SHARED].index}
        assert not rare & {pd.Timestamp(value) if name == "born" else value for value in columns[name]}  # type: ignore[arg-type]
    assert "canary" not in json.dumps(columns)
    assert len({*columns["passport"]}) == len({*columns["account_id"]}) == 1


def test_values_side_by_side_are_not_of_one_row() -> None:
    twins = pd.DataFrame({"one": np.arange(500) * 10.0, "other": np.arange(500) * 10.0})

    columns = summary(twins)

    assert sorted(columns["one"]) == sorted(columns["other"])  # type: ignore[type-var]
    assert abs(np.corrcoef(columns["one"], columns["other"])[0, 1]) < 0.3  # type: ignore[arg-type]


def test_of_few_rows_it_has_but_the_example() -> None:
    few = TABLE[: MIN_ROWS - 1][["income", "city"]]

    columns = summary(few)

    assert columns == {name: [value] for name, value in infer_example(few).items()}


def infer_example(table: pd.DataFrame) -> dict[str, object]:
    return {feature.name: feature.example for feature in read_features(table)}


def test_a_package_without_it_loads_and_one_with_another_is_refused(tmp_path: Path) -> None:
    X, _ = flowers()
    fitted = LinearRegression().fit(X, X["width"])
    package_fitted(tmp_path / "without", fitted, X, explain=False)
    package_fitted(tmp_path / "with", fitted, X)

    without, folder = package.current(tmp_path / "without"), package.current(tmp_path / "with")

    assert "background.json" not in package.load(without).manifest.files
    assert package.load(folder).background is not None
    for content in (b"{}", b'{"columns": {"length": [1.0]}}', b'{"columns": {"length": ["a"], "width": [1]}}'):
        folder = forge(folder, {"background.json": content})
        with pytest.raises(PackageError, match=r"background\.json is not one that this version reads"):
            package.load(folder)
    (without / "background.json").write_bytes(b"{}")
    with pytest.raises(PackageError, match=r"has the extra file 'background\.json'"):
        package.verify(without)
    with pytest.raises(PackageError, match=r"signature\.json is that of another package"):
        package.load(forge(without, {"background.json": b"{}"}))


def test_training_leaves_it_out_with_explain_0(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from modelapi.train import train
    from steps.train import build_pipeline

    monkeypatch.setenv("EXPLAIN", "0")
    train(build_pipeline, arguments=[])

    assert package.load(package.current(project / "artifacts")).signature.explains is False
