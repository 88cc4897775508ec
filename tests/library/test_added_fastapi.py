"""What you add with FastAPI's own means works as in any FastAPI, and is logged, counted, guarded and documented."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Annotated, Any

import httpx2
import pytest
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request, Response, WebSocket, WebSocketDisconnect
from fastapi.responses import JSONResponse
from modelapi import Problem
from modelapi.fastapi import CurrentModel, ModelApi, ModelRoute, Options, Prediction, Records
from modelapi.serving.predicting import MEDIA_TYPES
from openapi_spec_validator import validate
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.testclient import TestClient
from structlog.contextvars import bind_contextvars

from tests.library.test_metrics import value
from tests.library.web import MakeClient, Record

KEY = "mapi_a-key-of-ada"
KEYS = f"ada:{sha256(KEY.encode()).hexdigest()}"


@pytest.fixture
def app(make: MakeClient) -> FastAPI:
    made = application(make())

    @made.get("/double")
    async def double(number: int) -> int:
        return 2 * number

    return made


def application(client: httpx2.Client) -> FastAPI:
    app: FastAPI = client.app  # type: ignore[attr-defined]
    return app


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Read the lines of requests that were logged since."""
    logged = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [line for line in logged if line["event"] == "request"]


def test_the_app_is_a_fastapi(app: FastAPI) -> None:
    assert type(app) is FastAPI


def test_an_added_route_is_in_the_document(app: FastAPI) -> None:
    document = TestClient(app).get("/openapi.json").json()

    validate(document)
    assert "/predict" in document["paths"]
    assert document["paths"]["/double"]["get"]["parameters"][0]["name"] == "number"


def test_a_wrong_parameter_of_it_is_a_problem_without_the_value(app: FastAPI) -> None:
    client = TestClient(app)

    answer = client.get("/double?number=secret")

    assert client.get("/double?number=4").json() == 8
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["pointer"] == "/query/number"
    assert "secret" not in answer.text


def test_other_routes_of_the_router_are_what_they_are(make: MakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    from api import routes

    router = APIRouter(route_class=ModelRoute, prefix="/v1")
    router.post("/predict")(routes.predict)

    @router.get("/passengers/{number}")
    async def passenger(number: int) -> dict[str, int]:
        return {"number": number}

    @router.post("/passengers")
    async def board(names: list[str]) -> int:
        return len(names)

    monkeypatch.setattr(routes, "router", router)
    client = make()
    paths = client.get("/openapi.json").json()["paths"]

    assert client.get("/v1/passengers/3").json() == {"number": 3}
    assert client.post("/v1/passengers", json=["Ada"]).json() == 1
    assert paths["/v1/passengers/{number}"].keys() == {"get"}
    assert paths["/v1/passengers"]["post"]["summary"] == "Board"
    assert paths["/v1/predict"]["post"]["summary"] == "Predict Survived"


def test_a_path_that_you_serve_yourself_is_yours(make: MakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    from api import routes

    monkeypatch.setattr(routes, "router", APIRouter(route_class=ModelRoute))

    @routes.router.get("/ready")
    async def ready(model: CurrentModel) -> dict[str, str]:
        return {"mine": model.version}

    answer = make().get("/ready")

    assert answer.json() == {"mine": answer.headers["x-model-version"]}


def test_what_you_add_to_predict_is_in_its_description(make: MakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    from api import routes

    monkeypatch.setattr(routes, "router", APIRouter(route_class=ModelRoute))

    @routes.router.post("/predict", tags=["mine"], responses={418: {"description": "A teapot."}})
    async def predict(model: CurrentModel, records: Records, options: Options, ship: str = "Titanic") -> Prediction:
        return await model.predict(records, options)

    document = make().get("/openapi.json").json()
    operation = document["paths"]["/predict"]["post"]

    validate(document)
    assert [one["name"] for one in operation["parameters"]] == ["warnings", "probabilities", "explain", "ship"]
    assert operation["tags"] == ["mine"]
    assert {"200", "418", "422", "503"} <= operation["responses"].keys()
    assert operation["requestBody"]["content"].keys() == {*MEDIA_TYPES}


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (HTTPException(404, "no such passenger", {"X-Hint": "board first"}), "no such passenger"),
        (HTTPException(503, headers={"Retry-After": "7", "X-Hint": "board first"}), "the request cannot be served"),
        (Problem(409, "this seat is taken", headers={"X-Hint": "board first"}), "this seat is taken"),
    ],
)
def test_what_you_raise_leaves_with_your_words_and_headers(app: FastAPI, error: Exception, detail: str) -> None:
    @app.get("/raise")
    async def refuse() -> None:
        raise error

    answer = TestClient(app).get("/raise")

    assert (answer.status_code, answer.json()["detail"]) == (getattr(error, "status_code", 409), detail)
    assert answer.headers["x-hint"] == "board first"
    assert answer.headers.get("retry-after") == ("7" if answer.status_code == 503 else None)
    assert answer.headers["content-type"] == "application/problem+json"


def test_your_shape_of_errors_is_that_of_guards_too(make: MakeClient, record: Record) -> None:
    client = make(api_keys=KEYS, rate_limit="1/hour")

    @application(client).exception_handler(Problem)
    async def shape(request: Request, problem: Problem) -> Response:
        return JSONResponse({"error": problem.detail}, problem.status, problem.headers)

    refused = client.post("/predict", json=record)
    wrong = client.post("/predict", json={}, headers={"X-API-Key": KEY})
    limited = client.post("/predict", json=record, headers={"X-API-Key": KEY})

    assert [answer.status_code for answer in (refused, wrong, limited)] == [401, 422, 429]
    for answer in (refused, wrong, limited):
        assert answer.json().keys() == {"error"}
        assert answer.headers["content-type"] == "application/json"
    assert refused.headers["www-authenticate"] == "Bearer"
    assert "retry-after" in limited.headers


def test_without_handlers_of_yours_refusals_are_problems(make: MakeClient) -> None:
    from api.settings import Settings

    make()
    app = FastAPI()
    ModelApi(Settings.load().model_copy(update={"api_keys": KEYS})).init_app(app)

    answer = TestClient(app).get("/model")

    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")


def test_a_middleware_that_answers_by_itself_is_logged_and_counted(
    capsys: pytest.CaptureFixture[str], app: FastAPI, record: Record
) -> None:
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["testserver"])
    client = TestClient(app)
    before = client.get("/metrics").text
    lines(capsys)

    answer = client.post("/predict", json=record, headers={"Host": "evil.example", "X-Request-ID": "one"})

    assert answer.status_code == 400
    assert answer.headers["x-request-id"] == "one"
    (line,) = lines(capsys)
    assert (line["request_id"], line["status"], line["route"]) == ("one", 400, None)
    after = client.get("/metrics").text
    assert value(after, "http_requests_in_progress") == value(before, "http_requests_in_progress") == 1
    assert 'http_requests_total{route="none",status="400"}' in after


