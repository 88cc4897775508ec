"""The ten recipes of a project's docs/recipes.md are followed as written, and do what they say."""

import base64
import http.server
import json
import threading
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Queue

import pytest

from tests.conftest import FRAMEWORKS, succeed
from tests.recipes import follow, read_recipes
from tests.server import PATIENCE, ask, serve, start, stop

JSON = {"Content-Type": "application/json"}
CSV = {"Content-Type": "text/csv"}
PASSENGER = {"Age": 24, "Sex": "female", "Embarked": "C"}
SECRET = "a secret of thirty-two characters"
SIGN = """
import jwt, sys, time
claims, secret = {"sub": "ada", "exp": time.time() + 600}, sys.argv[1]
print(jwt.encode(claims, secret), jwt.encode({**claims, "exp": 1}, secret), jwt.encode(claims, secret * 2))
"""

Followed = Callable[..., Path]


@pytest.fixture(params=FRAMEWORKS)
def followed(request: pytest.FixtureRequest, project: Callable[..., Path]) -> Followed:
    """Make a project in which recipes were followed: followed(2, 8)."""

    def make(*numbers: int) -> Path:
        folder = project(request.param)
        for number in numbers:
            follow(folder, number)
        return folder

    return make


@pytest.fixture
def packages(tmp_path: Path) -> Callable[..., str]:
    """Install packages that a recipe asks for, beside those of the project; returns PYTHONPATH."""

    def install(folder: Path, *names: str) -> str:
        python, target = folder / ".venv" / "bin" / "python", tmp_path / "packages"
        succeed("uv", "pip", "install", "--quiet", "--python", python, "--target", target, *names, cwd=folder)
        return str(target)

    return install


def predict(port: int, headers: dict[str, str] | None = None, **record: object) -> tuple[int, int]:
    """Send a passenger as JSON and as a table, and return both statuses."""
    content = PASSENGER | record
    table = ",".join(content) + "\n" + ",".join(map(str, content.values())) + "\n"
    bodies = ((JSON, json.dumps(content).encode()), (CSV, table.encode()))
    first, second = (ask(port, "POST", "/predict", {**kind, **(headers or {})}, body)[0] for kind, body in bodies)
    return first, second


def test_a_route_is_added(followed: Followed) -> None:
    with serve(followed(1)) as port:
        assert json.loads(ask(port, "GET", "/labels")[2]) == {"labels": [0, 1]}


def test_a_header_is_on_all_answers_and_a_login_before_all_formats(followed: Followed) -> None:
    good, bad = (
        {"Authorization": "Basic " + base64.b64encode(f"ada:{word}".encode()).decode()} for word in ("yes", "no")
    )

    with serve(followed(2), PASSWORD="yes") as port:
        assert [predict(port, headers) for headers in (good, bad, {})] == [(200, 200), (401, 401), (401, 401)]
        assert ask(port, "POST", "/predict", JSON, b"{}")[1]["www-authenticate"].startswith("Basic")
        assert {ask(port, "GET", path)[1]["x-team"] for path in ("/nope", "/health", "/model")} == {"pricing"}


def test_a_field_is_in_the_log_line_of_each_format(followed: Followed) -> None:
    process, port, log = start(followed(3))
    try:
        assert predict(port) == (200, 200)
    finally:
        stop(process)

    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert [line.get("campaign") for line in lines if line.get("route") == "/predict"] == ["spring"] * 2


def test_all_errors_have_the_other_shape(followed: Followed) -> None:
    with serve(followed(4), RATE_LIMIT="2/hour") as port:
        answers = [ask(port, "POST", "/predict", JSON, body) for body in (b"{", b'{"Age": "x"}', b"{}")]
        answers.append(ask(port, "GET", "/nope"))

    errors = [json.loads(body)["error"] for _, _, body in answers]
    assert [error["code"] for error in errors] == [400, 422, 429, 429]
    assert errors[1]["fields"][0]["pointer"] == "/Age"
    assert "retry-after" in answers[2][1]


def test_a_threshold_holds_for_json_tables_and_scores(followed: Followed) -> None:
    folder = followed(5)
    rows = [{"Age": age, "Sex": "male", "Embarked": "C"} for age in range(1, 80)]
    (folder / "rows.csv").write_text("Age,Sex,Embarked\n" + "".join(f"{row['Age']},male,C\n" for row in rows))

    with serve(folder) as port:
        answer = json.loads(ask(port, "POST", "/predict?probabilities=true", JSON, json.dumps(rows).encode())[2])
        table = ask(port, "POST", "/predict", CSV, (folder / "rows.csv").read_bytes())[2].decode()
    succeed("make", "score", "INPUT=rows.csv", "OUTPUT=scored.csv", cwd=folder)

    shares = [share["1"] for share in answer["probability"]]
    expected = [int(share > 0.3) for share in shares]
    assert any(0.3 < share < 0.5 for share in shares)
    assert answer["prediction"] == expected
    assert table.splitlines()[1:] == list(map(str, expected))
    assert [line[-1] for line in (folder / "scored.csv").read_text().splitlines()[1:]] == list(map(str, expected))


