"""A page that is the model answers as the API does, also of what is missing, unknown or wrong."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from modelapi import package
from modelapi.engines import EngineError, Prediction, engine_module
from modelapi.engines.frames import to_frame
from modelapi.outputs import warnings
from modelapi.package import Package, load
from modelapi.packaging.background import find_background
from modelapi.packaging.exports import export
from modelapi.packaging.scores import with_scores
from modelapi.page import html, parity, runners, write
from modelapi.page.contents import contents
from modelapi.page.draw import draw
from modelapi.project import Project
from modelapi.records.cells import CellParser
from modelapi.records.columns import PARTS, Columns
from modelapi.records.faults import Fault, InvalidRecords, Policy
from modelapi.records.parser import RecordParser
from modelapi.settings import PackageSettings
from modelapi.signature import Notation, Signature
from modelapi.training.features import infer, read_features, to_columns
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
)
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC

from tests.library.fitted_models import flowers

pytestmark = pytest.mark.skipif(
    runners.find() is None and os.environ.get("CI") != "true", reason="neither Node.js nor a browser is here"
)

FILES = html.find_files(Path("nowhere"))
X, kind = flowers()
PAIR = np.column_stack([X["length"], X["width"] * 2])
ESTIMATORS: dict[str, Any] = {
    "classes": RandomForestClassifier(5, random_state=0).fit(X, kind),
    "booleans": HistGradientBoostingClassifier(max_iter=5).fit(X, kind == "aster"),
    "floats": ExtraTreesClassifier(5, random_state=0).fit(X, (kind == "aster") + 0.0),
    "several numbers": LinearRegression().fit(X, PAIR),
    "several classes": MultiOutputClassifier(LogisticRegression()).fit(X, PAIR > 4),
    "scores": LinearSVC().fit(X, kind),
    "outliers": IsolationForest(n_estimators=5, random_state=0).fit(X),
}


def put(artifacts: Path, fitted: Any, columns: Columns, signature: Signature, engine: str = "onnx") -> Path:
    """Package an estimator for an engine, unchecked, and return the folder."""
    signature = with_scores(signature, fitted, columns)
    content, libraries = export(fitted, engine, columns, signature)
    how: dict[str, Any] = {"name": "pets", "reason": "for a test", "libraries": libraries, "metrics": {}, "card": ""}
    how["background"] = find_background(engine_module(engine).load(content, signature), columns, signature)
    return artifacts / package.save(artifacts, content, engine=engine, signature=signature, **how).version


def put_flowers(artifacts: Path, name: str, engine: str = "onnx") -> Path:
    features = read_features(X)
    names = ["one", "other"] if name.startswith("several") else ["kind"]
    fitted = ESTIMATORS[name]
    signature = infer(features, names, fitted, len(X), takes="frame")
    return put(artifacts, fitted, to_columns(X, features), signature, engine)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package of a regression on a column of each type."""
    rng = np.random.default_rng(0)
    words = rng.choice(["good", "Bad", "großer", "日本語"], (80, 2))
    X = pd.DataFrame(
        {
            "size": rng.normal(5, 2, 80).astype("float32"),
            "count": rng.integers(0, 9, 80),
            "price": rng.normal(1_000, 300, 80).round(2),
            "indoor": rng.random(80) < 0.5,
            "fur": rng.choice(["short", "long", " curly"], 80),
            "note": [f"{word} dog, {other}!" for word, other in words],
            "seen": pd.Timestamp("2020-02-28T22:00") + pd.to_timedelta(rng.integers(0, 99_999, 80), "min"),
        }
    )
    X.loc[::7, ["size", "fur", "seen"]] = None
    features = read_features(X, {"fur": [" curly", "long", "short"]}, texts=["note"])
    notation = Notation(decimal=",", thousands=".", after="€")
    changes: dict[str, dict[str, Any]] = {
        "price": {"notation": notation},
        "seen": {"format": "%d. %b %Y %H:%M %z", "parts": [*PARTS]},
    }
    features = [one.model_copy(update=changes.get(one.name, {})) for one in features]
    columns = to_columns(X, features)
    frame = to_frame(columns, features)
    encoder = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["fur"]),
        (TfidfVectorizer(ngram_range=(1, 2)), "note"),
        remainder=make_pipeline(SimpleImputer(), StandardScaler()),
    )
    fitted = make_pipeline(encoder, LinearRegression()).fit(frame, rng.normal(size=80))
    signature = infer(features, ["age"], fitted, 80, takes="frame")
    return put(tmp_path_factory.mktemp("mixed"), fitted, columns, signature)


