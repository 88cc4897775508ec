"""Clients that are written for a model: their types, what they do with real servers, and how they are installed."""

import hashlib
import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from tests.conftest import FRAMEWORKS, ROOT, Installed, run, skip_on_laptop, succeed
from tests.server import serve

STRICT = [
    *("--strict", "--noEmit", "--noUncheckedIndexedAccess", "--exactOptionalPropertyTypes", "--pretty", "false"),
    *("--target", "es2022", "--module", "nodenext", "--lib", "es2022,dom,dom.iterable"),
]
HERE = ROOT / "tests" / "clients"
KEY = "mapi_test"
API_KEYS = f"test:{hashlib.sha256(KEY.encode()).hexdigest()}"


@pytest.fixture(autouse=True)
def _node() -> None:
    if not shutil.which("npm"):
        skip_on_laptop("no Node.js here: install it to test the clients")


@pytest.fixture(scope="session")
def tsc(shared: Path) -> Path:
    """The compiler of TypeScript."""
    folder = shared / "npm"
    compiler = folder / "node_modules" / ".bin" / "tsc"
    with FileLock(shared / "npm.lock", timeout=3600):
        if not compiler.exists():
            shutil.copytree(ROOT / "tests" / "official" / "typescript", folder)
            succeed("npm", "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", cwd=folder)
    return compiler


def python_of(project: Path) -> Path:
    return project / ".venv" / "bin" / "python"


def refused_lines(path: Path) -> set[int]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return {number for number, line in enumerate(lines, 1) if re.search(r"(#|//) refused$", line)}


def test_types_refuse_what_the_model_would_and_nothing_else(installed: Installed, tsc: Path, tmp_path: Path) -> None:
    project = installed(FRAMEWORKS[0])
    succeed(python_of(project), HERE / "make.py", tmp_path, cwd=project)
    for name in ("use.py", "use.mts"):
        shutil.copy(HERE / name, tmp_path)

    by_mypy = run(python_of(project), "-m", "mypy", "--strict", "--cache-dir", tmp_path / "cache", ".", cwd=tmp_path)
    by_tsc = run(tsc, *STRICT, "use.mts", cwd=tmp_path)

    found = {int(line) for line in re.findall(r"^use\.py:(\d+): error", by_mypy.stdout, re.MULTILINE)}
    assert found == refused_lines(HERE / "use.py"), by_mypy.stdout
    assert f"Found {len(found)} errors in 1 file" in by_mypy.stdout
    assert all(name in by_mypy.stdout for name in ('"Agee"', "'femal'"))
    in_typescript = re.findall(r"^(\S+)\((\d+),\d+\): error ", by_tsc.stdout, re.MULTILINE)
    expected = {("use.mts", str(line)) for line in refused_lines(HERE / "use.mts")}
    assert sorted(in_typescript) == sorted(expected), by_tsc.stdout


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_both_clients_get_the_same_from_a_real_server(installed: Installed, tmp_path: Path, framework: str) -> None:
    project = installed(framework)
    said = succeed("make", "client", f"OUTPUT={tmp_path / 'clients'}", cwd=project)
    succeed(python_of(project), HERE / "other.py", tmp_path / "clients", cwd=project)
    wheels, archives = ([*(tmp_path / "clients").glob(pattern)] for pattern in ("*.whl", "*.tgz"))
    succeed("uv", "pip", "install", "--quiet", "--python", sys.executable, "--target", tmp_path, *wheels, cwd=tmp_path)
    succeed("npm", "install", "--silent", "--no-audit", "--no-fund", *archives, cwd=tmp_path)
    for name in ("ask.py", "ask.mjs"):
        shutil.copy(HERE / name, tmp_path)

    with serve(project, API_KEYS=API_KEYS, RATE_LIMIT="40/2 second") as port:
        url = f"http://127.0.0.1:{port}/"
        by_python: dict[str, Any] = json.loads(succeed(sys.executable, "ask.py", url, KEY, cwd=tmp_path))
        by_node = json.loads(succeed("node", "ask.mjs", url, KEY, cwd=tmp_path))

    assert f"pip install {wheels[0].parent}" in said
    assert all(wheel.stat().st_size < 30_000 for wheel in wheels)
    assert by_node == by_python
    check(by_python)


def check(found: dict[str, Any]) -> None:
    """Fail if a client did not get what it should."""
    assert found["one"] == [1]
    assert found["version"][:3] == "202"
    prediction, probability, explanation, warnings = found["many"]
    assert prediction == [1, 0]
    assert [set(share) for share in probability] == [{"0", "1"}] * 2
    assert {*explanation[0]["1"]["contributions"]} == {"Age", "Sex", "Embarked"}
    assert [fault["pointer"] for fault in warnings] == ["/1/Age"]
    joined, warnings = found["batches"]
    assert joined == [1, 0] * 3
    assert [fault["pointer"] for fault in warnings] == ["/2/Age"]
    assert found["none"]["status"] == 422
    fault = {"pointer": "/3/Sex", "detail": "must be one of: female, male"}
    assert found["unknown"]["errors"] == [fault]
    assert found["unknown"]["text"].startswith("422: the records do not fit the model")
    assert found["unknown"]["text"].endswith("/3/Sex must be one of: female, male")
    assert found["no key"]["status"] == 401
    assert found["no key"]["text"].endswith("; give a key: Client(url, key=…)")
    assert found["with path"].endswith("; give the address of the API without /predict")
    assert re.fullmatch(r"http://127\.0\.0\.1:2 cannot be reached .*: start the server, .*", found["not there"])
    assert found["key"].startswith("a key has only ")
    assert "secret" not in found["key"]
    assert found["table"].startswith("prediction,probability_0,probability_1\n1,")
    assert found["as text"] == ["prediction\n1\n0\n"] * 3
    assert found["NaN"] == [1]
    assert found["infinity"].startswith('record 1, feature "Age": JSON has no infinity: send null')
    assert found["stream"] == "100000 50000"
    assert found["differences"] == [
        'feature "Age" is of type number and not integer',
        'feature "Sex" has the categories "other" no more',
        'feature "Port" is not taken any more',
        'feature "Embarked" may be given, which this client does not know',
        'target "Survived" has the classes 2 no more',
    ]
    assert found["too often"] == 429
    assert found["again"] == [[1]] * 2