async def tell(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await call_next(request)
    response.headers["X-Told"] = "1"
    return response


@pytest.mark.parametrize("with_middleware", [False, True])
def test_fields_that_a_function_binds_are_in_the_line_of_its_request_alone(
    capsys: pytest.CaptureFixture[str], app: FastAPI, with_middleware: bool
) -> None:
    if with_middleware:
        app.middleware("http")(tell)

    @app.get("/bind")
    async def bind() -> None:
        bind_contextvars(passenger_class=3, thing=object)

    async def ask_in_one_task() -> None:
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as client:
            for path in ("/bind", "/health"):
                answer = await client.get(path)
                assert answer.status_code == 200
                assert ("x-told" in answer.headers) is with_middleware

    asyncio.run(ask_in_one_task())

    bound, other = lines(capsys)
    assert (bound["route"], bound["passenger_class"], bound["thing"]) == ("/bind", 3, "<class 'object'>")
    assert (other["route"], "passenger_class" in other) == ("/health", False)


def test_fields_that_predict_binds_are_in_its_line(
    make: MakeClient, record: Record, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from api import routes

    monkeypatch.setattr(routes, "router", APIRouter(route_class=ModelRoute))

    @routes.router.post("/predict")
    async def predict(model: CurrentModel, records: Records) -> Prediction:
        bind_contextvars(passengers=len(list(records)), status="mine")
        return await model.predict(records)

    make().post("/predict", json=[record] * 2)

    (line,) = lines(capsys)
    assert (line["passengers"], line["rows"]) == (2, 2)
    assert line["status"] == 200  # What is the library's is not yours.


def test_keys_hold_for_routes_of_yours_and_below_a_prefix(make: MakeClient) -> None:
    inner = application(make(api_keys=KEYS))
    outer = FastAPI()
    outer.mount("/v1", inner)

    @inner.get("/mine")
    async def mine() -> str:
        return "mine"

    for app, prefix in ((inner, ""), (outer, "/v1")):
        client = TestClient(app)

        assert client.get(f"{prefix}/mine").status_code == 401
        assert client.get(f"{prefix}/mine", headers={"X-API-Key": KEY}).json() == "mine"
        assert client.get(f"{prefix}/health").status_code == 200
        assert client.get(f"{prefix}/model").status_code == 401


def test_a_websocket_of_yours_needs_a_key_too(make: MakeClient) -> None:
    app = application(make(api_keys=KEYS))

    @app.websocket("/talk")
    async def talk(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text("come in")
        await websocket.close()

    client = TestClient(app)

    with pytest.raises(WebSocketDisconnect) as refused, client.websocket_connect("/talk"):
        pass
    with client.websocket_connect("/talk", headers={"X-API-Key": KEY}) as session:
        assert session.receive_text() == "come in"
    assert refused.value.code == 1008


def test_a_login_of_yours_is_asked_in_every_format(make: MakeClient, record: Record) -> None:
    async def user(request: Request) -> str:
        if "authorization" not in request.headers:
            raise HTTPException(401, "log in first", {"WWW-Authenticate": "Own"})
        return "ada"

    client = make()
    app = application(client)

    @app.post("/mine")
    async def mine(
        user: Annotated[str, Depends(user)], model: CurrentModel, records: Records, options: Options
    ) -> Prediction:
        return await model.predict(records, options)

    refused = client.post("/mine", json=record)
    answer = client.post("/mine", json=record, headers={"Authorization": "Own ada"})

    assert (refused.status_code, refused.json()["detail"]) == (401, "log in first")
    assert answer.json().keys() == {"prediction"}
