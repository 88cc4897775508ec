"""A request belongs to the trace of who asks, and has spans where OTEL_* asks for them."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from modelapi import Prediction, Signature, trace_headers
from modelapi.engines import LABELS
from modelapi.package import Package
from modelapi.protocols import NAMES
from modelapi.serving.batching import Batcher
from modelapi.serving.spans import Provider
from modelapi.serving.tracing import tracing
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from tests.library.web import MakeClient, Record

TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE}-{CALLER}-01"
SECRET = "of-a-client"

Lines = Callable[[], list[dict[str, Any]]]
Take = Callable[[], dict[str, list[ReadableSpan]]]


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    """Read the lines of requests."""
    return lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"request"' in line]


@pytest.fixture
def passed_on() -> list[dict[str, str]]:
    """What is passed on with each prediction."""
    return []


@pytest.fixture
def adjust(passed_on: list[dict[str, str]]) -> Callable[[Prediction, Signature], Prediction]:
    def look_up(prediction: Prediction, _signature: Signature) -> Prediction:
        passed_on.append(trace_headers())
        return prediction

    return look_up


@pytest.fixture
def take(monkeypatch: pytest.MonkeyPatch) -> Take:
    """Ask for spans, and take those that have ended since, by their names."""
    exporter, provider = InMemorySpanExporter(), Provider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    monkeypatch.setattr(tracing, "spans", None)  # As it will be again.
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp")

    def take_all() -> dict[str, list[ReadableSpan]]:
        found: dict[str, list[ReadableSpan]] = {}
        for span in exporter.get_finished_spans():
            found.setdefault(span.name, []).append(span)
        exporter.clear()
        return found

    return take_all


def ids(span: ReadableSpan) -> tuple[str, str]:
    return f"{span.context.trace_id:032x}", f"{span.context.span_id:016x}"


def parent(span: ReadableSpan) -> str | None:
    return f"{span.parent.span_id:016x}" if span.parent else None


def test_the_trace_of_who_asks_is_logged_and_passed_on(
    make: MakeClient, record: Record, lines: Lines, adjust: object, passed_on: list[dict[str, str]]
) -> None:
    client = make(adjust=adjust)
    state = {"tracestate": "rojo=1,congo=2"}

    for body in (record, [record] * 1_000):
        client.post("/predict", json=body, headers={"traceparent": TRACEPARENT} | state)
    client.post("/predict", json=record)

    assert passed_on == [{"traceparent": TRACEPARENT} | state] * 2 + [{}]
    *traced, other = lines()
    assert [(line["trace_id"], line["span_id"]) for line in traced] == [(TRACE, CALLER)] * 2
    assert not {"trace_id", "span_id"} & other.keys()


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        (f"01-{TRACE}-{CALLER}-03-more", f"00-{TRACE}-{CALLER}-01"),  # Of a version to come.
        (f"00-{TRACE}-{CALLER}-01-more", None),
        (f"ff-{TRACE}-{CALLER}-01", None),
        (f"00-{TRACE.upper()}-{CALLER}-01", None),
        (f"00-{'0' * 32}-{CALLER}-01", None),
        (f"00-{TRACE}-{'0' * 16}-01", None),
        (f"00-{TRACE}-{CALLER}-1", None),
        (f"{TRACEPARENT},{TRACEPARENT}", None),
        (SECRET, None),
    ],
)
def test_a_malformed_trace_is_none(
    make: MakeClient,
    record: Record,
    lines: Lines,
    adjust: object,
    passed_on: list[dict[str, str]],
    given: str,
    taken: str | None,
) -> None:
    client = make(adjust=adjust)

    assert client.post("/predict", json=record, headers={"traceparent": given}).status_code == 200

    assert passed_on == [{"traceparent": taken} if taken else {}]
    (line,) = lines()
    assert line.get("trace_id") == (TRACE if taken else None)
    assert SECRET not in str(line)


def test_a_request_has_spans_below_that_of_who_asks(
    make: MakeClient, record: Record, lines: Lines, take: Take, adjust: object, passed_on: list[dict[str, str]]
) -> None:
    client = make(adjust=adjust)
    table = "Age,Sex\n" + "24,female\n" * 3
    bodies = {
        1: {"json": record},
        1_000: {"json": [record] * 1_000},
        3: {"content": table, "headers": {"Content-Type": "text/csv"}},
    }

    for n_rows, body in bodies.items():
        headers = {"traceparent": TRACEPARENT, **body.pop("headers", {})}
        answer = client.post(f"/predict?from={SECRET}", headers=headers, **body)

        found = take()
        (asked,), (parse,), (engine,) = (found.pop(name) for name in ("POST /predict", "parse", "engine"))
        assert not found
        assert (asked.kind, parent(asked), ids(asked)[0]) == (SpanKind.SERVER, CALLER, TRACE)
        assert asked.attributes == {
            "http.request.method": "POST",
            "url.scheme": "http",
            "http.route": "/predict",
            "http.response.status_code": 200,
            "modelapi.model.version": answer.headers["X-Model-Version"],
        }
        assert parent(parse) == parent(engine) == ids(asked)[1]
        assert engine.attributes is not None
        assert engine.attributes["modelapi.rows"] == n_rows
        line = lines()[-1]
        assert (line["trace_id"], line["span_id"]) == ids(asked)
        assert passed_on.pop()["traceparent"] == f"00-{TRACE}-{ids(engine)[1]}-01"


def test_each_of_those_who_share_a_call_has_its_span(take: Take) -> None:
    tracing.start("tests")
    batcher = Batcher(lambda records, _wanted: Prediction([np.zeros(len(records))]), is_slow=False)

    async def ask(n_rows: int) -> None:
        with trace.get_tracer("tests").start_as_current_span(f"request {n_rows}"):
            await batcher.predict([{}] * n_rows, LABELS)

    async def ask_together() -> None:
        await asyncio.gather(ask(1), ask(2))

    asyncio.run(ask_together())

    found = take()
    first, second = found["engine"]
    assert [parent(first), parent(second)] == [ids(found[f"request {n}"][0])[1] for n in (1, 2)]
    assert first.attributes == second.attributes == {"modelapi.rows": 3, "modelapi.requests": 2}


def test_an_error_is_told_by_its_type(make: MakeClient, record: Record, take: Take) -> None:
    def fail(_prediction: Prediction, _signature: Signature) -> Prediction:
        raise ValueError(SECRET)

    client = make(adjust=fail)

    assert client.post("/predict", json=record).status_code == 500
    assert client.post("/predict", json={**record, "Sex": SECRET}).status_code == 422
    assert client.get(f"/{SECRET}").status_code == 404

    found = take()
    failed, refused = found["POST /predict"]
    (missing,) = found["GET"]
    kinds = [(span.attributes or {}).get("error.type") for span in (*found["engine"], failed, *found["parse"])]
    assert kinds == ["ValueError", "ValueError", None, "InvalidRecords"]
    assert (failed.status.is_ok, refused.status.is_ok, missing.status.is_ok) == (False, True, True)
    assert not any(SECRET in span.to_json() or span.events for spans in found.values() for span in spans)


@pytest.mark.parametrize(
    ("name", "value"),
    [("OTEL_SDK_DISABLED", "true"), ("OTEL_TRACES_EXPORTER", "none"), ("OTEL_TRACES_EXPORTER", "")],
)
def test_no_spans_are_made_unless_they_are_asked_for(
    make: MakeClient, record: Record, take: Take, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)

    make()

    assert tracing.spans is None


def test_without_a_word_of_them_no_spans_and_no_protocols_are_imported(site: Path, current: Package) -> None:
    code = "import sys; from api.app import create_app; create_app(); print(*sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], cwd=site, check=True, capture_output=True, text=True)

    modules = {*done.stdout.splitlines()[-1].split()}
    assert "modelapi.serving.tracing" in modules
    assert not modules & {"modelapi.serving.spans", "opentelemetry.sdk", "mcp"}
    assert not modules & {f"modelapi.protocols.{name}" for name in NAMES}


def test_a_start_without_an_exporter_says_so(
    make: MakeClient, record: Record, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "of-nobody")

    assert make().post("/predict", json=record).status_code == 200

    (line,) = [line for line in capsys.readouterr().out.splitlines() if "OTEL_" in line]
    assert ",otel] in requirements/common.in" in json.loads(line)["event"]
