"""What the READMEs of the template, the project and the library show runs as written."""

import re
import shutil
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import FRAMEWORKS, ROOT, run, succeed
from tests.server import ask, free_port, serve

MAKE_MODEL = """
import pandas as pd, skops.io
from sklearn.tree import DecisionTreeClassifier
rows = pd.DataFrame({"size": range(40), "label": ["small"] * 20 + ["large"] * 20})
rows.to_csv("rows.csv", index=False)
skops.io.dump(DecisionTreeClassifier().fit(rows[["size"]], rows["label"]), "my.skops")
"""
GRAFANA, LOCUST = "3000", "8089"  # The ports of their pages.
# Variables that are no settings: of Prometheus, of OpenTelemetry, of compose, of verbs, and in the examples of recipes.
OTHERS = {
    "PROMETHEUS_MULTIPROC_DIR",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "PAGE_SIZE",
    "JWT_SECRET",
    "SCIKIT_LEARN",
    "COMPOSE_PROFILES",
    "MODEL_VERSION",
}
TEXTS = ("README.md", "SECURITY.md", "docs/recipes.md", "docs/scaling.md")


def console_blocks(readme: str) -> list[str]:
    return re.findall(r"```console\n(.*?)```", readme, flags=re.DOTALL)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_every_command_of_the_generated_readme_runs(project: Callable[..., Path], framework: str) -> None:
    folder = project(framework)
    readme = (folder / "README.md").read_text(encoding="utf-8")
    first, curl, table, fitted, versions, with_key, post_table, score = console_blocks(readme)
    (expected,) = re.findall(r"```json\n(.*?)```", readme, flags=re.DOTALL)
    (expected_table,) = re.findall(r"```csv\n(.*?)```", readme, flags=re.DOTALL)
    assert first == "make develop\nmake train\nmake start\n"

    (folder / ".venv").unlink()  # It is borrowed, and others work with it meanwhile.
    succeed("make", "develop", f"PYTHON={sys.executable}", cwd=folder)
    succeed("make", "train", cwd=folder)
    port = free_port()
    with serve(folder, ("make", "start"), PORT=str(port)):
        answer, table_answer = (
            succeed("bash", "-euc", command.replace("localhost:8080", f"127.0.0.1:{port}"), cwd=folder)
            for command in (curl, post_table)
        )
    assert answer.strip() == expected.strip()
    assert table_answer == expected_table
    succeed("bash", "-euc", table, cwd=folder)
    succeed("bash", "-euc", score, cwd=folder)
    assert (folder / "scored.csv").read_text().splitlines()[0].endswith(",Embarked,prediction")
    succeed(".venv/bin/python", "-c", MAKE_MODEL, cwd=folder)
    succeed("bash", "-euc", fitted, cwd=folder)
    succeed("make", "score", "INPUT=rows.csv", "OUTPUT=scored.csv", cwd=folder)
    assert (folder / "scored.csv").read_text().splitlines()[1] == "0,small,small"
    succeed(".venv/bin/python", "-m", "pytest", "-q", "tests/test_api.py", "tests/test_project.py", cwd=folder)
    newest = (folder / "artifacts" / "CURRENT").read_text(encoding="utf-8")
    succeed("bash", "-euc", versions, cwd=folder)
    assert (folder / "artifacts" / "CURRENT").read_text(encoding="utf-8") < newest
    (key,) = re.findall(r"mapi_[A-Za-z0-9_-]{43}", succeed("make", "api-key", "NAME=ada", cwd=folder))
    with serve(folder) as port:
        command = with_key.replace("localhost:8080", f"127.0.0.1:{port}")
        assert '"signature"' in succeed("bash", "-euc", command, cwd=folder, KEY=key)
        assert '"status":401' in succeed("bash", "-euc", command, cwd=folder, KEY=key[:-1])


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_the_port_of_the_readme_is_the_default(project: Callable[..., Path], framework: str) -> None:
    folder = project(framework)
    readme = (folder / "README.md").read_text(encoding="utf-8")

    default = succeed(
        ".venv/bin/python", "-c", "from api.settings import Settings; print(Settings.load().port)", cwd=folder
    ).strip()

    assert set(re.findall(r"localhost:(\d+)", readme)) - {GRAFANA, LOCUST} == {default}


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_make_lists_its_verbs(project: Callable[..., Path], framework: str) -> None:
    folder = project(framework)

    listed = {line.split()[0] for line in succeed("make", cwd=folder).splitlines()}

    phony = re.search(r"^\.PHONY: (.*)$", (folder / "Makefile").read_text(), flags=re.MULTILINE)
    assert phony
    assert listed == set(phony[1].split())


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_what_agents_md_names_is_there(bake: Callable[..., Path], framework: str) -> None:
    folder = bake(framework=framework)
    text = (folder / "AGENTS.md").read_text(encoding="utf-8")
    makefile = (folder / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.*)$", makefile, flags=re.MULTILINE)
    files = set(re.findall(r"`([.\w]*[./][\w./*-]*)`", text)) - {"artifacts/", "clients/", ".env"}  # Which verbs write.
    verbs = {verb for verbs in re.findall(r"make\s((?:[a-z-]+ ?)+)", text.replace("`", "\0")) for verb in verbs.split()}

    assert len(files) > 12
    assert [name for name in files if not any(folder.glob(name))] == []
    assert {"check", "test", "docs", "requirements", "develop"} <= verbs
    assert phony
    assert verbs <= set(phony[1].split())
    assert len(text.splitlines()) <= 40


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What a stranger gets: the committed or added files, and nothing else."""
    names = succeed("git", "ls-files", "--cached", "--others", "--exclude-standard", cwd=ROOT).splitlines()
    for name in names:
        (tmp_path / "clone" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, tmp_path / "clone" / name)
    return tmp_path / "clone"


@pytest.mark.parametrize("arguments", [["--check"], ["flask", "--check"]], ids=" ".join)
def test_the_demo_runs_from_a_fresh_clone(clone: Path, arguments: list[str]) -> None:
    out = succeed("bin/demo", *arguments, cwd=clone, PORT=str(free_port()))

    assert '{"prediction":[0,1,0,0]}' in out
    assert f"bin/demo {' '.join(arguments)}" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_demo_says_why_it_cannot_start(clone: Path) -> None:
    with socket.create_server(("", 0)) as server:
        port = server.getsockname()[1]

        done = run("bin/demo", "--check", cwd=clone, PORT=str(port))

    assert done.returncode != 0
    assert f"PORT {port} is in use" in done.stderr
    assert "bin/demo: the server did not start" in done.stderr


@pytest.mark.parametrize("variant", FRAMEWORKS)
def test_the_tree_in_the_readme_is_what_is_generated(bake: Callable[..., Path], variant: str) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    folder = bake(framework=variant)
    block = re.search(r"```\ntitanic-survival-api/\n(.*?)```", readme, flags=re.DOTALL)
    assert block
    names = {line.split()[0].rstrip("/") for line in block[1].splitlines() if line.startswith("    ")}

    there = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    assert names - {"asgi.py", "wsgi.py", "artifacts"} == there - {"asgi.py", "wsgi.py"}


def test_settings_that_the_texts_name_are_there(bake: Callable[..., Path]) -> None:
    project = bake()
    texts = [(project / name).read_text(encoding="utf-8") for name in TEXTS]
    named = {name for text in texts for name in re.findall(r"`([A-Z]+_[A-Z_0-9]+)", text)} - OTHERS

    assert {"MAX_REQUESTS", "RATE_LIMIT", "MODEL_SHA256"} <= named
    assert named <= set(
        re.findall(r"^#?([A-Z_0-9]+)=", (project / ".env.example").read_text(encoding="utf-8"), re.MULTILINE)
    )


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_the_application_of_the_librarys_readme_predicts(project: Callable[..., Path], framework: str) -> None:
    folder = project(framework)
    readme = (folder / "vendor" / "modelapi" / "README.md").read_text(encoding="utf-8")
    examples = re.findall(r"```python\n(.*?)```", readme, flags=re.DOTALL)
    (example,) = (code for code in examples if f"modelapi.{framework} import" in code)
    entry = "asgi.py" if framework == "fastapi" else "wsgi.py"
    (folder / entry).write_text(example, encoding="utf-8")

    with serve(folder) as port:
        status, _, body = ask(port, "POST", "/predict", {"Content-Type": "application/json"}, b'{"Sex": "female"}')

    assert (status, body) == (200, b'{"prediction":[1]}')


def test_the_settings_of_the_librarys_readme_are_those_of_the_project(bake: Callable[..., Path]) -> None:
    project = bake()
    readme = (project / "vendor" / "modelapi" / "README.md").read_text(encoding="utf-8")
    table = readme.partition("\n## Settings\n")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]

    named = {name for row in rows for name in re.findall(r"`([A-Z_0-9]+)`", row)}

    example = (project / ".env.example").read_text(encoding="utf-8")
    assert named == set(re.findall(r"^#?([A-Z_0-9]+)=", example, re.MULTILINE))
