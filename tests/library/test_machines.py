"""What a machine lacks is told in a line or not at all, and a model is trained and served."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ABSENT = "import sys; sys.modules['onnxruntime'] = None\n"
TRAIN = "from modelapi.cli import main; main(['train', *{options}])"
ASK = "import steps.train, joblib; print(joblib.cpu_count(only_physical_cores=True))"
PREDICT = """
from pathlib import Path
from modelapi import package
from modelapi.records.parser import RecordParser

model = package.load(package.current(Path("artifacts")))
print(model.engine.predict(RecordParser(model.signature).parse_values([model.signature.example()])).labels)
"""


@pytest.fixture
def small(project: Path) -> Path:
    """A project with few rows to train on."""
    table = project / "data" / "titanic.csv"
    table.write_text("\n".join(table.read_text(encoding="utf-8").splitlines()[:100]), encoding="utf-8")
    return project


def run(code: str, project: Path, **environ: str) -> str:
    """Run code in a process where each warning is an error; it must say nothing on stderr."""
    command = [sys.executable, "-W", "error::UserWarning", "-c", code]
    done = subprocess.run(command, cwd=project, env=os.environ | environ, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_without_onnxruntime_sklearn_serves_and_a_line_says_so(small: Path) -> None:
    said = run(ABSENT + TRAIN.format(options=[]), small)

    assert "\nEngine sklearn: " in said
    assert "; not onnx, for onnxruntime cannot be imported here\n" in said
    assert run(ABSENT + PREDICT, small)


def test_nothing_is_said_of_cores_that_the_system_does_not_tell(small: Path, tmp_path: Path) -> None:
    blind = tmp_path / "lscpu"
    blind.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    blind.chmod(0o755)
    path = os.pathsep.join([str(tmp_path), os.environ["PATH"]])

    said = run(TRAIN.format(options=["--estimator", "hist-gradient-boosting", "--engine", "sklearn"]), small, PATH=path)

    assert "Traceback" not in said
    assert run(ASK, small, PATH=path)
    assert run(PREDICT, small, PATH=path)
