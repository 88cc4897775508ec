"""Both frameworks are installed, and their own checks and tests run."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.conftest import FRAMEWORKS, Installed, run, succeed
from tests.server import PATIENCE, ask, free_port, serve

PASSENGERS = [
    {"Age": 85, "Sex": "male", "Embarked": "S"},
    {"Age": 24, "Sex": "female", "Embarked": "C"},
    {"Age": 3, "Sex": "male", "Embarked": "C"},
    {"Age": 21, "Sex": "male", "Embarked": "S"},
]
OWN_PREDICT = """
import json, os, sys, tempfile
os.environ["MODEL_DIR"] = tempfile.mkdtemp()
import modelapi.train
import pandas as pd
from steps.train import ESTIMATORS, build_pipeline
kept = []
package_model = modelapi.train.package_model
def keep(pipeline, *rest, **named):
    kept.append(pipeline)
    return package_model(pipeline, *rest, **named)
modelapi.train.package_model = keep
sys.stdout = sys.stderr
modelapi.train.train(build_pipeline, estimators=ESTIMATORS, arguments=[])
sys.stdout = sys.__stdout__
print(json.dumps(kept[0].predict(pd.DataFrame(json.loads(sys.argv[1]))).tolist()))
"""

TYPED = ["Price ($)", "tax$rate", "it's", 'a "q" b', "a$(b", "x#y", "a\\b", "p%q", "$$x", "é;|& `b` ${c}", "a,b"]

each_framework = pytest.mark.parametrize("framework", FRAMEWORKS)


@each_framework
@pytest.mark.parametrize("verb", ["check", "test"])
def test_its_own_checks_and_tests_pass(project: Callable[..., Path], framework: str, verb: str) -> None:
    succeed("make", verb, cwd=project(framework))


# As the developer's guide of scikit-learn writes one: no types, docstrings of numpy's style, or none.
TRANSFORMER = '''import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data


class Roots(TransformerMixin, BaseEstimator):
    """An example transformer that returns the element-wise square root.

    For more information regarding how to build your own transformer, read more
    in the :ref:`User Guide <user_guide>`.

    Parameters
    ----------
    demo_param : str, default='demo'
        A parameter used for demonstration of how to pass and store parameters.
    """

    _parameter_constraints = {
        "demo_param": [str],
    }

    def __init__(self, demo_param="demo"):
        self.demo_param = demo_param

    def fit(self, X, y=None):
        X = validate_data(self, X, accept_sparse=True)
        return self

    def transform(self, X):
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse=True, reset=False)
        return np.sqrt(np.abs(X))
'''


def test_an_own_transformer_as_scikit_learn_documents_them_passes_the_checks(project: Callable[..., Path]) -> None:
    folder = project("fastapi")
    (folder / "features" / "roots.py").write_text(TRANSFORMER, encoding="utf-8")
    train = folder / "steps" / "train.py"
    before = train.read_text(encoding="utf-8")
    text = before.replace('impute = SimpleImputer(strategy="median")', 'impute = make_pipeline(Roots(demo_param="x"))')
    text = text.replace("\n\nSEED", "\n\nfrom features.roots import Roots\n\nSEED", 1)
    assert text.count("Roots") == before.count("Roots") + 2
    train.write_text(text, encoding="utf-8")

    succeed("make", "check", cwd=folder)


@each_framework
@pytest.mark.parametrize(
    "name", ['O\'Connor "quoted" é API', "x" * 60, "\\1 \N{BAR CHART}\N{ZERO WIDTH JOINER}\xa0\u2028."]
)
def test_a_project_of_an_odd_name_works(project: Callable[..., Path], framework: str, name: str) -> None:
    folder = project(framework, project_name=name, description=name, author_name=name)
    document = (folder / "docs" / "swagger.yaml").read_bytes()

    succeed("make", "docs", "check", cwd=folder)

    assert (folder / "docs" / "swagger.yaml").read_bytes() == document
    succeed(".venv/bin/python", "-m", "pytest", "-q", "tests/test_project.py", cwd=folder)
    with serve(folder) as port:
        assert json.loads(ask(port, "GET", "/openapi.json")[2])["info"]["title"] == name


@each_framework
@pytest.mark.parametrize("verb", ["score", "docs", "card", "page", "test", "start", "build"])
def test_without_a_model_a_verb_says_what_to_do_and_makes_none(
    project: Callable[..., Path], tmp_path: Path, framework: str, verb: str
) -> None:
    folder = project(framework)
    shutil.rmtree(folder / "artifacts")
    output = "OUTPUT=page.html" if verb == "page" else "OUTPUT=scored.csv"
    options = () if verb == "build" else (f"MODEL_DIR={tmp_path}", "INPUT=data/titanic.csv", output)

    done = run("env", *options, "make", verb, cwd=folder)

    assert done.returncode != 0
    assert 'CURRENT not found: run "make train"' in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert not (folder / "artifacts").exists()
    assert not (tmp_path / "CURRENT").exists()


@each_framework
def test_a_model_that_is_kept_elsewhere_is_not_replaced(
    project: Callable[..., Path], tmp_path: Path, framework: str
) -> None:
    folder = project(framework)
    models = (folder / "artifacts").rename(tmp_path / "models")
    current = (models / "CURRENT").read_bytes()

    for verb in (("score", "INPUT=data/titanic.csv", "OUTPUT=scored.csv"), ("docs",)):
        succeed("make", *verb, cwd=folder, MODEL_DIR=str(models))

    assert (models / "CURRENT").read_bytes() == current
    assert not (folder / "artifacts").exists()


@pytest.mark.parametrize("answers", [("docker", "podman"), ("podman",), ()])
def test_an_image_is_built_by_what_answers(
    project: Callable[..., Path], tmp_path: Path, answers: tuple[str, ...]
) -> None:
    folder = project("fastapi")
    for name in ("docker", "podman"):
        script = tmp_path / name
        script.write_text(f"#!/bin/sh\n[ $1 = build ] && echo {name} builds\nexit {int(name not in answers)}\n")
        script.chmod(0o755)

    done = run("make", "build", cwd=folder, PATH=f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    if answers:
        assert done.stdout.endswith(f"{answers[0]} builds\n")
    else:
        assert "neither docker nor podman answers here: start one, name another in CONTAINER" in done.stderr


def test_an_image_is_not_built_of_another_model_than_is_served(project: Callable[..., Path]) -> None:
    done = run("make", "build", cwd=project("fastapi"), MODEL_DIR="/models")

    assert done.returncode != 0
    assert "MODEL_DIR is /models, but an image takes its model from artifacts/" in done.stderr


@each_framework
def test_make_docs_writes_what_was_generated(project: Callable[..., Path], framework: str) -> None:
    folder = project(framework)
    before = (folder / "docs" / "swagger.yaml").read_bytes()

    succeed("make", "docs", cwd=folder)

    assert (folder / "docs" / "swagger.yaml").read_bytes() == before


@each_framework
def test_a_stale_swagger_yaml_fails_a_test(project: Callable[..., Path], framework: str) -> None:
    folder = project(framework)
    succeed("make", "train", "FEATURES=Pclass,Sex", "TARGET=Survived", "DATA=data/titanic.csv", cwd=folder)

    done = run(".venv/bin/python", "-m", "pytest", "-q", "tests/test_project.py", cwd=folder)

    assert done.returncode == 1
    assert 'docs/swagger.yaml is stale: run "make docs"' in done.stdout


@each_framework
def test_the_classic_request_is_answered_as_the_pipeline_predicts(installed: Installed, framework: str) -> None:
    folder = installed(framework)
    own = json.loads(succeed(".venv/bin/python", "-c", OWN_PREDICT, json.dumps(PASSENGERS), cwd=folder))

    with serve(folder, WORKERS="2") as port:
        headers = {"Content-Type": "application/json"}
        status, _, body = ask(port, "POST", "/predict", headers, json.dumps(PASSENGERS).encode())
        typo = [PASSENGERS[0], {**PASSENGERS[1], "Sex": '"female"'}]
        refused, _, problem = ask(port, "POST", "/predict", headers, json.dumps(typo).encode())

    assert (status, json.loads(body)) == (200, {"prediction": own})
    assert refused == 422
    assert json.loads(problem)["errors"] == [{"pointer": "/1/Sex", "detail": "must be one of: female, male"}]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="finds processes in /proc")
@pytest.mark.parametrize(("framework", "p95", "code"), [("fastapi", "", 0), ("flask", "0.001", 2)])
def test_the_load_test_reports_and_judges(project: Callable[..., Path], framework: str, p95: str, code: int) -> None:
    folder = project(framework)
    with serve(folder) as port:
        command = ["make", "load-test", "HEADLESS=1", "USERS=4", f"SECONDS={PATIENCE}", f"PORT={port}", f"P95={p95}"]
        with subprocess.Popen(
            command,
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # Ignored in the background.
        ) as process:
            while not re.search(r'route="/predict",status="200"} \d{3}', ask(port, "GET", "/metrics")[2].decode()):
                assert process.poll() is None
            locust = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
            os.kill(int(locust), signal.SIGINT)  # As if it was time; make says how it ends.
            said, _ = process.communicate(timeout=PATIENCE)

    assert re.search(r"POST +/predict +[1-9][0-9]* +0\(0.00%\)", said), said
    assert re.search(rf"{'Failed' if code else 'Passed'}: 95 % of answers within \d+ ms, 0.00% errors", said), said
    assert process.returncode == code
    assert "<html" in (folder / "load-test.html").read_text(encoding="utf-8")
    for wrong, why in {
        "P95=abc": "P95 must be a number",
        "P95=50": f"No API answers at http://localhost:{port}",
    }.items():
        done = run("make", "load-test", f"PORT={port}", wrong, cwd=folder)
        assert (done.returncode, "Traceback" in done.stderr) == (2, False)
        assert why in done.stderr


def start(folder: Path, **settings: str) -> tuple[int, list[str]]:
    path = f"{folder / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = run("bin/run.sh", cwd=folder, PATH=path, **{"HOST": "127.0.0.1", **settings})
    return done.returncode, (done.stdout + done.stderr).splitlines()


@each_framework
def test_a_start_that_must_fail_is_one_line_that_says_what_to_do(
    project: Callable[..., Path], tmp_path: Path, framework: str
) -> None:
    folder = project(framework)
    empty = tmp_path / "empty"
    empty.mkdir()
    with serve(folder) as port:
        in_use = start(folder, PORT=str(port))
    no_model = start(folder, MODEL_DIR=str(empty), PORT=str(free_port()))
    no_number = start(folder, PORT="abc")
    not_pinned = start(folder, MODEL_SHA256="0" * 64, PORT=str(free_port()))
    version = (folder / "artifacts" / "CURRENT").read_text().strip()
    with (folder / "artifacts" / version / "model.onnx").open("ab") as file:
        file.write(b"!")
    corrupt = start(folder, PORT=str(free_port()))

    for (code, lines), words in [
        (in_use, f"PORT {port} is in use: stop the other program, or set PORT to another"),
        (no_model, 'CURRENT not found: run "make train" first'),
        (no_number, "PORT has a value that is not allowed: it must be a whole number from 1 to 65535"),
        (
            not_pinned,
            'go back to it with "make rollback VERSION=…", or set MODEL_SHA256 anew',
        ),
        (corrupt, 'model.onnx is not the file that was packaged (its SHA-256 differs): run "make rollback"'),
    ]:
        assert code != 0
        assert len(lines) == 1, lines
        assert words in lines[0]


@each_framework
def test_the_serving_environment_holds_neither_scikit_learn_nor_pandas(
    installed: Installed, tmp_path: Path, framework: str
) -> None:
    folder = installed(framework)
    version = (folder / "artifacts" / "CURRENT").read_text(encoding="utf-8").strip()
    slim = tmp_path / "slim"
    shutil.copytree(folder, slim, ignore=shutil.ignore_patterns(".venv", "__pycache__"))
    succeed("uv", "venv", "--quiet", "--python", sys.executable, ".venv", cwd=slim)
    pins = ("-r", "requirements/common.txt", "-r", f"artifacts/{version}/requirements.txt")
    succeed("uv", "pip", "install", "--quiet", "--python", ".venv/bin/python", *pins, cwd=slim)

    with serve(slim) as port:
        headers = {"Content-Type": "application/json"}
        answers = [
            ask(port, "POST", "/predict", headers, json.dumps(PASSENGERS).encode()),
            ask(port, "POST", "/predict", {"Content-Type": "text/csv"}, b"Age,Sex\n3,male\n"),
        ]

    assert [answer[0] for answer in answers] == [200, 200]
    there = {path.name for path in (slim / ".venv" / "lib").glob("python*/site-packages/*")}
    assert "onnxruntime" in there
    assert not there & {"sklearn", "pandas", "scipy", "skops", "onnx"}


@pytest.mark.parametrize("name", TYPED)
def test_a_name_reaches_a_verb_as_it_is_typed(bake: Callable[..., Path], tmp_path: Path, name: str) -> None:
    (tmp_path / "modelapi").write_text("#!/bin/sh\nprintf '<%s>' \"$@\"\n", encoding="utf-8")
    (tmp_path / "modelapi").chmod(0o755)

    out = succeed("make", "--silent", "train", f"BIN={tmp_path}", "DATA=x.csv", f"TARGET={name}", cwd=bake())

    assert out == f"<train><--data=x.csv><--target={name}>"
