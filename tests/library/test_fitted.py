"""`make package`: files of all kinds, samples that do not fit, and one line for each."""

import hashlib
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
from modelapi import package
from modelapi.engines import Wanted
from modelapi.package import Package, versions
from modelapi.packaging.fitted import main
from modelapi.records.cells import CellParser
from modelapi.settings import PackageSettings
from onnx import TensorProto, helper
from sklearn.cluster import DBSCAN, KMeans
from sklearn.compose import make_column_transformer
from sklearn.ensemble import IsolationForest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

Run = Callable[..., Package]


@pytest.fixture(autouse=True)
def artifacts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("MODEL_DIR", str(tmp_path / "artifacts"))
    return tmp_path / "artifacts"


@pytest.fixture
def run(artifacts: Path, tmp_path: Path) -> Run:
    """Write a sample, package a model file with it and load the package: run(path, sample, target="y")."""

    def run_step(model: Path, sample: pd.DataFrame, **options: str) -> Package:
        sample.to_csv(tmp_path / "sample.csv", index=False)
        named = [f"--{name}={value}" for name, value in options.items()]
        main([f"--model={model}", f"--sample={tmp_path / 'sample.csv'}", *named])
        return package.load(package.current(artifacts), allow_pickle=True)

    return run_step


@pytest.fixture
def stored(tmp_path: Path) -> Callable[[Any], Path]:
    def store(estimator: Any) -> Path:
        skops.io.dump(estimator, tmp_path / "my.skops")
        return tmp_path / "my.skops"

    return store


def answers(model: Package, table: pd.DataFrame) -> list[Any]:
    """What the packaged model says of a table that is read as text."""
    rows = table.astype(object).where(table.notna(), "").astype(str).to_numpy().tolist()
    columns = CellParser(model.signature.features, list(table.columns)).parse(rows)
    return list(model.engine.predict(columns).labels[0].tolist())


def test_an_estimator_that_skops_stored_is_served(
    run: Run, stored: Callable[[Any], Path], pipeline: Pipeline, pets: pd.DataFrame
) -> None:
    model = run(stored(pipeline), pets)

    assert [feature.name for feature in model.signature.features] == ["fur", "age", "indoor"]
    assert model.signature.target.name == "target"
    assert model.metrics == {"sample_rows": 20}
    assert answers(model, pets) == pipeline.predict(pets).tolist()


def test_the_target_is_the_column_that_is_left_over(
    run: Run, stored: Callable[[Any], Path], pipeline: Pipeline, pets: pd.DataFrame
) -> None:
    assert run(stored(pipeline), pets.drop(columns="weight")).signature.target.name == "kind"
    assert run(stored(pipeline), pets, target="weight").signature.target.name == "weight"


@pytest.mark.parametrize("dump", [joblib.dump, lambda one, path: path.write_bytes(pickle.dumps(one))])
def test_a_pickle_is_read_only_if_it_is_allowed(
    run: Run, tmp_path: Path, pipeline: Pipeline, pets: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, dump: Any
) -> None:
    dump(pipeline, tmp_path / "my.pickle")

    with pytest.raises(SystemExit, match=r"is a pickle, and loading one runs whatever code is in it: .*ALLOW_PICKLE=1"):
        run(tmp_path / "my.pickle", pets)

    monkeypatch.setenv("ALLOW_PICKLE", "1")
    assert answers(run(tmp_path / "my.pickle", pets), pets) == pipeline.predict(pets).tolist()


class Canary:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


def test_no_code_of_a_pickle_runs(run: Run, tmp_path: Path, pets: pd.DataFrame) -> None:
    joblib.dump(Canary(tmp_path / "it ran"), tmp_path / "my.joblib")

    with pytest.raises(SystemExit, match="is a pickle"):
        run(tmp_path / "my.joblib", pets)

    assert not (tmp_path / "it ran").exists()


CONVERT = """
import joblib
from pathlib import Path
from skl2onnx import to_onnx
fitted, X, *zipmap = joblib.load("fitted.joblib")
options = {id(fitted): {"zipmap": zipmap[0]}} if zipmap else None
graph = to_onnx(fitted, X[:1], options=options, target_opset={"": 17, "ai.onnx.ml": 3})
Path("my.onnx").write_bytes(graph.SerializeToString())
"""


