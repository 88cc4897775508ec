"""What an owner puts around the routes sees each request; what it answers by itself is logged and counted."""

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from tests.conftest import Installed, succeed
from tests.owner.conftest import Api, append, edit, open_api, params
from tests.server import PATIENCE


def instrument(project: Path, framework: str) -> None:
    app, routes = project / "api" / "app.py", project / "api" / "routes.py"
    if framework == "fastapi":
        edit(app, "from fastapi import FastAPI\n", FASTAPI_IMPORTS)
        edit(app, "    # The models,", f"{FASTAPI_BEFORE}    # The models,")
        edit(app, "    return app\n", f"{FASTAPI_AFTER}    return app\n")
        edit(routes, "import APIRouter\n", "import APIRouter, BackgroundTasks, Request\n")
        edit(routes, "async def predict(", "async def predict(tasks: BackgroundTasks, ")
        edit(routes, "    return await", '    tasks.add_task(sent.append, "a message")\n    return await')
        append(routes, FASTAPI_ROUTES)
    else:
        edit(app, "from flask import Flask\n", FLASK_IMPORTS)
        edit(app, "    # The models,", f"{FLASK_BEFORE}    # The models,")
        edit(app, "    return app\n", f"{FLASK_AFTER}    return app\n")
        edit(routes, "import Blueprint, Response\n", "import Blueprint, Response, current_app\n")
        edit(routes, "    return respond(", "    response = respond(")
        append(routes, FLASK_ROUTES)


TRACING = """from opentelemetry.instrumentation.{0} import {1}
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import set_tracer_provider
"""
FASTAPI_IMPORTS = """from fastapi import FastAPI, Request, Response
from starlette.middleware.base import RequestResponseEndpoint
from starlette.middleware.trustedhost import TrustedHostMiddleware
""" + TRACING.format("fastapi", "FastAPIInstrumentor")
FASTAPI_BEFORE = """    ours = ["127.0.0.1", "testserver"]
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*ours, "late.example"])
    provider = TracerProvider()
    app.state.spans = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(app.state.spans))
    set_tracer_provider(provider)

"""
FASTAPI_AFTER = """    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*ours, "early.example"])

    @app.middleware("http")
    async def refuse_robots(request: Request, call_next: RequestResponseEndpoint) -> Response:
        if "robot" in request.headers.get("user-agent", ""):
            return Response("no robots", 418)
        return await call_next(request)

    FastAPIInstrumentor.instrument_app(app, tracer_provider=provider)
"""
FASTAPI_ROUTES = '''

sent: list[str] = []


@router.get("/sent")
async def messages() -> list[str]:
    """Say what was sent in the background."""
    return sent


@router.get("/spans")
async def spans(request: Request) -> list[str]:
    """Name the spans that are over."""
    return [span.name for span in request.app.state.spans.get_finished_spans()]
'''
FLASK_IMPORTS = "from flask import Flask, Response, abort, request\n" + TRACING.format("flask", "FlaskInstrumentor")
FLASK_BEFORE = """    @app.before_request
    def trust_host() -> None:
        if request.host.startswith("early.example"):
            abort(403, "this host is not ours")

    provider = TracerProvider()
    app.config["SPANS"] = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(app.config["SPANS"]))
    set_tracer_provider(provider)

"""
FLASK_AFTER = """    @app.before_request
    def refuse_robots() -> Response | None:
        if request.host.startswith("late.example"):
            abort(403, "this host is not ours")
        return Response("no robots", 418) if "robot" in request.headers.get("User-Agent", "") else None

    FlaskInstrumentor().instrument_app(app, tracer_provider=provider)
"""
FLASK_ROUTES = '''    response.call_on_close(lambda: sent.append("a message"))
    return response


sent: list[str] = []


@blueprint.get("/sent")
def messages() -> list[str]:
    """Say what was sent when the answer was over."""
    return sent


@blueprint.get("/spans")
def spans() -> list[str]:
    """Name the spans that are over."""
    return [span.name for span in current_app.config["SPANS"].get_finished_spans()]
'''