@pytest.fixture(scope="module")
def mixed(folder: Path) -> Package:
    return load(folder)


def held(folder: Path, policy: Policy = "refuse") -> dict[str, Any]:
    """What a page holds of a package."""
    return contents(load(folder), (folder / "model.onnx").read_bytes(), Project(Path("nowhere"), "pets"), policy)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_page_answers_as_the_engine_does(name: str, tmp_path: Path) -> None:
    folder = put_flowers(tmp_path, name)
    model = load(folder)
    records = draw(model.signature, 300, "ignore", [])

    parity.check(model, held(folder, "ignore"), records, FILES, policy="ignore")


@pytest.mark.parametrize("policy", ["refuse", "ignore"])
def test_a_page_takes_columns_of_each_type(mixed: Package, folder: Path, policy: Policy) -> None:
    content = held(folder, policy)
    words = next(iter(content["graph"]["words"].values()))["vocabulary"]
    records = draw(mixed.signature, 1_000, policy, words)
    assert sum(record.get("fur") is None for record in records) > 50
    assert (sum(record.get("fur") == "never seen in training" for record in records) > 50) == (policy == "ignore")

    parity.check(mixed, content, records, FILES, policy=policy)


def test_of_many_features_a_page_asks_in_the_orders_in_which_the_api_does(tmp_path: Path) -> None:
    wide = pd.DataFrame(np.random.default_rng(0).normal(size=(40, 12)), columns=[*"abcdefghijkl"])
    fitted = RandomForestClassifier(5, random_state=0).fit(wide, wide["a"] * wide["b"] > 0)
    features = read_features(wide)
    signature = infer(features, ["y"], fitted, 40, takes="frame")
    folder = put(tmp_path, fitted, to_columns(wide, features), signature)
    content = held(folder)
    records = draw(signature, 20, "refuse", [])

    parity.check(load(folder), content, records, FILES, policy="refuse")

    (answer,), _ = parity.ask(content, [{"records": records[:1], "options": {"explain": True}}], FILES)
    assert answer["explanation"][0]["true"]["error"] > 0


def test_what_is_wrong_or_strange_is_said_as_the_api_says_it(mixed: Package, folder: Path) -> None:
    good = mixed.signature.example()
    others: list[dict[str, Any]] = [
        {"size": "3", "count": 1.5, "price": 1e39, "indoor": 1, "fur": "bald", "note": 3, "seen": "yesterday"},
        {"count": None, "price": True, "a/b~c": 1, "fur": "", "note": "x" * 10_001, "seen": "1677-12-31"},
        {"count": 2**53, "indoor": "true", "seen": "2026-02-30"},
        {"size": [1], "note": {}, "seen": 2026},
    ]
    wrong = [{**good, **record} for record in others] + [{"size": 1}, {}]
    odd = {"size": 99.0, "price": -5.0, "seen": "2030-01-01T00:00:00+02:00"}
    questions = [
        {"records": wrong, "options": {}},
        {"records": [], "options": {}},
        {"records": [good, {**good, **odd}], "options": {"warnings": True}},
    ]

    (answer, nothing, answered), _ = parity.ask(held(folder), questions, FILES)

    parser = RecordParser(mixed.signature)
    for said, records in ((answer, wrong), (nothing, [])):
        with pytest.raises(InvalidRecords) as refusal:
            parser.parse_values(records)
        assert said["detail"] == str(refusal.value)
        assert said["errors"] == [{"pointer": one.pointer, "detail": one.detail} for one in refusal.value.faults]
    found = warnings(parser.parse_values([good, {**good, **odd}]), mixed.signature)
    assert answered["warnings"] == [{"pointer": one.pointer, "detail": one.detail} for one in found]
    assert len(found) == 3


