"""The error blueprint: every error leaves as application/problem+json (RFC 9457)."""

from flask import Blueprint
from flask.typing import ResponseReturnValue
from modelapi import Problem
from modelapi.flask import respond
from werkzeug.exceptions import HTTPException

blueprint = Blueprint("errors", __name__)


@blueprint.app_errorhandler(Problem)
def problem(error: Problem) -> ResponseReturnValue:
    """Answer what modelapi refuses: records that do not fit, a missing key, too much at once."""
    return respond(error)


@blueprint.app_errorhandler(HTTPException)
def http_exception(error: HTTPException) -> ResponseReturnValue:
    """Answer what Flask refuses, or you: `abort(404, "no such passenger")`; and a bug, which the log has, as a 500."""
    if error.response is not None or error.code is None:
        return error.get_response()
    own = error.description if error.description != type(error).description else None
    headers = {name: value for name, value in error.get_headers() if name != "Content-Type"}
    return respond(Problem.of_http(error.code, own, headers))
