"""A package is whole, verified and loaded, or refused with one line."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from model import package
from model.engines import EngineError, engine_module, sklearn_engine
from model.package import Manifest, PackageError
from model.records import RecordParser
from model.signature import infer


@pytest.fixture
def artifacts(tmp_path: Path, pets: pd.DataFrame, pipeline: Pipeline) -> Path:
    save(tmp_path / "artifacts", pets, pipeline)
    return tmp_path / "artifacts"


def save(artifacts: Path, pets: pd.DataFrame, estimator: object) -> Manifest:
    X = pets[["fur", "age", "indoor"]]
    signature = infer(X, pets["kind"], estimator)
    return package.save(
        artifacts, name="<pets>", engine="sklearn", estimator=estimator, signature=signature, metrics={"accuracy": 1.0}
    )


def test_a_loaded_package_predicts_as_the_estimator_does(
    artifacts: Path, pets: pd.DataFrame, pipeline: Pipeline
) -> None:
    loaded = package.load(package.current(artifacts))
    X = pets[["fur", "age", "indoor"]]
    records = json.loads(X.to_json(orient="records"))
    columns = RecordParser(loaded.signature, max_rows=100).parse_json(json.dumps(records).encode())

    prediction = loaded.engine.predict(columns, probabilities=True)

    assert prediction.labels.tolist() == pipeline.predict(X).tolist()
    assert prediction.probabilities is not None
    assert prediction.probabilities.tolist() == pipeline.predict_proba(X).tolist()


def test_the_folder_holds_what_it_says(artifacts: Path) -> None:
    folder = package.current(artifacts)
    manifest = package.verify(folder)

    assert {path.name for path in folder.iterdir()} == {"manifest.json", *manifest.files}
    assert folder.name == manifest.version
    assert "scikit-learn==" in (folder / "requirements.txt").read_text(encoding="utf-8")
    assert [path.name for path in artifacts.iterdir() if path.name.startswith(".")] == []


def test_names_in_the_card_are_escaped(artifacts: Path) -> None:
    card = package.load(package.current(artifacts)).card

    assert "&lt;pets&gt;" in card
    assert "<pets>" not in card


def test_a_new_package_becomes_the_current_one(artifacts: Path, pets: pd.DataFrame, pipeline: Pipeline) -> None:
    manifest = save(artifacts, pets, pipeline)

    assert package.current(artifacts).name == manifest.version


def test_a_failed_save_leaves_nothing(artifacts: Path, pets: pd.DataFrame, pipeline: Pipeline) -> None:
    before = sorted(artifacts.iterdir())
    pipeline.steps.insert(0, ("evil", FunctionTransformer(print)))

    with pytest.raises(EngineError, match="holds types that skops does not load safely"):
        save(artifacts, pets, pipeline)

    assert sorted(artifacts.iterdir()) == before


@pytest.mark.parametrize(
    "estimator", [RandomForestClassifier(5), HistGradientBoostingClassifier(), KNeighborsClassifier()]
)
def test_estimators_with_compiled_parts_are_stored(tmp_path: Path, pets: pd.DataFrame, estimator: Any) -> None:
    X = pets[["age", "indoor"]]
    fitted = estimator.fit(X, pets["kind"])
    signature = infer(X, pets["kind"], fitted)

    package.save(tmp_path, name="pets", engine="sklearn", estimator=fitted, signature=signature, metrics={})

    loaded = package.load(package.current(tmp_path))
    columns = RecordParser(signature, max_rows=1).parse_json(b'{"age": 3, "indoor": true}')
    assert loaded.engine.predict(columns).labels[0] == fitted.predict(X.iloc[:1])[0]


@pytest.mark.parametrize("name", ["sklearn.utils.resample", "sklearn.no_such.Thing", "os.system", "sklearn.os.system"])
def test_only_classes_of_scikit_learn_are_trusted(name: str) -> None:
    assert not sklearn_engine._is_trusted(name)


@pytest.mark.parametrize("name", ["model.skops", "signature.json", "metrics.json", "card.html", "requirements.txt"])
def test_a_flipped_bit_is_refused(artifacts: Path, name: str) -> None:
    path = package.current(artifacts) / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)

    with pytest.raises(PackageError, match=rf"{name} is not the file that was packaged .*make train"):
        package.load(path.parent)


def test_a_missing_and_an_extra_file_are_refused(artifacts: Path) -> None:
    folder = package.current(artifacts)
    (folder / "extra.txt").touch()
    with pytest.raises(PackageError, match=r"has the extra file extra\.txt"):
        package.verify(folder)

    (folder / "extra.txt").unlink()
    (folder / "metrics.json").unlink()
    with pytest.raises(PackageError, match=r"lacks the file metrics\.json"):
        package.verify(folder)


def test_a_missing_or_foreign_manifest_is_refused(artifacts: Path) -> None:
    manifest = package.current(artifacts) / "manifest.json"
    manifest.write_text('{"format": 2}')
    with pytest.raises(PackageError, match="is not a manifest"):
        package.verify(manifest.parent)

    manifest.unlink()
    with pytest.raises(PackageError, match=r"manifest\.json not found"):
        package.verify(manifest.parent)


@pytest.mark.parametrize(
    ("library", "version", "message"),
    [
        ("scikit-learn", "1.0.0", r"needs scikit-learn 1\.0\.0, but .* is installed: run .pip install -r"),
        ("numpy", "1.99", r"needs numpy 1\.99, but"),
        ("no-such-library", "1", "needs no-such-library 1, which is not installed"),
        ("numpy", "2.0.0", None),
    ],
)
def test_another_library_version_is_refused(artifacts: Path, library: str, version: str, message: str | None) -> None:
    path = package.current(artifacts) / "manifest.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["libraries"][library] = version
    path.write_text(json.dumps(content), encoding="utf-8")

    if message is None:
        assert package.verify(path.parent).libraries[library] == version
    else:
        with pytest.raises(PackageError, match=message):
            package.verify(path.parent)


def test_an_engine_that_is_not_known_is_refused(artifacts: Path) -> None:
    path = package.current(artifacts) / "manifest.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"sklearn"', '"other"'), encoding="utf-8")

    with pytest.raises(PackageError, match="engine other is not known: choose one of sklearn"):
        package.load(path.parent)


def test_an_engine_without_its_libraries_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("model.engines.ENGINES", {"sklearn": "no_such_module"})

    with pytest.raises(EngineError, match=r"needs no_such_module: install the requirements\.txt"):
        engine_module("sklearn")


@pytest.mark.parametrize("text", ["", "../elsewhere", ".hidden", "a b"])
def test_a_pointer_that_names_no_version_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "CURRENT").write_text(text, encoding="utf-8")

    with pytest.raises(PackageError, match="names no version"):
        package.current(tmp_path)
