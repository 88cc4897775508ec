"""The error handlers: every error leaves as application/problem+json (RFC 9457)."""

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from modelapi import Problem
from modelapi.fastapi import respond
from starlette.exceptions import HTTPException


def register(app: FastAPI) -> None:
    """Add the handlers to the application."""
    app.add_exception_handler(Problem, problem)
    app.add_exception_handler(HTTPException, http_exception)
    app.add_exception_handler(RequestValidationError, invalid_request)
    app.add_exception_handler(Exception, crash)


async def problem(request: Request, error: Exception) -> Response:
    """Answer what modelapi refuses: records that do not fit, a missing key, too much at once."""
    assert isinstance(error, Problem)
    return respond(request, error)


async def http_exception(request: Request, error: Exception) -> Response:
    """Answer what FastAPI refuses, or you: `raise HTTPException(404, "no such passenger")`."""
    assert isinstance(error, HTTPException)
    return respond(request, Problem.of_http(error.status_code, error.detail, error.headers))


async def invalid_request(request: Request, error: Exception) -> Response:
    """Answer a request that does not fit the parameters of a route of yours, without the value."""
    assert isinstance(error, RequestValidationError)
    faults = [{"pointer": "".join(f"/{at}" for at in one["loc"]), "detail": one["msg"]} for one in error.errors()]
    return respond(request, Problem(422, "the request does not fit this path's parameters", errors=faults))


async def crash(request: Request, _error: Exception) -> Response:
    """Answer a bug, of which the log has the traceback under this request's id."""
    return respond(request, Problem(500))
