"""What a client wants to have in the answer of POST /predict besides the predictions."""

from typing import NamedTuple
from urllib.parse import parse_qs

from modelapi.engines import Wanted
from modelapi.explanation import can_explain
from modelapi.serving.answers import Problem
from modelapi.signature import Signature

EXPLAIN = "explain=true"  # In a query, that takes long for a single record.


class Options(NamedTuple):
    """The query parameters, each true or false."""

    probabilities: bool = False
    warnings: bool = False
    scores: bool = False
    explain: bool = False

    @property
    def wanted(self) -> Wanted:
        """What of it the engine is to calculate."""
        return Wanted(self.probabilities, self.scores)


NOTHING = Options()


def read_options(query: bytes) -> Options:
    """Read the query parameters. Raises a 422 Problem."""
    if not query:
        return NOTHING
    given = parse_qs(query.decode("latin-1"), keep_blank_values=True)
    wanted = {}
    for name in Options._fields:
        value = given.get(name, ["false"])[-1]
        if value not in ("true", "false"):
            raise Problem(422, f"{name} must be true or false")
        wanted[name] = value == "true"
    return Options(**wanted)


def check_options(options: Options, signature: Signature) -> None:
    """Raise a 422 Problem for what this model has not."""
    if options.probabilities and not signature.probabilities:
        raise Problem(422, "probabilities must be false: this model gives no probabilities")
    if options.scores and signature.scores is None:
        raise Problem(422, "scores must be false: this model gives no scores")
    if options.explain and not signature.explains:
        raise Problem(422, f"explain must be false: {_unexplained(signature)}")


def _unexplained(signature: Signature) -> str:
    """Say why nothing is explained."""
    if signature.task == "transform":
        return "this model predicts nothing, but transforms"
    return "the package of this model has no background" if can_explain(signature) else "this model answers no numbers"