def test_names_that_scripts_have_for_themselves_are_names_of_columns(tmp_path: Path) -> None:
    odd = pd.DataFrame(np.eye(2).repeat(9, axis=0), columns=["__proto__", "constructor"])
    features = read_features(odd)
    columns = make_column_transformer(("passthrough", [*odd]))
    fitted = make_pipeline(columns, LinearRegression()).fit(odd, odd["constructor"])
    folder = put(tmp_path, fitted, to_columns(odd, features), infer(features, ["y"], fitted, 18, takes="frame"))
    table = {"names": [*odd], "rows": [["0", "1"], ["1", "0"]], "typed": False}

    parity.check(load(folder), held(folder), draw(load(folder).signature, 9, "refuse", []), FILES, policy="refuse")

    (answer,), _ = parity.ask(held(folder), [{"table": table, "options": {}}], FILES)
    assert answer["rows"] == [[pytest.approx(1.0)], [pytest.approx(0.0, abs=1e-9)]]


def test_a_browser_checks_a_page_where_there_is_no_node(
    mixed: Package, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runners, "NODES", ())
    if runners.find() is None:
        pytest.skip("no browser is here")
    records = draw(mixed.signature, 20, "refuse", [])

    assert "Node" not in parity.check(mixed, held(folder), records, FILES, policy="refuse")


CELLS: dict[str, Sequence[str]] = {
    "size": ("1", " 2.5 ", "-.5e1", "", "NA", "inf", "1_000", "0x10", "five", "1e999"),
    "count": ("3", "3.0", "1e2", "3.5", "9007199254740993", "nan"),
    "price": ("1.234,56", "1.234,56 €", "(12)", "\u22125", "-€", "1.5", "12,5", "1\u00a0234", "+3€", "1.23.456"),
    "indoor": ("true", "FALSE", "1", "0", "yes", "2", "constructor"),
    "fur": ("short", " short ", " curly", "curly", "bald", "null"),
    "note": ("good dog", "", "NA", "x" * 10_000, "x" * 10_001, "😀" * 10_000, "İGood\u00a0großer"),
    "seen": (
        *("2020-03-01", "20200301T101112", "2020-W10-5", "2020-W105", "2020W10", "2020-03-01 10:11:12,123456789"),
        *("2020-03-01T10:11+02:00", "2020-03-01T10:11Z", "2020-03-01T24:61", "2020-13-01", "0001-01-01", "2020-03"),
        *("1. Mar 2020 10:11 +0100", "Sun, 01. mar 2020 10:11 CET", "1. Mai 2020 10:11 CET", "31. Feb 2020 1:11 +01"),
    ),
}


def test_cells_are_read_as_the_api_reads_them(mixed: Package, folder: Path) -> None:
    good = {name: "" if value is None else str(value) for name, value in mixed.signature.example().items()}
    good["price"] = "1.000,50"
    rows = [[*{**good, name: cell}.values()] for name, cells in CELLS.items() for cell in cells]
    cells = [(name, cell) for name, cells in CELLS.items() for cell in cells]
    parser = CellParser(mixed.signature.features, list(good))
    questions = [{"table": {"names": list(good), "rows": [row], "typed": False}, "options": {}} for row in rows]

    answers, _ = parity.ask(held(folder), questions, FILES)

    for cell, row, answer in zip(cells, rows, answers, strict=True):
        values, faults = read(parser, row)
        assert answer.get("errors", []) == [{"pointer": one.pointer, "detail": one.detail} for one in faults], cell
        if not faults:
            expected = mixed.engine.predict(values).labels[0].tolist()
            assert answer["rows"][0] == pytest.approx(expected, rel=1e-6), cell


