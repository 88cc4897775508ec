"""How a request of a protocol becomes one of this API, and the answer one of the protocol."""

from collections.abc import Callable, Coroutine, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

from pydantic_core import from_json, to_json

from modelapi.protocols import read_protocols
from modelapi.records.faults import SEE_ERRORS
from modelapi.serving.answers import JSON, PROBLEM, Answer, Problem
from modelapi.serving.exchange import Exchange
from modelapi.serving.logs import get_logger
from modelapi.serving.negotiation import require_media_type
from modelapi.serving.predicting import LARGE_BODY
from modelapi.serving.service import ServedModel, Service
from modelapi.signature import Signature

log = get_logger()

MAX_NESTED = 10_000  # Lists and objects beside those of records; three bytes of JSON are 64 and more of memory.
RETRY_AFTER = "retry_after"  # Of a problem, the seconds of the header, which not all protocols can say.
UNTRANSLATABLE = "the answer of this API cannot be said in this protocol: its own paths answer it"


@dataclass(frozen=True, slots=True)
class Given:
    """A request in a protocol."""

    exchange: Exchange
    name: str
    """Of the model that it is about, as ModelApi has it: empty for the first."""
    headers: Mapping[bytes, bytes]
    """By their names in lower case."""
    body: bytes = b""
    query: str = ""

    @property
    def signature(self) -> Signature:
        """Of the model. Raises a 503 Problem while there is none."""
        return self.exchange.require_model(self.name).signature

    def header(self, name: str) -> str:
        """Return a header, empty if there is none."""
        return self.headers.get(name.lower().encode(), b"").decode("latin-1")

    def media_type(self, *allowed: str) -> str:
        """Return which of these the body has. Raises a 415 Problem."""
        return require_media_type(self.header("Content-Type"), self.header("Content-Encoding"), allowed)

    def json(self, body: bytes | None = None, *, allow_nan: bool = False) -> Any:
        """Read JSON, all of the body by default. Raises a 400 Problem, or a 413 one if it would take much memory."""
        text = self.body if body is None else body
        most = MAX_NESTED + 2 * self.exchange.service.settings.max_rows
        if text.count(b"[") + text.count(b"{") > most:
            raise Problem(413, f"the body may hold at most {most} lists and objects: send fewer records at a time")
        try:
            return from_json(text, allow_inf_nan=allow_nan)
        except ValueError:
            raise Problem(400, "the body is not well-formed JSON") from None


Refuse = Callable[[int, Mapping[str, Any]], Answer]
"""Says a problem, of which it gets the status and the members of RFC 9457, and RETRY_AFTER if it has that."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What this API is asked in place of a request, and how its answer is said."""

    say: Callable[[bytes], Answer]
    """Translates the body of an answer that is no refusal."""
    body: bytes = b""
    media_type: str = JSON
    answer_type: str = ""
    """Of the answer of this API, empty for that of the body."""
    query: str = ""
    method: str = ""
    """Empty for that of the request."""
    target: str = ""
    """The path of this API, empty for that of the route."""
    refuse: Refuse | None = None
    """Says a problem in place of the translation, where that depends on what was asked."""
    deliver: Callable[[Answer], Coroutine[Any, Any, Answer]] | None = None
    """Has what was said written by a library of the protocol, which needs an event loop."""


@dataclass(frozen=True, slots=True)
class Renamed:
    """What this API is asked in place of a request whose bodies are alike: they need not be kept in memory."""

    media_type: str
    answer_type: str
    name: str
    """What the protocol calls the latter."""
    query: str


UNASKED = Asked(lambda body: Answer(body, JSON))
"""Of a method that a protocol does not have there: this API refuses it, or answers a browser's question before."""


@dataclass(frozen=True, slots=True)
class Translation:
    """How the bodies of a path are translated."""

    ask: Callable[[Given], Asked]
    """Raises Problem for what is not of the protocol."""
    refuse: Refuse
    method: str = "POST"
    """Of the requests that are translated; GET is HEAD too."""
    rename: Callable[[Given], Renamed | None] = lambda _: None
    """Looks at a request whose body is not read yet. Raises Problem."""

    def asked(self, given: Given) -> Asked:
        """Say what this API is asked, of large bodies one at a time. Raises Problem."""
        with given.exchange.service.large if is_large(given.body) else nullcontext():
            return self.ask(given)

    def refusal(self, problem: Problem, request_id: str, refuse: Refuse | None = None) -> Answer:
        """Refuse what this API was not asked."""
        members = problem.members(request_id) | _when(problem.headers.get("Retry-After", ""))
        answer = (refuse or self.refuse)(problem.status, members)
        return replace(answer, extra={**answer.extra, **problem.headers})

    def answer(self, asked: Asked, request_id: str, status: int, headers: Mapping[str, str], body: bytes) -> Answer:
        """Say what this API has answered.

        headers : by their names in lower case.
        """
        if status >= 400:
            problem = Problem(status).members(request_id)
            if headers.get("content-type", "").partition(";")[0] == PROBLEM:
                problem |= from_json(body)  # The owner's handlers may leave out what ours have.
            return (asked.refuse or self.refuse)(status, problem | _when(headers.get("retry-after", "")))
        try:
            return asked.say(body)
        except (LookupError, TypeError, ValueError, AttributeError, OverflowError):
            # The owner's function answers what it likes.
            log.exception("an answer that a protocol cannot say")
            return self.refusal(Problem(500, UNTRANSLATABLE), request_id, asked.refuse)


