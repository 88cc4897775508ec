"""Clients that are written for a model: what is in them, how they compare models, and what they do with odd servers."""

import io
import json
import math
import os
import re
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from datetime import date
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar
from zipfile import ZipFile

import numpy as np
import pandas as pd
import pytest
from modelapi import client, package
from modelapi.client import packages
from modelapi.client.model import Model
from modelapi.client.python import base, bodies, comparison, errors, transport
from modelapi.client.python_source import write as write_python
from modelapi.client.typescript_source import write_types
from modelapi.client.write import main
from modelapi.page import html, runners
from modelapi.project import Project
from modelapi.serving.settings import Settings
from sklearn.pipeline import Pipeline

from tests.library.packages import save

TYPESCRIPT = Path(client.__file__).parent / "typescript"
NO_SLEEP = "HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n"
OK = "HTTP/1.1 200 OK\r\nX-Model-Version: 1\r\nContent-Length: 18\r\n\r\n" + '{"prediction":[1]}'
Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def model(project: Path, pets: pd.DataFrame, pipeline: Pipeline) -> Model:
    folder = save(project / "artifacts", pets, pipeline)
    found = Project(project, "Pets & Co.", options={"title": "Pets"})
    return Model(found, package.read_manifest(folder), package.read_signature(folder), Settings.model_construct())


def test_the_same_model_makes_the_same_bits(model: Model, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "clients").mkdir()
    (project / "clients" / "pets_client-2020.101.1-py3-none-any.whl").touch()

    main([])
    main(["--output", "again"])

    said = capsys.readouterr().out
    names = {path.name for path in (project / "clients").iterdir()}
    version = model.version
    assert names == {"pets-client", f"pets-client-{version}.tgz", f"pets_client-{version}-py3-none-any.whl"}
    for name in names - {"pets-client"}:
        assert (project / "clients" / name).read_bytes() == (project / "again" / name).read_bytes()
        assert f" install ./again/{name}  # " in said
    with ZipFile(project / "again" / f"pets_client-{version}-py3-none-any.whl") as wheel:
        assert wheel.testzip() is None
        assert not [name for name in wheel.namelist() if name not in wheel.read(wheel.namelist()[-1]).decode()]


def test_without_a_model_one_line_says_what_to_do(project: Path) -> None:
    with pytest.raises(SystemExit, match=r"^Not written: .*CURRENT not found: run \"make train\""):
        main([])

    assert not (project / "clients").exists()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("pets-api", "pets-api-client"),
        ("Pets & Co.", "pets-co-client"),
        ("3d", "model-3d-client"),
        ("ß", "model-client"),
    ],
)
def test_packages_are_called_as_the_project(model: Model, name: str, expected: str) -> None:
    named = Model(Project(Path(), name), model.manifest, model.signature, model.settings)

    assert named.name == expected
    assert named.module.isidentifier()
    assert re.fullmatch(r"\d{4}\.[1-9]\d{2,3}\.(0|[1-9]\d*)", named.version)


def test_categories_are_free_where_the_api_takes_others(model: Model) -> None:
    free = Settings.model_construct(unknown_categories="ignore")
    other = Model(model.project, model.manifest, model.signature, free)

    assert 'fur: NotRequired[Literal["long", "short"] | None]' in write_python(model)
    assert "fur: NotRequired[str | None]" in write_python(other)
    assert 'fur?: "long" | "short" | null;' in write_types(model)
    assert "fur?: string | null;" in write_types(other)
    assert other.content["signature"]["features"][0]["categories"] is None


def test_both_readmes_say_where_the_api_is(model: Model) -> None:
    there = Model(model.project, model.manifest, model.signature, Settings.model_construct(port=9000))
    archive = ZipFile(io.BytesIO(packages.wheel(there)[1]))
    (metadata,) = (name for name in archive.namelist() if name.endswith("METADATA"))

    for readme in (archive.read(metadata), packages.npm(there)["README.md"]):
        assert b'Client("http://localhost:9000"' in readme


def of_feature(place: int, **changes: object) -> Change:
    return lambda signature: signature["features"][place].update(changes)


# What becomes of the model, what is said of it, and whether a client can go on.
CHANGES: list[tuple[Change, list[str], bool]] = [
    (lambda _: None, [], True),
    (of_feature(1, type="number"), ['feature "age" is of type number and not integer'], False),
    (of_feature(0, nullable=False), ['feature "fur" may not be missing any more'], False),
    (of_feature(1, nullable=True), ['feature "age" may be missing now'], True),
    (of_feature(0, categories=["long", "short", "none"]), ['feature "fur" has new categories: "none"'], True),
    (of_feature(0, categories=["short"]), ['feature "fur" has the categories "long" no more'], False),
    (of_feature(0, categories=None), [], True),
    (lambda signature: signature["features"].pop(2), ['feature "indoor" is not taken any more'], False),
    (
        of_feature(2, name="outdoor"),
        [
            'feature "indoor" is not taken any more',
            'feature "outdoor" is asked for, which this client does not know',
        ],
        False,
    ),
    (lambda signature: signature.update(task="multiclass"), ["the task is multiclass and not binary"], False),
    (
        lambda signature: signature["target"].update(name="sort"),
        ['what is predicted is "sort" and not "kind"'],
        False,
    ),
    (lambda signature: signature["target"]["classes"].append("cow"), ['target "kind" has new classes: "cow"'], False),
    (lambda signature: signature.update(probabilities=False), ["the model gives no probabilities any more"], False),
]


