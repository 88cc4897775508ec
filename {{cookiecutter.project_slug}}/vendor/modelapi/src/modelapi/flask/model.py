"""The model, as a view of Flask sees it."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import cast

from modelapi.records.faults import InvalidRecords
from modelapi.serving import predicting
from modelapi.serving.answers import Problem
from modelapi.serving.concurrency import PREDICTIONS
from modelapi.serving.options import NOTHING, Options, check_options
from modelapi.serving.predicting import Given, Records
from modelapi.serving.prediction import Prediction
from modelapi.serving.request_model import RequestModel
from modelapi.serving.service import check
from modelapi.serving.table_answer import predict_table

_threads = ThreadPoolExecutor(PREDICTIONS, "prediction")


class Model(RequestModel):
    """The model that answers a request; one that is loaded meanwhile answers the next."""

    def predict(self, records: Given, options: Options = NOTHING) -> Prediction:
        """Predict the records of the request, or a list of dicts of your own. Raises Problem where they do not fit.

        Few are predicted together with those of other threads that come at the same time.
        """
        check_options(options, self.signature)
        if isinstance(records, Records) and records.is_table:
            chunks = cast(Iterable[bytes], records.chunks)
            with self._exchange.service.limits.tables_in_threads:
                return predict_table(self._exchange, self._served, records, chunks, options)
        try:
            with self._exchange.service.limits.in_threads:
                predict = self._predict_many if predicting.is_large(records, options) else self._predict_few
                return predict(records, options)
        except TimeoutError:
            self._exchange.has_left = True  # What is not begun yet need not be done.
            raise Problem(504) from None

    def _predict_few(self, records: Given, options: Options) -> Prediction:
        served, wanted, timeout = self._served, options.wanted, self._exchange.service.settings.request_timeout
        parsed = predicting.parse(self._exchange, served, records)
        try:
            prediction = served.thread_batcher.predict(parsed, wanted, timeout=timeout)
            check(prediction, wanted)
        except InvalidRecords as error:
            raise predicting.refusal_of(records, error) from None
        columns = served.parser.columns(parsed) if options.warnings else {}
        return predicting.as_asked(served, records, prediction, options, columns)

    def _predict_many(self, records: Given, options: Options) -> Prediction:
        """Predict in another thread, so that this one need not wait for its end."""
        work = partial(predicting.predict_alone, self._exchange, self._served, records, options)
        context = copy_context()
        return _threads.submit(lambda: context.run(work)).result(self._exchange.service.settings.request_timeout)
