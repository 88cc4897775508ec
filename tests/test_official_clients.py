"""The official clients of other platforms ask our servers, and get to the last digit what POST /predict answers.

A script of tests/official asks as one client does. It gets cases (see cases.py), prints the predictions that it got for
each, and looks at metadata and refusals itself.
"""

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from tests.conftest import FRAMEWORKS, ROOT, Installed, bake_into, skip_on_laptop, succeed
from tests.owner.conftest import edit
from tests.server import ask, serve
from tests.test_library import MCP, install_besides

OFFICIAL = ROOT / "tests" / "official"
CLIENTS = {
    "azure": "azure",
    "kserve_v1": "v1",
    "kserve_v2": "v2",
    "mcp": "mcp",
    "mlflow": "mlflow",
    "openapi_generator": "",
    "openapi_typescript": "",
    "sagemaker": "sagemaker",
    "tritonclient": "v2",
    "vertex": "vertex",
}  # The protocol of each, if it is not our own, by its script: ask_<client>.py.
ZOO = (
    "LogisticRegression",
    "DecisionTreeClassifier",
    "GaussianNB",
    "LinearSVC",
    "MultiOutputClassifier",
    "Ridge",
    "PoissonRegressor",
    "MultiOutputRegressor",
    "KMeans",
    "PCA",
)
RECORDS = 12
JSON = {"Content-Type": "application/json"}

Cases = list[dict[str, Any]]


@pytest.fixture(scope="module")
def python(shared: Path) -> Path:
    """A Python with all clients."""
    folder = shared / "official"
    with FileLock(shared / "official.lock", timeout=3600):
        if not (folder / "done").exists():
            succeed("uv", "venv", "--quiet", "--python", sys.executable, folder, cwd=shared)
            pins = ("-r", OFFICIAL / "requirements.txt")
            succeed("uv", "pip", "install", "--quiet", "--python", folder / "bin" / "python", *pins, cwd=shared)
            (folder / "done").touch()
    return folder / "bin" / "python"


@pytest.fixture(scope="module")
def zoo(installed: Installed, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the artifacts of each model, and what is known of it."""
    folder = tmp_path_factory.mktemp("zoo")
    succeed(".venv/bin/python", ROOT / "tests" / "zoo.py", folder, *ZOO, cwd=installed(FRAMEWORKS[0]))
    return folder


@pytest.fixture(scope="module")
def cases(
    installed: Installed, zoo: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Cases]]:
    """Return the cases of servers of both frameworks that speak a protocol and all that go with it."""
    with ExitStack() as stack:

        @cache
        def begin(protocols: str) -> Cases:
            found = []
            for framework in FRAMEWORKS:
                api = with_models(bake_into(tmp_path_factory.mktemp("api"), framework=framework), zoo)
                (api / ".venv").symlink_to(installed(framework) / ".venv")
                sdk = install_besides(installed(framework), MCP, tmp_path_factory.mktemp("sdk"))
                port = stack.enter_context(serve(api, PROTOCOLS=protocols, PYTHONPATH=str(sdk)))
                found += [make_case(api, port, name, zoo / name) for name in ZOO]
            return found

        yield lambda protocol: begin(",".join(spoken_with(protocol)))


def spoken_with(protocol: str) -> list[str]:
    """List all protocols that a server speaks beside one; none speaks both MLflow's and SageMaker's."""
    return sorted({*CLIENTS.values()} - {"", "mlflow" if protocol == "sagemaker" else "sagemaker"})


def with_models(api: Path, zoo: Path) -> Path:
    """Let a project serve each model by its name, and have them all as versions of the first."""
    models = {name: str(zoo / name / "artifacts") for name in ZOO}
    edit(api / "api" / "app.py", "adjust=adjust)", f"adjust=adjust, models={models})")
    for name in ZOO:
        shutil.copytree(zoo / name / "artifacts", api / "artifacts", dirs_exist_ok=True)
    return api


def make_case(api: Path, port: int, name: str, folder: Path) -> dict[str, Any]:
    """Describe a model to a script."""
    held_out = json.loads((folder / "case.json").read_text(encoding="utf-8"))["records"][:RECORDS]
    records = [{feature: value for feature, value in record.items() if value is not None} for record in held_out]
    described = json.loads(ask(port, "GET", f"/models/{name}")[2])
    query = "?probabilities=true" * described["signature"]["probabilities"]
    status, _, answer = ask(port, "POST", f"/models/{name}/predict{query}", JSON, json.dumps(records).encode())
    assert status == 200, answer
    return {
        "url": f"http://127.0.0.1:{port}",
        "current": str(api / "artifacts" / "CURRENT"),
        "name": name,
        "version": described["manifest"]["version"],
        "signature": described["signature"],
        "records": records,
        "answer": json.loads(answer),
    }


@pytest.mark.xdist_group("official")
@pytest.mark.parametrize("client", CLIENTS)
def test_an_official_client_gets_what_predict_answers(
    python: Path, cases: Callable[[str], Cases], tmp_path: Path, client: str
) -> None:
    if client == "openapi_typescript" and not shutil.which("npm"):
        skip_on_laptop("no npm here: install it to test the types that are made of the OpenAPI document")
    asked = cases(CLIENTS[client])
    told = tmp_path / "cases.json"
    told.write_text(json.dumps(asked), encoding="utf-8")

    answered = json.loads(succeed(python, OFFICIAL / f"ask_{client}.py", told, cwd=tmp_path))

    assert len(asked) == len(FRAMEWORKS) * len(ZOO)
    for case, predictions in zip(asked, answered, strict=True):
        assert predictions == case["answer"]["prediction"], case["name"]
