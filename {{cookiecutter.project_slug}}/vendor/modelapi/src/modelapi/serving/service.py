"""The service behind the routes: its settings and the models that it serves."""

import gc
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from time import monotonic, perf_counter, sleep
from typing import Any

from pydantic_core import to_json

from modelapi import explanation, package
from modelapi.engines import Adjust, Prediction, Wanted, everything
from modelapi.engines.failing import FAILS, NOT_FINITE, rows_not_finite, rows_that_raise
from modelapi.package import Package, PackageError
from modelapi.package.versions import stamp
from modelapi.records.columns import Array, Columns, n_rows
from modelapi.records.faults import Fault, InvalidRecords
from modelapi.records.parser import MAX_FAULTS, RecordParser
from modelapi.serving import metrics
from modelapi.serving.batching import Batcher, ThreadBatcher
from modelapi.serving.concurrency import Limits
from modelapi.serving.cors import Cors
from modelapi.serving.keys import Keys
from modelapi.serving.logs import get_logger, request_logger
from modelapi.serving.pages import Pages
from modelapi.serving.rates import Rates
from modelapi.serving.settings import Settings
from modelapi.serving.shared import recall, remember
from modelapi.serving.tracing import tracing
from modelapi.serving.watch_metrics import Watches
from modelapi.serving.watching import Watch
from modelapi.shapley import Explainer

log = get_logger()
metrics.added.register(Watches())

SLOW = 0.001  # Seconds; an event loop should not stand still for longer.
TURN = 0.001  # Seconds in which a thread that waits for a lock wakes up, and takes it.
AGAIN = 10.0  # Seconds until a package that was refused is tried again: it may have been copied only in part.


class ServedModel:
    """A loaded model package, the parser of its requests, and what calls its engine."""

    def __init__(self, package: Package, parser: RecordParser, adjust: Adjust | None, watch: Watch | None) -> None:
        """Measure how long the engine takes. Raises PackageError if it does not predict the package's own example."""
        self.package = package
        self.signature = package.signature
        self.parser = parser
        self.version = package.manifest.version
        """What X-Model-Version names."""
        self.explainer = Explainer(package.background) if package.background else None
        """None if the package has no background to explain against."""
        self._adjust = adjust
        self.watch = watch
        """None if nothing is counted."""
        self._example = parser.parse_json(to_json(self.signature.example()))
        self.is_slow = min(self._seconds_of_a_call() for _ in range(3)) > SLOW
        """Whether a call of the engine takes long, even for one row."""
        how = self._predict_records, self._explain_records
        self.batcher = Batcher(*how, is_slow=self.is_slow)
        self.thread_batcher = ThreadBatcher(*how, is_slow=self.is_slow)

    def predict(self, columns: Columns, wanted: Wanted) -> Prediction:
        """Run the engine, and then what the owner does with its predictions."""
        started = perf_counter()
        prediction = self.package.engine.predict(columns, wanted)
        metrics.engine_took(perf_counter() - started)
        adjusted = self._adjusted(prediction)
        if self.watch:  # Not before: what is refused with others is predicted again by itself.
            self.watch.count(columns, prediction)
        return adjusted

    def numbers(self, columns: Columns) -> Array:
        """Calculate the numbers that are explained, as they are answered. Raises Unexplained if the engine fails."""
        try:
            prediction = self.package.engine.predict(columns, explanation.wanted(self.signature))
        except Exception as error:  # Of whatever library runs it.
            log.warning("values between a record and others that the model fails for", error=type(error).__name__)
            raise explanation.Unexplained from error
        return explanation.numbers(self._adjusted(prediction), self.signature)

    def _adjusted(self, prediction: Prediction) -> Prediction:
        return self._adjust(prediction, self.signature) if self._adjust else prediction

    def predict_rows(self, columns: Columns, wanted: Wanted, start: int = 0) -> Prediction:
        """Predict, or raise InvalidRecords that names the rows, from row `start` on, that cannot be predicted."""
        try:
            with tracing.span("engine", rows=n_rows(columns)):
                prediction = self.predict(columns, wanted)
        except Exception as error:
            raise self._explain(columns, wanted, error, start) from error
        check(prediction, wanted, start)
        return prediction

    def _predict_records(self, records: list[dict[str, Any]], wanted: Wanted) -> Prediction:
        return self.predict(self.parser.columns(records), wanted)

    def _explain_records(self, records: list[dict[str, Any]], wanted: Wanted, error: Exception) -> Exception:
        return self._explain(self.parser.columns(records), wanted, error)

    def _explain(self, columns: Columns, wanted: Wanted, error: Exception, start: int = 0) -> Exception:
        """Return InvalidRecords if an error of the engine is the fault of some rows, else the error itself."""
        engine = self.package.engine
        rows = rows_that_raise(lambda part: engine.predict(part, wanted), columns, self._example)
        if not rows:
            return error
        log.warning("records that the model fails for", error=type(error).__name__, rows=len(rows))
        return InvalidRecords([Fault((start + row,), FAILS) for row in rows])

    def _seconds_of_a_call(self) -> float:
        """Predict the example; the first call is slower than all others, so the first request should not be it."""
        started = perf_counter()
        try:
            self.package.engine.predict(self._example, everything(self.signature))
        except Exception as error:  # Of whatever library runs it.
            raise PackageError(f"the model does not predict its own example ({type(error).__name__})") from error
        return perf_counter() - started