def read(parser: CellParser, row: list[str]) -> tuple[Columns, Sequence[Fault]]:
    try:
        return parser.parse([row]), []
    except InvalidRecords as error:
        return {}, error.faults


@pytest.fixture
def settings(tmp_path: Path, project: Path) -> PackageSettings:
    put_flowers(tmp_path / "artifacts", "classes")
    return PackageSettings.model_construct(
        model_dir=tmp_path / "artifacts", allow_pickle=False, model_sha256="", unknown_categories="refuse"
    )


def test_the_page_is_one_file_that_loads_nothing(settings: PackageSettings, tmp_path: Path) -> None:
    path = tmp_path / "flowers.html"

    said = write.write(path, settings)

    page = path.read_text(encoding="utf-8")
    model = page.partition('<script id="model" type="text/plain">')[2].partition("</script>")[0]
    assert said.startswith(f"{path}: ")
    assert len(page) - len(model) <= 150_000
    assert "default-src 'none'" in page
    assert "unsafe" not in page
    assert " src=" not in page
    assert "<link " not in page.replace('<link rel="icon" href="data:,">', "")
    assert [*tmp_path.glob("*.html*"), *tmp_path.glob(".*.html*")] == [path]


def refusal(path: Path, settings: PackageSettings) -> str:
    with pytest.raises(EngineError) as error:
        write.write(path, settings)
    assert not path.exists()
    return str(error.value)


def test_a_page_is_called_what_it_is(settings: PackageSettings, tmp_path: Path) -> None:
    assert refusal(tmp_path / "x.pdf", settings).endswith(": name an HTML file, as OUTPUT=x.html")


def test_a_page_is_not_written_where_it_would_not_be_the_model(
    settings: PackageSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write, "N_RECORDS", 20)
    path = tmp_path / "page.html"
    assert "name one in a folder that is there" in refusal(tmp_path / "none" / "page.html", settings)

    def double(prediction: Prediction, _signature: object) -> Prediction:
        return prediction.replace([np.array(["aster"] * len(labels)) for labels in prediction.labels])

    with monkeypatch.context() as patch:
        patch.setattr(write, "find_adjust", lambda _project: double)
        assert "what the API's adjust makes of them, in prediction" in refusal(path, settings)
    with monkeypatch.context() as patch:
        patch.setattr(runners, "find", lambda: None)
        assert "install Node.js 18 or newer" in refusal(path, settings)
    operators = tmp_path / "operators.js"
    operators.write_text(FILES["operators.js"].read_text(encoding="utf-8").replace("TreeEnsemble:", "Tree:"))
    with monkeypatch.context() as patch:
        patch.setattr(html, "find_files", lambda _project: {**FILES, "operators.js": operators})
        assert "the operator TreeEnsemble is not known to it" in refusal(path, settings)
    put_flowers(settings.model_dir, "classes", "sklearn")
    assert "the engine of this model is sklearn" in refusal(path, settings)


def test_a_page_tells_nobody_what_the_api_does_not(settings: PackageSettings, tmp_path: Path) -> None:
    names = pd.DataFrame({"name": [f"Person {number}" for number in range(40)]})
    fitted = make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression()).fit(names, [0, 1] * 20)
    features = read_features(names, {"name": names["name"].tolist()})
    put(settings.model_dir, fitted, to_columns(names, features), infer(features, ["kind"], fitted, 40, takes="frame"))

    said = refusal(tmp_path / "page.html", settings)

    assert "the model holds the values of name" in said
    assert "Person" not in said
