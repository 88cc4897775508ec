"""What other platforms ask of a container, said in what this API is asked: a module for each platform.

Each of its paths is one of this API's under another name, so that one function answers both, with the same keys, limits
and logs. Where the platform's bodies are others, they are translated on the way in and on the way out.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from pydantic_core import from_json, to_json

from modelapi.serving.answers import JSON, Answer, Problem

NAMES = ("sagemaker", "vertex")


@dataclass(frozen=True, slots=True)
class Translation:
    """How bodies are translated, both in JSON."""

    ask: Callable[[Any], tuple[str, Any]]
    """Return the query and the records of a body. Raises Problem."""
    answer: Callable[[Any], Any]
    """Return what is answered, of what the API answers."""
    refuse: Callable[[Mapping[str, Any]], Any]
    """Return what is answered, of a problem as RFC 9457 has it."""

    def read(self, body: bytes) -> tuple[str, bytes]:
        """Return the query and the body that the API is asked with. Raises a 400 or 422 Problem."""
        try:
            given = from_json(body, allow_inf_nan=False)
        except ValueError:
            raise Problem(400, "the body is not well-formed JSON") from None
        query, records = self.ask(given)
        return query, to_json(records)

    def write(self, status: int, body: bytes) -> bytes:
        """Return the body of an answer, of that of the API."""
        say = self.answer if status < 400 else self.refuse
        return to_json(say(from_json(body)))

    def refusal(self, problem: Problem, request_id: str) -> Answer:
        """Answer what was refused before the API was asked."""
        answer = problem.answer(request_id)
        assert isinstance(answer.body, bytes)  # nosec B101 # As of each problem.
        return Answer(self.write(answer.status, answer.body), JSON, answer.status, problem.headers)


@dataclass(frozen=True, slots=True)
class Route:
    """A path of a platform, and which path of this API it is."""

    path: str
    target: str
    translation: Translation | None = None


def read_protocols(names: str) -> list[str]:
    """Read "sagemaker,vertex". Raises ValueError."""
    found = [name.strip() for name in names.split(",") if name.strip()]
    if not set(found) <= set(NAMES):
        raise ValueError
    return found


def find_routes(names: str) -> dict[str, Route]:
    """List the routes of these protocols by their paths; the module of no other is imported."""
    routes: Sequence[Route] = [
        route for name in read_protocols(names) for route in import_module(f"{__name__}.{name}").routes()
    ]
    return {route.path: route for route in routes}