def test_a_look_up_predicts_whom_it_finds(followed: Followed) -> None:
    with serve(followed(6)) as port:
        assert json.loads(ask(port, "GET", "/passengers/7/prediction")[2]) == {"prediction": [1]}
        status, headers, body = ask(port, "GET", "/passengers/8/prediction")

    assert (status, headers["content-type"]) == (404, "application/problem+json")
    assert json.loads(body)["detail"] == "no such passenger"


def test_a_second_model_is_served_beside_the_first_also_from_an_image(followed: Followed) -> None:
    folder = followed(7)
    steps = (folder / "Dockerfile").read_text(encoding="utf-8")
    with serve(folder) as port:
        signature = json.loads(ask(port, "GET", "/models/fare")[2])["signature"]
        record = {feature["name"]: feature["example"] for feature in signature["features"]}
        answer = ask(port, "POST", "/models/fare/predict", JSON, json.dumps(record).encode())

        assert predict(port) == (200, 200)
    assert signature["target"]["name"] == "Fare"
    assert len(json.loads(answer[2])["prediction"]) == 1
    assert "COPY --from=package /package artifacts\nCOPY artifacts/fare artifacts/fare\n" in steps


def test_only_tokens_that_are_valid_are_let_in(followed: Followed, packages: Callable[..., str]) -> None:
    folder = followed(2, 8)
    path = packages(folder, "pyjwt")
    good, *bad = succeed(folder / ".venv/bin/python", "-c", SIGN, SECRET, cwd=folder, PYTHONPATH=path).split()

    with serve(folder, JWT_SECRET=SECRET, PYTHONPATH=path) as port:
        assert predict(port, {"Authorization": f"Bearer {good}"}) == (200, 200)
        assert [predict(port, {"Authorization": f"Bearer {token}"}) for token in bad] == [(401, 401)] * 2
        assert predict(port) == (401, 401)


def test_an_own_transformer_needs_no_pickle(followed: Followed) -> None:
    folder = followed(9)

    said = succeed("make", "train", cwd=folder)

    assert "Engine sklearn" in said
    with serve(folder) as port:
        assert predict(port) == (200, 200)
        shares = [
            ask(port, "POST", "/predict?probabilities=true", JSON, json.dumps(PASSENGER | {"Age": age}).encode())[2]
            for age in (20, 29, 30)
        ]
    assert shares[0] == shares[1] != shares[2]


@pytest.fixture
def spans() -> Iterator[tuple[int, "Queue[bytes]"]]:
    """Take what a tracer sends."""
    received: Queue[bytes] = Queue()

    class Collector(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.put(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port, received
        server.shutdown()


def test_each_prediction_has_its_spans(
    followed: Followed, packages: Callable[..., str], spans: tuple[int, "Queue[bytes]"]
) -> None:
    folder = followed(10)
    assert ",otel]" in (folder / "requirements" / "common.in").read_text(encoding="utf-8")
    library = tomllib.loads((folder / "vendor" / "modelapi" / "pyproject.toml").read_text(encoding="utf-8"))
    path = packages(folder, *library["project"]["optional-dependencies"]["otel"])
    port, received = spans
    # They are sent when the workers end, if not before.
    settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}", "OTEL_BSP_SCHEDULE_DELAY": "600000"}

    with serve(folder, PYTHONPATH=path, WORKERS="2", OTEL_EXPORTER_OTLP_COMPRESSION="none", **settings) as api:
        assert predict(api) == (200, 200)

    seen = b""
    while seen.count(b"POST /predict") < 2:
        seen += received.get(timeout=PATIENCE)
    assert all(seen.count(name) >= 2 for name in (b"parse", b"engine", b"modelapi.model.version"))


def test_what_comes_out_passes_the_checks_of_the_project(followed: Followed) -> None:
    # All that need no more packages; mypy takes a while.
    folder = followed(1, 2, 3, 4, 5, 6, 7, 9)

    succeed("make", "style", cwd=folder)
    succeed("make", "check", cwd=folder)

    assert sorted(read_recipes(folder)) == list(range(1, 11))
