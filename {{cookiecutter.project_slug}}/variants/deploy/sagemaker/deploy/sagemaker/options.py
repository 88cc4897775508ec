"""What the verbs of `make` are told; what is missing or wrong is refused in one line, before the SDK is imported."""

import argparse
import re
import sys
from collections.abc import Mapping
from typing import NamedTuple, NoReturn

REFUSALS = {"deploy": "Not deployed", "rollout": "Not rolled out", "undeploy": "Not taken down"}
ALL = tuple(REFUSALS)
IMAGE = r"[a-z0-9-]+(\.[a-z0-9-]+)+(:\d+)?(/[a-z0-9._-]+)+(:\w[\w.-]*(@sha256:[0-9a-f]{64})?|@sha256:[0-9a-f]{64})"


class DeployError(Exception):
    """What cannot be done, in a sentence with a remedy."""


class Value(NamedTuple):
    """What may follow NAME=, as a pattern and in words, the verbs that need it, and what it is if it is not told."""

    pattern: str
    words: str
    verbs: tuple[str, ...] = ()
    default: str = ""


def read_options(text: str, values: Mapping[str, Value]) -> argparse.Namespace:
    """Read the command line, or exit with one line: MODEL_DATA=… of make is --model-data=… here."""
    parser = argparse.ArgumentParser(description=text, allow_abbrev=False)
    parser.add_argument("verb", choices=ALL)
    parser.add_argument("--dry-run", action="store_true", help="print what would be sent, and send nothing")
    for name, value in values.items():
        parser.add_argument(f"--{name.lower().replace('_', '-')}", default=value.default, help=value.words)
    options = parser.parse_args()
    told = {name: getattr(options, name.lower()) for name in values}
    if missing := [name for name, value in values.items() if options.verb in value.verbs and not told[name]]:
        refuse(options.verb, "name " + ", ".join(f"{name}=…" for name in missing))
    for name, value in values.items():
        if told[name] and not re.fullmatch(value.pattern, told[name]):
            refuse(options.verb, f"{name} must be {value.words}")
    return options


def run(options: argparse.Namespace) -> None:
    """Do what the verb says, or exit with one line."""
    import endpoint  # Not before: its SDK takes seconds.

    try:
        endpoint.run(options)
    except DeployError as error:
        refuse(options.verb, error)
    except endpoint.ERRORS as error:
        refuse(options.verb, endpoint.explain(error))


def refuse(verb: str, reason: object) -> NoReturn:
    """Exit with one line."""
    print(f"{REFUSALS[verb]}: {' '.join(str(reason).split())}", file=sys.stderr)
    sys.exit(2)
