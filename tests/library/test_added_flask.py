"""What you add with Flask's own means works as in any Flask, and is logged, counted, guarded and documented."""

import json
from collections.abc import Iterable
from hashlib import sha256
from typing import Any, NoReturn

import httpx2
import pytest
from flask import Blueprint, Flask, Response, abort, g, jsonify, request
from modelapi import Problem
from modelapi.flask import ModelApi, current_model, exchange, read_options, read_records, respond
from modelapi.serving.prediction import Prediction
from structlog.contextvars import bind_contextvars
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import NotFound, ServiceUnavailable

from tests.library.client_flask import make_client
from tests.library.packages import save
from tests.library.test_metrics import value
from tests.library.test_predict_tables import CSV, NDJSON, as_csv, as_lines
from tests.library.web import MakeClient, Record

KEY = "mapi_a-key-of-ada"
KEYS = f"ada:{sha256(KEY.encode()).hexdigest()}"


def make_app(**changes: Any) -> Flask:
    from api.app import create_app
    from api.settings import Settings

    app: Flask = create_app(Settings.load().model_copy(update=changes))
    return app


@pytest.fixture
def app(site: object) -> Flask:
    return make_app()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Read the lines of requests that were logged since."""
    logged = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [line for line in logged if line["event"] == "request"]


def ask_in_every_format(client: httpx2.Client, record: Record) -> list[httpx2.Response]:
    return [
        client.post("/predict", json=record),
        client.post("/predict", content=as_csv([record]), headers=CSV),
        client.post("/predict", content=as_lines([record]), headers=NDJSON),
    ]


def test_the_app_is_a_flask(app: Flask) -> None:
    assert type(app) is Flask


def test_a_hook_and_a_view_may_read_the_body_too(app: Flask, record: Record) -> None:
    read: list[Any] = []

    @app.before_request
    def before() -> None:
        if request.path == "/form":
            assert not request.form  # As a login looks for its field.
        elif request.path != "/after":
            read.append(request.get_json())

    @app.post("/before-and-after")
    @app.post("/after")
    @app.post("/form")
    def predict_and_read() -> Response:
        prediction = current_model().predict(read_records())
        read.append(request.get_json())
        return respond(prediction)

    client = make_client(app)

    for path in ("/before-and-after", "/predict", "/after", "/form"):
        assert client.post(path, json=record).status_code == 200
    assert read == [record] * 5


def test_your_view_is_called_for_every_format(app: Flask, record: Record) -> None:
    called: list[str] = []

    def predict() -> Response:
        records = read_records()
        called.append(records.media_type)
        return respond(current_model().predict(records, read_options()))

    app.view_functions["api.predict"] = predict

    answers = ask_in_every_format(make_client(app), record)

    assert [answer.status_code for answer in answers] == [200] * 3
    assert called == ["application/json", "text/csv", "application/x-ndjson"]


def test_a_path_that_you_serve_yourself_is_yours(make: MakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    from api import routes

    monkeypatch.setattr(routes, "blueprint", Blueprint("api", __name__))

    @routes.blueprint.get("/ready")
    def ready() -> dict[str, str]:
        return {"mine": current_model().version}

    answer = make().get("/ready")

    assert answer.json() == {"mine": answer.headers["x-model-version"]}


@pytest.mark.parametrize("place", ["before", "after", "decorator"])
def test_a_login_of_yours_is_asked_in_every_format(
    site: object, record: Record, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    from api import app as module

    def refuse() -> NoReturn:
        abort(401, "who are you?", www_authenticate=WWWAuthenticate("own"))

    if place == "before":  # A hook that was registered before the library's.
        flask = module.Flask

        def make_flask(*names: Any, **options: Any) -> Flask:
            made: Flask = flask(*names, **options)
            made.before_request(refuse)
            return made

        monkeypatch.setattr(module, "Flask", make_flask)
    app = make_app()
    if place == "after":
        app.before_request(refuse)
    elif place == "decorator":
        app.view_functions["api.predict"] = refuse

    for answer in ask_in_every_format(make_client(app), record):
        assert (answer.status_code, answer.json()["detail"]) == (401, "who are you?")
        assert answer.headers["www-authenticate"].lower().startswith("own")
        assert answer.headers["content-type"] == "application/problem+json"


def test_hooks_after_the_request_and_around_all_are_called(app: Flask, record: Record) -> None:
    def tell(response: Response) -> Response:
        response.headers["X-Told"] = "1"
        return response

    app.after_request(tell)
    inner = app.wsgi_app

    def tell_too(environ: Any, start_response: Any) -> Iterable[bytes]:
        return inner(environ, lambda status, headers, *rest: start_response(status, [*headers, ("X-Too", "1")], *rest))

    app.wsgi_app = tell_too  # type: ignore[method-assign]

    for answer in ask_in_every_format(make_client(app), record):
        assert (answer.headers["x-told"], answer.headers["x-too"]) == ("1", "1")


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (NotFound("no such passenger"), "no such passenger"),
        (ServiceUnavailable("later", retry_after=7), "later"),
        (Problem(409, "this seat is taken", headers={"Retry-After": "7"}), "this seat is taken"),
    ],
)
def test_what_you_raise_leaves_with_your_words_and_headers(app: Flask, error: Exception, detail: str) -> None:
    @app.get("/raise")
    def refuse() -> NoReturn:
        raise error

    answer = make_client(app).get("/raise")

    assert (answer.status_code, answer.json()["detail"]) == (getattr(error, "code", 409), detail)
    assert answer.headers.get("retry-after") == (None if answer.status_code == 404 else "7")
    assert answer.headers["content-type"] == "application/problem+json"


def test_what_you_abort_with_as_a_response_is_the_answer(app: Flask) -> None:
    @app.get("/abort")
    def refuse() -> NoReturn:
        abort(Response("mine", 418, {"X-Mine": "1"}))

    answer = make_client(app).get("/abort")

    assert (answer.status_code, answer.text, answer.headers["x-mine"]) == (418, "mine", "1")


def test_your_shape_of_errors_is_that_of_guards_too(site: object, record: Record) -> None:
    app = make_app(api_keys=KEYS, rate_limit="1/hour")

    @app.errorhandler(Problem)
    def shape(problem: Problem) -> tuple[Response, int, dict[str, str]]:
        return jsonify(error=problem.detail), problem.status, dict(problem.headers)

    client = make_client(app)
    refused = client.post("/predict", json=record)
    wrong = client.post("/predict", json={}, headers={"X-API-Key": KEY})
    limited = client.post("/predict", json=record, headers={"X-API-Key": KEY})

    assert [answer.status_code for answer in (refused, wrong, limited)] == [401, 422, 429]
    for answer in (refused, wrong, limited):
        assert answer.json().keys() == {"error"}
        assert answer.headers["content-type"] == "application/json"
    assert refused.headers["www-authenticate"] == "Bearer"
    assert "retry-after" in limited.headers


def test_without_handlers_of_yours_refusals_are_problems(site: object) -> None:
    from api.settings import Settings

    app = Flask("mine")
    ModelApi(Settings.load().model_copy(update={"api_keys": KEYS})).init_app(app)

    answer = make_client(app).get("/model")

    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")


def test_a_hook_that_answers_by_itself_is_logged_and_counted(
    capsys: pytest.CaptureFixture[str], app: Flask, record: Record
) -> None:
    app.before_request(lambda: abort(403) if request.method == "POST" else None)
    client = make_client(app)
    before = client.get("/metrics").text
    lines(capsys)

    answer = client.post("/predict", json=record, headers={"X-Request-ID": "one"})

    assert (answer.status_code, answer.headers["x-request-id"]) == (403, "one")
    (line,) = lines(capsys)
    assert (line["request_id"], line["status"], line["route"]) == ("one", 403, "/predict")
    after = client.get("/metrics").text
    assert value(after, "http_requests_in_progress") == value(before, "http_requests_in_progress") == 1
    assert 'http_requests_total{route="/predict",status="403"}' in after


def test_a_crash_before_the_view_is_counted_too(app: Flask, capsys: pytest.CaptureFixture[str]) -> None:
    def crash() -> None:
        if request.path == "/model":
            raise RuntimeError(message)

    message = "secret"
    app.before_request(crash)
    client = make_client(app)

    answer = client.get("/model")

    assert answer.status_code == 500
    assert "secret" not in answer.text + capsys.readouterr().out
    assert value(client.get("/metrics").text, "http_requests_in_progress") == 1


def test_fields_that_a_view_binds_are_in_the_line_of_its_request_alone(
    capsys: pytest.CaptureFixture[str], app: Flask
) -> None:
    @app.get("/bind")
    def bind() -> str:
        bind_contextvars(passenger_class=3, thing=object, status="mine")
        return "bound"

    client = make_client(app)
    client.get("/bind")
    client.get("/health")

    bound, other = lines(capsys)
    assert (bound["route"], bound["passenger_class"], bound["thing"]) == ("/bind", 3, "<class 'object'>")
    assert bound["status"] == 200  # What is the library's is not yours.
    assert (other["route"], "passenger_class" in other) == ("/health", False)


def test_keys_hold_for_routes_of_yours_which_know_whose_key_it_is(site: object) -> None:
    app = make_app(api_keys=KEYS)
    blueprint = Blueprint("mine", __name__)

    @blueprint.get("/mine")
    def mine() -> str:
        g.name = exchange().principal
        return f"of {g.name}"

    app.register_blueprint(blueprint, url_prefix="/v1")
    client = make_client(app)

    assert client.get("/v1/mine").status_code == 401
    assert client.get("/v1/mine", headers={"X-API-Key": KEY}).text == "of ada"


def test_records_can_be_looked_at_and_changed_before_they_are_predicted(app: Flask, record: Record) -> None:
    def of_men_alone() -> Response:
        return respond(current_model().predict([{**one, "Sex": "male"} for one in read_records()], read_options()))

    app.view_functions["api.predict"] = of_men_alone
    client = make_client(app)
    woman, man = {**record, "Sex": "female"}, {**record, "Sex": "male"}

    changed = client.post("/predict?probabilities=true", json=[woman, man]).json()

    assert changed["probability"][0] == changed["probability"][1]
    assert client.post("/predict", json={**record, "Sex": "unknown"}).status_code == 422


def test_one_view_may_ask_for_two_models(
    make: MakeClient, record: Record, tmp_path: Any, pets: Any, pipeline: Any
) -> None:
    save(tmp_path, pets, pipeline)
    client = make(models={"kind": tmp_path})

    def both() -> Response:
        second = current_model("kind").predict([{"fur": "short", "age": 3, "indoor": True}])
        first = current_model().predict(read_records())
        return respond(Prediction(prediction=[*first.prediction, *second.prediction]))

    client.app.view_functions["api.predict"] = both  # type: ignore[attr-defined]

    assert client.post("/predict", json=record).json() == {"prediction": [0, "cat"]}
