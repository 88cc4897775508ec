"""Exception handlers: every error leaves as application/problem+json (RFC 9457)."""

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from api.answers import Problem
from api.routes import respond


def register(app: FastAPI) -> None:
    """Add the handlers to the application; ExchangeMiddleware has what no handler takes."""
    app.add_exception_handler(Problem, problem)
    app.add_exception_handler(HTTPException, http_exception)
    app.add_exception_handler(RequestValidationError, validation_error)


async def problem(request: Request, error: Exception) -> Response:
    """Answer a Problem that a handler raised."""
    assert isinstance(error, Problem)
    return respond(error.answer(request.state.exchange.request_id))


async def http_exception(request: Request, error: Exception) -> Response:
    """Answer what FastAPI itself refuses: an unknown path, a method that a path does not take."""
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    if "Allow" in headers:
        headers["Allow"] = ", ".join(sorted(headers["Allow"].replace(",", " ").split()))
    return await problem(request, Problem(error.status_code, headers=headers))


async def validation_error(request: Request, error: Exception) -> Response:
    """Answer a request that does not fit the parameters of a route that you added."""
    assert isinstance(error, RequestValidationError)
    faults = [
        {"pointer": "".join(f"/{part}" for part in fault["loc"]), "detail": fault["msg"]} for fault in error.errors()
    ]
    return await problem(request, Problem(422, "the request does not fit this path's parameters", errors=faults))
