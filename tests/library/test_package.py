"""A package appears whole, and what was verified is what is loaded."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from io import BufferedReader
from pathlib import Path

import pandas as pd
import pytest
import threadpoolctl
from modelapi import package
from modelapi.engines import EngineError, EngineModule, EngineSource, engine_module
from modelapi.engines.sklearn_engine import limit_threads
from modelapi.package import PackageError
from modelapi.package.manifest import open_file
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline

from tests.library.packages import forge, save


@pytest.fixture
def artifacts(tmp_path: Path) -> Path:
    return tmp_path / "artifacts"


@pytest.fixture
def folder(artifacts: Path, pets: pd.DataFrame, pipeline: Pipeline) -> Path:
    return save(artifacts, pets, pipeline)


def test_the_folder_holds_what_it_says(artifacts: Path, folder: Path) -> None:
    manifest = package.verify(folder)

    assert {path.name for path in folder.iterdir()} == {"manifest.json", *manifest.files}
    assert folder.name == manifest.version
    assert "scikit-learn==" in (folder / "requirements.txt").read_text(encoding="utf-8")
    assert [path.name for path in artifacts.iterdir() if path.name.startswith(".")] == []


def test_a_new_package_becomes_the_current_one(artifacts: Path, pets: pd.DataFrame, pipeline: Pipeline) -> None:
    folder = save(artifacts, pets, pipeline)

    assert package.current(artifacts) == folder


def test_a_failed_save_leaves_nothing(artifacts: Path, pets: pd.DataFrame, pipeline: Pipeline) -> None:
    save(artifacts, pets, pipeline)
    before = sorted(artifacts.iterdir())

    with pytest.raises(TypeError):
        save(artifacts, pets, pipeline, metrics={"not JSON": object()})

    assert sorted(artifacts.iterdir()) == before


def test_a_model_of_another_engine_is_refused(artifacts: Path, pets: pd.DataFrame, pipeline: Pipeline) -> None:
    folder = save(artifacts, pets, pipeline, engine="onnx")

    with pytest.raises(PackageError, match=r"^.*cannot be loaded: ONNX Runtime cannot run it: .*$"):
        package.load(folder)


def test_what_was_verified_is_what_is_loaded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def open_once(path: Path, limit: int | None = None) -> BufferedReader:
        opened.append(path.name)
        return open_file(path, limit)

    def engine_of_what_is_gone(name: str) -> EngineModule:
        shutil.rmtree(folder)
        return engine_module(name)

    for module in ("modelapi.package", "modelapi.package.manifest"):
        monkeypatch.setattr(f"{module}.open_file", open_once)
    monkeypatch.setattr(package, "engine_module", engine_of_what_is_gone)

    loaded = package.load(folder)

    assert sorted(opened) == sorted(["manifest.json", *loaded.manifest.files])


@pytest.mark.parametrize(
    ("library", "version", "message"),
    [
        ("scikit-learn", "1.0.0", r"needs scikit-learn 1\.0\.0, but .* is installed: run .pip install -r"),
        ("numpy", "1.99", r"needs numpy 1\.99, but"),
        ("no-such-library", "1", "needs no-such-library 1, which is not installed"),
        ("numpy", "2.0.0", None),
    ],
)
def test_another_library_version_is_refused(folder: Path, library: str, version: str, message: str | None) -> None:
    folder = forge(folder, libraries={library: version})

    if message is None:
        assert package.verify(folder).libraries[library] == version
    else:
        with pytest.raises(PackageError, match=message):
            package.verify(folder)


def test_an_engine_without_its_libraries_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelapi.engines.ENGINES", {"sklearn": EngineSource("no_such_module", "model.skops")})

    with pytest.raises(EngineError, match=r"needs no_such_module: install the requirements\.txt"):
        engine_module("sklearn")


def test_a_model_that_its_library_cannot_load_is_refused(
    artifacts: Path, pets: pd.DataFrame, pipeline: Pipeline
) -> None:
    folder = save(artifacts, pets, pipeline, b"no pickle", engine="joblib")

    with pytest.raises(PackageError, match=r"cannot be loaded \(\w+\): package the model again"):
        package.load(folder, allow_pickle=True)


def test_packages_can_be_saved_at_once(artifacts: Path, pets: pd.DataFrame, pipeline: Pipeline) -> None:
    with ThreadPoolExecutor(4) as pool:
        folders = [pool.submit(save, artifacts, pets, pipeline, metrics={"number": n}) for n in range(20)]

    assert package.current(artifacts) in {one.result() for one in folders}
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
