"""The same requests get the same bytes from both frameworks under every server."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.conftest import FRAMEWORKS, Installed, succeed
from tests.server import ENTRIES, PATIENCE, WAYS, ask, serve

JSON = {"Content-Type": "application/json"}
GOOD = {"Age": 24, "Sex": "female", "Embarked": "C"}
HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}

Case = tuple[str, str, dict[str, str], bytes | None]


def predict(content: object, query: str = "", **headers: str) -> Case:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return "POST", f"/predict{query}", {**JSON, **named}, body


def get(path: str, **headers: str) -> Case:
    return "GET", path, headers, None


TABLES = {
    "text/csv": [
        b"Age,Sex,Embarked\n24,female,C\n,male,\n",
        b"Sex\r\nfemale\r\n",
        b'Sex,Age\n"male",3.5\n' + b"female,80\n" * 25_000,
        b"Age,Sex\n24,malee\nx,female\n",
        b"Age\n24\n",
        b"Age,Sex\n24\n",
        b'Sex\n"female\n',
        b"Sex\n\xff\n",
        b"Sex\n",
        b"",
        b"Sex,Other\nmale,1\n",
        b"\xef\xbb\xbfSex\nmale\n",
        b"Sex\n" + b"x" * 1_100_000,
    ],
    "application/x-ndjson": [
        b'{"Sex": "male"}\n{"Age": 3, "Sex": "female"}',
        b'{"Sex": "male"}\n' * 25_000,
        b'{"Sex": "male"}\n{"Sex": 1}\n{"Age": "x"}\n',
        b'{"Sex": "male"}\n{',
        b"\n",
        b"[1]\n",
    ],
}


WRITE_COLUMNS = """
import pyarrow as pa
import pyarrow.parquet as pq
good = {"Age": [24.0, None] * 15_000, "Sex": pa.array(["female", "male"] * 15_000).dictionary_encode()}
for name, columns in {"good": good, "bad": {"Age": ["x", None], "Sex": ["male", "malee"]}}.items():
    table = pa.table(columns)
    pq.write_table(table, f"{name}.parquet")
    with pa.OSFile(f"{name}.arrow.stream", "wb") as file, pa.ipc.new_stream(file, table.schema) as stream:
        stream.write_table(table)