@pytest.mark.parametrize("zipmap", [True, False])
def test_an_onnx_model_is_served_as_it_is(run: Run, tmp_path: Path, pets: pd.DataFrame, zipmap: bool) -> None:
    X = pets[["age", "indoor"]].to_numpy(dtype=np.float32)
    fitted = LogisticRegression().fit(X, pets["kind"])
    joblib.dump((fitted, X, zipmap), tmp_path / "fitted.joblib")
    # In a process of its own, where no converter is ours.
    subprocess.run([sys.executable, "-c", CONVERT], cwd=tmp_path, check=True, timeout=300)

    model = run(tmp_path / "my.onnx", pets[["age", "indoor", "kind"]], target="kind")

    assert model.manifest.engine == "onnx"
    assert (model.signature.target.classes, model.signature.task) == (["cat", "dog"], "binary")
    assert model.signature.probabilities
    assert answers(model, pets) == fitted.predict(X).tolist()


@pytest.mark.parametrize(
    ("estimator", "task", "classes", "scores"),
    [
        (IsolationForest(n_estimators=5, random_state=0), "outlier", [-1, 1], []),
        (KMeans(3, n_init=1, random_state=0), "cluster", [0, 1, 2], None),
    ],
)
def test_an_onnx_model_that_was_fitted_without_a_target_is_known_by_its_outputs(
    run: Run,
    tmp_path: Path,
    pets: pd.DataFrame,
    estimator: Any,
    task: str,
    classes: list[int],
    scores: list[str] | None,
) -> None:
    X = pets[["age", "indoor"]].to_numpy(dtype=np.float32)
    joblib.dump((estimator.fit(X), X), tmp_path / "fitted.joblib")
    subprocess.run([sys.executable, "-c", CONVERT], cwd=tmp_path, check=True, timeout=300)

    model = run(tmp_path / "my.onnx", pets[["age", "indoor"]])

    signature = model.signature
    assert (signature.task, signature.target.classes, signature.scores) == (task, classes, scores)
    assert not signature.probabilities
    assert answers(model, pets) == estimator.predict(X).tolist()
    if scores is not None:
        found = model.engine.predict({"age": X[:, 0], "indoor": X[:, 1]}, Wanted(scores=True)).scores
        np.testing.assert_allclose(np.asarray(found), estimator.decision_function(X), atol=1e-5)


