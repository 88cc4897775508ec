"""What you put before the route closes the fast lane, which would pass it by."""

from flask import Flask, abort

from api.app import create_app, is_plain
from tests.library.client import make_client


def refuse() -> None:
    abort(401)


def test_the_fast_lane_is_open_as_long_as_nothing_is_before_the_route() -> None:
    assert is_plain(create_app())


def test_a_hook_closes_the_fast_lane() -> None:
    app = create_app()
    app.before_request(refuse)

    assert make_client(app).post("/predict", json={}).status_code == 401
    assert not is_plain(app)


def test_a_hook_after_the_request_closes_the_fast_lane() -> None:
    app = create_app()
    app.after_request(lambda response: response)

    assert not is_plain(app)


def test_a_middleware_closes_the_fast_lane() -> None:
    app: Flask = create_app()
    app.wsgi_app = lambda environ, start_response: []  # type: ignore[method-assign]

    assert not is_plain(app)


def test_a_view_of_yours_in_its_place_closes_the_fast_lane() -> None:
    app = create_app()
    app.view_functions["api.predict"] = lambda: "mine"

    assert not is_plain(app)
