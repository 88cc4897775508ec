"""The service behind the routes: its settings and the model that it serves."""

import gc
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from time import monotonic, perf_counter

from pydantic_core import to_json

from modelapi.serving.cors import Cors
from modelapi.serving.batching import Gatherer
from modelapi.serving.keys import Keys
from modelapi.serving.logs import get_logger, request_logger
from modelapi.serving.rates import Rates
from modelapi.settings import Settings
from modelapi.serving.shared import recall, remember
from modelapi import package
from modelapi.package import Package, PackageError
from modelapi.records.parser import MAX_FAULTS, RecordParser
from modelapi.package.versions import stamp

log = get_logger()

SLOW = 0.001  # Seconds; an event loop should not stand still for longer.
AGAIN = 10.0  # Seconds until a package that was refused is tried again: it may have been copied only in part.
SERVED = "served"  # The version that a worker has loaded last.


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
        self.refused: str | None = None
        """Why the package that CURRENT names is not served."""
        self.large = Lock()
        """Held while many rows are worked on: one such work at a time leaves time for small requests."""
        self.is_stopping = False
        """Whether /ready says so, for the server is about to stop."""
        self.is_closing = False
        """Whether each answer is the last on its connection."""
        self.keys = Keys(settings.api_keys, public_metrics=settings.public_metrics)
        self.rates = Rates(settings.rate_limit, settings.rate_limit_store)
        self.cors = Cors(settings.cors_origins)
        self.log_request = request_logger(settings)
        self._stamp: tuple[int, ...] = ()
        self._looked = 0.0

    def is_outdated(self) -> bool:
        """Tell whether CURRENT has moved since it was read; what was refused is tried again now and then."""
        is_again = self.refused is not None and monotonic() - self._looked > AGAIN
        return is_again or stamp(self.settings.model_dir) != self._stamp

    def load(self) -> None:
        """Load the package that CURRENT names, and serve it from the next request on.

        A bad one is logged and refused, and what was served goes on, also in a worker that starts only now.
        """
        self._looked, self._stamp = monotonic(), stamp(self.settings.model_dir)
        try:
            self._serve(package.current(self.settings.model_dir))
            self.refused = None
        except PackageError as error:
            self._refuse(str(error))
        except Exception as error:  # Of a package that is whole, but not one that these libraries can do with.
            self._refuse(f"the model cannot be served ({type(error).__name__}): package it again")

    def _refuse(self, reason: str) -> None:
        if reason != self.refused:
            log.error("model not loaded", reason=reason)
        self.refused = reason
        served = recall(SERVED)
        if served and not self.model:
            with suppress(Exception):  # As before: whatever it is, there is no model then.
                self._serve(self.settings.model_dir / served)

    def _serve(self, folder: Path) -> None:
        if self.model and self.model.version == folder.name:
            return
        settings = self.settings
        loaded = package.load(
            folder, allow_pickle=settings.allow_pickle, sha256=settings.model_sha256, threads=settings.threads
        )
        parser = RecordParser(
            loaded.signature,
            max_rows=settings.max_rows,
            max_faults=MAX_FAULTS,
            unknown_categories=settings.unknown_categories,
            unknown_fields=settings.unknown_fields,
        )
        is_slow = min(_seconds_of_a_call(loaded, parser) for _ in range(3)) > SLOW
        gatherer = Gatherer(parser, loaded.engine, is_slow=is_slow)
        self.model = ServedModel(loaded, parser, gatherer, is_slow, loaded.manifest.version)
        gc.unfreeze()  # The model of before, which goes.
        gc.collect()
        gc.freeze()  # What is loaded stays: the collector need not look at it again.
        remember(SERVED, self.model.version)
        log.info("model loaded", version=self.model.version, engine=loaded.manifest.engine)


def _seconds_of_a_call(loaded: Package, parser: RecordParser) -> float:
    """Predict the example; the first call is slower than all others, so the first request should not be it."""
    columns = parser.parse_json(to_json(loaded.signature.example()))
    started = perf_counter()
    try:
        loaded.engine.predict(columns, probabilities=loaded.signature.probabilities)
    except Exception as error:  # Of whatever library runs it.
        raise PackageError(f"the model does not predict its own example ({type(error).__name__})") from error
    return perf_counter() - started
