"""What the clients of other platforms ask, said in what this API is asked: a module for each protocol.

Each path of a protocol is one of this API's under another name, so that one function answers both, with the same keys,
limits and logs. Where bodies are others, they are translated on the way in and on the way out. A module has `make()`,
and is imported only if PROTOCOLS names it.
"""

from importlib.util import find_spec

from modelapi.extras import remedy
from modelapi.settings import SettingsError

NAMES = ("azure", "mcp", "mlflow", "sagemaker", "v1", "v2", "vertex")


def read_protocols(names: str) -> list[str]:
    """Read "sagemaker,vertex". Raises ValueError."""
    found = [name.strip() for name in names.split(",") if name.strip()]
    if not set(found) <= set(NAMES):
        raise ValueError
    if "mcp" in found and not find_spec("mcp"):
        raise SettingsError(f"PROTOCOLS names mcp, which needs the package mcp: {remedy('mcp')}")
    if {"mlflow", "sagemaker"} <= set(found):
        raise SettingsError(
            "PROTOCOLS names mlflow and sagemaker, which share the paths /ping and /invocations: "
            "name one of them, and serve the other by a second process"
        )
    return found