@dataclass(frozen=True, slots=True)
class Route:
    """Which path of this API a path of a protocol is."""

    target: str
    translation: Translation | None = None
    """None where bodies are alike."""
    name: str = ""
    """Of the model that it is about, as ModelApi has it."""
    protocol: str = ""
    """As PROTOCOLS names it."""
    is_known: bool = True
    """Whether this API has such a path; else it is a client's value."""

    def note(self, exchange: Exchange) -> None:
        """Let the log name the protocol, and the path as long as no framework has matched it."""
        exchange.protocol, exchange.route = self.protocol, self.target if self.is_known else None

    def require_key(self, exchange: Exchange, headers: Mapping[bytes, bytes]) -> None:
        """Look at the key before a body is read, as this API itself does. Raises a 401 Problem."""
        keys = exchange.service.keys
        if not keys.is_open(self.target):
            keys.principal(headers.get(b"authorization"), headers.get(b"x-api-key"))


Names = Mapping[str, str]
"""The models by the names that their manifests have, each with that by which ModelApi has it."""


@dataclass(frozen=True, slots=True)
class Protocol:
    """The paths of a protocol."""

    prefixes: tuple[str, ...]
    """With which its paths begin; all others are not looked at."""
    find: Callable[[str, Names], Route | None]

    @classmethod
    def of(cls, routes: Mapping[str, Route]) -> "Protocol":
        """Make a protocol of paths that name no model."""
        return cls(tuple(routes), lambda path, _: routes.get(path))


@dataclass(frozen=True, slots=True)
class Protocols:
    """All protocols that an API speaks."""

    service: Service
    spoken: Mapping[str, Protocol]
    prefixes: tuple[str, ...]
    """Of all of them."""

    @property
    def names(self) -> Names:
        """The models of now; of two that are called alike, the second keeps the name that ModelApi has for it."""
        found: dict[str, str] = {}
        for name, host in self.service.models.items():
            if host.served:
                called = host.served.package.manifest.name
                found[name if called in found else called] = name
        return found

    def find(self, path: str) -> Route | None:
        """Find which path of this API a path is; None for all that are no protocol's."""
        if not path.startswith(self.prefixes):
            return None
        for name, protocol in self.spoken.items():
            if path.startswith(protocol.prefixes) and (route := protocol.find(path, self.names)):
                return replace(route, protocol=name)
        return None


def make_protocols(service: Service) -> Protocols:
    """Import the protocols that PROTOCOLS names."""
    names = read_protocols(service.settings.protocols)
    spoken = {name: import_module(f"modelapi.protocols.{name}").make() for name in names}
    return Protocols(service, spoken, tuple(prefix for protocol in spoken.values() for prefix in protocol.prefixes))


def _when(retry_after: str) -> dict[str, int]:
    """Say in how many seconds to try again, if a header tells them."""
    return {RETRY_AFTER: int(retry_after)} if retry_after.isdecimal() else {}


def is_large(body: bytes) -> bool:
    """Tell whether to translate it takes milliseconds, in which others should be served."""
    return len(body) > LARGE_BODY


def path_of(name: str, verb: str = "") -> str:
    """Return where this API describes a model, or predicts by it."""
    if not name:
        return f"/{verb or 'model'}"
    return f"/models/{name}/{verb}" if verb else f"/models/{name}"


def faults(problem: Mapping[str, Any]) -> str:
    """Say a problem in one text: what is wrong, and each fault with its pointer, if it has one."""
    found = [f"{fault['pointer']}: {fault['detail']}".removeprefix(": ") for fault in problem.get("errors", ())]
    return "; ".join([problem["detail"].replace(SEE_ERRORS, ""), *found])


def refuse_in_text(status: int, problem: Mapping[str, Any]) -> Answer:
    """Refuse as most protocols do: {"error": "…"}."""
    return Answer(to_json({"error": faults(problem)}), JSON, status, is_data=True)


def refuse_without_422(status: int, problem: Mapping[str, Any]) -> Answer:
    """Refuse as protocols do that know of no 422: {"error": "…"}."""
    return refuse_in_text(400 if status == 422 else status, problem)


def refuse_path(path: str, refuse: Refuse, detail: str) -> Route:
    """Refuse a path that this API does not have either, in the form of a protocol."""

    def refuse_unknown(status: int, problem: Mapping[str, Any]) -> Answer:
        return refuse(status, {**problem, "detail": detail} if status == 404 else problem)

    return Route(path, Translation(lambda _: UNASKED, refuse_unknown), is_known=False)


def require_version(version: str | None, given: Given) -> ServedModel:
    """Return the model if it is of this version, or none is asked for. Raises Problem."""
    served = given.exchange.require_model(given.name)
    if version not in (None, served.version):
        raise Problem(404, f"this version is not served: leave it out of the path, or ask for {served.version}")
    return served
