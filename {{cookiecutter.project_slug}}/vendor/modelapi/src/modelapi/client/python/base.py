"""A client but for its types, which are those of one model."""

import json
import warnings
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Any, ClassVar, Self, TypeVar
from urllib.parse import urlencode

from .bodies import CSV, JSON, Source, batches, check_records, of_bytes, of_table, write_record
from .comparison import compare
from .errors import ApiError, ModelDiffers, ModelWarning
from .transport import BLOCK, Body, Response, Transport

PredictionT = TypeVar("PredictionT")


class Table:
    """A table in CSV that is answered, as it comes: a file of bytes, whose iterator yields blocks.

    Read it to its end, or close it.
    """

    def __init__(self, response: Response) -> None:
        self.model_version = response.headers.get("x-model-version", "")
        self.request_id = response.headers.get("x-request-id", "")
        self.close = response.close
        self._blocks = response.blocks
        self._rest = b""

    def __iter__(self) -> Iterator[bytes]:
        return iter(lambda: self.read(BLOCK), b"")

    def read(self, size: int | None = -1) -> bytes:
        """Read all or, as raw files do, no more than size bytes; b"" at the end."""
        if size is None or size < 0:
            block, self._rest = b"".join([self._rest, *self._blocks]), b""
            return block
        block = self._rest or next(self._blocks, b"")
        self._rest = block[size:]
        return block[:size]


class BaseClient:
    """Asks the API at an address; threads may share it.

    key: where the API asks for one. timeout: seconds for a connection and between two parts of an answer. retries: how
    often a request is sent again that is answered 429 or 503, after as long as the API says, if that is no more than
    longest_wait seconds. max_rows, max_body_bytes: of a request; more records are sent in several, and what is
    answered is joined. check_model: whether to raise ModelDiffers for an API with another model.
    """

    model: ClassVar[Mapping[str, Any]]

    def __init__(
        self,
        url: str,
        *,
        key: str | None = None,
        timeout: float = 30,
        retries: int = 3,
        longest_wait: float = 60,
        max_rows: int | None = None,
        max_body_bytes: int | None = None,
        check_model: bool = True,
    ) -> None:
        self._transport = Transport(url, key=key, timeout=timeout, retries=retries, longest_wait=longest_wait)
        self._max_rows = max_rows or self.model["max_rows"]
        self._max_body_bytes = max_body_bytes or self.model["max_body_bytes"]
        self._check_model = check_model
        self._known = {self.model["version"]}

    def close(self) -> None:
        """Close the connections that are kept."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def check_model(self) -> str:
        """Compare the model of the API with that of this client, and return its version.

        Raises ModelDiffers with a sentence for each feature that differs; if all of it is only taken in addition there
        is a ModelWarning. Done by itself when an answer comes from a version that was not seen before.
        """
        response = self._transport.send("GET", "/model", JSON)
        content = json.loads(_accept(response).read())
        version = str(content["manifest"]["version"])
        found = compare(self.model["signature"], content["signature"])
        texts = [one.text for one in found]
        if not all(one.is_harmless for one in found):
            raise ModelDiffers(self.model["version"], version, texts)
        if found and version not in self._known:
            warnings.warn(f"version {version} of the model: {'; '.join(texts)}", ModelWarning, stacklevel=2)
        self._known.add(version)
        return version

    def _predict(self, kind: Callable[..., PredictionT], records: Any, options: Mapping[str, bool]) -> PredictionT:
        """Predict a record or many. Raises ApiError, ModelDiffers, OSError, TypeError, ValueError."""
        check_records(records)
        if isinstance(records, Mapping):
            bodies = iter([(0, write_record(records))])
        else:
            most = self.model["max_explained_rows"] if options.get("explain") else self._max_rows
            bodies = batches(records, min(most, self._max_rows), self._max_body_bytes)
        members: dict[str, list[Any]] = {name: [] for name in self.model["members"]}
        version = ""
        for start, body in bodies:
            response = self._post(of_bytes(body), JSON, options, start)
            content = json.loads(response.read())
            _move(content.get("warnings", []), start)
            for name, entries in members.items():
                entries.extend(content.get(name, []))
            version = response.headers.get("x-model-version", "")
        return kind(**members, model_version=version)

    def _predict_csv(self, table: Source, options: Mapping[str, bool]) -> Table:
        """Predict each row of a table. Raises ApiError, ModelDiffers, OSError."""
        body = of_table(table)
        if self._check_model and not body.is_repeatable:  # It is to be refused before it is used up.
            self.check_model()
        return Table(self._post(body, CSV, options))

    def _post(self, body: Body, accept: str, options: Mapping[str, bool], start: int = 0) -> Response:
        wanted = urlencode({name: "true" for name, value in options.items() if value})
        response = self._transport.send("POST", "/predict" + (wanted and f"?{wanted}"), accept, body)
        version = response.headers.get("x-model-version")
        if self._check_model and version and version not in self._known:
            try:
                self.check_model()
            except BaseException:
                response.close()
                raise
        return _accept(response, start)


def _accept(response: Response, start: int = 0) -> Response:
    """Return an answer that is none of an error. Raises ApiError.

    start : the number of the first record that was sent.
    """
    if 200 <= response.status < 300:
        return response
    content = response.read()
    try:
        problem = json.loads(content)
    except ValueError:  # It is from what stands before the API.
        problem = None
    if not isinstance(problem, dict):
        problem = {}
    _move(problem.get("errors", []), start)
    raise ApiError(response.status, problem, response.headers)


def _move(faults: list[Any], start: int) -> None:
    """Let pointers into a batch be pointers into all records."""
    for fault in faults if start else []:
        row, _, rest = fault["pointer"][1:].partition("/")
        if row.isdecimal():
            fault["pointer"] = f"/{int(row) + start}" + (rest and f"/{rest}")