def check(prediction: Prediction, wanted: Wanted, start: int = 0) -> None:
    """Raise InvalidRecords if there are rows, the first of which is row `start`, without a finite number."""
    if rows := rows_not_finite(prediction, wanted):
        raise InvalidRecords([Fault((start + row,), NOT_FINITE) for row in rows[:MAX_FAULTS]], len(rows))


@dataclass(eq=False)
class ModelHost:
    """Serves whatever package CURRENT names in a folder; without one the API is alive, but not ready."""

    name: str
    """Of a second model; the first has none."""
    folder: Path
    settings: Settings
    adjust: Adjust | None = None
    served: ServedModel | None = None
    refused: str | None = None
    """Why the package that CURRENT names is not served."""
    _stamp: tuple[int, ...] = ()
    _looked: float = 0.0

    def is_outdated(self) -> bool:
        """Tell whether CURRENT has moved since it was read; what was refused is tried again now and then."""
        is_again = self.refused is not None and monotonic() - self._looked > AGAIN
        return is_again or stamp(self.folder) != self._stamp

    def load(self) -> None:
        """Load the package that CURRENT names, and serve it from the next request on.

        A bad one is logged and refused, and what was served goes on, also in a worker that starts only now.
        """
        self._looked, self._stamp = monotonic(), stamp(self.folder)
        try:
            self._serve(package.current(self.folder))
            self.refused = None
        except PackageError as error:
            self._refuse(str(error))
        except Exception as error:  # Of a package that is whole, but not one that these libraries can do with.
            self._refuse(f"the model cannot be served ({type(error).__name__}): package it again")

    def _refuse(self, reason: str) -> None:
        if reason != self.refused:
            log.error("model not loaded", reason=reason)
        self.refused = reason
        before = recall(self._note)
        if before and not self.served:
            with suppress(Exception):  # As before: whatever it is, there is no model then.
                self._serve(self.folder / before)

    @property
    def _note(self) -> str:
        """Where workers leave the version that they loaded last, for those to come."""
        return f"served-{self.name}"

    def _serve(self, folder: Path) -> None:
        if self.served and self.served.version == folder.name:
            return
        settings = self.settings
        if self.served is None:
            gc.freeze()  # What was imported stays: the collector need not look at it, nor copy pages that are shared.
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
        self.served = ServedModel(loaded, parser, self.adjust, self._watch(loaded))
        gc.collect()  # The model of before goes.
        remember(self._note, self.served.version)
        log.info("model loaded", version=self.served.version, engine=loaded.manifest.engine)

    def _watch(self, loaded: Package) -> Watch | None:
        if not self.settings.watch_inputs or not loaded.baseline:
            return None
        version = loaded.manifest.version
        return Watch(self.name, version, loaded.baseline, loaded.signature, self.settings.workers)


class Service:
    """All that requests have in common: the settings, the models, who may come in, and how much at once."""

    def __init__(
        self, settings: Settings, *, adjust: Adjust | None = None, models: Mapping[str, Path | str] | None = None
    ) -> None:
        self.settings = settings
        self.model = ModelHost("", settings.model_dir, settings, adjust)
        folders = {name: settings.project.root / folder for name, folder in (models or {}).items()}
        # MODEL_SHA256 names a version of the first model.
        others = settings.model_copy(update={"model_sha256": ""})
        self.models = {"": self.model} | {name: ModelHost(name, folder, others) for name, folder in folders.items()}
        self.is_stopping = False
        """Whether /ready says so, for the server is about to stop."""
        self.is_closing = False
        """Whether each answer is the last on its connection."""
        self.large = Lock()
        """Held while many rows are worked on: one such work at a time leaves time for small requests."""
        self.limits = Limits(settings)
        self.keys = Keys(settings.api_keys, public_metrics=settings.public_metrics)
        self.rates = Rates(settings.rate_limit, settings.rate_limit_store)
        self.cors = Cors(settings.cors_origins)
        self.pages = Pages(settings.project.root / "api" / "pages", settings.frame_ancestors)
        self.has_guards = self.keys.are_asked_for or self.rates.are_limited or self.cors.is_open
        self.log_request = request_logger(settings.log_level, settings.log_format)

    def give_way(self) -> None:
        """Let another thread that waits for `large` have it, for who holds it itself."""
        self.large.release()
        sleep(TURN)
        self.large.acquire()

    def load(self) -> None:
        """Load all models that CURRENT names."""
        for host in self.models.values():
            host.load()

    def load_outdated(self) -> None:
        """Load those whose CURRENT has moved."""
        for host in self.models.values():
            if host.is_outdated():
                host.load()

    def refusal(self) -> str | None:
        """Say why there is a model that cannot be served, if there is one."""
        return next((host.refused for host in self.models.values() if not host.served), None)
