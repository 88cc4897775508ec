"""The command: a verb for each thing to do, in the project that it stands in, with what that verb needs and no more."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from modelapi.cli import VERBS

WEB = "fastapi starlette flask werkzeug uvicorn uvloop httptools limits structlog prometheus_client"
HEAVY = "pandas sklearn skops onnx skl2onnx pyarrow rich"


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from modelapi.cli import main; main()", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300)


def test_help_teaches_every_verb(project: Path) -> None:
    for arguments in ((), ("--help",), ("help",)):
        done = run(*arguments, cwd=project)

        assert (done.returncode, done.stderr) == (0, "")
        for name, verb in VERBS.items():
            assert f"  {name:<10} {verb.text}" in done.stdout


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb != "serve"])
def test_the_help_of_a_verb_shows_examples(project: Path, verb: str) -> None:
    done = run(verb, "--help", cwd=project)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: modelapi {verb} [-h]")
    assert f"for example:\n  modelapi {verb}" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["trian"], "modelapi has no verb trian: did you mean train?\n"),
        (["x"], f"modelapi has no verb x: try {', '.join(VERBS)}\n"),
        (["package"], 'Not packaged: name MODEL=… and SAMPLE=… ("modelapi package --help" says more)\n'),
        (["package", "--model=a"], 'Not packaged: name SAMPLE=… ("modelapi package --help" says more)\n'),
        (["score", "--input=a"], 'Not scored: name OUTPUT=… ("modelapi score --help" says more)\n'),
        (["api-key"], 'Not made: name NAME=… ("modelapi api-key --help" says more)\n'),
        (["plan", "--rps=1"], 'Not planned: name P99=… ("modelapi plan --help" says more)\n'),
        (["plan", "--rps=x"], 'Not planned: argument --rps: say a number above 0 ("modelapi plan --help" says more)\n'),
        (["plan", "--rps=1", "--p99=1"], 'artifacts/CURRENT not found: run "make train" first\n'),
        (["rollback", "--vers=1"], "Not rolled back: unrecognized arguments: --vers=1"),
        (["train", "--taget=y"], "Not trained: unrecognized arguments: --taget=y"),
        (["example"], 'artifacts/CURRENT not found: run "make train" first\n'),
        (["card"], 'artifacts/CURRENT not found: run "make train" first\n'),
    ],
)
def test_what_is_wrong_is_one_line(project: Path, arguments: list[str], message: str) -> None:
    done = run(*arguments, cwd=project)

    assert (done.returncode, done.stdout) == (1, "")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train"], r"Not trained: .*artifacts cannot be written \(File too large\): make room there and .*"),
        (["api-key", "--name=ada"], r"modelapi api-key: .* (cannot be written|no folder for temporary files).*"),
        (["serve"], r"modelapi serve: .* (cannot be written|no folder for temporary files).*"),
    ],
)
def test_a_full_disk_is_one_line_and_nothing_is_left_behind(project: Path, arguments: list[str], message: str) -> None:
    (project / "artifacts").mkdir()
    before = {path: path.stat().st_size for path in project.rglob("*")}
    command = [sys.executable, "-c", "from modelapi.cli import main; main()", *arguments]

    done = subprocess.run(
        ["sh", "-c", 'ulimit -f 0; exec "$0" "$@"', *command], cwd=project, capture_output=True, text=True, timeout=120
    )

    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert re.fullmatch(message, done.stderr.splitlines()[-1]), done.stderr
    assert {path: path.stat().st_size for path in project.rglob("*")} == before


def test_a_model_is_trained_shown_and_rolled_back_from_any_folder_of_a_project(project: Path) -> None:
    for _ in range(2):
        trained = run("train", cwd=project / "data")
        assert trained.returncode == 0, trained.stderr

    card, back = run("card", cwd=project / "steps"), run("rollback", cwd=project / "data")

    assert Path(card.stdout.strip()).parent.parent == project / "artifacts"
    assert "from Age, Sex, Embarked\n" in trained.stdout
    assert back.stdout.startswith("Version ")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'[tool.modelapi\ntitle = "Pets"\n', r"TOML: Expected '\]' at the end of a table declaration \(at line 1, .*"),
        ('[tool.modelapi]\ntitle = "Čeněk"\n'.encode("cp1250"), "UTF-8: .*"),
    ],
)
def test_a_pyproject_that_cannot_be_read_is_one_line(project: Path, content: bytes, message: str) -> None:
    (project / "pyproject.toml").write_bytes(content)

    for verb in ("train", "serve"):
        told = run(verb, cwd=project / "data").stderr
        assert re.fullmatch(rf"modelapi {verb}: .*/project/pyproject.toml is not valid {message}\n", told), told


def test_a_wrong_setting_of_the_web_does_not_stop_training(project: Path) -> None:
    (project / ".env").write_text("PORT=none\nRATE_LIMIT=often\n", encoding="utf-8")

    assert run("train", cwd=project).returncode == 0

    (project / ".env").write_text("KEEP_VERSIONS=none\n", encoding="utf-8")
    assert run("train", cwd=project).stderr.startswith("Not trained: KEEP_VERSIONS has a value that is not allowed")


def test_the_options_are_those_of_the_projects_own_estimators(project: Path) -> None:
    path = project / "steps" / "train.py"
    text = path.read_text(encoding="utf-8").replace('"random-forest": (', '"wood": (')
    path.write_text(text, encoding="utf-8")

    assert "wood" in run("train", "--help", cwd=project).stdout
    assert (
        "estimator random-forest: name one of linear, " in run("train", "--estimator=random-forest", cwd=project).stderr
    )


BROKEN = 'Not trained: steps/train.py, line {}: {} ("python -m steps.train" shows all of it)\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import no_such_library\n", BROKEN.format(1, "ModuleNotFoundError: No module named 'no_such_library'")),
        ("\n\ndef build_pipeline(:\n", BROKEN.format(3, "SyntaxError: invalid syntax (train.py, line 3)")),
        ("\n1 / 0\n", BROKEN.format(2, "ZeroDivisionError: division by zero")),
        (
            "from modelapi.train import train\n\ndef build(X, task):\n    return X['nothing']\n\ntrain(build)\n",
            BROKEN.format(4, "KeyError: 'nothing'"),
        ),
        (
            "from modelapi.train import train\n\ndef build(X, task):\n    pass\n\ntrain(build)\n",
            "Not trained: build_pipeline returned a NoneType: let it return a scikit-learn pipeline\n",
        ),
    ],
)
def test_what_is_wrong_with_the_pipeline_is_said_with_its_place(project: Path, text: str, message: str) -> None:
    (project / "steps" / "train.py").write_text(text, encoding="utf-8")

    assert run("train", cwd=project).stderr == message


def test_a_project_without_a_pipeline_is_told(project: Path) -> None:
    (project / "steps" / "train.py").unlink()

    assert run("train", cwd=project).stderr.startswith(f"Not trained: {project} has no steps/train.py: ")


def test_another_module_can_hold_the_pipeline(project: Path) -> None:
    (project / "steps" / "train.py").rename(project / "steps" / "learn.py")
    path = project / "pyproject.toml"
    path.write_text(path.read_text(encoding="utf-8") + 'module = "steps.learn"\n', encoding="utf-8")

    assert run("train", cwd=project).returncode == 0


def imported(code: str, cwd: Path) -> set[str]:
    code += "\nimport sys; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], cwd=cwd, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.mark.parametrize("module", ["modelapi.train", "modelapi.packaging.fitted", "modelapi.scoring.score"])
def test_training_packaging_and_scoring_need_no_web(tmp_path: Path, module: str) -> None:
    assert not imported(f"import {module}", tmp_path) & {*WEB.split()}


def test_the_command_itself_needs_next_to_nothing(tmp_path: Path) -> None:
    assert not imported("import modelapi.cli", tmp_path) & {*WEB.split(), *HEAVY.split(), "numpy", "pydantic"}


@pytest.mark.parametrize("module", [VERBS[verb].module for verb in ("serve", "api-key", "rollback")])
def test_what_runs_where_the_api_is_served_needs_no_pandas(tmp_path: Path, module: str) -> None:
    assert not imported(f"import {module}", tmp_path) & {*HEAVY.split()}
