"""The servers that are compared: what each needs, how it starts and what it is asked."""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmarks.build import BENCH, PEERS, BenchError, environment, once, pin, run
from benchmarks.edits import edited
from benchmarks.projects import MODELS, package, project, serving

FRAMEWORKS = {"fastapi": "FastAPI", "flask": "Flask"}
MAIN = ("one", "hundred", "alone")
LISTEN = "--host 127.0.0.1 --port {port}"
UVICORN = f"uvicorn %s {LISTEN} --workers 2 --loop uvloop --http httptools --no-access-log"
GRANIAN = f"granian --interface wsgi --workers 2 --no-access-log {LISTEN} app:app"
GUNICORN = "gunicorn --workers 2 --bind 127.0.0.1:{port} app:app"
THREADS = "gunicorn --workers 2 --threads 8 --bind 127.0.0.1:{port} %s"
MLFLOW = "mlflow models serve -m {model}.mlflow -h 127.0.0.1 -p {port} --workers 2 --env-manager local"
OWN_SETTINGS = {"HOST": "127.0.0.1", "LOG_FORMAT": "json", "LOG_LEVEL": "info"}
PEER_SETTINGS = {"DO_NOT_TRACK": "1", "BENTOML_DO_NOT_TRACK": "True", "MLFLOW_DISABLE_TELEMETRY": "true"}


@dataclass(frozen=True)
class Server:
    """A server of a framework's project or of the peer in a folder; without a body it only greets."""

    title: str
    home: str
    command: str = "bin/run.sh"
    path: str = "/predict"
    body: str | None = "%s"  # Around the list of records.
    answer: str | None = "prediction"  # The field with the labels, if they are in one.
    model: str = "logistic"
    measures: tuple[str, ...] = MAIN
    workers: int = 2
    edit: str = ""  # Of the project: a name that benchmarks/edits.py knows.
    folder: Path = BENCH
    environment: Path = BENCH
    settings: dict[str, str] = field(default_factory=dict)

    def encode(self, records: list[dict[str, Any]]) -> bytes:
        """Write the body of a request."""
        if self.model == "default":
            records = [{name: record[name] for name in ("Age", "Sex", "Embarked")} for record in records]
        bare = self.home in FRAMEWORKS and len(records) == 1
        text = json.dumps(records[0] if bare else records, separators=(",", ":"))
        return ((self.body or "") % text).encode() if self.body else b""

    def decode(self, answer: bytes) -> Any:
        """Read the labels in an answer."""
        return json.loads(answer)[self.answer] if self.answer else json.loads(answer)


def lineup() -> dict[str, Server]:
    """List all servers by name, as --only takes them."""
    servers: dict[str, Server] = {}
    for name, title in FRAMEWORKS.items():
        asgi = name == "fastapi"
        own, command = f"{title} project", UVICORN % "app:app" if asgi else GUNICORN
        entry, plain = ("asgi:app", UVICORN) if asgi else ("wsgi:app", THREADS)
        logging = plain.replace(" --no-access-log", "") if asgi else f"{plain} --access-logfile -"
        servers |= {
            name: Server(own, name),
            f"{name}-2-workers": Server(f"{own}, 2 workers", name, measures=("thousand",)),
            f"{name}-1-worker": Server(f"{own}, 1 worker", name, workers=1, measures=("thousand",)),
            f"{name}-sklearn": Server(f"{own}, engine sklearn", name, model="sklearn", measures=("one",)),
            f"{name}-forest": Server(f"{own}, forest", name, model="forest", measures=("one",)),
            f"{name}-tables": Server(f"{own}, 3 features", name, model="default", measures=("rows", "health")),
            f"{name}-plain-server": Server(f"{own} as {entry}", name, plain % entry, measures=("one",)),
            f"{name}-route": greeting(f"{own} as {entry}, own route", name, plain % entry, edit="route"),
            f"plain-{name}": greeting(f"{title} alone, the same route", f"plain-{name}", plain % "app:app"),
            f"logging-{name}": greeting(
                f"{title} alone, the same route, access log", f"plain-{name}", logging % "app:app"
            ),
            f"tutorial-{name}": Server(f"{title} tutorial", f"tutorial-{name}", command),
            f"tutorial-{name}-forest": Server(
                f"{title} tutorial, forest", f"tutorial-{name}", command, model="forest", measures=("one",)
            ),
            f"hello-{name}": replace(
                greeting(f"{title} hello world", f"hello-{name}", command if asgi else GRANIAN, path="/"),
                measures=("one", "alone"),
            ),
        }
    return servers | {
        "fastapi-dependency": Server(
            "FastAPI project, own dependency", "fastapi", edit="dependency", measures=("one",)
        ),
        "mlflow": Server("MLflow", "mlflow", MLFLOW, "/invocations", '{"dataframe_records":%s}', "predictions"),
        "bentoml": Server("BentoML", "bentoml", f"bentoml serve app:Model {LISTEN}", body='{"rows":%s}', answer=None),
        "litserve": Server("LitServe", "litserve", "python app.py", answer=None),
        "mosec": Server("Mosec", "mosec", "python app.py --address 127.0.0.1 --port {port}", "/inference", answer=None),
    }


def greeting(title: str, home: str, command: str, path: str = "/greeting", edit: str = "") -> Server:
    """Describe a server that is asked for a greeting, not for predictions."""
    return Server(title, home, command, path, body=None, measures=("one",), edit=edit)


def install(server: Server) -> Server:
    """Install a server, and return it with where it is. Raises BenchError."""
    framework = server.home.removeprefix("plain-")
    if framework in FRAMEWORKS:
        return install_own(server, framework)
    folder = PEERS / server.home
    pins = folder / "requirements.txt"
    template = pin(project("fastapi") / "requirements" / "develop.txt", "scikit-learn")
    if pin(pins, "scikit-learn") not in (None, template):
        raise BenchError(f"its pins are not of scikit-learn {template}: benchmarks/refresh.sh moves them")
    place = environment(server.home, pins)
    model = MODELS / f"{server.model}.joblib"
    settings = {**PEER_SETTINGS, "MODEL": str(model), "HOME": str(BENCH / "home")}
    if server.home == "mlflow":
        command: list[object] = [place / "bin" / "python", folder / "app.py"]
        once("mlflow-model", [pins, model], lambda: run("store the model for MLflow", command, folder, **settings))
    return replace(server, folder=folder, environment=place, settings=settings, title=full_title(server, pins))


def install_own(server: Server, framework: str) -> Server:
    """Install a project, or a plain application in the environment of a project. Raises BenchError."""
    folder = edited(framework, server.edit) if server.edit else project(framework)
    if server.home != framework:
        folder = PEERS / server.home
    packages = package(framework, server.model)
    place = serving(framework, packages, *(["gunicorn"] if server.command.startswith("gunicorn") else []))
    settings = {**OWN_SETTINGS, "WORKERS": str(server.workers), "MODEL_DIR": str(packages)}
    pins = (PEERS / "tutorial-flask" / "requirements.txt", project(framework) / "requirements" / "common.txt")
    return replace(server, folder=folder, environment=place, settings=settings, title=full_title(server, *pins))


def full_title(server: Server, *pins: Path) -> str:
    """Name a server with its product, which is what starts it, the peer itself or uvicorn, and its version."""
    names = [name for name in (server.command.split()[0], server.home, "uvicorn") if name not in FRAMEWORKS]
    product, version = next((name, found) for name in names for path in pins if (found := pin(path, name)))
    return f"{server.title} {version}" if product == server.home else f"{server.title}, {product} {version}"
