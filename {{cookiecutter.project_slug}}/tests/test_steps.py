"""The steps, run as the Makefile runs them: on files, with a line for each thing that can go wrong."""

from pathlib import Path

import pandas as pd
import pytest
import skops.io
from sklearn.base import BaseEstimator
from sklearn.cluster import KMeans
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from model import package
from steps import docs, score, train
from steps import package as packaging


@pytest.fixture(autouse=True)
def artifacts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("MODEL_DIR", str(tmp_path / "artifacts"))
    return tmp_path / "artifacts"


def test_train_packages_a_model_and_prints_its_metrics(
    pets_csv: Path, artifacts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train.main(["--data", str(pets_csv), "--target", "kind"])

    model = package.load(package.current(artifacts))
    assert [feature.name for feature in model.signature.features] == ["weight", "age", "indoor", "fur"]
    assert model.metrics["held_out_rows"] == 4
    out = capsys.readouterr().out
    assert "balanced accuracy" in out
    assert model.manifest.version in out


def test_train_takes_the_features_it_is_told(pets_csv: Path, artifacts: Path) -> None:
    train.main(["--data", str(pets_csv), "--target", "weight", "--features", "age,fur"])

    signature = package.load(package.current(artifacts)).signature
    assert ([feature.name for feature in signature.features], signature.task) == (["age", "fur"], "regression")


def test_train_without_options_follows_pyproject(artifacts: Path) -> None:
    train.main([])

    assert package.verify(package.current(artifacts)).engine


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--target", "size"], "there is no column size: the columns are weight, age, indoor, fur, kind"),
        (["--target", "kind", "--features", "age,kind"], "the target kind cannot be a feature too"),
    ],
)
def test_train_names_a_wrong_column(pets_csv: Path, arguments: list[str], message: str) -> None:
    with pytest.raises(SystemExit, match=f"^Not trained: {message}"):
        train.main(["--data", str(pets_csv), *arguments])


def test_train_wants_a_target_for_other_data(pets_csv: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        train.main(["--data", str(pets_csv)])

    assert "--data needs --target" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read"),
        (b"", "is empty: name a CSV file with a header line"),
        (b"kind,x\n\xff\xfe,1\n", "is not in UTF-8"),
        (b"kind,x\n" + b"cat,1,2\n" * 20, "has a row of more cells than its header"),
        (b"kind\n" + b"cat\ndog\n" * 10, "there is no column but the target kind"),
        (b"kind,x\n" + b"cat,inf\ndog,1\n" * 10, "column x holds infinity"),
        (b"kind,x\n" + b"cat,9007199254740993\ndog,1\n" * 10, "column x holds integers that JSON cannot"),
        (b"kind,x\ncat,1\ndog,2\n", "2 rows have a value for kind: 10 or more are needed"),
        (b"kind,x\n" + b"cat,1\n" * 20, "kind has the same value in every row"),
    ],
)
def test_train_refuses_a_table_it_cannot_use(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "table.csv"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(SystemExit, match=message):
        train.main(["--data", str(path), "--target", "kind"])


def test_package_serves_an_estimator_that_skops_stored(
    pipeline: Pipeline, pets: pd.DataFrame, pets_csv: Path, artifacts: Path, tmp_path: Path
) -> None:
    skops.io.dump(pipeline, tmp_path / "my.skops")

    packaging.main(["--model", str(tmp_path / "my.skops"), "--sample", str(pets_csv), "--target", "kind"])

    signature = package.load(package.current(artifacts)).signature
    assert [feature.name for feature in signature.features] == ["fur", "age", "indoor"]


def test_package_refuses_what_is_no_safe_estimator(pets_csv: Path, tmp_path: Path, pipeline: Pipeline) -> None:
    files = {"not-there": None, "text": b"text"}
    for name, content in files.items():
        if content:
            (tmp_path / name).write_bytes(content)
    skops.io.dump({"a": 1}, tmp_path / "dict")
    pipeline.steps.insert(0, ("evil", FunctionTransformer(print)))
    skops.io.dump(pipeline, tmp_path / "evil")

    for name, message in {
        "not-there": "cannot be read",
        "text": r"is not a file that skops\.io\.dump wrote",
        "dict": "holds a dict: package a fitted scikit-learn classifier or regressor",
        "evil": "holds types that skops does not load safely",
    }.items():
        with pytest.raises(SystemExit, match=f"^Not packaged: .*{message}"):
            packaging.main(["--model", str(tmp_path / name), "--sample", str(pets_csv), "--target", "kind"])


def test_package_serves_an_estimator_that_was_fitted_on_a_bare_array(
    pets: pd.DataFrame, artifacts: Path, tmp_path: Path
) -> None:
    X = pets[["age", "weight"]].fillna(5)
    fitted = LogisticRegression().fit(X.to_numpy(), pets["kind"])
    skops.io.dump(fitted, tmp_path / "array")
    X.assign(kind=pets["kind"]).to_csv(tmp_path / "rows.csv", index=False)

    packaging.main(["--model", str(tmp_path / "array"), "--sample", str(tmp_path / "rows.csv"), "--target", "kind"])

    model = package.load(package.current(artifacts))
    columns = {str(name): X[name].to_numpy() for name in X}
    assert model.engine.predict(columns).labels.tolist() == fitted.predict(X.to_numpy()).tolist()


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (LogisticRegression(), "the estimator cannot predict a row of the sample: .* is not fitted yet"),
        (LogisticRegression().fit([[1], [2]], [0, 1]), "the estimator cannot predict a row of the sample: X has 2"),
        (LinearRegression().fit([[1, 2], [3, 4]], [[1, 2], [3, 4]]), "answers more than one value a row"),
        (MultiOutputClassifier(LogisticRegression()).fit([[1, 2], [3, 4]], [[0, 1], [1, 0]]), "several targets"),
        (KMeans(2).fit([[1, 2], [3, 4]]), "holds a KMeans: package a fitted scikit-learn classifier or regressor"),
    ],
    ids=["unfitted", "other columns", "two values", "two targets", "clusters"],
)
def test_package_refuses_what_could_not_be_served(
    pets: pd.DataFrame, artifacts: Path, tmp_path: Path, estimator: BaseEstimator, message: str
) -> None:
    skops.io.dump(estimator, tmp_path / "model")
    pets[["age", "indoor", "kind"]].to_csv(tmp_path / "rows.csv", index=False)

    with pytest.raises(SystemExit, match=f"^Not packaged: .*{message}"):
        packaging.main(["--model", str(tmp_path / "model"), "--sample", str(tmp_path / "rows.csv"), "--target", "kind"])

    assert not (artifacts / "CURRENT").exists()