def test_the_oldest_version_goes_and_the_last_line_names_the_new_one(
    run: Run,
    stored: Callable[[Any], Path],
    pipeline: Pipeline,
    pets: pd.DataFrame,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("KEEP_VERSIONS", "2")
    _, old, new = (run(stored(pipeline), pets).manifest.version for _ in range(3))

    *_, removed, _, last = capsys.readouterr().out.splitlines()
    folder = versions.current(PackageSettings.load().model_dir)
    digest = hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
    assert removed == "Removed 1 old version: KEEP_VERSIONS is 2"
    assert last == f"Version {new} is the current one now: MODEL_SHA256={digest}"
    assert [path.name for path in versions.history(folder.parent)] == [old, new]


def test_text_that_looks_like_numbers_stays_text_where_the_encoder_knows_it_so(
    run: Run, stored: Callable[[Any], Path]
) -> None:
    X = pd.DataFrame({"zip": ["01234", "01235", "99999"] * 5, "size": range(15)})
    encoder = make_column_transformer((OneHotEncoder(), ["zip"]), remainder="passthrough")
    fitted = make_pipeline(encoder, LogisticRegression()).fit(X, [0, 1, 0] * 5)

    model = run(stored(fitted), X)

    assert model.signature.features[0].categories == ["01234", "01235", "99999"]
    assert answers(model, X) == fitted.predict(X).tolist()


def test_a_parquet_sample_keeps_its_dtypes(
    run: Run, stored: Callable[[Any], Path], pets: pd.DataFrame, tmp_path: Path, artifacts: Path
) -> None:
    X = pets[["age"]].astype("int8").assign(fur=pets["fur"].astype("category"))
    fitted = make_pipeline(
        make_column_transformer((OneHotEncoder(), ["fur"]), remainder="passthrough"), LogisticRegression()
    )
    path = stored(fitted.fit(X, pets["kind"]))
    X.to_parquet(tmp_path / "sample.parquet")

    main([f"--model={path}", f"--sample={tmp_path / 'sample.parquet'}"])

    features = package.load(package.current(artifacts)).signature.features
    assert [feature.dtype for feature in features] == ["int64", "category"]


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (lambda pets: pets.drop(columns="fur"), {}, "the sample has no column fur: it has weight, age, indoor, kind"),
        (lambda pets: pets, {"target": "size"}, "there is no column size: the columns are"),
        (lambda pets: pets, {"target": "kind,weight"}, "the model predicts 1 values a row, but TARGET names 2"),
        (lambda pets: pets.head(1), {}, "has a single row: give 2 or more"),
        (lambda pets: pets.head(0), {}, "has no rows below its header"),
        (lambda pets: pets.assign(age="old"), {}, "the model cannot predict the sample: .*could not convert string"),
        (lambda pets: pets.assign(age=None), {}, "column age holds no value"),
        (lambda pets: pets, {"engine": "other"}, "there is no engine other"),
    ],
)
def test_a_sample_that_does_not_fit_is_refused(
    run: Run,
    stored: Callable[[Any], Path],
    pipeline: Pipeline,
    pets: pd.DataFrame,
    artifacts: Path,
    change: Any,
    options: dict[str, str],
    message: str,
) -> None:
    with pytest.raises(SystemExit, match=f"^Not packaged: .*{message}"):
        run(stored(pipeline), change(pets), **options)

    assert not (artifacts / "CURRENT").exists()


def test_a_bare_array_needs_as_many_columns(run: Run, stored: Callable[[Any], Path], pets: pd.DataFrame) -> None:
    path = stored(LogisticRegression().fit(pets[["age"]].to_numpy(), pets["kind"]))

    with pytest.raises(SystemExit, match=r"was fitted on 1 columns, but the sample has 2 besides .* TARGET="):
        run(path, pets[["age", "kind"]])

    assert run(path, pets[["age", "kind"]], target="kind").signature.target.name == "kind"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read"),
        (b"text", "is no model file: store the estimator with skops.io.dump or joblib.dump, or as ONNX"),
        (b"\x80\x05broken", "cannot be loaded"),
    ],
)
def test_a_file_that_holds_no_model_is_refused(
    run: Run,
    tmp_path: Path,
    pets: pd.DataFrame,
    monkeypatch: pytest.MonkeyPatch,
    content: bytes | None,
    message: str,
) -> None:
    monkeypatch.setenv("ALLOW_PICKLE", "1")
    if content is not None:
        (tmp_path / "model").write_bytes(content)

    with pytest.raises(SystemExit, match=f"^Not packaged: .*{message}"):
        run(tmp_path / "model", pets)


def test_a_function_in_a_stored_pipeline_is_refused(
    run: Run, stored: Callable[[Any], Path], pets: pd.DataFrame, pipeline: Pipeline
) -> None:
    pipeline.steps.insert(0, ("evil", FunctionTransformer(print)))

    with pytest.raises(SystemExit, match=r"holds types that skops does not load safely .*print.*: build the pipeline"):
        run(stored(pipeline), pets)


def test_what_cannot_predict_is_refused(run: Run, stored: Callable[[Any], Path], pets: pd.DataFrame) -> None:
    with pytest.raises(SystemExit, match="a str cannot predict: package a fitted estimator with predict or transform"):
        run(stored("model"), pets)
    with pytest.raises(SystemExit, match="a DBSCAN cannot predict: it only describes the rows that it is fitted on"):
        run(stored(DBSCAN().fit(pets[["age"]])), pets)


