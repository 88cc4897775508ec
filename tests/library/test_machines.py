"""What a machine lacks is told in a line or not at all, and a model is trained and served."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ABSENT = "import sys; sys.modules['onnxruntime'] = None\n"
TRAIN = "from modelapi.cli import main; main(['train'])\n"
PREDICT = """
from pathlib import Path
from modelapi import package
from modelapi.records.parser import RecordParser

model = package.load(package.current(Path("artifacts")))
print(model.engine.predict(RecordParser(model.signature).parse_values([model.signature.example()])).labels)
"""
COUNT = "import joblib; print(joblib.cpu_count(only_physical_cores=True))\n"  # As some estimators do.


@pytest.fixture
def small(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with few rows to train on, on a machine that does not tell its physical cores."""
    table = project / "data" / "titanic.csv"
    table.write_text("\n".join(table.read_text(encoding="utf-8").splitlines()[:100]), encoding="utf-8")
    blind = tmp_path / "lscpu"
    blind.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    blind.chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path), os.environ["PATH"]]))
    return project


def run(code: str, project: Path) -> str:
    """Run code in a process where each warning is an error; it must say nothing on stderr."""
    command = [sys.executable, "-W", "error::UserWarning", "-c", code]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_without_onnxruntime_sklearn_serves_and_a_line_says_so(small: Path) -> None:
    said = run(ABSENT + TRAIN, small)

    assert "\nEngine sklearn: " in said
    assert "; not onnx, for onnxruntime cannot be imported here\n" in said
    assert run(ABSENT + PREDICT + COUNT, small)


def test_nothing_is_said_of_cores_that_the_system_does_not_tell_where_a_pipeline_is_built(small: Path) -> None:
    assert run("import steps.train\n" + COUNT, small)
