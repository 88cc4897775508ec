"""Transformers of a project's own features/ are served without a pickle, and a model says what it needs of them."""

import importlib
import io
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import skops.io
from modelapi import package
from modelapi.engines import EngineError, Wanted
from modelapi.engines.trust import trusted_types
from modelapi.package import Package, PackageError
from modelapi.packaging.fitted import find_taken, main
from modelapi.records.cells import CellParser
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

PETS = '''
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin


class Sizes(BaseEstimator, TransformerMixin):
    """What a data scientist writes: no feature_names_in_, and only frames have assign."""

    def fit(self, X, y=None):
        self.median_ = X["age"].median()
        return self

    def transform(self, X):
        return X.assign(old=X["age"] > self.median_)[["age", "old"]].to_numpy(dtype=float)


def numbers(X):
    return X[["age", "weight"]].fillna(0).to_numpy(dtype=float)


def lengths(X):
    return X[["fur"]].map(len).to_numpy(dtype=float)


def sizes(X):
    return X[["fur"]].map({"short": 1.0, "long": 2.0}.__getitem__).to_numpy(dtype=float)


def burn(path):
    Path(path).touch()
'''
# As steps/train.py has it, with another pipeline.
TRAIN = """
from modelapi.train import train
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

{definition}


def build_pipeline(X, task):
    return make_pipeline(Sizes(), LogisticRegression())


if __name__ == "__main__":
    train(build_pipeline)
"""
Store = Callable[[Any], Path]


