"""`modelapi example`, and what `modelapi serve` says on a terminal: a request to paste, whatever the model."""

import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from modelapi import Settings
from modelapi.serving import example
from sklearn.pipeline import Pipeline

from tests.library.packages import save
from tests.library.test_server import SECONDS, free_port


@pytest.fixture
def animals(pets: pd.DataFrame) -> pd.DataFrame:
    """Pets whose fur has names that a shell would take for its own."""
    return pets.assign(fur=pets["fur"].map({"short": 'it\'s $(x) `y` "ü"', "long": "long"}))


def test_the_request_is_the_models_own_record_whatever_is_in_it(
    project: Path, animals: pd.DataFrame, pipeline: Pipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline.fit(animals[["fur", "age", "indoor"]], animals["kind"])
    save(project / "artifacts", animals, pipeline)

    example.main([])

    words = shlex.split(capsys.readouterr().out.replace("\\\n", ""))
    assert words[:2] == ["curl", "http://localhost:8080/predict"]
    assert json.loads(words[-1]).keys() == {"fur", "age", "indoor"}
    assert json.loads(words[-1])["fur"] == 'it\'s $(x) `y` "ü"'


@pytest.mark.parametrize(
    ("host", "address"),
    [("0.0.0.0", "localhost"), ("::", "localhost"), ("::1", "[::1]"), ("10.0.0.1", "10.0.0.1")],
)
def test_the_address_is_one_that_a_browser_here_can_ask(host: str, address: str) -> None:
    assert example.address(Settings(host=host, port=81)) == f"http://{address}:81"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs a terminal")
def test_on_a_terminal_the_server_says_where_it_is_and_logs_for_people(site: Path) -> None:
    port, (ours, theirs) = free_port(), os.openpty()
    command = [sys.executable, "-m", "modelapi", "serve", f"--port={port}", "--workers=1"]
    with subprocess.Popen(command, cwd=site, stdout=theirs, stderr=theirs, stdin=theirs) as process:
        os.close(theirs)
        said = b""
        while b"-d '" not in said:
            said += os.read(ours, 65_536)  # Raises if the server ends.
        process.send_signal(signal.SIGINT)
        process.wait(SECONDS)
    os.close(ours)

    assert f"http://localhost:{port}/docs".encode() in said
    assert b"-H 'Content-Type: application/json'" in said
    assert b'{"event"' not in said