@pytest.fixture(scope="session")
def telemetry(installed: Installed, shared: Path) -> Callable[[str], Path]:
    """Return a folder with OpenTelemetry for a framework, in the versions that go with the project's pins."""

    def install(framework: str) -> Path:
        folder, project = shared / f"telemetry-{framework}", installed(framework)
        with FileLock(shared / f"telemetry-{framework}.lock"):
            if not folder.exists():
                pins = (project / "requirements" / "common.txt").read_text(encoding="utf-8")
                constraints = shared / f"telemetry-{framework}.txt"
                constraints.write_text(re.sub(r"^\./.*\n", "", pins, flags=re.MULTILINE), encoding="utf-8")
                succeed(
                    "uv", "pip", "install", "--quiet", "--python", ".venv/bin/python", "--target", folder,
                    "--constraints", constraints, "opentelemetry-sdk", f"opentelemetry-instrumentation-{framework}",
                    cwd=project,
                )  # fmt: skip
        return folder

    return install


@pytest.fixture(scope="module", params=params(), ids="-".join)
def api(request: pytest.FixtureRequest, own: Callable[..., Path], telemetry: Callable[[str], Path]) -> Iterator[Api]:
    framework, entry = request.param
    settings = {"PYTHONPATH": str(telemetry(framework)), "OTEL_TRACES_EXPORTER": "otlp"}
    with open_api(own(framework, instrument), framework, entry, **settings) as opened:
        yield opened


def until(api: Api, path: str, is_there: Callable[[list[str]], bool]) -> list[str]:
    """Ask until an answer is as it should be: what follows an answer may come a moment after it."""
    ends = time.monotonic() + PATIENCE
    while True:
        found = api.ask("GET", path).json()
        if is_there(found):
            return found
        assert time.monotonic() < ends, found
        time.sleep(0.02)


def test_a_task_after_the_answer_is_done_whatever_the_format(api: Api) -> None:
    before = len(api.ask("GET", "/sent").json())

    answers = api.predict()

    assert {answer.status for answer in answers.values()} == {200}
    until(api, "/sent", lambda sent: len(sent) == before + len(answers))


def test_telemetry_sees_predictions_in_every_format(api: Api) -> None:
    api.ask("GET", "/health")
    before = Counter(api.ask("GET", "/spans").json())

    answers = api.predict()

    until(api, "/spans", lambda spans: spans.count("POST /predict") == before["POST /predict"] + len(answers))
    after = Counter(api.ask("GET", "/spans").json())
    assert after["GET /health"]
    # Those of modelapi are below, and none of them is a second one of the request.
    assert [after[name] - before[name] for name in ("POST /predict", "parse", "engine")] == [len(answers)] * 3


REFUSED = {
    "before": {"Host": "early.example"},
    "after": {"Host": "late.example"},
    "with an answer": {"User-Agent": "robot"},
}
WORDS = {
    "fastapi": (400, b"Invalid host header"),
    "flask": (403, b'"detail":"this host is not ours"'),
}


@pytest.mark.parametrize("place", REFUSED)
def test_what_a_middleware_answers_by_itself_has_an_id_and_a_line_and_is_over(api: Api, place: str) -> None:
    answers = [*api.predict(REFUSED[place]).values(), api.ask("GET", "/health", REFUSED[place])]

    refused, words = (418, b"no robots") if place == "with an answer" else WORDS[api.framework]
    assert [answer.status for answer in answers] == [refused] * 4
    assert all(words in answer.body for answer in answers)
    assert {api.line(answer)["status"] for answer in answers} == {refused}
    in_progress = rb"^http_requests_in_progress (\S+)$"
    metrics = api.ask("GET", "/metrics").body
    assert re.findall(in_progress, metrics, re.MULTILINE) == [b"1.0"]  # That of /metrics itself.