"""
CASES: list[Case] = [
    *(get(path) for path in ("/", "/health", "/ready", "/model", "/docs", "/redoc", "/openapi.json", "/llms.txt")),
    *(("GET", path, HTML, None) for path in ("/", "/model", "/health", "/predict", "/nope")),
    *(("HEAD", path, {}, None) for path in ("/", "/health", "/ready", "/model", "/docs", "/openapi.json", "/predict")),
    *((method, "/predict", {}, None) for method in ("PUT", "DELETE", "OPTIONS", "PATCH", "TRACE")),
    *(get(path) for path in ("/nope", "/predict/", "//health", "/%ff", "/a%2fb", "/HEALTH", "/health?x=1", "/?%ff=1")),
    *(get(f"/static/{name}") for name in ("form.js", "style.css", "swagger-ui.css", "nope", "..%2fapp.py", "", "a/b")),
    get("/", Accept="application/xml"),
    get("/model", Accept="text/html;q=0.5, application/json;q=0.4"),
    get("/model", Accept=""),
    ("POST", "/health", JSON, b"{}"),
    predict(GOOD),
    predict([GOOD, {**GOOD, "Age": None}, {"Sex": "male"}]),
    predict([GOOD] * 2_000),
    predict(GOOD, "?probabilities=true"),
    predict(GOOD, "?probabilities=false&other=1"),
    *(predict(GOOD, query) for query in ("?probabilities=maybe", "?probabilities", "?probabilities=", "?%ff", "?=&&")),
    predict(GOOD, Accept="text/csv"),
    predict(GOOD, Content_Type="text/plain"),
    predict(GOOD, Content_Type="application/json; charset=latin-1"),
    predict(GOOD, Content_Encoding="gzip"),
    predict([]),
    *(predict(content) for content in (3, None, "x", [[]], [None], {"Age": "3"}, {"Sex": True}, [GOOD, {}])),
    *(predict({**GOOD, name: value}) for name, value in
      {"Age": "24", "Sex": '"female"', "Embarked": 1, "Other": 1, "a/b~c": 1, "é": 1, "x" * 200: 1}.items()),
    *(predict(body) for body in (b"", b"{", b"nul", b'{"Age": NaN}', b"[Infinity]", b"\xff", b"[" * 100_000, b"[1] 2",
                                 b'{"Age": 1e999, "Sex": "male"}', b"\xef\xbb\xbf{}", b'{"Sex": "\\ud800"}')),
    predict(b" " * 10_000_001),
    predict(b"[" + b"{}," * 100_000 + b"{}]"),
    predict([{}] * 600),
    predict({**GOOD, "Age": 200}, "?warnings=true"),
    predict([GOOD, {**GOOD, "Age": -1}], "?warnings=true&probabilities=true"),
    predict([GOOD, {"Sex": "male"}], "?explain=true&warnings=true"),
    predict([GOOD] * 101, "?explain=true"),
    predict(GOOD, "?warnings=1"),
    *(predict(body, query, Content_Type=media_type) for media_type, table in TABLES.items() for body in table
      for query in ("", "?probabilities=true&warnings=true", "?explain=true")),
    predict(b"Age,Sex\n24,female\n", Content_Type="text/csv", Accept="application/json"),
    predict(b"Age,Sex\n24,female\n", Content_Type="text/csv", Accept="application/x-ndjson"),
    predict(b"Age,Sex\n24,female\n", Content_Type="text/csv", Content_Encoding="gzip"),
    *(("POST", "/predict", {"Content-Type": "text/csv", name: "gzip"}, b"Age,Sex\n24,female\n") for name in
      ("Content_Encoding", "Content_Type", "Transfer_Encoding", "Accept_", "X_Request_ID", "X_API_Key")),
    *(("POST", "/predict", {name: "text/csv"}, b"Age,Sex\n24,female\n") for name in ("Content_Type", "CONTENT_TYPE")),
]  # fmt: skip
IGNORED = {"date", "server", "connection", "keep-alive", "transfer-encoding"}


@pytest.fixture(scope="module")
def ports(installed: Installed) -> Iterator[list[tuple[int, Path]]]:
    """A server for each way to serve, on one and the same model package: its port and the folder of its log."""
    package = str(installed(FRAMEWORKS[0]) / "artifacts")
    with ExitStack() as stack:
        yield [
            (
                stack.enter_context(serve(installed(framework), ENTRIES[framework][entry], MODEL_DIR=package)),
                installed(framework).parent,
            )
            for framework, entry in WAYS
        ]


@pytest.mark.xdist_group("contract")
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]} {case[1]} {str(case[3])[:30]}")
def test_every_way_to_serve_answers_the_same_bytes(ports: list[tuple[int, Path]], case: Case) -> None:
    compare(ports, case)


@pytest.mark.xdist_group("contract")
def test_every_way_to_serve_answers_columns_with_the_same_bytes(
    ports: list[tuple[int, Path]], installed: Installed, tmp_path: Path
) -> None:
    succeed(installed(FRAMEWORKS[0]) / ".venv" / "bin" / "python", "-c", WRITE_COLUMNS, cwd=tmp_path)

    for name in ("arrow.stream", "parquet"):
        for file in sorted(tmp_path.glob(f"*.{name}")):
            for part in (file.read_bytes(), file.read_bytes()[:-100]):
                media_type = f"application/vnd.apache.{name}"
                compare(ports, predict(part, "?warnings=true", Content_Type=media_type))
                compare(ports, predict(part, Content_Type=media_type, Accept="text/csv"))


def compare(ports: list[tuple[int, Path]], case: Case) -> None:
    """Ask all servers the same."""
    method, target, headers, body = case
    answers = []
    for port, _ in ports:
        status, received, content = ask(port, method, target, {**headers, "X-Request-ID": "same"}, body)
        answers.append((status, {name: value for name, value in received.items() if name not in IGNORED}, content))

    for way, answer in zip(WAYS, answers, strict=True):
        if target.startswith("//") and way == ("flask", "flask"):  # That server makes one slash of two itself.
            continue
        assert answer == answers[0], way
    assert answers[0][0] < 500
    assert answers[0][1]["x-request-id"] == "same"


MALFORMED = {
    "method": b"SECRET!( /health HTTP/1.1\r\nHost: a\r\n\r\n",
    "request line": b"GET SECRET HTTP/1.1\r\nHost: a\r\n\r\n",
    "version": b"GET /health SECRET/1.1\r\nHost: a\r\n\r\n",
    "header": b"GET /health HTTP/1.1\r\nHost: a\r\nSECRET\r\n\r\n",
    "header name": b"GET /health HTTP/1.1\r\nHost: a\r\nSECRET RET: 1\r\n\r\n",
    "transfer coding": b"POST /predict HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: SECRET\r\n\r\n",
    "chunk size": b"POST /predict HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nZZSECRET\r\n{}\r\n0\r\n\r\n",
    "chunk end": b"POST /predict HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}SECRET0\r\n\r\n",
}


@pytest.mark.parametrize("name", MALFORMED)
@pytest.mark.xdist_group("contract")
def test_what_is_no_http_is_refused_and_not_repeated(ports: list[tuple[int, Path]], name: str) -> None:
    for (_, entry), (port, folder) in zip(WAYS, ports, strict=True):
        if entry != "modelapi":  # What is HTTP is for the other servers to say.
            continue
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
            connection.sendall(MALFORMED[name])
            connection.shutdown(socket.SHUT_WR)
            answer = b"".join(iter(lambda: connection.recv(65_536), b""))

        assert answer == b"" or answer.startswith(b"HTTP/1.1 4"), answer
        assert b"SECRET" not in answer
        assert "SECRET" not in (folder / f"server-{port}.log").read_text(encoding="utf-8")


@pytest.mark.xdist_group("contract")
def test_no_header_of_a_client_names_the_path(ports: list[tuple[int, Path]]) -> None:
    for (_, entry), (port, _) in zip(WAYS, ports, strict=True):
        if entry == "gunicorn":  # It takes SCRIPT_NAME from whom forwarded_allow_ips names, which is this machine.
            continue
        assert ask(port, "GET", "/health", {"SCRIPT_NAME": "/x", "PATH_INFO": "/y"})[::2] == (200, b"OK")
