"""The model, as a route of FastAPI sees it."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, contextmanager
from contextvars import copy_context
from functools import partial
from typing import TypeVar, cast

from starlette.types import Receive

from modelapi.records.faults import InvalidRecords
from modelapi.serving import predicting
from modelapi.serving.answers import Answer, Problem
from modelapi.serving.concurrency import PREDICTIONS, TABLES
from modelapi.serving.exchange import Exchange
from modelapi.serving.options import NOTHING, Options, check_options
from modelapi.serving.predicting import Given, Records
from modelapi.serving.prediction import Prediction
from modelapi.serving.request_model import RequestModel
from modelapi.serving.service import check
from modelapi.serving.table_answer import predict_table

T = TypeVar("T")

# Not the framework's threads, which the owner's functions may fill, each for as long as it likes.
_threads = ThreadPoolExecutor(PREDICTIONS + TABLES, "prediction")


class Model(RequestModel):
    """The model that answers a request; one that is loaded meanwhile answers the next."""

    async def predict(self, records: Given, options: Options = NOTHING) -> Prediction:
        """Predict the records of the request, or a list of dicts of your own. Raises Problem where they do not fit.

        Few are predicted together with those of other requests of the same moment, many in a thread.
        """
        check_options(options, self.signature)
        if isinstance(records, Records) and records.is_table:
            return await self._predict_table(records, options)
        if predicting.is_large(records, options):
            return await self._predict_many(records, options)
        return await self._predict_few(records, options)

    async def _predict_few(self, records: Given, options: Options) -> Prediction:
        if self._served.is_slow:
            async with self._in_time():
                return await self._predict_together(records, options)
        return await self._predict_together(records, options)

    async def _predict_together(self, records: Given, options: Options) -> Prediction:
        served, wanted = self._served, options.wanted
        async with self._exchange.service.limits.small:
            parsed = predicting.parse(self._exchange, served, records)
            try:
                prediction = await served.batcher.predict(parsed, wanted)
                check(prediction, wanted)
            except InvalidRecords as error:
                raise predicting.refusal_of(records, error) from None
        columns = served.parser.columns(parsed) if options.warnings else {}
        return predicting.as_asked(served, records, prediction, options, columns)

    async def _predict_many(self, records: Given, options: Options) -> Prediction:
        exchange = self._exchange
        async with self._in_time(), exchange.service.limits.large:
            with _watching(exchange, records):
                return await in_thread(partial(predicting.predict_alone, exchange, self._served, records, options))

    async def _predict_table(self, records: Records, options: Options) -> Prediction:
        exchange, loop = self._exchange, asyncio.get_running_loop()
        async with self._in_time() as deadline, exchange.service.limits.tables:
            deadline.reschedule(None)  # How long the client takes to send is not ours to say.
            with ExitStack() as stack:

                async def read() -> bytes:
                    chunk = await anext(source, b"")
                    if not chunk:
                        deadline.reschedule(loop.time() + exchange.service.settings.request_timeout)
                        stack.enter_context(_watching(exchange, records))
                    return chunk

                source = aiter(cast(AsyncIterable[bytes], records.chunks))
                chunks = iter(lambda: asyncio.run_coroutine_threadsafe(read(), loop).result(), b"")
                work = partial(predict_table, exchange, self._served, records, chunks, options)
                return await in_thread(work)

    @asynccontextmanager
    async def _in_time(self) -> AsyncIterator[asyncio.Timeout]:
        """Raise a 504 Problem when REQUEST_TIMEOUT is over; a thread that is at work goes on, but not for long."""
        try:
            async with asyncio.timeout(self._exchange.service.settings.request_timeout) as deadline:
                yield deadline
        except TimeoutError:
            if not deadline.expired():
                raise
            raise Problem(504) from None
        except asyncio.CancelledError:
            self._exchange.has_left = True
            raise
        finally:
            if deadline.expired():
                self._exchange.has_left = True


async def write(prediction: Prediction) -> Answer:
    """Write an answer, a long one in a thread."""
    return await in_thread(prediction.answer) if prediction.is_large else prediction.answer()


async def in_thread(work: Callable[[], T]) -> T:
    """Work in a thread; whoever gives up waiting does not wait for its end."""
    return await asyncio.get_running_loop().run_in_executor(_threads, copy_context().run, work)


@contextmanager
def _watching(exchange: Exchange, records: Given) -> Iterator[None]:
    """Note when the client leaves, so that what is not begun yet need not be done."""

    async def watch(receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        exchange.has_left = True

    receive = records.receive if isinstance(records, Records) else None
    watcher = asyncio.ensure_future(watch(receive)) if receive else None
    try:
        yield
    finally:
        if watcher:
            watcher.cancel()
