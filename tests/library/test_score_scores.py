"""`modelapi score --scores` in each format, and of transformers."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from modelapi.scoring import score
from sklearn.decomposition import PCA
from sklearn.svm import LinearSVC, OneClassSVM

from tests.library.fitted_models import flowers, package_fitted

X, y = flowers()
Run = Callable[..., Path]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Package an estimator, write the flowers in a format and score them: run(estimator, ".csv", "--scores")."""

    def run_score(estimator: Any, suffix: str, *options: str) -> Path:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("MODEL_DIR", str(tmp_path / "artifacts"))
        package_fitted(tmp_path / "artifacts", estimator.fit(X, y), X, "y")
        source, destination = tmp_path / f"rows{suffix}", tmp_path / f"scored{suffix}"
        if suffix == ".parquet":
            X.to_parquet(source)
        elif suffix == ".csv":
            X.to_csv(source, index=False)
        else:
            source.write_text("".join(json.dumps(row) + "\n" for row in X.to_dict("records")), encoding="utf-8")
        score.main(["--input", str(source), "--output", str(destination), *options])
        return destination

    return run_score


def test_csv_gets_a_column_of_scores(run: Run) -> None:
    estimator = OneClassSVM()

    scored = pd.read_csv(run(estimator, ".csv", "--scores"))

    assert [*scored] == ["length", "width", "prediction", "score"]
    assert scored["score"].tolist() == pytest.approx(estimator.decision_function(X).tolist(), rel=1e-9)


def test_parquet_gets_a_column_for_each_class(run: Run) -> None:
    estimator = LinearSVC()

    scored = pq.read_table(run(estimator, ".parquet", "--scores")).to_pandas()

    names = ["score_aster", "score_borage", "score_crocus"]
    assert [*scored][2:] == ["prediction", *names]
    assert scored[names].to_numpy() == pytest.approx(estimator.decision_function(X), rel=1e-9)


def test_ndjson_gets_a_member(run: Run) -> None:
    path = run(OneClassSVM(), ".ndjson", "--scores")

    first = json.loads(path.read_text(encoding="utf-8").splitlines()[0])
    assert [*first] == ["length", "width", "prediction", "score"]
    assert isinstance(first["score"], float)


def test_a_transformer_adds_its_columns(run: Run) -> None:
    estimator = PCA(2)

    scored = pq.read_table(run(estimator, ".parquet")).to_pandas()

    assert [*scored][2:] == ["prediction_pca0", "prediction_pca1"]
    assert scored.iloc[:, 2:].to_numpy() == pytest.approx(estimator.transform(X), rel=1e-9, abs=1e-9)


def test_scores_of_a_model_without_are_refused(run: Run) -> None:
    with pytest.raises(SystemExit, match="Not scored: the model has no scores: leave the option out"):
        run(PCA(2), ".csv", "--scores")
