"""What the tests of owners' edits share: `edit`, projects to edit, and an edited API under every entry point."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.conftest import Installed, bake_into
from tests.server import ENTRIES, PATIENCE, WAYS, ask, start, stop

CLIENT = "client"  # The framework's own test client is an entry point too.
PASSENGER = {"Age": 24, "Sex": "female", "Embarked": "C"}
TABLES = {  # The passenger, in every format.
    "application/json": json.dumps(PASSENGER).encode(),
    "text/csv": b"Age,Sex,Embarked\n24,female,C\n",
    "application/x-ndjson": json.dumps(PASSENGER).encode() + b"\n",
}
OWN_WAYS = [*WAYS, ("fastapi", CLIENT), ("flask", CLIENT)]

Edit = Callable[[Path, str], None]


def edit(path: Path, old: str, new: str) -> None:
    """Replace a piece of text that is there, once."""
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{path} does not hold {old!r}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def append(path: Path, text: str) -> None:
    """Add to the end of a file, or make it."""
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


class Answer(NamedTuple):
    """What a client gets, whatever the way."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Api:
    """An edited project, as a client and the reader of its log see it."""

    def __init__(self, framework: str, entry: str, project: Path, log: Path, send: Callable[..., Any]) -> None:
        self.framework = framework
        self.entry = entry
        self.project = project
        self._log = log
        self._send = send

    def ask(self, method: str, target: str, headers: dict[str, str] | None = None, body: bytes | None = None) -> Answer:
        return Answer(*self._send(method, target, headers or {}, body))

    def predict(self, headers: dict[str, str] | None = None, target: str = "/predict") -> dict[str, Answer]:
        """Send the passenger in every format."""
        return {
            media_type: self.ask("POST", target, {"Content-Type": media_type, **(headers or {})}, body)
            for media_type, body in TABLES.items()
        }

    def lines(self, answer: Answer) -> list[dict[str, Any]]:
        """Wait for the line of the request with this answer, and return all of the log about it."""
        ends = time.monotonic() + PATIENCE
        while True:
            lines = [json.loads(line) for line in self._log.read_text(encoding="utf-8").splitlines() if line[:1] == "{"]
            own = [line for line in lines if line.get("request_id") == answer.headers["x-request-id"]]
            if any(line["event"] == "request" for line in own):
                return own
            assert time.monotonic() < ends, f"no line of the request in {self._log.read_text(encoding='utf-8')}"
            time.sleep(0.02)

    def line(self, answer: Answer) -> dict[str, Any]:
        """Return the one line of the request with this answer."""
        (line,) = (line for line in self.lines(answer) if line["event"] == "request")
        return line


@pytest.fixture(scope="module", autouse=True)
def _compile_once() -> Iterator[None]:
    """Let the environment that all these servers share keep what was compiled, or each start compiles it again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        yield


@pytest.fixture(scope="session")
def own(installed: Installed, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Make a project and edit it; it borrows the environment and the model of the installed one."""

    def make(framework: str, *edits: Edit) -> Path:
        borrowed = installed(framework)
        project = bake_into(tmp_path_factory.mktemp(framework), framework=framework)
        (project / ".venv").symlink_to(borrowed / ".venv")
        shutil.copytree(borrowed / "artifacts", project / "artifacts")
        for change in edits:
            change(project, framework)
        return project

    return make


def every_way(*edits: Edit, **settings: str) -> Any:
    """Make the fixture of a module: its edited project under each entry point of its framework, one after another."""

    @pytest.fixture(scope="module", params=params(), ids="-".join)
    def api(request: pytest.FixtureRequest, own: Callable[..., Path]) -> Iterator[Api]:
        framework, entry = request.param
        with open_api(own(framework, *edits), framework, entry, **settings) as opened:
            yield opened

    return api


def params() -> list[Any]:
    """Name every way as the parameter of a fixture."""
    # Whoever has a server goes through all the tests that ask it.
    return [pytest.param(way, marks=pytest.mark.xdist_group("-".join(way))) for way in OWN_WAYS]


@contextmanager
def open_api(project: Path, framework: str, entry: str = "modelapi", **settings: str) -> Iterator[Api]:
    """Serve a project, or open the framework's test client on it."""
    if entry == CLIENT:
        with open_client(project, framework, settings) as (log, send):
            yield Api(framework, entry, project, log, send)
        return
    process, port, log = start(project, ENTRIES[framework][entry], **settings)
    try:
        yield Api(framework, entry, project, log, lambda *request: ask(port, *request))
    finally:
        stop(process)


@contextmanager
def open_client(project: Path, framework: str, settings: dict[str, str]) -> Iterator[tuple[Path, Callable[..., Any]]]:
    """Run client_<framework>.py in the project: a request a line goes in, an answer a line comes out."""
    script = Path(__file__).with_name(f"client_{framework}.py")
    log = project.parent / "client.log"
    answers, theirs = os.pipe()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [project / ".venv" / "bin" / "python", script, str(theirs)],
            cwd=project,
            env={**os.environ, **settings},
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=[theirs],
            text=True,
        )
    os.close(theirs)
    with process, os.fdopen(answers, encoding="utf-8") as answered:

        def send(method: str, target: str, headers: dict[str, str], body: bytes | None) -> Any:
            assert process.stdin
            print(json.dumps([method, target, headers, (body or b"").decode()]), file=process.stdin, flush=True)
            line = answered.readline()
            assert line, log.read_text(encoding="utf-8")
            status, received, content = json.loads(line)
            return status, received, content.encode("latin-1")

        yield log, send
