"""The generated projects, and the models that they and their peers serve."""

import json
import re
import shutil
import sys
from pathlib import Path

from benchmarks.build import BENCH, PEERS, ROOT, TEMPLATE, environment, once, pin, run

MODELS = BENCH / "models"
TABLE = TEMPLATE / "data" / "titanic.csv"
PACKAGES = {
    "logistic": ["package", f"MODEL={MODELS / 'logistic.joblib'}"],
    "forest": ["package", f"MODEL={MODELS / 'forest.joblib'}"],
    "sklearn": ["package", f"MODEL={MODELS / 'logistic.joblib'}", "ENGINE=sklearn"],
    "default": ["train"],
}
CACHES = {".mypy_cache", ".pytest_cache", ".ruff_cache"}  # Of whoever looks at the template.
SAMPLE = [f"SAMPLE={TABLE}", "TARGET=Survived", "ALLOW_PICKLE=1"]


def template_files() -> list[Path]:
    """List the files of which a project is made, its copy of the library among them."""
    folders = (TEMPLATE, ROOT / "hooks")
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    return [ROOT / "cookiecutter.json", *(path for path in files if not CACHES & set(path.parts))]


def project(framework: str) -> Path:
    """Bake a project, install it for development, and return its folder. Raises BenchError."""
    folder = BENCH / "projects" / f"{framework}-api"
    kept = BENCH / "projects" / f"{framework}.venv"

    def bake() -> None:
        pins = BENCH / "cookiecutter.txt"
        pins.write_text(re.findall(r"(?m)^cookiecutter==.*$", (ROOT / "requirements.txt").read_text())[0])
        cookiecutter = environment("cookiecutter", pins) / "bin" / "cookiecutter"
        if (folder / ".venv").exists():
            (folder / ".venv").rename(kept)
        shutil.rmtree(folder, ignore_errors=True)
        answers = [f"project_name={framework} api", f"framework={framework}"]
        run(f"bake {framework}", [cookiecutter, "--no-input", "--output-dir", folder.parent, ROOT, *answers])
        if kept.exists():
            kept.rename(folder / ".venv")
        run(f"make develop in {framework}", ["make", "develop", f"PYTHON={sys.executable}"], folder)

    folder.parent.mkdir(parents=True, exist_ok=True)
    once(f"project-{framework}", template_files(), bake)
    return folder


def train() -> None:
    """Train the models that all servers share. Raises BenchError."""
    script = ROOT / "benchmarks" / "train.py"
    python = project("fastapi") / ".venv" / "bin" / "python"
    pins = project("fastapi") / "requirements" / "develop.txt"
    once("models", [script, TABLE, pins], lambda: run("train the models", [python, script, TABLE, MODELS]))


def package(framework: str, name: str) -> Path:
    """Package a model with the project's own command, and return MODEL_DIR. Raises BenchError."""
    folder = project(framework)
    packages = BENCH / "packages" / framework / name

    def make() -> None:
        shutil.rmtree(packages, ignore_errors=True)
        command = PACKAGES[name] if name == "default" else [*PACKAGES[name], *SAMPLE]
        run(f"make {command[0]} of {name} in {framework}", ["make", *command], folder, MODEL_DIR=str(packages))

    once(f"package-{framework}-{name}", [MODELS / "answers.json", *template_files()], make)
    return packages


def serving(framework: str, packages: Path, *extra: str) -> Path:
    """Make the environment that serves a model, with packages on top that only some servers need. Raises BenchError."""
    folder = project(framework)
    current = packages / (packages / "CURRENT").read_text().strip()
    name = f"{framework}-{json.loads((current / 'manifest.json').read_text())['engine']}"
    requirements = [folder / "requirements" / "common.txt", current / "requirements.txt"]
    for one in extra:
        pins = BENCH / f"{one}.txt"
        pins.write_text(f"{one}=={pin(PEERS / 'tutorial-flask' / 'requirements.txt', one)}")
        requirements.append(pins)
    library = [path for path in (folder / "vendor").rglob("*") if path.is_file() and path.suffix != ".pyc"]
    return environment("-".join([name, *extra]), *requirements, root=folder, local=library)
