"""ModelApi for Flask."""

from flask import Flask, Response, request

from modelapi.flask.layer import ExchangeLayer
from modelapi.flask.protocols import ProtocolLayer
from modelapi.flask.requests import exchange, read_headers, respond
from modelapi.flask.routes import make_blueprint
from modelapi.serving.answers import Problem
from modelapi.serving.extension import Extension
from modelapi.serving.guard import PROBLEM, admit_in_thread


class ModelApi(Extension):
    """The extension: `ModelApi(settings, adjust=adjust).init_app(app)`, after your own blueprints."""

    def init_app(self, app: Flask) -> None:
        """Load the models, and add their routes and all that guards, logs and counts."""
        self._begin()
        app.extensions["modelapi"] = self
        app.url_map.merge_slashes = False
        for rule in app.url_map.iter_rules():
            if rule.rule == "/predict" and rule.methods:  # In both frameworks it takes POST alone.
                rule.methods -= {"OPTIONS"}
        app.register_blueprint(make_blueprint(self))
        app.before_request_funcs.setdefault(None, []).insert(0, self._guard)
        app.error_handler_spec[None][None].setdefault(Problem, respond)
        app.log_exception = lambda info: exchange().crash(info[1])  # type: ignore[method-assign, assignment] # No path.
        inner = ProtocolLayer(app.wsgi_app, self.protocols) if self.protocols.spoken else app.wsgi_app
        app.wsgi_app = ExchangeLayer(inner, app, self.service)  # type: ignore[method-assign]

    def _guard(self) -> Response | None:
        """Pass a request on that may come in, before all hooks. Raises Problem."""
        current = exchange()
        current.route = request.url_rule.rule if request.url_rule else None
        environ = request.environ
        if environ["PATH_INFO"].startswith("//"):  # Werkzeug would take it for one slash.
            raise Problem(404)
        if self.service.has_guards:
            given, address = read_headers(environ), environ.get("REMOTE_ADDR", "")
            answer = admit_in_thread(current, request.method, request.path, given, address)
            if answer:
                return respond(answer)
        if problem := environ.get(PROBLEM):
            raise problem
        return None