@pytest.fixture
def own(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a module of its own in features/, as it is imported where the project is served."""
    (project / "features" / "pets.py").write_text(PETS, encoding="utf-8")
    monkeypatch.syspath_prepend(project)
    monkeypatch.setenv("MODEL_DIR", str(project / "artifacts"))
    for name in ("features", "features.pets"):
        monkeypatch.delitem(sys.modules, name, raising=False)
        monkeypatch.setitem(sys.modules, name, import_module(name))
    return project


def forget(project: Path, path: str, text: str | None = None) -> None:
    """Take a file away or write another, as in a checkout that is served without it; nothing of it is remembered."""
    (project / path).unlink()
    shutil.rmtree(project / "features" / "__pycache__", ignore_errors=True)
    if text is not None:
        (project / path).write_text(text, encoding="utf-8")
    for name in ("features", "features.pets"):
        sys.modules.pop(name, None)


@pytest.fixture
def store(own: Path) -> Store:
    def store_model(estimator: Any) -> Path:
        skops.io.dump(estimator, own / "my.skops")
        return own / "my.skops"

    return store_model


def sizes() -> Any:
    return import_module("features.pets").Sizes()


def packaged(model: Path, table: pd.DataFrame, *more: str) -> Package:
    table.to_csv(model.parent / "sample.csv", index=False)
    main([f"--model={model}", f"--sample={model.parent / 'sample.csv'}", *more])
    return package.load(package.current(model.parent / "artifacts"))


def answers(model: Package, table: pd.DataFrame) -> list[Any]:
    rows = table.astype(object).where(table.notna(), "").astype(str).to_numpy().tolist()
    columns = CellParser(model.signature.features, list(table.columns)).parse(rows)
    return list(model.engine.predict(columns).labels[0].tolist())


def modelapi(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from modelapi.cli import main; main()", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300)


def test_an_own_transformer_is_trained_and_served_without_a_pickle(own: Path, pets_csv: Path) -> None:
    (own / "steps" / "train.py").write_text(
        TRAIN.format(definition="from features.pets import Sizes"), encoding="utf-8"
    )

    done = modelapi("train", f"--data={pets_csv}", "--target=kind", "--features=age,weight", cwd=own)

    assert done.returncode == 0, done.stderr
    assert "Engine sklearn: " in done.stdout
    assert "not onnx, for skl2onnx has no converter for Sizes\n" in done.stdout
    model = package.load(package.current(own / "artifacts"))
    assert model.signature.takes == "frame"
    assert {*model.manifest.libraries} == {"numpy", "scipy", "pandas", "scikit-learn", "skops"}
    prediction = model.engine.predict(
        {"age": np.array([1.0, 9.0]), "weight": np.array([30.0, 4.0])}, Wanted(probabilities=True)
    )
    assert len(prediction.labels[0]) == 2


def test_a_class_in_steps_is_refused_with_the_place_where_it_belongs(own: Path, pets_csv: Path) -> None:
    (own / "steps" / "train.py").write_text(TRAIN.format(definition=PETS), encoding="utf-8")

    done = modelapi("train", f"--data={pets_csv}", "--target=kind", "--features=age,weight", cwd=own)

    assert done.returncode == 1
    assert done.stderr.startswith("Not trained: no engine can serve this estimator: ")
    assert (
        "the model uses Sizes of a script or notebook, which the server could not import: define it in a module of "
        "features/, import it from there where the model is made, and store the model again" in done.stderr
    )
    assert done.stderr.count("\n") == 1


def test_a_fitted_pipeline_of_own_parts_is_packaged(own: Path, store: Store, pets: pd.DataFrame) -> None:
    X = pets[["age", "weight"]]
    pipeline = make_pipeline(sizes(), LogisticRegression()).fit(X, pets["kind"])

    model = packaged(store(pipeline), X.join(pets["kind"]), "--target=kind")

    assert (model.manifest.engine, model.signature.takes) == ("sklearn", "frame")
    assert answers(model, X) == pipeline.predict(X).tolist()


def test_a_function_of_features_is_stored_by_its_name(own: Path, store: Store, pets: pd.DataFrame) -> None:
    numbers = FunctionTransformer(import_module("features.pets").numbers)
    pipeline = make_pipeline(numbers, StandardScaler(), LogisticRegression()).fit(pets[["age", "weight"]], pets["kind"])

    model = packaged(store(pipeline), pets[["age", "weight", "kind"]], "--target=kind")

    assert model.manifest.engine == "sklearn"
    assert answers(model, pets) == pipeline.predict(pets).tolist()


def forged(name: str, loader: str, content: object) -> bytes:
    """Let a file of skops load one thing, by whatever loader."""
    with zipfile.ZipFile(io.BytesIO(skops.io.dumps((str(content),)))) as source:
        arguments = json.loads(source.read("schema.json"))
    module, _, kind = name.rpartition(".")
    head = {key: arguments[key] for key in ("protocol", "_skops_version")}
    schema = {"__class__": kind, "__module__": module, "__loader__": loader, "content": arguments, **head}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as target:
        target.writestr("schema.json", json.dumps(schema))
    return file.getvalue()


def test_a_function_that_a_file_would_call_is_refused(own: Path) -> None:
    content = forged("features.pets.burn", "ConstructorFromReduceNode", own / "burnt")

    with pytest.raises(EngineError, match=r"does not load safely \(features\.pets\.burn\)"):
        trusted_types(content)

    skops.io.loads(content, trusted=["features.pets.burn"])  # What would happen else.
    assert (own / "burnt").exists()


def test_what_features_only_imports_is_refused(own: Path) -> None:
    for name in ("features.pets.Path", "features.pets.np", "features.pets.BaseEstimator"):
        with pytest.raises(EngineError, match="does not load safely"):
            trusted_types(forged(name, "ConstructorFromReduceNode", "x"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "the model needs features.pets, which is not there: put features/pets.py, which it was"),
        ("import no_such_library", "the model needs no_such_library, which is not installed: install it"),
        ("Sizes = 1 / 0", "the model needs features.pets, which fails (ZeroDivisionError: division"),
        ("", "the model needs features.pets.Sizes, which is not there: put it back"),
    ],
)
def test_a_model_names_the_part_that_is_missing(
    own: Path, store: Store, pets: pd.DataFrame, text: str | None, message: str
) -> None:
    pipeline = make_pipeline(sizes(), LogisticRegression()).fit(pets[["age"]], pets["kind"])
    packaged(store(pipeline), pets[["age", "kind"]], "--target=kind")
    forget(own, "features/pets.py", text)

    with pytest.raises(PackageError) as caught:
        package.load(package.current(own / "artifacts"))

    assert f"cannot be loaded: {message}" in str(caught.value)


def test_a_pickle_names_the_module_that_is_missing_too(
    own: Path, store: Store, pets: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALLOW_PICKLE", "1")
    pipeline = make_pipeline(sizes(), LogisticRegression()).fit(pets[["age"]], pets["kind"])
    pets[["age", "kind"]].to_csv(own / "sample.csv", index=False)
    main([f"--model={store(pipeline)}", f"--sample={own / 'sample.csv'}", "--engine=joblib"])
    forget(own, "features/pets.py")

    with pytest.raises(PackageError, match=r"needs features\.pets, which is not there: put features/pets\.py"):
        package.load(package.current(own / "artifacts"), allow_pickle=True)


def test_what_an_estimator_takes_is_asked_of_it(own: Path, pets: pd.DataFrame) -> None:
    X, y = pets[["age", "indoor"]], pets["kind"]
    named = LogisticRegression().fit(X, y)
    bare = LogisticRegression().fit(X.to_numpy(), y)

    assert find_taken(named, X) == "frame"
    assert find_taken(make_pipeline(sizes(), LogisticRegression()).fit(X, y), X) == "frame"
    assert find_taken(bare, X) == "array"
    assert find_taken(make_pipeline(FunctionTransformer(), LogisticRegression()).fit(X.to_numpy(), y), X) == "array"
    assert find_taken(Rows().fit(X.to_numpy(), y), X) == "array"


class Rows(LogisticRegression):
    """An estimator that takes arrays, and fails at frames without a warning."""

    def predict(self, X: Any) -> Any:
        return super().predict(np.stack([X[row] for row in range(len(X))]))


def test_the_columns_of_an_own_transformer_may_have_another_order(own: Path, store: Store, pets: pd.DataFrame) -> None:
    X = pets[["indoor", "weight", "age"]]
    pipeline = make_pipeline(sizes(), LogisticRegression()).fit(X, pets["kind"])

    model = packaged(store(pipeline), pets[["age", "indoor", "weight", "kind"]], "--target=kind")

    assert answers(model, X) == pipeline.predict(X).tolist()


def test_the_error_of_an_own_transformer_is_told(own: Path, store: Store, pets: pd.DataFrame) -> None:
    pipeline = make_pipeline(sizes(), LogisticRegression()).fit(pets[["age"]], pets["kind"])

    with pytest.raises(SystemExit, match=r"^Not packaged: the model cannot predict the sample: 'age'$"):
        packaged(store(pipeline), pets[["weight", "kind"]], "--target=kind")


def test_a_package_that_does_not_say_what_it_takes_is_served_as_before(pipeline: Pipeline, pets: pd.DataFrame) -> None:
    from modelapi.engines.sklearn_engine import SklearnEngine
    from modelapi.training.features import infer, read_features, to_columns

    X = pets[["fur", "age", "indoor"]]
    signature = infer(read_features(X), ["kind"], pipeline, len(X))
    content = signature.model_dump(exclude={"takes"})

    for older in (content, content | {"takes_frames": True}):
        old = signature.model_validate_json(json.dumps(older))
        labels = SklearnEngine(pipeline, old).predict(to_columns(X, old.features)).labels[0]
        assert labels.tolist() == pipeline.predict(X).tolist()


SCRIPT = """
import sys
sys.path.insert(0, ".")
import joblib, numpy as np, pandas as pd
from pathlib import Path
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
{code}
table = pd.read_csv("pets.csv")
X = table[["age", "weight"]]
fitted = make_pipeline({steps}, LogisticRegression()).fit(X, table["kind"])
{store}
print(fitted.predict(X).tolist())
"""
DUMP = 'joblib.dump(fitted, "my.joblib")'
BY_VALUE = 'import cloudpickle; Path("my.joblib").write_bytes(cloudpickle.dumps(fitted))'
AGAIN = "import it from there where the model is made, and store the model again"


def script(project: Path, code: str, steps: str, store: str = DUMP) -> list[str]:
    """Fit a model in a script of its own and store it, with a sample beside it; what it predicts."""
    (project / "notebook.py").write_text(SCRIPT.format(code=code, steps=steps, store=store), encoding="utf-8")
    done = subprocess.run([sys.executable, "notebook.py"], cwd=project, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    labels: list[str] = json.loads(done.stdout.replace("'", '"'))
    return labels


def package_pickle(project: Path) -> str:
    """Package what the script has stored, with what is in features/ now; the line of a refusal, or none."""
    importlib.invalidate_caches()
    for name in [name for name in sys.modules if name.partition(".")[0] in ("features", "my_steps")]:
        del sys.modules[name]
    try:
        main([f"--model={project / 'my.joblib'}", f"--sample={project / 'sample.csv'}", "--target=kind"])
    except SystemExit as refused:
        return str(refused)
    return ""


@pytest.fixture
def with_pets(own: Path, pets: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project, with a table for scripts and no code of its own yet."""
    monkeypatch.setenv("ALLOW_PICKLE", "1")
    pets[["age", "weight", "kind"]].to_csv(own / "pets.csv", index=False)
    pets[["age", "weight", "kind"]].to_csv(own / "sample.csv", index=False)
    (own / "features" / "pets.py").unlink()
    shutil.rmtree(own / "features" / "__pycache__", ignore_errors=True)
    return own


@pytest.mark.parametrize(
    ("module", "code", "steps", "name"),
    [
        (None, PETS, "Sizes()", "Sizes"),
        (None, PETS, "FunctionTransformer(numbers)", "numbers"),
        ("my_steps", "import my_steps", "FunctionTransformer(my_steps.numbers)", "my_steps"),
    ],
)
def test_a_pickle_finds_in_features_what_it_names_elsewhere(
    with_pets: Path, pets: pd.DataFrame, module: str | None, code: str, steps: str, name: str
) -> None:
    if module:
        (with_pets / f"{module}.py").write_text(PETS, encoding="utf-8")
    labels = script(with_pets, code, steps)
    if module:
        (with_pets / f"{module}.py").unlink()

    refused = package_pickle(with_pets)
    (with_pets / "features" / f"{module or 'steps'}.py").write_text(PETS, encoding="utf-8")
    done = package_pickle(with_pets)

    said = {
        None: f"the model needs {name}, which the script or notebook that stored it defines: put it into a module of "
        "features/, and package the model again",
        "my_steps": "the model needs my_steps, which is not installed: install my_steps or, if it is a module of "
        "yours, put it into the project as features/my_steps.py, and package the model again",
    }[module]
    assert refused == f"Not packaged: {with_pets / 'my.joblib'} cannot be loaded: {said}"
    assert not done
    model = package.load(package.current(with_pets / "artifacts"))
    assert answers(model, pets) == labels


@pytest.mark.parametrize(
    ("module", "code", "steps", "store", "said"),
    [
        ("my_steps", "from my_steps import Sizes", "Sizes()", DUMP, "Sizes of the module my_steps"),
        (None, PETS, "Sizes()", BY_VALUE, "Sizes of a script or notebook"),
        (None, "", "FunctionTransformer(lambda X: X.fillna(0))", BY_VALUE, "a lambda of a script or notebook"),
    ],
)
def test_code_that_the_server_has_not_is_named_with_what_helps(
    with_pets: Path, pets: pd.DataFrame, module: str | None, code: str, steps: str, store: str, said: str
) -> None:
    if module:
        (with_pets / f"{module}.py").write_text(PETS, encoding="utf-8")
    script(with_pets, code, steps, store)

    refused = package_pickle(with_pets)
    (with_pets / "features" / "own.py").write_text(
        PETS + "\n\ndef fill(X):\n    return X.fillna(0)\n", encoding="utf-8"
    )
    steps = "FunctionTransformer(fill)" if "lambda" in steps else "Sizes()"
    labels = script(with_pets, "from features.own import Sizes, fill", steps)
    done = package_pickle(with_pets)

    named = ", with a name," if "lambda" in said else ""
    assert (
        f"the model uses {said}, which the server could not import: define it{named} in a module of features/, {AGAIN}"
        in refused
    )
    assert not done
    assert answers(package.load(package.current(with_pets / "artifacts")), pets) == labels


@pytest.mark.parametrize(
    ("function", "is_told", "kind"),
    [
        ("lengths", False, ("text", None)),
        ("sizes", False, ("string", ["long", "short"])),
        ("lengths", True, ("string", ["curly", "long", "short"])),
    ],
)
def test_text_that_a_function_of_ones_own_takes_is_free_unless_it_refuses_some_or_all_values_are_told(
    store: Store, pets: pd.DataFrame, function: str, is_told: bool, kind: tuple[str, list[str] | None]
) -> None:
    sample = pets.dropna()[["fur", "kind"]]
    taken = FunctionTransformer(getattr(import_module("features.pets"), function))
    path = store(make_pipeline(taken, LogisticRegression()).fit(sample[["fur"]], sample["kind"]))
    pd.concat([sample, sample.replace({"fur": {"short": "curly"}})]).to_csv(path.parent / "all.csv", index=False)

    model = packaged(path, sample, *([f"--training={path.parent / 'all.csv'}"] if is_told else []))

    fur = model.signature.features[0]
    assert (fur.type, fur.categories) == kind