def test_missing_values_are_missing_in_training_and_in_scoring(artifacts: Path, tmp_path: Path) -> None:
    rows = ["color,owned,label", *["red,True,1", "NA,False,0", "blue,None,1", "red,True,0", "blue,False,"] * 6]
    (tmp_path / "rows.csv").write_text("\n".join(rows), encoding="utf-8")

    train.main(["--data", str(tmp_path / "rows.csv"), "--target", "label"])
    score.main(["--input", str(tmp_path / "rows.csv"), "--output", str(tmp_path / "scored.csv")])

    signature = package.load(package.current(artifacts)).signature
    color, owned = signature.features
    assert (color.type, color.nullable, color.categories) == ("string", True, ["blue", "red"])
    assert (owned.type, owned.nullable) == ("boolean", True)
    assert (signature.task, signature.target.classes, signature.n_samples) == ("binary", [0, 1], 24)
    assert len(pd.read_csv(tmp_path / "scored.csv")) == 30


def test_score_adds_the_predictions_of_every_row(
    pets: pd.DataFrame, pets_csv: Path, artifacts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(score, "CHUNK", 7)
    train.main(["--data", str(pets_csv), "--target", "kind"])

    score.main(["--input", str(pets_csv), "--output", str(tmp_path / "scored.csv")])

    scored = pd.read_csv(tmp_path / "scored.csv")
    assert scored.drop(columns="prediction").equals(pets)
    assert scored["prediction"].tolist() == pets["kind"].tolist()


def test_score_names_the_row_that_is_wrong_and_leaves_no_file(pets_csv: Path, artifacts: Path, tmp_path: Path) -> None:
    train.main(["--data", str(pets_csv), "--target", "kind"])
    rows = pets_csv.read_text(encoding="utf-8").splitlines()
    rows[15] = rows[15].replace("True", "maybe").replace("False", "maybe")
    (tmp_path / "wrong.csv").write_text("\n".join(rows), encoding="utf-8")

    with pytest.raises(SystemExit, match=r"wrong\.csv, row 15: indoor must be true or false"):
        score.main(["--input", str(tmp_path / "wrong.csv"), "--output", str(tmp_path / "scored.csv")])

    assert not list(tmp_path.glob("scored*"))


def test_score_names_a_missing_column_file_or_model(pets_csv: Path, artifacts: Path, tmp_path: Path) -> None:
    arguments = ["--input", str(tmp_path / "other.csv"), "--output", str(tmp_path / "scored.csv")]
    with pytest.raises(SystemExit, match='run "make train" first'):
        score.main(arguments)

    train.main(["--data", str(pets_csv), "--target", "kind"])
    with pytest.raises(SystemExit, match="cannot be scored"):
        score.main(arguments)

    (tmp_path / "other.csv").write_text("weight\n1\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="has no column age, indoor: the model needs weight, age, indoor, fur"):
        score.main(arguments)


def test_docs_writes_the_document_of_the_current_model(
    pets_csv: Path, artifacts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docs, "SWAGGER", tmp_path / "swagger.yaml")
    with pytest.raises(SystemExit, match=r'^Not written: .*run "make train" first'):
        docs.main()

    train.main(["--data", str(pets_csv), "--target", "kind"])
    docs.main()

    assert "Predict kind" in (tmp_path / "swagger.yaml").read_text(encoding="utf-8")
