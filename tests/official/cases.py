"""What the script of a client is told in a file: the models that it is to ask for, and of which servers."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

PATIENCE = 300  # Seconds.


@dataclass(frozen=True)
class Case:
    """A model that a server has both under its name and, once `cases` gives it, as the first one."""

    url: str
    """Of the server, without a slash at its end."""
    name: str
    version: str
    signature: dict[str, Any]
    records: list[dict[str, Any]]
    """As POST /predict takes them, without those of their values that are not known."""
    answer: dict[str, list[Any]]
    """Of POST /predict?probabilities=true where there are some: what the client is to get, to the last digit."""

    @property
    def features(self) -> list[str]:
        """Their names, in the order of the signature."""
        return [feature["name"] for feature in self.signature["features"]]

    @property
    def netloc(self) -> str:
        """Host and port."""
        return self.url.partition("//")[2]


def cases() -> Iterator[Case]:
    """Go through the models; each is the first of its server until the next one is asked for."""
    for told in json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")):
        current = Path(told.pop("current"))
        case = Case(**told)
        scratch = current.with_suffix(".new")
        scratch.write_text(f"{case.version}\n", encoding="utf-8")
        os.replace(scratch, current)
        deadline = time.monotonic() + PATIENCE
        while _first(case.url) != case.version:
            assert time.monotonic() < deadline, f"{case.name} was not swapped in"
            time.sleep(0.02)
        yield case


def _first(url: str) -> str:
    with urlopen(f"{url}/ready", timeout=PATIENCE) as answer:
        return str(answer.headers["X-Model-Version"])


def document(asked: Iterable[Case]) -> bytes:
    """Return the OpenAPI document, which is to be the same of all servers, once `cases` is at its end."""
    (found,) = {read(f"{url}/openapi.json") for url in {case.url for case in asked}}
    return found


def read(url: str) -> bytes:
    with urlopen(url, timeout=PATIENCE) as answer:
        body: bytes = answer.read()
    return body


def run(predict: Callable[[Case], list[Any]]) -> None:
    """Print what a client gets for each case: the main program of a script."""
    print(json.dumps([predict(case) for case in cases()]))