def test_both_clients_name_what_differs(model: Model, tmp_path: Path) -> None:
    if runners.find() is None and os.environ.get("CI") != "true":
        pytest.skip("neither Node.js nor a browser is here")
    own, pairs = model.content["signature"], []
    for change, *_ in CHANGES:
        theirs = deepcopy(model.signature.public())
        change(theirs)
        pairs.append(theirs)
    entry = tmp_path / "entry.js"
    entry.write_text(
        'import { compare } from "./comparison.js";\n'
        f"const text = JSON.stringify({json.dumps(pairs)}.map((theirs) => compare({json.dumps(own)}, theirs)));\n"
        "globalThis.process ? console.log(text) : document.body.append(text);",
        encoding="utf-8",
    )
    script = html.join({"entry.js": entry, "comparison.js": TYPESCRIPT / "comparison.js"}, "entry.js")

    in_python = [comparison.compare(own, theirs) for theirs in pairs]
    in_javascript = json.loads(runners.run(script)[0])

    for (_, texts, is_harmless), found, others in zip(CHANGES, in_python, in_javascript, strict=True):
        assert [one.text for one in found] == texts
        assert all(one.is_harmless for one in found) is is_harmless
        assert [(one["text"], one["isHarmless"]) for one in others] == [*map(tuple, found)]


def test_records_are_sent_in_batches_under_both_limits() -> None:
    records = [{"x": number} for number in range(5)]

    by_rows = list(bodies.batches(records, 2, 1_000))
    by_bytes = list(bodies.batches(records, 100, 17))

    assert [start for start, _ in by_rows] == [start for start, _ in by_bytes] == [0, 2, 4]
    assert [row for _, body in by_bytes for row in json.loads(body)] == records
    assert max(len(body) for _, body in by_bytes) == 17
    assert list(bodies.batches([], 2, 10)) == [(0, b"[]")]


def test_values_of_pandas_and_numpy_are_sent_as_json_has_them() -> None:
    day = pd.Timestamp("2026-11-21")
    values = [date(2026, 11, 21), day, np.int64(1), np.bool_(True), np.float32("nan"), math.nan, pd.NaT, None, 1.5, "é"]
    expected = ["2026-11-21", day.isoformat(), 1, True, None, None, None, None, 1.5, "é"]

    assert [json.loads(bodies.write_record({"x": value}))["x"] for value in values] == expected


@pytest.mark.parametrize(
    ("records", "sentence"),
    [
        ([{"x": 1}, {"x": 1, "y": -math.inf}], r'^record 1, feature "y": JSON has no infinity: send None'),
        ({"x": object()}, r'^record 0, feature "x": it takes no value of type object: send None'),
        ([{"x": 1}, 7], "^record 1 is of type int: a record is a dict"),
        (None, "^predict takes a record, .* or a list of them, and not NoneType$"),
        ("x", "^predict takes a record, .* or a list of them, and not str$"),
        (pd.DataFrame({"x": [1]}), r'^a DataFrame: send df\.to_dict\("records"\)$'),
    ],
)
def test_what_is_no_record_is_refused_before_it_is_sent(records: object, sentence: str) -> None:
    with Client("http://localhost:1") as asking, pytest.raises((TypeError, ValueError), match=sentence):
        asking.predict(records)
    with pytest.raises(ValueError, match="begins with http"):
        Client("localhost:8080")


def test_a_table_is_sent_from_wherever_it_is(tmp_path: Path) -> None:
    path, text = tmp_path / "rows.csv", "größe\n" + "1\n" * 50_000
    path.write_text(text, encoding="utf-8")
    again: list[bodies.Source] = [path, str(path), text.encode(), bytearray(text, "utf-8")]
    lines = text.splitlines(keepends=True)
    with path.open(encoding="utf-8") as in_text, path.open("rb") as in_bytes:
        once: list[bodies.Source] = [in_text, in_bytes, io.StringIO(text), lines, iter([text.encode()])]
        sent = [bodies.of_table(table) for table in (*again, *once)]

        assert [body.is_repeatable for body in sent] == [True] * len(again) + [False] * len(once)
        assert all(whole(body) == text.encode() for body in sent)


