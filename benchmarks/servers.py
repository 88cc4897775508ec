"""The servers that are compared: what each needs, how it starts and what it is asked."""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmarks.build import BENCH, PEERS, BenchError, environment, once, pin, run
from benchmarks.projects import MODELS, package, project

FRAMEWORKS = {"fastapi": "FastAPI", "flask": "Flask"}
PRODUCTS = ("mlflow", "bentoml", "litserve", "mosec", "granian", "uvicorn", "gunicorn")  # The first found is named.
MAIN = ("one", "hundred", "alone")
UVICORN = "uvicorn app:app --host 127.0.0.1 --port {port} --workers 2 --loop uvloop --http httptools --no-access-log"
GRANIAN = "granian --interface wsgi --workers 2 --no-access-log --host 127.0.0.1 --port {port} app:app"
GUNICORN = "gunicorn --workers 2 --bind 127.0.0.1:{port} app:app"
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
        own, command = f"{title} project", UVICORN if name == "fastapi" else GUNICORN
        servers |= {
            name: Server(own, name),
            f"{name}-2-workers": Server(f"{own}, 2 workers", name, measures=("thousand",)),
            f"{name}-1-worker": Server(f"{own}, 1 worker", name, workers=1, measures=("thousand",)),
            f"{name}-sklearn": Server(f"{own}, engine sklearn", name, model="sklearn", measures=("one",)),
            f"{name}-forest": Server(f"{own}, forest", name, model="forest", measures=("one",)),
            f"{name}-tables": Server(f"{own}, 3 features", name, model="default", measures=("rows", "health")),
            f"tutorial-{name}": Server(f"{title} tutorial", f"tutorial-{name}", command),
            f"tutorial-{name}-forest": Server(
                f"{title} tutorial, forest", f"tutorial-{name}", command, model="forest", measures=("one",)
            ),
            f"hello-{name}": Server(
                f"{title} hello world",
                f"hello-{name}",
                UVICORN if name == "fastapi" else GRANIAN,
                "/",
                body=None,
                measures=("one", "alone"),
            ),
        }
    return servers | {
        "mlflow": Server("MLflow", "mlflow", MLFLOW, "/invocations", '{"dataframe_records":%s}', "predictions"),
        "bentoml": Server(
            "BentoML",
            "bentoml",
            "bentoml serve app:Model --host 127.0.0.1 --port {port}",
            body='{"rows":%s}',
            answer=None,
        ),
        "litserve": Server("LitServe", "litserve", "python app.py", answer=None),
        "mosec": Server("Mosec", "mosec", "python app.py --address 127.0.0.1 --port {port}", "/inference", answer=None),
    }


def install(server: Server) -> Server:
    """Install a server, and return it with where it is. Raises BenchError."""
    if server.home in FRAMEWORKS:
        folder = project(server.home)
        packages, place = package(server.home, server.model)
        pins = folder / "requirements" / "common.txt"
        settings = {**OWN_SETTINGS, "WORKERS": str(server.workers), "MODEL_DIR": str(packages)}
    else:
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
    product = next(name for name in PRODUCTS if pin(pins, name))
    title = f"{server.title}, {product} {pin(pins, product)}"
    if product == server.home:
        title = f"{server.title} {pin(pins, product)}"
    return replace(server, folder=folder, environment=place, settings=settings, title=title)
