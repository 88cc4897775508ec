"""The service behind the routes: its settings and the model that it serves."""

import gc
from dataclasses import dataclass
from threading import Lock
from time import perf_counter

from pydantic_core import to_json

from api.gathering import Gatherer
from api.logs import get_logger, request_logger
from api.settings import Settings
from model import package
from model.package import Package, PackageError
from model.records import MAX_FAULTS, RecordParser

log = get_logger()

SLOW = 0.001  # Seconds; an event loop should not stand still for longer.


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A loaded model package, the parser of its requests, and who calls its engine for those that come at once."""

    package: Package
    parser: RecordParser
    gatherer: Gatherer
    is_slow: bool
    """Whether a call of the engine takes long, even for one row."""
    version: str
    """What X-Model-Version names."""


class Service:
    """Holds the current model; without one the API is alive, but not ready."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.model: ServedModel | None = None
        self.large = Lock()
        """Held while many rows are worked on: one such work at a time leaves time for small requests."""
        self.log_request = request_logger(settings)

    def load(self) -> None:
        """Load the current model package; a bad one is logged and leaves the service not ready."""
        settings = self.settings
        try:
            folder = package.current(settings.model_dir)
            loaded = package.load(
                folder, allow_pickle=settings.allow_pickle, sha256=settings.model_sha256, threads=settings.threads
            )
        except PackageError as error:
            log.error("model not loaded", reason=str(error))
            return
        parser = RecordParser(
            loaded.signature,
            max_rows=settings.max_rows,
            max_faults=MAX_FAULTS,
            unknown_categories=settings.unknown_categories,
            unknown_fields=settings.unknown_fields,
        )
        is_slow = min(_seconds_of_a_call(loaded, parser) for _ in range(3)) > SLOW
        gatherer = Gatherer(parser, loaded.engine, is_slow=is_slow)
        gc.collect()
        gc.freeze()  # What is loaded stays: the collector need not look at it again.
        self.model = ServedModel(loaded, parser, gatherer, is_slow, loaded.manifest.version)
        log.info("model loaded", version=self.model.version, engine=loaded.manifest.engine)


def _seconds_of_a_call(loaded: Package, parser: RecordParser) -> float:
    """Predict the example; the first call is slower than all others, so the first request should not be it."""
    columns = parser.parse_json(to_json(loaded.signature.example()))
    started = perf_counter()
    loaded.engine.predict(columns, probabilities=loaded.signature.probabilities)
    return perf_counter() - started
