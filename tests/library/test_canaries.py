"""No code of a model file runs unless that is asked for: a canary would leave a file, and none is there."""

import io
import json
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
from modelapi import package
from modelapi.package import PackageError
from modelapi.packaging import fitted
from onnx import TensorProto, helper
from sklearn.pipeline import Pipeline

from tests.library.packages import save


class Canary:
    """Leaves a file when it is loaded, by pickle or by skops."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __setstate__(self, state: dict[str, str]) -> None:
        Path(state["path"]).touch()


def dumped_by_joblib(canary: Canary) -> bytes:
    file = io.BytesIO()
    joblib.dump(canary, file, compress=("gzip", 3))
    return file.getvalue()


def with_a_zip_at_its_end(canary: Canary) -> bytes:
    return pickle.dumps(canary) + as_skops(canary)


def as_skops(thing: Any) -> bytes:
    content: bytes = skops.io.dumps(thing)
    return content


PICKLES: list[Callable[[Canary], bytes]] = [pickle.dumps, dumped_by_joblib, with_a_zip_at_its_end]
PACKAGES = [(engine, dump) for engine in ("onnx", "sklearn", "joblib") for dump in PICKLES]


@pytest.fixture
def song(tmp_path: Path) -> Path:
    return tmp_path / "song"


def test_the_canary_sings_where_it_is_let(song: Path) -> None:
    for dump in PICKLES:
        joblib.load(io.BytesIO(dump(Canary(song))))

        song.unlink()

    skops.io.loads(as_skops(Canary(song)), trusted=["tests.library.test_canaries.Canary"])

    song.unlink()


@pytest.mark.parametrize(("engine", "dump"), [*PACKAGES, ("sklearn", as_skops)])
def test_no_package_runs_code_without_allow_pickle(
    tmp_path: Path, pets: pd.DataFrame, pipeline: Pipeline, song: Path, engine: str, dump: Callable[[Any], bytes]
) -> None:
    folder = save(tmp_path / "artifacts", pets, pipeline, dump(Canary(song)), engine=engine)

    with pytest.raises(PackageError, match=r"^.*(holds a pickle|cannot be loaded).*$"):
        package.load(folder)
    if engine == "joblib":
        with pytest.raises(
            PackageError, match="holds a pickle, and loading one runs the code in it: set ALLOW_PICKLE=1"
        ):
            package.verify(folder)
        assert package.verify(folder, allow_pickle=True).engine == "joblib"
    else:
        with pytest.raises(PackageError, match="cannot be loaded"):
            package.load(folder, allow_pickle=True)

    assert not song.exists()


@pytest.mark.parametrize("name", ["my.joblib", "my.skops", "my.onnx"])
@pytest.mark.parametrize("dump", [*PICKLES, as_skops])
def test_make_package_runs_no_code_without_allow_pickle(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, song: Path, pets_csv: Path, name: str, dump: Callable[[Any], bytes]
) -> None:
    monkeypatch.setenv("MODEL_DIR", str(tmp_path / "artifacts"))
    (tmp_path / name).write_bytes(dump(Canary(song)))

    with pytest.raises(SystemExit, match=r"^Not packaged: .*(ALLOW_PICKLE=1|in a module of features/)"):
        fitted.main([f"--model={tmp_path / name}", f"--sample={pets_csv}"])

    assert not song.exists()


def test_a_class_that_a_module_of_scikit_learn_only_imported_is_not_trusted(
    tmp_path: Path, pets: pd.DataFrame, pipeline: Pipeline
) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(as_skops(Canary(tmp_path)))) as source:
        schema = json.loads(source.read("schema.json"))
    schema |= {"__module__": "sklearn.datasets._openml", "__class__": "TemporaryDirectory"}
    with zipfile.ZipFile(file, "w") as target:
        target.writestr("schema.json", json.dumps(schema))
    folder = save(tmp_path / "artifacts", pets, pipeline, file.getvalue())

    with pytest.raises(PackageError, match=r"does not load safely \(sklearn\.datasets\._openml\.TemporaryDirectory\)"):
        package.load(folder)


def with_weights_in(path: str, *, hidden: bool) -> bytes:
    """Make a graph that adds weights of a file, in its own initializer or in that of a branch."""
    weights = TensorProto(name="weights", data_type=TensorProto.FLOAT, dims=[4], data_location=TensorProto.EXTERNAL)
    for key, value in (("location", path), ("offset", "0"), ("length", "16")):
        weights.external_data.add(key=key, value=value)
    X, y, part = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [4]) for name in ("X", "y", "part"))
    nodes, inner = [helper.make_node("Add", ["X", "weights"], ["y"])], [weights]
    if hidden:
        branch = helper.make_graph([helper.make_node("Add", ["X", "weights"], ["part"])], "a", [], [part], inner)
        other = helper.make_graph([helper.make_node("Identity", ["X"], ["part"])], "b", [], [part])
        yes = helper.make_tensor("yes", TensorProto.BOOL, [], [True])
        nodes = [
            helper.make_node("Constant", [], ["yes"], value=yes),
            helper.make_node("If", ["yes"], ["y"], then_branch=branch, else_branch=other),
        ]
        inner = []
    graph = helper.make_graph(nodes, "reader", [X], [y], inner)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    content: bytes = model.SerializeToString()
    return content


@pytest.mark.parametrize("hidden", [False, True])
@pytest.mark.parametrize(
    "place", ["secret", "../work/secret", "{}/secret", "../../../../../../../../etc/passwd", "link"]
)
def test_a_graph_reads_no_other_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, pets: pd.DataFrame, pipeline: Pipeline, place: str, hidden: bool
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (work / "secret").write_bytes(np.arange(4, dtype=np.float32).tobytes())
    (work / "link").symlink_to(work / "secret")
    monkeypatch.chdir(work)
    monkeypatch.setenv("MODEL_DIR", str(tmp_path / "artifacts"))
    graph = with_weights_in(place.format(work), hidden=hidden)
    folder = save(tmp_path / "artifacts", pets, pipeline, graph, engine="onnx", libraries={})
    (tmp_path / "my.onnx").write_bytes(graph)
    pets[["age", "indoor", "weight", "weight"]].to_csv(tmp_path / "rows.csv", index=False)

    with pytest.raises(PackageError, match=r"^.*cannot be loaded: ONNX Runtime cannot run it: .*$"):
        package.load(folder)
    reason = "ONNX Runtime cannot run it" if hidden else "the model keeps weights in a file beside it"
    with pytest.raises(SystemExit, match=f"^Not packaged: {reason}"):
        fitted.main([f"--model={tmp_path / 'my.onnx'}", f"--sample={tmp_path / 'rows.csv'}"])