def test_a_transformer_is_packaged_with_the_names_of_its_columns(
    run: Run, stored: Callable[[Any], Path], pets: pd.DataFrame
) -> None:
    X = pets[["age", "indoor"]]

    named = run(stored(StandardScaler().fit(X)), pets).signature
    unnamed = run(stored(StandardScaler().fit(X.to_numpy(float))), X).signature
    own = run(stored(FunctionTransformer().fit(X)), X).signature

    for signature in (named, unnamed):
        assert (signature.task, signature.target.name) == ("transform", "StandardScaler")
        assert [target.name for target in signature.targets] == ["age", "indoor"]
    assert [target.name for target in own.targets] == ["functiontransformer0", "functiontransformer1"]


def test_transformers_are_refused_that_make_text_or_too_much(
    run: Run, stored: Callable[[Any], Path], pets: pd.DataFrame
) -> None:
    wide = pd.DataFrame({"code": [f"c{number}" for number in range(1_001)]})

    with pytest.raises(SystemExit, match="the model cannot predict the sample: it makes other things than a row"):
        run(stored(FunctionTransformer().fit(pets[["fur"]])), pets[["fur"]].dropna())
    with pytest.raises(SystemExit, match="the model makes 1001 columns of a row, of at most 1000: let it select some"):
        run(stored(OneHotEncoder().fit(wide)), wide)


def test_several_targets_are_named(run: Run, stored: Callable[[Any], Path], pets: pd.DataFrame) -> None:
    y = pets[["kind", "fur"]].fillna("none")
    classifier = stored(MultiOutputClassifier(LogisticRegression()).fit(pets[["age"]], y))

    assert run(classifier, pets[["age"]].join(y)).signature.target.name == "kind, fur"
    assert run(classifier, pets[["age"]]).signature.target.name == "target_0, target_1"
    regressor = stored(LinearRegression().fit(pets[["age"]], pets[["age", "age"]].to_numpy()))
    assert run(regressor, pets[["age"]]).signature.task == "multi-output"


def test_the_labels_of_a_graph_stay_in_its_order(run: Run, tmp_path: Path) -> None:
    scores = helper.make_node(
        "LinearClassifier", ["X"], ["label", "scores"], domain="ai.onnx.ml", coefficients=[2.0, -2.0],
        intercepts=[0.0, 0.0], classlabels_strings=["yes", "no"], multi_class=0, post_transform="SOFTMAX",
    )  # fmt: skip
    graph = helper.make_graph(
        [scores],
        "unsorted",
        [helper.make_tensor_value_info("X", TensorProto.FLOAT, [None, 1])],
        [
            helper.make_tensor_value_info("label", TensorProto.STRING, [None]),
            helper.make_tensor_value_info("scores", TensorProto.FLOAT, [None, 2]),
        ],
    )
    opsets = [helper.make_opsetid("", 15), helper.make_opsetid("ai.onnx.ml", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    (tmp_path / "my.onnx").write_bytes(model.SerializeToString())

    loaded = run(tmp_path / "my.onnx", pd.DataFrame({"a": [-3.0, 3.0]}))

    prediction = loaded.engine.predict({"a": np.array([3.0])}, Wanted(probabilities=True))
    assert prediction.labels[0].tolist() == ["yes"]
    assert loaded.signature.target.classes == ["yes", "no"]
    assert prediction.probabilities is not None
    assert prediction.probabilities[0][0, 0] > 0.99


@pytest.mark.parametrize("known", [False, True], ids=["left out", "known to the model"])
def test_the_index_of_a_sample_is_no_feature_unless_the_model_was_fitted_on_it(
    run: Run, stored: Callable[[Any], Path], pets: pd.DataFrame, known: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    X = pets[["age", "indoor"]].astype(float)
    fitted = X.reset_index(names="Unnamed: 0") if known else X.to_numpy()
    sample = X.reset_index(names="")

    model = run(stored(LogisticRegression().fit(fitted, pets["kind"])), sample)

    names = [feature.name for feature in model.signature.features]
    assert names == (["Unnamed: 0", "age", "indoor"] if known else ["age", "indoor"])
    assert ("Left out the first column of the sample: it has no name" in capsys.readouterr().out) == (not known)
