"""The route class of routes that predict."""

import inspect
import typing
from collections.abc import Callable, Mapping
from functools import lru_cache, wraps
from typing import Any

from fastapi import Response, params
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

from modelapi.fastapi import requests
from modelapi.fastapi.middleware import EXCHANGE, send_answer
from modelapi.fastapi.model import Model, write
from modelapi.serving import options, predicting
from modelapi.serving.exchange import Exchange
from modelapi.serving.prediction import Prediction, TablePrediction

Function = Callable[..., Any]


class ModelRoute(APIRoute):
    """Calls a function that asks for no more than modelapi's own dependencies without FastAPI's detour.

    The function is always called, inside all middleware and exception handlers. As soon as it asks for anything else,
    or a dependency, another response model or class stands on the route, a router or the app, FastAPI does what it
    does.
    """

    def __init__(self, path: str, endpoint: Function, **options: Any) -> None:
        super().__init__(path, _respond_to_tables(endpoint), **options)
        self._function = endpoint
        self._arguments = _arguments(endpoint)
        asks_for_records = any(one.call is requests.read_records for one in self.dependant.dependencies)
        self.predicts = asks_for_records and "POST" in (self.methods or ())
        """Whether it takes records, so that the model describes it."""
        self._decided: dict[int, tuple[Any, bool]] = {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request for this path."""
        # What FastAPI knows of the routers that hold this route. Where it is not to be found, FastAPI serves: slower.
        context = scope.get("fastapi", {}).get("effective_route_context")
        if not context or scope["method"] not in context.methods or not self._is_direct(context):
            await super().handle(scope, receive, send)
            return
        exchange: Exchange = scope[EXCHANGE]
        arguments = {name: await find(exchange, scope, receive) for name, find in self._arguments.items()}
        answer = await self._function(**arguments)
        if isinstance(answer, Response):
            await answer(scope, receive, send)
            return
        if not isinstance(answer, Prediction):
            answer = Prediction.model_validate(answer)
        await send_answer(await write(answer), send)

    def _is_direct(self, context: Any) -> bool:
        """Tell whether nothing stands on the route that is for FastAPI to do; looked at once for each router."""
        provider = context.dependency_overrides_provider
        if provider and provider.dependency_overrides:  # Of the owner's tests.
            return False
        known = self._decided.get(id(context))
        if known is None:  # The context is kept, so that no other gets its id.
            known = self._decided[id(context)] = context, bool(self._arguments) and _is_plain(context)
        return known[1]


def _is_plain(context: Any) -> bool:
    response_class = getattr(context.response_class, "value", context.response_class)
    return (
        context.response_model is Prediction
        and response_class is JSONResponse
        and context.status_code in (None, 200)
        and context.max_body_size is None
        and not context.dependencies
        and not context.response_model_include
        and not context.response_model_exclude
    )


def _respond_to_tables(endpoint: Function) -> Function:
    """Let FastAPI have a table as a response, for no response model holds one."""
    if not inspect.iscoroutinefunction(endpoint):
        return endpoint

    @wraps(endpoint)
    async def function(*values: Any, **named: Any) -> Any:
        answer = await endpoint(*values, **named)
        return requests.to_response(answer.answer()) if isinstance(answer, TablePrediction) else answer

    return function


Find = Callable[[Exchange, Scope, Receive], Any]


def _arguments(function: Function) -> Mapping[str, Find]:
    """Say where each argument comes from; empty if there is one that is not known here."""
    try:
        hints = typing.get_type_hints(function, include_extras=True)
        names = inspect.signature(function).parameters
    except (NameError, TypeError, ValueError):  # FastAPI will say what is wrong, if it is.
        return {}
    found: dict[str, Find] = {}
    for name in names if inspect.iscoroutinefunction(function) else ():
        find = _finder(hints.get(name))
        if find is None:
            return {}
        found[name] = find
    return found


def _finder(hint: Any) -> Find | None:
    marks = [mark for mark in getattr(hint, "__metadata__", ()) if isinstance(mark, params.Depends)]
    dependency = marks[0].dependency if len(marks) == 1 else None
    if isinstance(dependency, requests.ModelNamed):
        return _find_named(dependency.name)
    return next((find for known, find in _FINDERS if known is dependency), None)


async def _find_model(exchange: Exchange, _scope: Scope, _receive: Receive) -> Model:
    return Model(exchange)


def _find_named(name: str) -> Find:
    async def find(exchange: Exchange, _scope: Scope, _receive: Receive) -> Model:
        return Model(exchange, name)

    return find


async def _find_records(exchange: Exchange, _scope: Scope, receive: Receive) -> predicting.Records:
    given = exchange.given.get
    kinds = _negotiate(given(b"content-type"), given(b"content-encoding"), given(b"accept"))
    return await requests.read(exchange, *kinds, given(b"content-length"), receive)


async def _find_options(_exchange: Exchange, scope: Scope, _receive: Receive) -> options.Options:
    return options.read_options(scope["query_string"])


_FINDERS: tuple[tuple[Any, Find], ...] = (
    (requests.current_model, _find_model),
    (requests.read_records, _find_records),
    (requests.read_options, _find_options),
)


@lru_cache(maxsize=64)
def _negotiate(*headers: bytes | None) -> tuple[str, str]:
    return predicting.negotiate(*(None if value is None else value.decode("latin-1") for value in headers))
