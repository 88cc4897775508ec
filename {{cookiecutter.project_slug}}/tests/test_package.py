"""A package is whole, verified and loaded, or refused with one line."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import skops.io
import threadpoolctl
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline

from model import package
from model.engines import EngineError, engine_module
from model.engines.sklearn_engine import limit_threads
from model.package import Manifest, PackageError
from steps.features import infer, read_features


@pytest.fixture
def artifacts(tmp_path: Path, pets: pd.DataFrame, pipeline: Pipeline) -> Path:
    save(tmp_path / "artifacts", pets, pipeline)
    return tmp_path / "artifacts"


def save(artifacts: Path, pets: pd.DataFrame, estimator: object, **changes: Any) -> Manifest:
    features = read_features(pets[["fur", "age", "indoor"]])
    options: dict[str, Any] = {
        "name": "<pets>",
        "engine": "sklearn",
        "reason": "for a test",
        "libraries": {"scikit-learn": metadata.version("scikit-learn")},
        "signature": infer(features, ["kind"], estimator, len(pets)),
        "metrics": {"accuracy": 1.0},
    }
    return package.save(artifacts, skops.io.dumps(estimator), **options | changes)


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

    with pytest.raises(TypeError):
        save(artifacts, pets, pipeline, metrics={"not JSON": object()})

    assert sorted(artifacts.iterdir()) == before


def test_a_pickle_is_loaded_only_where_that_is_allowed(tmp_path: Path, pets: pd.DataFrame, pipeline: Pipeline) -> None:
    save(tmp_path, pets, pipeline, engine="joblib")

    with pytest.raises(PackageError, match="holds a pickle, and loading one runs the code in it: set ALLOW_PICKLE=1"):
        package.load(package.current(tmp_path))
    with pytest.raises(PackageError, match="holds a pickle"):
        package.verify(package.current(tmp_path))
    assert package.verify(package.current(tmp_path), allow_pickle=True).engine == "joblib"


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

    with pytest.raises(PackageError, match="engine other is not known: choose one of onnx, sklearn"):
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


def test_a_pointer_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "CURRENT").write_bytes(b"\xff\xfe")

    with pytest.raises(PackageError, match=r"run .make train. first"):
        package.current(tmp_path)


def test_a_model_that_its_library_cannot_load_is_refused(
    artifacts: Path, pets: pd.DataFrame, pipeline: Pipeline
) -> None:
    save(artifacts, pets, pipeline, engine="joblib")
    path = package.current(artifacts) / "model.joblib"
    path.write_bytes(b"no pickle")
    manifest = path.with_name("manifest.json")
    content = json.loads(manifest.read_text(encoding="utf-8"))
    content["files"]["model.joblib"] = hashlib.sha256(b"no pickle").hexdigest()
    manifest.write_text(json.dumps(content), encoding="utf-8")

    with pytest.raises(PackageError, match=r"cannot be loaded \(\w+\): package the model again"):
        package.load(path.parent, allow_pickle=True)


def test_packages_can_be_saved_at_once(artifacts: Path, pets: pd.DataFrame, pipeline: Pipeline) -> None:
    with ThreadPoolExecutor(4) as pool:
        manifests = [pool.submit(save, artifacts, pets, pipeline, metrics={"number": n}) for n in range(20)]

    versions = {one.result().version for one in manifests}
    assert package.current(artifacts).name in versions
    assert {path.name for path in artifacts.iterdir() if path.name.startswith(".")} == set()


def test_an_estimator_keeps_to_the_threads_of_its_worker(pets: pd.DataFrame) -> None:
    forest = RandomForestClassifier(n_estimators=3, n_jobs=-1)
    fitted = make_pipeline(SimpleImputer(), VotingClassifier([("forest", forest)], voting="soft", n_jobs=2))
    fitted.fit(pets[["weight", "age"]].to_numpy(), pets["kind"])
    voting = fitted[-1]

    before = threadpoolctl.threadpool_info()
    try:
        limit_threads(fitted, 1)

        assert all(pool["num_threads"] == 1 for pool in threadpoolctl.threadpool_info())
    finally:
        for pool in before:
            threadpoolctl.threadpool_limits(pool["num_threads"], user_api=pool["user_api"])
    assert (voting.n_jobs, voting.estimators_[0].n_jobs) == (1, 1)
