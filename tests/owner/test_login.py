"""Who puts a login before a route, as FastAPI's and Flask's own pages say, has it before every format."""

from pathlib import Path

from tests.owner.conftest import Api, append, edit, every_way

PATHS = ("/predict", "/by-route", "/by-router", "/by-include")
TOKEN = {
    "fastapi": {"Authorization": "Bearer secret", "X-Token": "secret"},
    "flask": {"Authorization": "Bearer secret"},
}


def log_in(project: Path, framework: str) -> None:
    routes = project / "api" / "routes.py"
    if framework == "fastapi":
        edit(routes, "from fastapi import APIRouter\n", FASTAPI_IMPORTS)
        edit(routes, "router = APIRouter", f"{FASTAPI_LOGIN}\nrouter = APIRouter")
        edit(routes, "async def predict(", "async def predict(user: Annotated[User, Depends(current_user)], ")
        append(routes, FASTAPI_OTHERS)
        edit(
            project / "api" / "app.py",
            "app.include_router(routes.router)\n",
            "app.include_router(routes.router)\n"
            "    app.include_router(routes.by_router)\n"
            "    app.include_router(routes.by_include, dependencies=[Depends(routes.require_token)])\n",
        )
        edit(project / "api" / "app.py", "import FastAPI\n", "import Depends, FastAPI\n")
    else:
        edit(routes, "from flask import Blueprint, Response\n", FLASK_IMPORTS)
        edit(routes, "blueprint = Blueprint", f"{FLASK_LOGIN}\nblueprint = Blueprint")
        edit(routes, "def predict()", "@login_required\ndef predict()")
        append(routes, FLASK_OTHERS)
        edit(
            project / "api" / "app.py",
            "app.register_blueprint(routes.blueprint)\n",
            "app.register_blueprint(routes.blueprint)\n    app.register_blueprint(routes.guarded)\n",
        )


FASTAPI_IMPORTS = """from typing import Annotated

from fastapi import APIRouter, Depends, Header, HTTPException
from fastapi.security import OAuth2PasswordBearer
from pydantic import BaseModel
"""
FASTAPI_LOGIN = '''
class User(BaseModel):
    """Who asks."""

    name: str


oauth2_scheme = OAuth2PasswordBearer(tokenUrl="token", auto_error=False)


async def current_user(token: Annotated[str | None, Depends(oauth2_scheme)]) -> User:
    """Log in by a token."""
    if token != "secret":
        raise HTTPException(401, "log in first", headers={"WWW-Authenticate": 'Bearer realm="passengers"'})
    return User(name="ada")


async def require_token(x_token: Annotated[str | None, Header()] = None) -> None:
    """Log in by a header."""
    if x_token != "secret":
        raise HTTPException(401, "log in first", headers={"WWW-Authenticate": 'Bearer realm="passengers"'})

'''
FASTAPI_OTHERS = '''
by_router = APIRouter(route_class=ModelRoute, dependencies=[Depends(require_token)])
by_include = APIRouter(route_class=ModelRoute)


@router.post("/by-route", dependencies=[Depends(require_token)])
@by_router.post("/by-router")
@by_include.post("/by-include")
async def predict_too(model: CurrentModel, records: Records, options: Options) -> Prediction:
    """Predict elsewhere."""
    return await model.predict(records, options)
'''
FLASK_IMPORTS = """from collections.abc import Callable
from functools import wraps

from flask import Blueprint, Response, abort, request
from werkzeug.datastructures import WWWAuthenticate
"""
FLASK_LOGIN = '''
def check_token() -> None:
    """Log in by a token."""
    if request.headers.get("Authorization") != "Bearer secret":
        abort(401, "log in first", www_authenticate=WWWAuthenticate("bearer", {"realm": "passengers"}))


def login_required(view: Callable[..., Response]) -> Callable[..., Response]:
    """Let in who has logged in."""

    @wraps(view)
    def wrapped_view(**arguments: object) -> Response:
        check_token()
        return view(**arguments)

    return wrapped_view

'''
FLASK_OTHERS = '''
guarded = Blueprint("guarded", __name__)
guarded.before_request(check_token)


@blueprint.post("/by-route")
@login_required
def predict_too() -> Response:
    """Predict elsewhere."""
    return predict()


@guarded.post("/by-router")
@guarded.post("/by-include")
def predict_guarded() -> Response:
    """Predict behind a hook of the blueprint."""
    return respond(current_model().predict(read_records(), read_options()))
'''

api = every_way(log_in)


def test_without_a_token_no_format_is_answered_and_the_words_are_the_owners(api: Api) -> None:
    answers = {(path, kind): answer for path in PATHS for kind, answer in api.predict(target=path).items()}

    assert {case: answer.status for case, answer in answers.items()} == dict.fromkeys(answers, 401)
    for answer in answers.values():
        assert answer.json()["detail"] == "log in first"
        assert answer.headers["www-authenticate"].lower().replace('"', "") == "bearer realm=passengers"
        assert answer.headers["content-type"] == "application/problem+json"


def test_with_the_token_every_format_is_answered(api: Api) -> None:
    answers = {
        (path, kind): answer for path in PATHS for kind, answer in api.predict(TOKEN[api.framework], path).items()
    }

    assert {case: answer.status for case, answer in answers.items()} == dict.fromkeys(answers, 200)
    assert {answer.body for answer in answers.values()} == {
        b'{"prediction":[1]}',
        b"prediction\n1\n",
        b'{"prediction":1}\n',
    }


def test_a_wrong_token_is_no_better_than_none(api: Api) -> None:
    wrong = dict.fromkeys(TOKEN[api.framework], "Bearer guessed")

    assert {answer.status for path in PATHS for answer in api.predict(wrong, path).values()} == {401}


def test_what_needs_no_login_is_open_as_before(api: Api) -> None:
    assert [api.ask("GET", path).status for path in ("/", "/health", "/ready", "/model", "/docs")] == [200] * 5