def whole(body: transport.Body) -> bytes:
    content = body.begin()
    return content if isinstance(content, bytes) else b"".join(content)


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ("x\n1\n", r"^a str is the path of a table: .*\.encode\(\)$"),
        ([{"x": 1}], "^a part of a table is bytes or str, and not dict$"),
        (None, "^a table is a path, bytes, a file or parts of a table, and not NoneType$"),
        (pd.DataFrame({"x": [1]}), r"^a DataFrame: send df\.to_csv\(index=False\)\.encode\(\)$"),
    ],
)
def test_what_is_no_table_is_refused(table: Any, sentence: str) -> None:
    with pytest.raises((TypeError, ValueError), match=sentence):
        whole(bodies.of_table(table))


def test_an_answered_table_is_a_file_for_pandas() -> None:
    def answered() -> base.Table:
        return base.Table(transport.Response(200, {}, iter([b"a,b\n1,", b"2\n3,4\n"]), lambda: None))

    table = answered()
    read = [table.read(3), table.read(9), table.read(), table.read(), table.read(1)]

    assert pd.read_csv(answered()).to_dict("list") == {"a": [1, 3], "b": [2, 4]}
    assert list(answered()) == [b"a,b\n1,", b"2\n3,4\n"]
    assert read == [b"a,b", b"\n1,", b"2\n3,4\n", b"", b""]


class Client(base.BaseClient):
    model: ClassVar[Mapping[str, Any]] = {
        "version": "1",
        "members": ["prediction", "warnings"],
        "max_rows": 10,
        "max_body_bytes": 1_000_000,
        "max_explained_rows": 1,
    }

    def predict(self, records: object) -> dict[str, list[Any]]:
        return self._predict(dict, records, {})


def take(peer: socket.socket) -> None:
    """Read a request, whose length is told."""
    with peer.makefile("rb") as file:
        head = b"".join(iter(file.readline, b"\r\n"))
        length = re.search(rb"(?i)content-length: (\d+)", head)
        file.read(int(length[1]) if length else 0)


@contextmanager
def answering(*connections: list[str]) -> Iterator[str]:
    """Serve canned answers: of each connection, one for each request, then it is closed; yields the address."""

    def serve() -> None:
        for answers in connections:
            peer, _ = server.accept()
            with peer:
                for answer in answers:
                    take(peer)
                    peer.sendall(answer.encode())

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        thread.join(60)
        assert not thread.is_alive()


def test_a_connection_that_was_closed_meanwhile_is_made_anew() -> None:
    with answering([OK, OK], [OK]) as url, Client(url) as asking:
        found = [asking.predict({})["prediction"] for _ in range(3)]

    assert found == [[1]] * 3


def test_who_is_busy_is_asked_again_a_few_times() -> None:
    with answering([NO_SLEEP, NO_SLEEP, OK]) as url, Client(url, retries=2) as asking:
        found = asking.predict({})["prediction"]
    with (
        answering([NO_SLEEP, NO_SLEEP]) as url,
        Client(url, retries=1) as asking,
        pytest.raises(errors.ApiError) as one,
    ):
        asking.predict({})
    later = NO_SLEEP.replace(": 0", ": 61", 1)
    with answering([later]) as url, Client(url) as asking, pytest.raises(errors.ApiError) as other:
        asking.predict({})

    assert found == [1]
    assert one.value.status == 503
    assert other.value.headers["retry-after"] == "61"


def test_what_is_no_answer_of_the_api_is_an_error() -> None:
    page = "HTTP/1.1 302 Found\r\nContent-Length: 4\r\n\r\n<p/>"
    with answering([page]) as url, Client(url) as asking, pytest.raises(errors.ApiError, match=r"^302: $"):
        asking.predict({})
    with answering([OK[:-1]]) as url, Client(url) as asking, pytest.raises(ConnectionError, match="cut off"):
        asking.predict({})


def test_a_server_that_is_not_there_is_named_with_what_to_do() -> None:
    with answering() as url, Client(url) as asking:
        pass

    with pytest.raises(OSError, match=f"^{url} cannot be reached .*: start the server") as caught:
        asking.predict({})
    assert isinstance(caught.value, errors.ConnectError)


@pytest.mark.parametrize("key", ["mapi_secret\n", "mapi_secr\u20act", "mapi_secr\xe9t"])
def test_a_key_that_no_header_holds_is_refused_and_not_shown(key: str) -> None:
    with pytest.raises(ValueError, match=r"^a key has only printable") as caught:
        Client("http://localhost:1", key=key)
    assert "secr" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "remedy"), [(401, "give a key: Client(url, key=…)"), (404, "address of the API without /predict")]
)
def test_refusals_of_a_wrong_call_say_how_to_call(status: int, remedy: str) -> None:
    assert str(errors.ApiError(status, {"detail": "no"}, {})).endswith(remedy)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("3", 3), ("Fri, 21 Nov 2025 08:30:00 GMT", 0), ("Fri, 21 Nov 2025 08:30:00", 0.5), ("soon", 0.5), (None, 0.5)],
)
def test_how_long_to_wait_is_read_from_the_header(header: str | None, seconds: float) -> None:
    assert transport.seconds_of(header, 0.5) == seconds
