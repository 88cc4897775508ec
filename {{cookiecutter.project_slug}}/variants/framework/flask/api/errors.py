"""The error blueprint: every error leaves as application/problem+json (RFC 9457)."""

from flask import Blueprint, Response, g
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from api.answers import Problem
from api.routes import respond

blueprint = Blueprint("errors", __name__)


@blueprint.app_errorhandler(Problem)
def problem(error: Problem) -> Response:
    """Answer a Problem that a handler raised."""
    return respond(error.answer(g.exchange.request_id))


@blueprint.app_errorhandler(HTTPException)
def http_exception(error: HTTPException) -> Response:
    """Answer what Flask itself refuses: an unknown path, a method that a path does not take."""
    return problem(Problem(error.code or 500))


@blueprint.app_errorhandler(MethodNotAllowed)
def method_not_allowed(error: MethodNotAllowed) -> Response:
    """Answer a method that the path does not take, and say which it takes."""
    return problem(Problem(405, headers={"Allow": ", ".join(sorted(error.valid_methods or []))}))


@blueprint.app_errorhandler(Exception)
def crash(error: Exception) -> Response:
    """Answer an unexpected error without its details, which go to the log."""
    return respond(g.exchange.crash(error))
